"""Ren's generator trains on a few dances, dances to any song, and refuses what it cannot use."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from danceit.data import Clip, Music
from danceit.errors import InputError
from danceit.generate.folder import Description, save
from danceit.generate.protocol import GeneratorReport
from danceit.generate.registry import load_generator
from danceit.generate.ren import training
from danceit.generate.ren.generator import RenGenerator
from danceit.generate.ren.options import RenOptions
from danceit.generate.ren.pieces import Take, sound_rows
from danceit.generate.ren.st_gcn import StGcn

SMALL = RenOptions(losses="l1", inner=16, batch=2, graph_steps=2, steps=4, check_every=2)


@pytest.fixture(autouse=True, scope="module")
def _few_pieces_do() -> None:
    before, training.FEWEST_PIECES = training.FEWEST_PIECES, 8
    yield
    training.FEWEST_PIECES = before


@pytest.fixture(scope="module")
def trained(swings: tuple[Clip, ...], tmp_path_factory: pytest.TempPathFactory) -> GeneratorReport:
    return RenGenerator.train(swings, SMALL, out=tmp_path_factory.mktemp("ren"), device="cpu")


def test_a_dance_is_as_long_as_its_song_and_names_its_generator(
    trained: GeneratorReport, music: Music
) -> None:
    assert [lesson.name for lesson in trained.lessons] == ["style by graph", "dance"]
    generator = load_generator(trained.folder, "cpu")
    first, again, other = (generator.generate(music, seed) for seed in (1, 1, 2))
    assert first.joints.shape == (music.n_frames, 18, 2)
    assert np.isfinite(first.joints[:, :14]).all()
    assert np.isnan(first.joints[:, 14:]).all()
    np.testing.assert_array_equal(first.joints, again.joints)
    assert not np.array_equal(first.joints[:, :14], other.joints[:, :14])
    assert {p.generator for p in first.fragments} == {f"ren {generator.generator_id} seed 1"}


def test_a_song_shorter_than_a_piece_is_danced_to(trained: GeneratorReport, music: Music) -> None:
    short = replace(music, duration_s=2.0)
    assert trained.generator.generate(short, 0).n_frames == 48


def test_the_average_of_the_weights_is_kept_and_a_killed_run_goes_on_to_the_same(
    trained: GeneratorReport, swings: tuple[Clip, ...], tmp_path: Path
) -> None:
    options = replace(SMALL, graph=str(trained.folder), average=0.9)

    def kill(done: int, total: int, what: str = "") -> None:
        if done == 3:  # a step after a checkpoint
            raise KeyboardInterrupt

    whole = RenGenerator.train(swings, options, out=tmp_path / "whole", device="cpu")
    with pytest.raises(KeyboardInterrupt):
        RenGenerator.train(swings, options, out=tmp_path / "cut", device="cpu", progress=kill)
    cut = RenGenerator.train(swings, options, out=tmp_path / "cut", device="cpu")
    assert cut.resumed
    assert cut.generator.generator_id == whole.generator.generator_id
    alone = replace(options, average=0.0)
    single = RenGenerator.train(swings, alone, out=tmp_path / "single", device="cpu")
    ours, theirs = (each.generator.dancer.state_dict() for each in (whole, single))
    assert ours.keys() == theirs.keys()  # the same networks, of as many parameters
    assert whole.generator.n_parameters == single.generator.n_parameters
    assert not torch.equal(ours["poses.last.weight"], theirs["poses.last.weight"])
    with pytest.raises(InputError, match=r"average must be from 0 to under 1; got 1"):
        RenOptions(average=1.0)


def test_a_louder_copy_of_a_song_is_danced_to_alike(
    trained: GeneratorReport, music: Music, tmp_path: Path
) -> None:
    sound, rate = soundfile.read(music.path, dtype="float32")
    soft, loud = (tmp_path / f"{name}.wav" for name in ("soft", "loud"))
    soundfile.write(soft, 0.3 * sound, rate, subtype="FLOAT")
    soundfile.write(loud, 0.9 * sound, rate, subtype="FLOAT")
    assert np.sqrt(np.mean(sound_rows(loud, 0.16)[:-1] ** 2)) == pytest.approx(0.16, rel=0.02)
    np.testing.assert_allclose(sound_rows(loud, 0.16), sound_rows(soft, 0.16), atol=1e-5)
    np.testing.assert_allclose(sound_rows(loud, 0), 3 * sound_rows(soft, 0), atol=1e-5)
    generator = trained.generator
    quiet, louder = (generator.generate(replace(music, path=path), 0) for path in (soft, loud))
    as_recorded = replace(generator, options=replace(SMALL, level=0.0))
    apart = [as_recorded.generate(replace(music, path=path), 0).joints for path in (soft, loud)]
    levelled, recorded = (
        np.nanmax(np.abs(one - other)) for one, other in ((quiet.joints, louder.joints), apart)
    )
    assert levelled < 0.1 * recorded


def test_a_smoothed_dance_trembles_less_about_the_same_poses(
    trained: GeneratorReport, music: Music
) -> None:
    calm = replace(trained.generator, options=replace(SMALL, smooth=0.1))
    rough, smooth = (each.generate(music, 0).joints[:, :14] for each in (trained.generator, calm))
    bent = [np.abs(np.diff(joints, n=2, axis=0)).mean() for joints in (rough, smooth)]
    assert bent[1] < 0.5 * bent[0]
    middle = slice(24, -24)
    np.testing.assert_allclose(smooth[middle].mean(axis=0), rough[middle].mean(axis=0), atol=1.0)
    with pytest.raises(InputError, match=r"smooth must be from 0 to 1; got 2"):
        RenOptions(smooth=2.0)


def test_a_start_is_refused(trained: GeneratorReport, music: Music) -> None:
    with pytest.raises(InputError, match="cannot begin at a given pose"):
        trained.generator.generate(music, 0, np.zeros((18, 2), np.float32))


def test_a_graph_network_is_read_from_a_file(
    trained: GeneratorReport, swings: tuple[Clip, ...], tmp_path: Path
) -> None:
    from safetensors.torch import save_file

    graph = trained.generator.graph
    save_file(graph.state_dict(), tmp_path / "graph.safetensors")
    options = replace(SMALL, graph=str(tmp_path / "graph.safetensors"), steps=2)
    report = RenGenerator.train(swings, options, out=tmp_path / "run", device="cpu")
    assert [lesson.name for lesson in report.lessons] == ["dance"]
    folder = replace(options, graph=str(trained.folder))
    same = RenGenerator.train(swings, folder, out=tmp_path / "same", device="cpu")
    own, read = (each.state_dict()["classes.weight"] for each in (graph, same.generator.graph))
    assert own.equal(read)
    folder = tmp_path / "lstm"
    folder.mkdir()
    save(folder, Description("lstm", {}, {}, {}), torch.nn.Linear(1, 1))
    with pytest.raises(InputError, match=r"holds a 'lstm', which has no graph network: give a"):
        RenGenerator.train(swings, replace(options, graph=str(folder)), out=tmp_path / "no")
    (tmp_path / "graph.safetensors").write_bytes(b"nonsense")
    with pytest.raises(InputError, match="damaged or no safetensors"):
        RenGenerator.train(swings, options, out=tmp_path / "other", device="cpu")


def test_without_a_step_of_the_dance_the_graph_network_alone_is_trained(
    swings: tuple[Clip, ...], music: Music, tmp_path: Path
) -> None:
    options = replace(SMALL, steps=0)
    report = RenGenerator.train(swings, options, out=tmp_path / "graph", device="cpu")
    assert [lesson.name for lesson in report.lessons] == ["style by graph"]
    (told,) = report.notes
    assert told.startswith("the graph network tells the style of ")
    assert "pieces of songs held out" in told
    with pytest.raises(InputError, match=r"a graph network alone .*train one with steps"):
        report.generator.generate(music, 0)
    taught = replace(SMALL, steps=2, graph=str(tmp_path / "graph"))
    dancing = RenGenerator.train(swings, taught, out=tmp_path / "ren", device="cpu").generator
    own, read = (each.graph.state_dict()["classes.weight"] for each in (report.generator, dancing))
    assert own.equal(read)
    assert dancing.generate(music, 0).n_frames == music.n_frames


def test_the_graph_network_is_scored_by_pieces_of_songs_held_out() -> None:
    torch.manual_seed(0)
    rows = np.random.default_rng(0).normal(0, 0.3, (250, 36)).astype(np.float32)
    takes = [Take(np.zeros((250, 1600), np.float32), rows, label) for label in (0, 1, 1, 1)]
    graph = StGcn(2)
    for bias, right in (((9.0, 0.0), "25%"), ((0.0, 9.0), "75%")):
        torch.nn.init.zeros_(graph.classes.weight)
        graph.classes.bias.data = torch.tensor(bias)
        told = training.told_right(graph, takes)
        assert told.startswith(f"the graph network tells the style of {right} of 20 pieces")
        assert "the commonest style is 75% of them" in told
    assert training.told_right(graph, ()) == ""


def test_too_few_pieces_and_bad_options_are_refused(
    swings: tuple[Clip, ...], tmp_path: Path
) -> None:
    short = [replace(clip, poses=clip.poses[:150]) for clip in swings]
    with pytest.raises(InputError, match=r"ren needs 8 pieces of 5 s or more"):
        RenGenerator.train(short, SMALL, out=tmp_path)
    with pytest.raises(InputError, match="losses must be l1, global, local or perceptual"):
        RenOptions(losses="all")
    with pytest.raises(InputError, match="batch must be 2 or more"):
        RenOptions(batch=1)
