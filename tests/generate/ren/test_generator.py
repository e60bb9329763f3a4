"""Ren's generator trains on a few dances, dances to any song, and refuses what it cannot use."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from danceit.data import Clip, Music
from danceit.errors import InputError
from danceit.generate.protocol import GeneratorReport
from danceit.generate.registry import load_generator
from danceit.generate.ren import training
from danceit.generate.ren.generator import RenGenerator
from danceit.generate.ren.options import RenOptions

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
    (tmp_path / "graph.safetensors").write_bytes(b"nonsense")
    with pytest.raises(InputError, match="damaged or no safetensors"):
        RenGenerator.train(swings, options, out=tmp_path / "other", device="cpu")


def test_too_few_pieces_and_bad_options_are_refused(
    swings: tuple[Clip, ...], tmp_path: Path
) -> None:
    short = [replace(clip, poses=clip.poses[:150]) for clip in swings]
    with pytest.raises(InputError, match=r"ren needs 8 pieces of 5 s or more"):
        RenGenerator.train(short, SMALL, out=tmp_path)
    with pytest.raises(InputError, match="losses must be one of l1, global, local, perceptual"):
        RenOptions(losses="all")
    with pytest.raises(InputError, match="batch must be 2 or more"):
        RenOptions(batch=1)
