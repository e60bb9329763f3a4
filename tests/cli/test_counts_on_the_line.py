"""What is counted in a song is what every command dances to, with or without a beat."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from danceit.audio import RATE, listen
from danceit.data import Dance, Float32
from danceit.index.synthetic import SyntheticLibrary
from tests.audio.media import write_pcm
from tests.cli.conftest import Cli


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def drone(seconds: float) -> Float32:
    """A tone that swells and fades: nothing in it is a beat."""
    t = np.arange(round(seconds * RATE)) / RATE
    return np.asarray(0.3 * np.sin(2 * np.pi * 110 * t) * (1.2 + np.sin(t)), np.float32)


def test_a_song_without_a_beat_is_danced_to_and_said(danceit: Cli, index: Path) -> None:
    song = write_pcm(Path("drone.wav"), drone(9.0), RATE)
    queried = danceit("query", song, "--index", index, "--out", "a.dance.npz")
    assert queried.code == 0, queried.err
    assert queried.err.count("no clear beat in drone.wav") == 1
    aligned = danceit("align", "a.dance.npz", "--out", "b.dance.npz")
    assert aligned.code == 0, aligned.err
    assert danceit("render", "b.dance.npz", "--out", "b.png").code == 0
    assert danceit("view", "b.dance.npz", "--out", "b.html").code == 0
    dance = Dance.load(Path("b.dance.npz"))
    assert dance.beats_s.size == 0
    assert dance.n_frames == 9 * 24


def test_corrected_counts_are_those_of_every_command(
    danceit: Cli, library: SyntheticLibrary, index: Path
) -> None:
    song = Path(shutil.copy(library.query_song, "song.wav"))
    before = listen(song)
    assert danceit("counts", song, "--halve").code == 0
    assert danceit("query", song, "--index", index, "--out", "a.dance.npz").code == 0
    dance = Dance.load(Path("a.dance.npz"))
    assert dance.beats_s.size == pytest.approx(before.beats_s.size / 2, abs=1)
    shown = json.loads(danceit("counts", song, "--json").out)
    np.testing.assert_allclose(shown["beats_s"], dance.beats_s, atol=1e-3)
    assert shown["corrections"] == ["halved once"]
