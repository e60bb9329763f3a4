"""`danceit study` as a user runs it."""

from pathlib import Path

import pytest
import soundfile

from danceit.bench.study.ballots import Ballots
from danceit.bench.study.trials import entries, trials
from danceit.files import sha256_of_file
from tests.bench.study.test_trials import write
from tests.cli.conftest import Cli


@pytest.fixture(autouse=True)
def _two_dances(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    soundfile.write("song.wav", [0.1, -0.1] * 40_000, 8000)
    song = sha256_of_file(Path("song.wav"))
    for i, name in enumerate(("ours", "theirs")):
        write(tmp_path / f"{name}.dance.npz", song, phase=i)


def test_results_are_counted_at_any_time(danceit: Cli) -> None:
    files = [Path("ours.dance.npz"), Path("theirs.dance.npz")]
    (trial,) = trials(entries(files), single=False, seconds=5, seed=0)
    with Ballots(Path("study.duckdb")) as ballots:
        for i in range(8):
            ballots.vote(f"viewer-{i}", trial, "music", "second" if i else "first", swapped=False)
    counted = danceit("study", "--results")
    assert counted.code == 0
    (line,) = counted.out.splitlines()[1:]
    assert " ".join(line.split()) == "music ours theirs 0.12 0.02 to 0.47 1/8 8 p = 0.070"


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        ([], 2, "name the dances to compare"),
        (["--results", "--out", "none.duckdb"], 1, "no votes at none.duckdb"),
        (["ours.dance.npz"], 1, "nothing to compare"),
        (["ours.dance.npz", "song.wav"], 1, "not a readable .npz"),
        (["ours.dance.npz", "theirs.dance.npz", "--seconds", "-1"], 1, "must be above 0"),
        (["ours.dance.npz", "theirs.dance.npz", "--song", "song.wav", "--port", "-1"], 1,
         "--port must be between"),
    ],
)  # fmt: skip
def test_what_is_no_study_is_told(danceit: Cli, args: list[str], code: int, message: str) -> None:
    ran = danceit("study", *args)
    assert ran.code == code
    assert message in ran.err


def test_a_study_whose_song_is_gone_says_how_to_name_it(danceit: Cli) -> None:
    Path("song.wav").rename("moved.wav")
    ran = danceit("study", "ours.dance.npz", "theirs.dance.npz")
    assert ran.code == 1
    assert "--song" in ran.err
