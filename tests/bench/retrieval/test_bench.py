from dataclasses import replace

import numpy as np
import pytest

from danceit.bench.material import read_material
from danceit.bench.named_figures import NamedFigures
from danceit.bench.reports.report import terminal, write_report
from danceit.bench.reports.summary import intervals_of, paired
from danceit.bench.retrieval import asking
from danceit.bench.retrieval import bench as retrieval
from danceit.bench.retrieval.bench import bench_retrieval
from danceit.bench.retrieval.evaluation import Answer
from danceit.bench.retrieval.fingerprint import Copies
from danceit.bench.retrieval.fold import Fold
from danceit.bench.retrieval.variants import RetrievalOptions, list_variants
from danceit.data import FPS
from danceit.errors import InputError, PluginError
from danceit.index.synthetic import make_library
from danceit.retrieval.encoder.configuration import EncoderConfig, TrainingConfig
from danceit.retrieval.encoder.dataset import performances_of
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.encoder.run import Run

SMALL = TrainingConfig(
    encoder=EncoderConfig(hidden=4, channels=(4,), around=4, feature_set="mfcc"),
    steps=2,
    batch=8,
    tempi=(),
)
OPTIONS = RetrievalOptions(
    feature_sets=("mfcc",), training=SMALL, folds=2, lengths=(24, 48), device="cpu"
)


@pytest.fixture(scope="module")
def dances(tmp_path_factory):
    return make_library(tmp_path_factory.mktemp("six"), songs_per_style=2, seconds=10.0).folder


@pytest.fixture(scope="module")
def run(dances, tmp_path_factory):
    return bench_retrieval(dances, tmp_path_factory.mktemp("run"), OPTIONS, progress=False)


def test_every_song_is_asked_at_every_length_beside_the_baselines(run):
    assert run.failures == ()
    for length in ("1 s", "2 s"):
        rows = [row for row in run.rows if row.endswith(length)]
        assert len(rows) == 7
        assert sum(row.startswith("infonce") for row in rows) == 3
        for row in rows:
            assert len({cell.song for cell in run.cells if cell.method == row}) == 6


def test_what_is_certain_comes_out(run):
    found = intervals_of(run)
    assert found["true pair, 2 s"]["median_rank"].mean == 0
    assert found["true pair, 2 s"]["recall_1"].mean == 1
    assert 0.25 < found["random, 1 s"]["median_rank"].mean < 0.75
    assert "median_rank" not in found["infonce: encoder+audio, 1 s"]
    pair = found["infonce: encoder, 2 s"]
    assert 0 <= pair["accuracy"].mean <= 1
    assert {line.row for line in paired(run)} >= {"infonce: encoder, 2 s", "tempo, 1 s"}


def test_the_report_shows_it(run):
    written = write_report(run)
    page = written.page.read_text()
    assert page.count("<svg") >= 3
    assert "chance" in page
    assert "movement is in the dances to other songs" in page
    assert "median rank" in terminal(run)


def test_trained_folds_are_not_trained_again(dances, run, monkeypatch):
    monkeypatch.setattr(Run, "_step", lambda self: pytest.fail("trained again"))
    again = bench_retrieval(dances, run.out, OPTIONS, progress=False)
    assert repr(intervals_of(again)) == repr(intervals_of(run))


def test_answers_without_masks_are_those_of_the_evaluation(small_fold):
    """The bench and `danceit.bench.retrieval.evaluation` may not drift apart."""
    fold, asked, library = small_fold
    ours = asking.answer(fold, asked, library, None, 0.5, np.random.default_rng(0))
    theirs = Answer.of(fold, 0.5, np.random.default_rng(0), best_step=1).methods
    for name in ("encoder", "tempo", "nearest audio", "random"):
        np.testing.assert_array_equal(ours[name].first, theirs[name].ranks)
    for name in ("encoder", "audio"):
        np.testing.assert_allclose(ours[name].style, theirs[name].style_precision)


