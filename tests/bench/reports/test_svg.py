from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danceit.bench.reports import svg


def test_a_chart_is_well_formed_and_escapes_names():
    drawn = svg.line_chart(
        [
            svg.Series(
                "a < b & c", 0, [1, 2, 3], [0.5, float("nan"), 2.0], [0.4, 0.1, 1.0], [1, 1, 3]
            )
        ],
        svg.Scales("x", "y", [(1, "1"), (3, "3")]),
        title='5 > "4"',
        marks=[svg.Mark("real", 1.0)],
    )
    root = ElementTree.fromstring(drawn)
    assert any(node.text == "a < b & c" for node in root.iter())
    assert "nan" not in drawn


@given(st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=20))
def test_ticks_are_round_and_within_the_range(values):
    y_range = svg.nice_range(values)
    assert y_range[0] <= min(values)
    assert y_range[1] >= max(values)
    ticks = [value for value, _ in svg.y_ticks(y_range)]
    assert len(ticks) <= 12


@given(st.lists(st.floats(0, 300), min_size=1, max_size=8))
def test_labels_do_not_cover_each_other_and_keep_their_order(places):
    moved = svg.spread(places, 14)
    in_order = np.array(moved)[np.argsort(places, kind="stable")]
    assert (np.diff(np.sort(in_order)) >= 13.9).all()


def test_a_logarithmic_axis_puts_powers_at_even_distances():
    area = svg.Area(0, 0, 100, 100, (0, 1), (1.0, 100.0), log=True)
    assert (area.y(1), area.y(10), area.y(100)) == pytest.approx((100, 50, 0))
    assert area.y(0) == 100


def test_a_missing_joint_draws_no_bone():
    pose = np.random.default_rng(0).normal(size=(18, 2))
    whole = svg.skeleton(pose)
    pose[4] = np.nan
    assert svg.skeleton(pose).count("M") == whole.count("M") - 1
    assert "nan" not in svg.skeleton(pose)
