"""Aligners by name: options, errors, chains, and a third party's package."""

import dataclasses
import sys
from pathlib import Path

import pytest

from danceit.align import ALIGNERS, Aligner, align, make_aligner
from danceit.align.beat import BeatAligner
from danceit.align.linear import LinearAligner
from danceit.errors import InputError, PluginError
from tests.align.material import dance_of, music_for, walk


def test_every_listed_aligner_loads_and_is_an_aligner() -> None:
    for name in ALIGNERS.builtins:
        assert isinstance(make_aligner(name), Aligner)
        assert ALIGNERS.get(name)().align(dance_of(walk(60)), music_for(60)).n_frames == 60


def test_options_are_read_by_the_types_of_the_fields() -> None:
    wanted = LinearAligner(window_frames=12, threshold_px=3.5, anywhere=True)
    assert make_aligner("linear:window_frames=12, threshold-px=3.5,anywhere") == wanted
    assert make_aligner("linear:anywhere=no") == LinearAligner()
    assert make_aligner("beat:max_warp=none,anchor=rest") == BeatAligner(None, "rest")
    assert make_aligner(" beat : max_warp=2 ") == BeatAligner(2.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("liner", "unknown aligner 'liner'.*did you mean 'linear'"),
        ("linear:windowframes=3", "no option 'windowframes'.*did you mean 'window_frames'"),
        ("none:x=1", "aligner 'none' has no options; got 'x'"),
        ("linear:window_frames=many", "must be a whole number; got 'many'"),
        ("linear:window_frames", "needs a value: window_frames="),
        ("linear:window_frames=3,window_frames=4", "given twice"),
        ("linear:window_frames=0", "window_frames must be at least 1; got 0"),
        ("linear:threshold_px=-1", "threshold_px must not be negative"),
        ("linear:threshold_px=nan", "must be a number; got 'nan'"),
        ("linear:anywhere=perhaps", "must be true or false; got 'perhaps'"),
        ("beat:anchor=top", "must be peak or rest; got 'top'"),
        ("beat:max_warp=0.5", "`max_warp` must be from 1 to 4, or none; got 0.5"),
        ("beat:max_warp=wide", "must be a number or none; got 'wide'"),
    ],
)
def test_a_wrong_option_is_one_line_that_says_what_to_do(text: str, message: str) -> None:
    with pytest.raises((InputError, PluginError), match=message) as caught:
        make_aligner(text)
    assert "\n" not in str(caught.value)


def test_a_chain_records_each_step_in_order() -> None:
    aligned = align(dance_of(walk(60)), music_for(60), ["linear:window_frames=4", BeatAligner()])
    assert [(step.step, step.method) for step in aligned.steps] == [
        ("align", "linear"),
        ("align", "beat"),
    ]
    assert aligned.steps[0].options["window_frames"] == 4


def test_a_wrong_method_is_found_before_any_is_applied() -> None:
    with pytest.raises(PluginError, match="unknown aligner 'nope'"):
        align(dance_of(walk(60)), music_for(61), ["linear", "nope"])


def test_a_dance_for_another_song_is_refused() -> None:
    with pytest.raises(InputError, match=r"the dance has 60 frames, but .* needs 90"):
        align(dance_of(walk(60)), music_for(90), ["none"])


@dataclasses.dataclass(frozen=True)
class Shortener:
    def align(self, dance, music):  # type: ignore[no-untyped-def]
        return dance_of(walk(dance.n_frames - 1))


def test_an_aligner_that_changes_the_length_is_caught() -> None:
    with pytest.raises(PluginError, match="Shortener returned 59 frames for a dance of 60"):
        align(dance_of(walk(60)), music_for(60), [Shortener()])


PACKAGE = '''
from dataclasses import dataclass, replace

@dataclass(frozen=True)
class Lift:
    """Lift the dancer by some pixels."""

    height_px: float = 7.0

    def align(self, dance, music):
        joints = dance.joints.copy()
        joints[..., 1] -= self.height_px
        return replace(dance, joints=joints)

@dataclass(frozen=True)
class Scribe(Lift):
    """As it was written when aligners recorded their steps themselves."""

    def align(self, dance, music):
        return super().align(dance, music).with_step("align", "scribe", {"height_px": 9.0})

class NotADataclass:
    def align(self, dance, music):
        return dance
'''


@pytest.fixture
def third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed distribution as pip leaves it: a module and its metadata folder."""
    (tmp_path / "lifting.py").write_text(PACKAGE)
    metadata = tmp_path / "lifting-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: lifting\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[danceit.aligners]\nlift = lifting:Lift\nscribe = lifting:Scribe\n"
        "loose = lifting:NotADataclass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "lifting", raising=False)
    return tmp_path


@pytest.mark.usefixtures("third_party")
def test_a_third_partys_aligner_works_like_a_built_in() -> None:
    dance = dance_of(walk(60))
    lifted = align(dance, music_for(60), ["lift:height_px=3", "linear"])
    assert lifted.joints[0, 1, 1] == dance.joints[0, 1, 1] - 3
    assert [step.method for step in lifted.steps] == ["lift", "linear"]
    assert ("lift", "lifting") in {(row.name, row.provider) for row in ALIGNERS.listing()}
    with pytest.raises(InputError, match=r"no option 'hight_px'.*did you mean 'height_px'"):
        make_aligner("lift:hight_px=3")


@pytest.mark.usefixtures("third_party")
def test_a_third_partys_step_is_recorded_once_with_its_options() -> None:
    dance = dance_of(walk(60))
    for methods in (["lift:height_px=3", "scribe"], [make_aligner("lift:height_px=3"), "scribe"]):
        steps = align(dance, music_for(60), methods).steps
        assert [(step.step, step.method, dict(step.options)) for step in steps] == [
            ("align", "lift", {"height_px": 3.0}),
            ("align", "scribe", {"height_px": 7.0}),
        ]


def test_built_in_aligners_are_recorded_with_every_option_by_name_or_as_objects() -> None:
    dance, music = dance_of(walk(60), (30,)), music_for(60)
    for name in ALIGNERS.builtins:
        aligner = make_aligner(name)
        for method in (name, aligner):
            (step,) = align(dance, music, [method]).steps
            assert (step.step, step.method) == ("align", name)
            assert dict(step.options) == dataclasses.asdict(aligner)  # type: ignore[call-overload]


@pytest.mark.usefixtures("third_party")
def test_a_third_partys_class_that_is_no_dataclass_is_refused() -> None:
    with pytest.raises(PluginError, match="'loose' must be a dataclass with an align method"):
        make_aligner("loose")
