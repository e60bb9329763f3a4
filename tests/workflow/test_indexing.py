"""Building from a folder: with nobody else, and for as long as there is something to learn."""

from pathlib import Path

import pytest

from danceit.errors import IndexStateError
from danceit.index.synthetic import make_library
from danceit.retrieval.encoder.configuration import TrainingConfig
from danceit.workflow import indexing


def test_two_builds_do_not_read_the_same_dances_for_minutes(tmp_path: Path) -> None:
    """What a build holds from its first moment on, in a process that seems to be another."""
    out = tmp_path / "index"
    with indexing._alone(out), pytest.raises(IndexStateError, match=r"is being written by another"):
        indexing.build_index(tmp_path / "dances", out)
    assert not out.exists()


def test_from_few_recordings_little_is_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The training asked for, of a library of three; training itself is tested where it is done."""
    dances = make_library(tmp_path, songs_per_style=1, seconds=8.0).folder
    asked: list[TrainingConfig] = []

    class Asked(Exception):
        pass

    def ask(clips: object, config: TrainingConfig, *rest: object, **how: object) -> None:
        asked.append(config)
        raise Asked

    monkeypatch.setattr(indexing, "_trained", ask)
    for few in (indexing.FEW, 2):
        monkeypatch.setattr(indexing, "FEW", few)
        with pytest.raises(Asked):
            indexing.build_index(dances, tmp_path / "index", seed=3)
    assert [(config.steps, config.seed) for config in asked] == [(100, 3), (500, 3)]
