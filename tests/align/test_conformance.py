"""Every built-in aligner passes the suite that third parties use."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from danceit.align import ALIGNERS
from danceit.data import Dance, Music
from danceit.testing import AlignerConformance, made_dance

REFUSED: dict[str, tuple[dict[str, Any], ...]] = {
    "linear": ({"window_frames": 0}, {"threshold_px": -1.0}),
    "tsd": ({"variant": "other"}, {"reference_frames": 3}, {"volatility_px": 0.0}),
    "learned": ({"bandwidth_px": 0.0},),
    "fill": ({"max_frames": 0},),
    "beat": ({"max_warp": 0.5}, {"anchor": "top"}),
    "warp": ({"max_warp": 0.5}, {"max_shift_s": 0.0}),
}

for _name in ALIGNERS.builtins:
    _class = f"Test{_name.title()}"
    globals()[_class] = type(
        _class,
        (AlignerConformance,),
        {"aligner": ALIGNERS.get(_name), "refused": REFUSED.get(_name, ())},
    )


@dataclass(frozen=True)
class Late:
    """Shows every moment a quarter of a second late and does not say so."""

    def align(self, dance: Dance, music: Music) -> Dance:
        shown = np.maximum(np.arange(dance.n_frames) - 6, 0)
        return replace(dance, joints=dance.joints[shown])


@dataclass(frozen=True)
class Rude:
    """Writes into the dance that it was given, and fills in what nobody saw."""

    def align(self, dance: Dance, music: Music) -> Dance:
        np.nan_to_num(dance.joints, copy=False)
        return dance


def test_the_suite_notices_what_it_is_there_for() -> None:
    checks: list[tuple[type, Callable[[AlignerConformance, Dance], None], type[Exception]]] = [
        (Late, AlignerConformance.test_a_frame_shows_the_moment_of_its_source_that_it_says,
         AssertionError),
        (Rude, AlignerConformance.test_it_changes_nothing_that_it_was_given, ValueError),
        (Rude, AlignerConformance.test_joints_that_are_nowhere_known_stay_unknown, AssertionError),
    ]  # fmt: skip
    for aligner, check, error in checks:
        suite = type("Suite", (AlignerConformance,), {"aligner": aligner})()
        with pytest.raises(error):
            check(suite, made_dance())
