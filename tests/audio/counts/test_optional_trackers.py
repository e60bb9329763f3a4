"""Trackers of other packages: by stand-ins for these, and the real ones where installed."""

import importlib.util
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from danceit.audio import RATE, Sound, read_sound
from danceit.audio.counts import beat_this, madmom
from danceit.audio.counts.beat_this import numbered
from danceit.audio.counts.file import read_counts
from danceit.errors import InputError, MissingDependencyError

SOUND = Sound(np.zeros(4 * RATE, np.float32), RATE)


@pytest.fixture(autouse=True)
def _forget() -> None:
    beat_this._model.cache_clear()
    madmom._parts.cache_clear()


def test_places_count_from_each_1() -> None:
    beats_s = np.arange(8) * 0.5
    assert numbered(beats_s, np.array([1.0, 2.52])).tolist() == [0, 0, 1, 2, 3, 1, 2, 3]
    assert numbered(beats_s, np.zeros(0)).tolist() == [0] * 8


def test_beat_this_gives_beats_and_the_metre_of_most_bars(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    beats_s = np.arange(13) * 0.3
    made = []

    class Audio2Beats:
        def __init__(self, weights: str, device: str, *, dbn: bool) -> None:
            made.append((weights, device, dbn))

        def __call__(self, samples: np.ndarray, rate: int) -> tuple[list[float], list[float]]:
            assert (samples.size, rate) == (4 * RATE, RATE)
            return beats_s.tolist(), beats_s[1::3].tolist()

    inference = ModuleType("beat_this.inference")
    inference.Audio2Beats = Audio2Beats  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "beat_this", ModuleType("beat_this"))
    monkeypatch.setitem(sys.modules, "beat_this.inference", inference)
    found = beat_this.track(SOUND)
    assert (found.metre, found.numbers.tolist()[:5]) == (3, [0, 1, 2, 3, 1])
    monkeypatch.setenv("DANCEIT_BEAT_THIS", str(tmp_path / "none.ckpt"))
    with pytest.raises(InputError, match="names no file"):
        beat_this.track(SOUND)
    (tmp_path / "none.ckpt").touch()
    beat_this.track(SOUND)
    assert made == [("final0", "cpu", False), (str(tmp_path / "none.ckpt"), "cpu", False)]


@pytest.mark.parametrize(("module", "tracker"), [("beat_this", beat_this), ("madmom", madmom)])
def test_a_missing_package_is_one_line(
    monkeypatch: pytest.MonkeyPatch, module: str, tracker: ModuleType
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match="pip install"):
        tracker.track(SOUND)


def test_parts_of_madmom_are_read_where_its_own_name_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "madmom"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from importlib.metadata import distribution\ndistribution('no such madmom')\n"
    )
    (package / "part.py").write_text("VALUE = 7\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] == "madmom"]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(PackageNotFoundError):
        __import__("madmom.part")
    try:
        assert madmom._module("madmom.part").VALUE == 7
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "madmom"]:
            del sys.modules[name]


def test_madmom_itself_hears_its_sample(real_data: Path) -> None:
    if importlib.util.find_spec("madmom") is None:
        pytest.skip("madmom is not installed: pip install 'danceit[madmom]'")
    by_hand = read_counts(real_data / "music" / "madmom_sample.beats")
    found = madmom.track(read_sound(real_data / "music" / "madmom_sample.wav"))
    # In 2.8 s it hears the level above as well: those annotated are among its beats.
    apart_s = np.abs(by_hand.beats_s[:, None] - found.beats_s[None]).min(axis=1)
    assert apart_s.max() < 0.02
