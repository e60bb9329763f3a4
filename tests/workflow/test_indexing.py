"""Building from a folder: with nobody else, and for as long as there is something to learn."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from danceit.errors import IndexStateError
from danceit.index.sources import scan
from danceit.index.sources.npz import write_recording
from danceit.index.synthetic import make_library
from danceit.retrieval.encoder.configuration import TrainingConfig
from danceit.workflow import indexing
from danceit.workflow.line import query


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


def test_dances_without_sound_are_indexed_by_what_made_up_ones_teach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = partial(make_library, songs_per_style=1, seconds=8.0)
    library = few(tmp_path)
    (tmp_path / "mute").mkdir()
    for recording in library.recordings:
        found = scan(recording).found[0].read()
        write_recording(tmp_path / "mute" / recording.name, found.poses, 30.0)
    monkeypatch.setattr(indexing, "make_library", few)
    monkeypatch.setattr(indexing, "LITTLE", replace(indexing.LITTLE, steps=4, check_every=2))
    built = indexing.build_index(tmp_path / "mute", tmp_path / "index")
    assert (built.report.clips, built.trained, built.briefly) == (3, None, True)
    assert "too little sound to learn from" in built.note
    dance = query(library.query_song, tmp_path / "index", out=tmp_path / "dance.npz").composition
    assert {placed.clip_id for placed in dance.dance.fragments} <= {
        recording.name for recording in library.recordings
    }

    again = indexing.build_index(tmp_path / "mute", tmp_path / "other", encoder=tmp_path / "index")
    assert again.trained is None
    assert again.report.clips == 3
