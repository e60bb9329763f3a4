"""The table at the end of a training is of the songs that the training held out."""

from dataclasses import replace
from pathlib import Path

import pytest

from danceit.bench.retrieval.held_out import held_out_table
from danceit.index.building.reading import read_all
from danceit.index.synthetic import make_library
from danceit.retrieval.encoder.configuration import TrainingConfig
from danceit.retrieval.encoder.training import train
from danceit.workflow.indexing import train_encoder


@pytest.fixture(scope="module")
def dances(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    return make_library(folder, songs_per_style=1, seconds=8.0).folder


def test_the_table_names_every_baseline_and_table_iii(dances: Path, tmp_path: Path) -> None:
    config = TrainingConfig(steps=2, check_every=1, batch=8)
    report = train_encoder(dances, tmp_path / "encoder", config, device="cpu")
    for row in ("encoder", "random", "tempo", "nearest audio", "true pair"):
        assert f"\n{row} " in report.table
    assert "correlation accuracy" in report.table
    assert report.table == held_out_table(read_all(dances).clips, report)


def test_a_random_split_has_no_unheard_song(dances: Path, tmp_path: Path) -> None:
    config = TrainingConfig(steps=2, check_every=1, batch=8, split="random")
    assert train_encoder(dances, tmp_path / "encoder", config, device="cpu").table == ""


def test_dances_shorter_than_a_question_are_learnt_from_without_a_table(tmp_path: Path) -> None:
    short = make_library(tmp_path / "library", songs_per_style=1, seconds=8.0).folder
    clips = tuple(replace(clip, poses=clip.poses[:40]) for clip in read_all(short).clips)
    config = TrainingConfig(steps=2, check_every=1, batch=8)
    report = train(clips, config, out=tmp_path / "encoder", device="cpu")
    assert held_out_table(clips, report) == ""