def test_copies_are_no_rivals_and_give_nothing_away(small_fold):
    fold, asked, library = small_fold
    first, *_ = asked.clip_ids
    n_windows = 8
    starts = np.arange(n_windows) * 12
    # Every window of the first dance is said to be in every other dance, at the same place.
    others = [name for name in {*asked.clip_ids, *library.clip_ids} if name != first]
    copies = {
        first: Copies(
            starts,
            {name: np.zeros(n_windows) for name in others},
            {name: starts for name in others},
        )
    }
    plain = asking.answer(fold, asked, library, None, 0.5, np.random.default_rng(0))
    clean = asking.answer(fold, asked, library, copies, 0.5, np.random.default_rng(0))
    own = np.array([clip == first for clip in asked.clip_ids])
    assert (clean["nearest audio"].first[own] <= plain["nearest audio"].first[own]).all()
    # The pool shrinks: a last place among fewer is as far as one among more, in share.
    assert (clean["tempo"].ranks[~own] == plain["tempo"].ranks[~own]).all()
    pool = clean["true pair"].ranks[own]
    assert (pool == 0).all()


@pytest.fixture(scope="module")
def performances(dances):
    clips = [dance.clip for dance in read_material(dances).dances]
    return performances_of(clips, replace(SMALL.encoder, dims=clips[0].dims))


@pytest.fixture(scope="module")
def small_fold(performances):
    train, held = performances[::2], performances[1::2]
    config = replace(SMALL.encoder, dims=performances[0].takes[0].poses.shape[2])
    fold = Fold.of(train, held, FragmentEncoder.create(config), 48)
    return fold, asking.place_of(fold.asking, held, {}), asking.place_of(fold.library, train, {})


def test_a_fragment_is_of_the_figure_danced_in_it(small_fold, performances):
    fold, _, _ = small_fold
    first = performances[1]
    edges = np.array([0.0, 3.3, 60.0])
    track = NamedFigures("any", ("A", "B"), np.ones(2), edges)
    tracks = {first.recording_id.rpartition("/")[2]: track}
    place = asking.place_of(fold.asking, performances[1::2], tracks)
    for clip_id, start, figure in zip(place.clip_ids, place.starts, place.figures, strict=True):
        middle_s = (first.takes[0].first + start + 24) / FPS
        own = "A" if middle_s < 3.3 else "B"
        assert figure == (own if clip_id == first.clip_id else "")


def test_a_grid_names_what_differs(dances):
    clips = [dance.clip for dance in read_material(dances).dances]
    options = replace(OPTIONS, losses=("infonce", "danceit"), embeddings=(8, 16))
    variants = list_variants(options, clips)
    assert [variant.name for variant in variants] == [
        "infonce, D 8", "infonce, D 16", "danceit, D 8", "danceit, D 16",
    ]  # fmt: skip
    assert variants[0].config.encoder.normalised
    assert not variants[2].config.encoder.normalised


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"folds": 4}, InputError, "4 folds need at least two songs each; there are 6"),
        ({"lengths": (30,)}, InputError, "fragment lengths are"),
        ({"losses": ("infonse",)}, PluginError, "did you mean 'infonce'"),
        ({"feature_sets": ("mfc",)}, InputError, "known"),
        ({"embeddings": (0,)}, InputError, "embedding must be"),
    ],
)
def test_each_bad_option_is_named_before_training(dances, tmp_path, change, error, message):
    with pytest.raises(error, match=message):
        bench_retrieval(dances, tmp_path, replace(OPTIONS, **change), progress=False)


def test_a_test_dance_in_the_library_is_refused_unless_told(dances, tmp_path, monkeypatch):
    clips = {}

    def told(listed, folder, *, progress):
        clips.update({clip.clip_id: clip for clip in listed})
        one, other = list(clips)[:2]
        return {one: Copies(np.zeros(1, int), {other: np.zeros(1)}, {other: np.zeros(1, int)})}

    monkeypatch.setattr(retrieval, "copies_between", told)
    with pytest.raises(InputError, match="in the index themselves"):
        bench_retrieval(dances, tmp_path, OPTIONS, progress=False)


def test_a_variant_that_fails_is_told_and_the_rest_goes_on(dances, tmp_path):
    training = replace(SMALL, steps=4)
    options = replace(OPTIONS, learning_rates=(2e-3, 1e30), lengths=(48,), training=training)
    run = bench_retrieval(dances, tmp_path, options, progress=False)
    assert len(run.failures) == 1
    assert run.failures[0].startswith("infonce, lr 1e+30: ")
    assert "infonce, lr 0.002: encoder" in run.rows
    assert "1e+30" in write_report(run).page.read_text()
