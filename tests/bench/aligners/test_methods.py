import numpy as np
import pytest

from danceit.bench.aligners.methods import read_methods
from danceit.bench.measures import gaps
from danceit.errors import InputError, PluginError
from tests.bench.conftest import walk


def test_a_chain_is_read_with_its_options():
    (method,) = read_methods(["linear:window_frames=12 + beat:max_warp=1.25"])
    assert method.name == "linear:window_frames=12+beat:max_warp=1.25"
    assert [type(part).__name__ for part in method.chain] == ["LinearAligner", "BeatAligner"]
    assert method.fills == "linear:window_frames=12"
    assert method.limits_warp


def test_gaps_that_another_aligner_fills_are_told_by_its_name():
    names = [
        method.fills for method in read_methods(["inertial", "learned", "inertial+warp", "none"])
    ]
    assert names == ["learned", "learned", "learned", ""]


def test_only_the_limit_changes_in_a_sweep():
    (method,) = read_methods(["linear+beat:anchor=rest"])
    spatial, temporal = method.with_limit(None).chain
    assert spatial == method.chain[0]
    assert (temporal.max_warp, temporal.anchor) == (None, "rest")


def test_spatial_parts_fill_gaps_and_others_leave_the_cut():
    none, linear, beat = read_methods(["none", "linear", "beat"])
    motion = walk(300).astype(np.float32)
    cut = gaps.evaluate(gaps.held, [motion])
    assert gaps.evaluate(none.fill, [motion]) == gaps.evaluate(beat.fill, [motion]) == cut
    ours = gaps.evaluate(gaps.straight_line, [motion])
    assert gaps.evaluate(linear.fill, [motion]) == pytest.approx(ours, rel=1e-5)


@pytest.mark.parametrize(
    ("texts", "error", "message"),
    [
        ([], InputError, "at least one method"),
        (["none", "none"], InputError, "named twice"),
        (["linnear"], PluginError, "did you mean 'linear'"),
        (["linear+beat:max_wrap=2"], InputError, "did you mean 'max_warp'"),
    ],
)
def test_each_bad_method_is_named(texts, error, message):
    with pytest.raises(error, match=message):
        read_methods(texts)
