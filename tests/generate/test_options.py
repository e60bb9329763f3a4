"""What every training can be told is checked alike, whichever generator it is of."""

from dataclasses import asdict

import pytest

from danceit.errors import InputError
from danceit.generate.baselines.training import BaselineOptions
from danceit.generate.lee.options import LeeOptions
from danceit.generate.ren.options import RenOptions

KINDS = (LeeOptions, RenOptions, BaselineOptions)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"batch": 0}, "batch must be [12] or more; got 0"),
        ({"learning_rate": 2.0}, "learning_rate must be over 0 to 1; got 2.0: Adam moves every"),
        ({"minutes": float("nan")}, "minutes must be 0 or more; got nan"),
        ({"patience": 0}, "patience must be 1 or more; got 0"),
        ({"precision": "fp16"}, "precision must be auto, bf16 or fp32; got 'fp16'"),
    ],
)
def test_what_all_have_is_refused_in_the_same_words(kind: type, given: dict, message: str) -> None:
    with pytest.raises(InputError, match=f"^{kind.who}: {message}"):
        kind(**given)


@pytest.mark.parametrize("kind", KINDS)
def test_a_lesson_is_set_by_its_share_of_the_minutes(kind: type) -> None:
    options = kind(minutes=20.0, batch=7, precision="bf16")
    setting = options.setting(30, "cpu", share=0.25)
    assert (setting.batch, setting.precision, setting.device) == (7, "bf16", "cpu")
    assert (setting.pace.steps, setting.pace.minutes) == (30, 5.0)
    assert setting.learning_rate == options.learning_rate
    assert set(asdict(options)) >= {"batch", "learning_rate", "check_every", "patience", "seed"}
