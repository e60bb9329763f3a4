"""Systems dance to songs of their own and stand in one table."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from danceit import audio
from danceit.bench.reports.report import markdown, terminal, write_report
from danceit.bench.reports.summary import intervals_of, paired
from danceit.bench.study.trials import entries, trials
from danceit.bench.systems import bench, cross_modal, jobs, study, systems
from danceit.bench.systems.graph import GraphFeatures
from danceit.bench.systems.options import SystemsOptions
from danceit.data import FPS, Clip, Dance, Music
from danceit.errors import InputError
from danceit.generate.protocol import Imagined, dance_of
from danceit.generate.ren.generator import RenGenerator
from danceit.generate.ren.networks import DanceGenerator
from danceit.generate.ren.options import RenOptions
from danceit.generate.ren.pieces import Frame
from danceit.generate.ren.st_gcn import StGcn
from danceit.index.building.options import BuildOptions
from danceit.index.fragments import FragmentGrid
from danceit.index.store.engines import open_store
from danceit.index.synthetic import make_library
from danceit.retrieval.encoder.configuration import TrainingConfig
from danceit.workflow.indexing import build_index


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
    seconds = folder / "seconds"
    grid = FragmentGrid(grid="seconds")
    with open_store(index) as store:
        build_index(library.folder, seconds, BuildOptions(dims=2, grid=grid), encoder=store.encoder)
    patch.setattr(bench, "read_generator", lambda text: (text, Swinging()))
    patch.setattr(cross_modal, "CLUSTERS", 2)
    patch.setattr(cross_modal, "STEPS", 3)
    options = SystemsOptions(
        generators=("swinging",), beside=("alone",), seconds_index=seconds, seeds=2
    )
    return bench.bench_systems(
        library.folder, songs, folder / "run", index, options, progress=False
    )


def test_every_system_has_a_row_and_every_row_its_measures(made: bench.BenchRun) -> None:
    assert not made.failures
    assert made.rows == (
        "real dances", "danceit", "danceit, seconds grid", "danceit, as chosen",
        "danceit, the paper's chain", "swinging", "swinging, repaired", "swinging, found again",
        "alone", "nearest audio, cut", "random",
    )  # fmt: skip
    found = intervals_of(made)
    for row in made.rows[1:]:
        for key in ("s_ba", "fid_kinetic", "fid_geometric", "multimodality_kinetic", "mdd_hands",
                    "frozen", "s_per_minute", "cross_modal", "pfc_picture",
                    "skate_picture_cm"):  # fmt: skip
            assert np.isfinite(found[row][key].mean), (row, key)
    assert found["swinging"]["million_parameters"].mean == 3
    assert found["real dances"]["fid_kinetic"].mean < found["swinging"]["fid_kinetic"].mean
    assert found["nearest audio, cut"]["multimodality_kinetic"].mean == 0  # it asks no chance
    assert found["swinging"]["multimodality_kinetic"].mean > 0
    # Of a set one value a seed, so that it has a band.
    assert found["swinging"]["fid_kinetic"].n == 2


def test_every_row_is_laid_out_for_blind_votes_the_real_dancers_where_they_danced(
    made: bench.BenchRun,
) -> None:
    material = made.out / "study"
    folders = sorted(path.name for path in material.iterdir())
    assert "swinging" in folders
    assert "real-dances" not in folders  # nobody danced to these songs
    shown = trials(entries([material / "danceit", material / "swinging"]), single=False,
                   seconds=5.0, seed=0)  # fmt: skip
    assert len(shown) == len(list((material / "danceit").iterdir())) > 0


def test_songs_of_one_name_in_two_folders_are_told_apart() -> None:
    files = [Path("a/song.mp3"), Path("b/song.mp3"), Path("c/b/song.mp3"), Path("other.mp3")]
    names = list(jobs.song_names(files).values())
    assert names[:2] == ["a song", "b song"]
    assert names[3] == "other"
    assert len(set(names)) == 4


def test_a_real_dance_stands_at_its_place_in_its_song(tmp_path: Path) -> None:
    song = make_library(tmp_path, songs_per_style=1, seconds=8.0).query_song
    music = audio.listen(song)
    poses = np.random.default_rng(0).normal(256, 60, (170, 18, 2)).astype(np.float32)
    clip = Clip("real", "real", poses, song, 0.5, song)
    dance = study.as_danced(clip, music)
    assert dance is not None
    assert dance.n_frames == music.n_frames
    np.testing.assert_array_equal(dance.joints[12 + 24], poses[24])
    assert np.isnan(dance.joints[:12]).all()  # the clip begins half a second into the song
    dance.save(tmp_path / "real.dance.npz")
    others = replace(dance, joints=np.zeros_like(dance.joints))
    others.save(tmp_path / "made.dance.npz")
    shown = trials(entries([tmp_path / "real.dance.npz", tmp_path / "made.dance.npz"]),
                   single=False, seconds=60.0, seed=0)  # fmt: skip
    assert (shown[0].start_s, shown[0].end_s) == (0.5, pytest.approx(0.5 + 170 / 24))
    assert study.as_danced(replace(clip, poses=poses[:60]), music) is None


def small_ren(steps: int = 1) -> RenGenerator:
    torch.manual_seed(0)
    frame = Frame(np.array([0, 256], np.float32), 300.0, tuple(range(14)))
    return RenGenerator(
        dancer=DanceGenerator(8), options=RenOptions(inner=8, steps=steps), held_out_songs=(),
        graph=StGcn(2).eval(), frame=frame,
    )  # fmt: skip


def test_who_holds_a_graph_network_alone_is_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "read_generator", lambda text: (text, small_ren(steps=0)))
    song = tmp_path / "song.wav"
    song.touch()
    for given in ({"generators": ("graph",)}, {"beside": ("graph",)}):
        with pytest.raises(InputError, match=r"'graph' holds a graph network alone .*`graph`"):
            bench.bench_systems(
                tmp_path, [song], tmp_path / "run", tmp_path / "none",
                SystemsOptions(**given), progress=False,
            )  # fmt: skip


def test_a_graph_network_sees_the_pose_and_not_the_place() -> None:
    ren = small_ren()
    pieces = np.random.default_rng(0).normal(256, 60, (3, 120, 14, 2))
    seen = GraphFeatures(ren)(pieces)
    assert seen.shape == (3, 256)
    moved = GraphFeatures(ren)(pieces + np.array([40.0, 0.0]))
    np.testing.assert_allclose(moved, seen, atol=1e-4)
    assert np.abs(GraphFeatures(ren)(pieces[::-1]) - seen).max() > 1e-3
    assert GraphFeatures.of("", [Swinging(), ren]) == GraphFeatures(ren)
    assert GraphFeatures.of("", [Swinging()]) is None


def test_a_movement_is_looked_at_once_however_many_files_hold_it(
    made: bench.BenchRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []

    def seen(cut: np.ndarray) -> np.ndarray:
        looked.append(len(cut))
        return np.zeros((len(cut), 1))

    monkeypatch.setattr(jobs.Work, "extractors", {"one": seen})
    work = jobs.Work(None, None, 2, 2.0, None, {})  # type: ignore[arg-type]
    files = sorted((made.out / "dances").glob("*nearest-audio--cut*"))
    for file in files:
        work.features("one", file)
    different = {Dance.load(file).joints.tobytes() for file in files}
    assert len(looked) == len(different) < len(files)  # nearest audio asks no chance


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
    assert "39.4" in told  # their coverage; their FID stands where a classifier looks at sets
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
    options = SystemsOptions(generators=("swinging",))
    with pytest.raises(InputError, match="'swinging' did not hold out the dance to"):
        bench.bench_systems(
            folder / "others", [song], tmp_path, folder / "index", options, progress=False
        )


@pytest.mark.parametrize(
    ("text", "name", "folder"),
    [
        ("mine=/a", "mine", "/a"),
        ("/a", "swinging", "/a"),
        ("lee, kl=0.01=/a", "lee, kl=0.01", "/a"),
        ("here=there", "swinging", "here=there"),  # a folder of that name
    ],
)
def test_a_row_has_the_name_that_is_given_to_it(
    text: str, name: str, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("here=there").mkdir()
    read = []
    monkeypatch.setattr(systems, "load_generator", lambda path: read.append(path) or Swinging())
    assert systems.read_generator(text)[0] == name
    assert read == [Path(folder)]
