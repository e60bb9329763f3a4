"""Options are refused in one form: what was expected, what came, and why it cannot be."""

from dataclasses import dataclass
from math import inf, nan

import pytest

from danceit.errors import InputError
from danceit.generate.baselines.training import BaselineOptions
from danceit.generate.lee.options import LeeOptions
from danceit.generate.ren.options import RenOptions
from danceit.limits import ONE_OR_MORE, SHARE, Limits, check_numbers
from danceit.render.person.configuration import PersonConfig


@dataclass
class Asked:
    share: float = 0.5


@pytest.mark.parametrize(
    ("limits", "words", "inside", "outside"),
    [
        (ONE_OR_MORE, "1 or more", (1, 2.5), (0, -1, nan, inf)),
        (Limits(0, over=True), "over 0", (1e-9, 3), (0, -1, nan, inf)),
        (SHARE, "from 0 to 1", (0, 0.5, 1), (-0.1, 1.1, nan)),
        (Limits(0, 1, under=True), "from 0 to under 1", (0, 0.9), (1, nan)),
        (Limits(0, 2, over=True), "over 0 to 2", (0.1, 2), (0, 2.1)),
    ],
)
def test_a_number_lies_within_its_limits_or_is_refused_in_their_words(
    limits: Limits, words: str, inside: tuple[float, ...], outside: tuple[float, ...]
) -> None:
    assert str(limits) == words
    for value in inside:
        check_numbers("x", Asked(value), {"share": limits})
    for value in outside:
        with pytest.raises(InputError) as refused:
            check_numbers("x", Asked(value), {"share": limits})
        assert str(refused.value) == f"x: share must be {words}; got {value}"


@pytest.mark.parametrize(
    ("options", "given", "line"),
    [
        (LeeOptions, {"hidden": 1},
         "lee: hidden must be 2 or more; got 1: the style regressor has half of it"),
        (LeeOptions, {"kl": -0.1}, "lee: kl must be 0 or more; got -0.1"),
        (LeeOptions, {"learning_rate": nan},
         "lee: learning_rate must be over 0 to 1; got nan: Adam moves every weight by about so "
         "much a step"),
        (BaselineOptions, {"learning_rate": 1e38},
         "lstm, mocogan: learning_rate must be over 0 to 1; got 1e+38: Adam moves every weight by "
         "about so much a step"),
        (LeeOptions, {"precision": "bf61"},
         "lee: precision must be auto, bf16 or fp32; got 'bf61'; did you mean 'bf16'?"),
        (RenOptions, {"batch": 1},
         "ren: batch must be 2 or more; got 1: BatchNorm compares the dances of a batch"),
        (RenOptions, {"losses": "locl"},
         "ren: losses must be l1, global, local or perceptual; got 'locl'; did you mean 'local'?"),
        (RenOptions, {"minutes": -1.0}, "ren: minutes must be 0 or more; got -1.0"),
        (BaselineOptions, {"batch": 0}, "lstm, mocogan: batch must be 1 or more; got 0"),
        (PersonConfig, {"ema": 1.0},
         "person: ema must be from 0 to under 1; got 1.0: at 1 the averaged weights would never "
         "learn"),
        (PersonConfig, {"size": 100},
         "person: size must be a multiple of 16; got 100: the networks halve it until 16 px are "
         "one"),
        (PersonConfig, {"precision": "half"},
         "person: precision must be auto, bf16 or fp32; got 'half'"),
    ],
)  # fmt: skip
def test_every_trainings_options_are_refused_in_that_form(
    options: type, given: dict[str, object], line: str
) -> None:
    options()
    with pytest.raises(InputError) as refused:
        options(**given)
    assert str(refused.value) == line
