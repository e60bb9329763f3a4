"""Choosing and placing a dance from a small index, with encoders that learned nothing."""

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from danceit.data import BONES, JOINT
from danceit.errors import IndexStateError, InputError
from danceit.index.building.build import build
from danceit.index.store.engines import open_store
from danceit.index.synthetic import SyntheticLibrary, make_library
from danceit.retrieval.change_costs import change_costs, watching_costs
from danceit.retrieval.composing import Composition, compose
from danceit.retrieval.encoder.configuration import EncoderConfig
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.films import Films
from danceit.retrieval.options import QueryOptions

FACE = ("nose", "right_eye", "left_eye", "right_ear", "left_ear")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> SyntheticLibrary:
    return make_library(tmp_path_factory.mktemp("library"), songs_per_style=1, seconds=14.5)


@pytest.fixture(scope="module")
def encoder() -> FragmentEncoder:
    import torch

    torch.manual_seed(0)
    return FragmentEncoder.create(EncoderConfig(feature_set="mfcc"))


@pytest.fixture(scope="module")
def index(
    library: SyntheticLibrary, encoder: FragmentEncoder, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("index") / "index"
    build(library.folder, folder, encoder)
    return folder


def composed(
    library: SyntheticLibrary, index: Path, encoder: FragmentEncoder, options: QueryOptions
) -> Composition:
    with open_store(index) as store:
        return compose(library.query_song, store, encoder, options)


def test_the_dance_is_as_long_as_the_song_and_its_last_window_is_cut(
    library: SyntheticLibrary, index: Path, encoder: FragmentEncoder
) -> None:
    made = composed(library, index, encoder, QueryOptions(length_s=4.0))
    assert made.dance.n_frames == made.music.n_frames == int(14.5 * 24)
    assert len(made.dance.fragments) == 4
    assert int((made.dance.source_index == 3).sum()) == int(2.5 * 24)
    assert np.isfinite(made.dance.joints).all()


def test_bones_keep_their_lengths_wherever_a_fragment_is_carried(
    library: SyntheticLibrary, index: Path, encoder: FragmentEncoder
) -> None:
    dance = composed(library, index, encoder, QueryOptions()).dance
    for fragment in range(len(dance.fragments)):
        poses = dance.joints[dance.source_index == fragment]
        lengths = [np.linalg.norm(poses[:, a] - poses[:, b], axis=-1) for a, b in BONES]
        # Resampling from 30 to 24 fps cuts the corners of fast arcs by up to a pixel.
        assert max(np.ptp(length) for length in lengths) < 1.5


def test_one_source_alone_goes_on_without_a_seam(
    library: SyntheticLibrary, index: Path, encoder: FragmentEncoder
) -> None:
    """With a bonus that nothing outweighs, the dance is one take, shown as it was danced."""
    options = QueryOptions(k=50, bonus=1e6, style="disco", tempo_weight=0, repetition=0)
    dance = composed(library, index, encoder, options).dance
    assert dance.seams.size <= 2
    steps = np.linalg.norm(np.diff(dance.joints, axis=0, prepend=dance.joints[:1]), axis=-1)
    largest = steps.max(axis=1)
    borders = np.setdiff1d(np.arange(48, dance.n_frames, 48), dance.seams)
    assert borders.size >= 4
    assert largest[borders].max() <= np.delete(largest, np.append(borders, dance.seams)).max()
    np.testing.assert_allclose(np.diff(dance.source_s)[borders - 1], 1 / 24, atol=1e-6)


def test_joins_are_better_when_they_are_asked_for(
    library: SyntheticLibrary, index: Path, encoder: FragmentEncoder
) -> None:
    def jump(weight: float) -> float:
        dance = composed(
            library, index, encoder, QueryOptions(k=30, join_weight=weight, bonus=0)
        ).dance
        return float(
            np.linalg.norm(
                dance.joints[dance.seams] - dance.joints[dance.seams - 1], axis=-1
            ).mean()
        )

    assert jump(1.0) < jump(0.0)


def test_greedy_costs_at_least_as_much(
    library: SyntheticLibrary, index: Path, encoder: FragmentEncoder
) -> None:
    def cost(solver: str) -> float:
        made = composed(library, index, encoder, QueryOptions(k=10, solver=solver, repetition=0))
        target = sum(w.targets[i] for w, i in zip(made.candidates, made.path, strict=True))
        return float(target) + sum(f.join_cost for f in made.dance.fragments)

    assert cost("viterbi") <= cost("greedy") + 1e-9


def test_fewer_candidates_are_the_best_of_more(
    library: SyntheticLibrary, index: Path, encoder: FragmentEncoder
) -> None:
    few = composed(library, index, encoder, QueryOptions(k=3)).candidates
    more = composed(library, index, encoder, QueryOptions(k=4)).candidates
    for a, b in zip(few, more, strict=True):
        np.testing.assert_array_equal(a.rows, b.rows[:3])


def test_another_encoder_is_refused(
    library: SyntheticLibrary, index: Path, encoder: FragmentEncoder
) -> None:
    import torch

    torch.manual_seed(1)
    other = FragmentEncoder.create(EncoderConfig(feature_set="mfcc"))
    with open_store(index) as store, pytest.raises(IndexStateError, match="made by encoder"):
        compose(library.query_song, store, other, QueryOptions())


def test_a_variation_is_another_dance_and_as_continuous(
    library: SyntheticLibrary, index: Path, encoder: FragmentEncoder
) -> None:
    def made(seed: int) -> Composition:
        return composed(library, index, encoder, QueryOptions(length_s=1.0, seed=seed))

    first, others = made(0), [made(seed) for seed in range(1, 7)]
    ids = [placement.fragment_id for placement in first.dance.fragments]
    for other in others:
        assert [placement.fragment_id for placement in other.dance.fragments] != ids
    seams = [len(other.dance.seams) for other in others]
    assert np.mean(seams) <= 1.5 * len(first.dance.seams) + 1


def test_changing_style_costs_as_much_as_asked(
    library: SyntheticLibrary, index: Path, encoder: FragmentEncoder
) -> None:
    def changes(style_change: float) -> int:
        free = QueryOptions(length_s=1.0, k=200, bonus=0, style_change=style_change)
        styles = [
            placement.style for placement in composed(library, index, encoder, free).dance.fragments
        ]
        return sum(a != b for a, b in pairwise(styles))

    assert changes(0.0) > 0
    assert changes(1e6) == 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"length_s": float("nan")}, "`length_s` must be one of 1, 2, 3, 4 s; got nan"),
        ({"length_s": float("inf")}, "got inf"),
        ({"seed": -1}, "`seed` must be 0 or more; got -1"),
        ({"reuse": -1.0}, "`reuse` must be at least 0"),
        ({"style_change": float("nan")}, "`style_change` must be at least 0 and finite; got nan"),
    ],
)
def test_wrong_options_say_what_is_wrong(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        QueryOptions(**wrong)  # type: ignore[arg-type]


def test_who_has_no_head_in_the_picture_costs_as_long_as_that_is_so() -> None:
    poses = np.ones((2, 10, 18, 3), dtype=np.float32)
    poses[1, :5][:, [JOINT[name] for name in FACE]] = np.nan
    poses[1, 5:, JOINT["nose"]] = np.nan  # an eye is seen
    assert watching_costs(poses, QueryOptions(headless_weight=2.0)).tolist() == [0.0, 1.0]


def test_a_seam_within_one_video_costs_and_elsewhere_does_not() -> None:
    table = SimpleNamespace(style=np.array(["", "", ""]), body=np.array(["whole"] * 3))
    films = Films(np.array([0, 1, -1]), np.zeros(3))
    every, options = np.arange(3), QueryOptions(same_shot=1.5)
    cost = change_costs(table, films, every, every, options)  # type: ignore[arg-type]
    assert cost.tolist() == [[1.5, 0, 0], [0, 1.5, 0], [0, 0, 0]]
