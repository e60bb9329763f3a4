"""Systems dance to songs of their own and stand in one table."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from danceit.bench.reports.report import markdown, terminal, write_report
from danceit.bench.reports.summary import intervals_of, paired
from danceit.bench.systems import bench, cross_modal, systems
from danceit.data import FPS, Dance, Music
from danceit.errors import InputError
from danceit.generate.protocol import Imagined, dance_of
from danceit.index.building.options import BuildOptions
from danceit.index.synthetic import make_library
from danceit.retrieval.encoder.configuration import TrainingConfig
from danceit.workflow.indexing import build_index
from danceit.workflow.line import DEFAULT_METHODS


@dataclass(frozen=True)
class Swinging:
    """A generator that swings the way its seed says."""

    name = "swinging"
    generator_id = "0" * 16
    n_parameters = 3_000_000
    held_out_songs = ()

    def generate(self, music: Music, seed: int = 0, start: object = None) -> Dance:
        rng = np.random.default_rng(seed)
        body = np.random.default_rng(1).normal(256, 60, (18, 2))
        t = np.arange(music.n_frames) / FPS
        joints = body + rng.normal(0, 30, (18, 2)) * np.sin(2 * np.pi * t)[:, None, None]
        joints[:, 14:] = np.nan
        whole = Imagined(joints.astype(np.float32), np.zeros(1, dtype=np.int64))
        return dance_of(whole, music, self, seed)


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as context:
        yield context


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, patch: pytest.MonkeyPatch) -> bench.BenchRun:
    folder = tmp_path_factory.mktemp("systems")
    library = make_library(folder / "library", songs_per_style=1, seconds=12.0)
    others = make_library(folder / "others", songs_per_style=1, seconds=12.0, seed=7)
    songs = sorted(others.folder.rglob("*.wav"))[:2]
    index = folder / "index"
    build_index(library.folder, index, BuildOptions(dims=2), config=TrainingConfig(steps=4))
    patch.setattr(bench, "read_generator", lambda text: (text, Swinging()))
    patch.setattr(cross_modal, "CLUSTERS", 2)
    patch.setattr(cross_modal, "STEPS", 3)
    options = bench.SystemsOptions(generators=("swinging",), seeds=2)
    return bench.bench_systems(
        library.folder, songs, folder / "run", index, options, progress=False
    )


def test_every_system_has_a_row_and_every_row_its_measures(made: bench.BenchRun) -> None:
    assert not made.failures
    assert made.rows == (
        "real dances", "danceit", "danceit, as chosen", "danceit, the paper's chain", "swinging",
        "swinging, repaired", "swinging, found again", "nearest audio, cut", "random",
    )  # fmt: skip
    found = intervals_of(made)
    for row in made.rows[1:]:
        for key in ("s_ba", "fid_kinetic", "fid_geometric", "multimodality_kinetic", "mdd_hands",
                    "frozen", "s_per_minute", "cross_modal"):  # fmt: skip
            assert np.isfinite(found[row][key].mean), (row, key)
    assert found["swinging"]["million_parameters"].mean == 3
    assert found["real dances"]["fid_kinetic"].mean < found["swinging"]["fid_kinetic"].mean
    assert found["nearest audio, cut"]["multimodality_kinetic"].mean == 0  # it asks no chance
    assert found["swinging"]["multimodality_kinetic"].mean > 0


def test_what_was_imagined_is_found_again_in_real_movement(made: bench.BenchRun) -> None:
    (file, *_) = sorted((made.out / "dances").glob("*swinging--found-again.dance.npz"))
    dance = Dance.load(file)
    assert [step.step for step in dance.steps] == ["query", "align", "align"]
    assert all(placed.source and not placed.generator for placed in dance.fragments)


def test_the_report_says_what_papers_have_and_that_it_is_not_comparable(
    made: bench.BenchRun,
) -> None:
    written = write_report(made)
    assert written.page.stat().st_size > 1000
    assert "On the beat" in terminal(made)
    told = markdown(made, intervals_of(made), paired(made))
    assert "12.8" in told
    assert "not comparable" in told


def test_songs_of_the_index_itself_are_refused(made: bench.BenchRun, tmp_path: Path) -> None:
    library, index = made.out.parent / "library", made.out.parent / "index"
    own = sorted(library.rglob("*.wav"))[:1]
    with pytest.raises(InputError, match="its score would measure memory"):
        bench.bench_systems(library, own, tmp_path, index, progress=False)


def test_songs_that_a_generator_has_learnt_are_refused(
    made: bench.BenchRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made.out.parent
    song = sorted((folder / "others").rglob("*.wav"))[0]
    monkeypatch.setattr(bench, "read_generator", lambda text: (text, Swinging()))
    options = bench.SystemsOptions(generators=("swinging",))
    with pytest.raises(InputError, match="'swinging' did not hold out the dance to"):
        bench.bench_systems(
            folder / "others", [song], tmp_path, folder / "index", options, progress=False
        )


def test_the_default_chain_is_that_of_the_command_line() -> None:
    assert systems.REPAIRED == DEFAULT_METHODS


def test_a_row_has_the_name_that_is_given_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systems, "load_generator", lambda folder: Swinging())
    assert systems.read_generator("mine=/a")[0] == "mine"
    assert systems.read_generator("/a")[0] == "swinging"
