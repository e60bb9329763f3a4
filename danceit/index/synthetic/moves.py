"""Three movement vocabularies: what a waltz, a disco and a hip-hop dancer know.

A move fills two bars, begins and ends in the easy stance, and may be mirrored. It
writes keyposes from its first beat up to, not including, the beat after its last, where
the next move takes over.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from danceit.index.synthetic.choreography import HOME_M, Cue

BARS_PER_MOVE = 2

Move = Callable[[Cue], None]


# --- waltz: three beats a bar, fall into the first, rise on two and three ---


def _waltz_bar(cue: Cue, beat: float, sway: float) -> None:
    """Rise and fall, sway and the hold for one bar; the hips follow the steps."""
    cue.drop(beat, 0.055 * cue.size + 0.01)
    cue.drop(beat + 1, -0.025 * cue.size)
    cue.drop(beat + 2, -0.055 * cue.size)
    cue.heels(beat, 0.0)
    cue.heels(beat + 1, 0.03 * cue.size)
    cue.heels(beat + 2, 0.06 * cue.size)
    cue.chest(beat, tilt=0.0)
    cue.chest(beat + 1, yaw=0.10 * sway, tilt=0.12 * sway * cue.size)
    cue.chest(beat + 2, yaw=0.12 * sway, tilt=0.10 * sway * cue.size)
    cue.head(beat, yaw=0.15)
    cue.head(beat + 1, yaw=0.35, tilt=0.06 * sway)


def _hold(cue: Cue, beat: float) -> None:
    """Take the closed hold; it is not mirrored with the steps."""
    left, right = ("lead", "trail") if cue.side > 0 else ("trail", "lead")
    poses = {left: "frame left", right: "frame right"}
    cue.arms(beat, poses["lead"], poses["trail"], full=True)


def _waltz_half(cue: Cue, beat: float, forward: float, turn: float) -> None:
    """Half a box with the lead foot: step, side on the turn, close."""
    reach, aside = forward * cue.size, 0.34 * cue.size + 0.06
    _waltz_bar(cue, beat, 1.0 if forward > 0 else -1.0)
    _hold(cue, beat)
    cue.step(beat, "lead", HOME_M, reach, turn=0.3 * turn, swing=0.85)
    cue.torso(beat, yaw=0.25 * turn)
    cue.hips(beat, on=0.78)
    cue.travel(0.0, reach, turn)
    cue.step(beat + 1, "trail", -aside, swing=0.9)
    cue.torso(beat + 1, yaw=-0.15 * turn)
    cue.hips(beat + 1, on=0.35)
    cue.travel(HOME_M - aside, 0.0)
    cue.step(beat + 2, "lead", HOME_M, swing=0.85, height=0.02)
    cue.torso(beat + 2)
    cue.hips(beat + 2, on=0.6)


def _box(cue: Cue, turn: float = 0.0) -> None:
    other = Cue(cue.dance, cue.start, -cue.side, cue.size)
    _waltz_half(cue, 0, 0.36, turn)
    _waltz_half(other, 3, -0.36, -turn)


def _turning_box(cue: Cue) -> None:
    _box(cue, np.pi / 2)


def _quarter_box(cue: Cue) -> None:
    _box(cue, np.pi / 4)


def _hesitation(cue: Cue) -> None:
    """Step aside, draw the other foot and hang there; then back."""
    for bar, side in ((0, 1), (1, -1)):
        here = Cue(cue.dance, cue.start + 3 * bar, side * cue.side, cue.size)
        aside = 0.30 * cue.size + 0.1
        _waltz_bar(here, 0, 1.2)
        _hold(here, 0)
        here.step(0, "lead", aside, swing=0.8)
        here.torso(0)
        here.hips(0, on=0.8)
        here.step(1, "trail", aside - 2 * HOME_M, swing=0.85, height=0.015, heel=0.03)
        here.torso(1, yaw=0.12, tilt=0.05)
        here.hips(1, on=0.85)
        here.torso(2, yaw=0.18, tilt=0.06)
        here.hips(2, on=0.88)
        here.travel(aside - HOME_M, 0.0)


def _open_sway(cue: Cue) -> None:
    """Let go and sweep the arms open, one side and then the other."""
    for bar, side in ((0, 1), (1, -1)):
        here = Cue(cue.dance, cue.start + 3 * bar, side * cue.side, cue.size)
        aside = 0.32 * cue.size + 0.08
        _waltz_bar(here, 0, 1.5)
        here.arms(0, "guard low", "low open")
        here.arms(1, "open", "low open")
        here.arms(2, "high", "open")
        here.step(0, "lead", aside, 0.08, swing=0.85)
        here.torso(0, yaw=0.1)
        here.hips(0, on=0.75)
        here.step(1, "trail", aside - 0.30, -0.16, swing=0.85, heel=0.05)
        here.torso(1, yaw=0.25, tilt=0.05)
        here.hips(1, on=0.85)
        here.torso(2, yaw=0.32, tilt=0.09)
        here.hips(2, on=0.9)
        here.travel(aside - HOME_M, 0.04)


# --- disco: hips on every beat, points and clean stops ---


def _groove(cue: Cue, n_beats: int) -> None:
    cue.bounce(n_beats, 0.035 + 0.03 * cue.size, 0.01)
    cue.heels(0, 0.0)
    for beat in range(n_beats):
        cue.head(beat, nod=0.10)
        cue.head(beat + 0.5, nod=-0.03)


def _side_touch(cue: Cue) -> None:
    _groove(cue, 8)
    aside = 0.28 * cue.size + 0.08
    for pair in range(4):
        here = Cue(cue.dance, cue.start + 2 * pair, cue.side * (1 - 2 * (pair % 2)), cue.size)
        here.step(0, "lead", aside + HOME_M)
        here.hips(0, on=0.72)
        here.torso(0, yaw=0.1, tilt=0.06)
        here.chest(0, yaw=0.1, tilt=-0.10)
        here.arms(0, "swing back", "swing forward")
        here.step(1, "trail", aside - HOME_M + 0.03, 0.05, heel=0.05, height=0.03)
        here.hips(1, on=0.85, left=0.05)
        here.torso(1, yaw=-0.08, tilt=-0.09)
        here.chest(1, yaw=-0.1, tilt=0.12)
        here.arms(1, "guard", "guard")
        here.travel(aside, 0.0)


def _points(cue: Cue) -> None:
    """Point to the sky, open, point across to the floor, open; the hips go against it."""
    _groove(cue, 8)
    cue.step(0, "lead", 0.30)
    cue.step(7, "lead", HOME_M)
    for beat in range(7):
        aim = ("point up", "open", "point across", "low open")[beat % 4]
        push = (-1.0, 0.5, 1.0, -0.5)[beat % 4]
        cue.hips(beat, on=0.5 + 0.16 * push, left=0.02 * push)
        cue.torso(beat, yaw=-0.18 * push, tilt=0.09 * push)
        cue.chest(beat, yaw=-0.15 * push, tilt=-0.03 * push)
        cue.arms(beat, aim, "hip")
        cue.head(beat, yaw=-0.3 * push, nod=0.12 * push)
    cue.hips(7)
    cue.torso(7)
    cue.chest(7)
    cue.arms(7, "guard", "hip")


def _grapevine(cue: Cue) -> None:
    """Side, behind, side, clap; and back."""
    _groove(cue, 8)
    length = 0.20 * cue.size + 0.08
    for bar, side in ((0, 1), (1, -1)):
        here = Cue(cue.dance, cue.start + 4 * bar, side * cue.side, cue.size)
        here.step(0, "lead", length + HOME_M)
        here.hips(0, on=0.6)
        here.arms(0, "low open", "guard low")
        here.step(1, "trail", length + 0.02, -0.20)
        here.hips(1, on=0.4)
        here.arms(1, "guard low", "low open")
        here.step(2, "lead", 2 * length + HOME_M)
        here.hips(2, on=0.65)
        here.arms(2, "open", "open")
        here.step(3, "trail", 2 * length - HOME_M + 0.02, heel=0.04)
        here.hips(3, on=0.75)
        here.arms(3, "clap", "clap")
        for beat, yaw in enumerate((0.1, 0.3, 0.1, -0.1)):
            here.torso(beat, yaw=yaw, tilt=0.07 * (-1) ** beat)
            here.chest(beat, yaw=-0.5 * yaw, tilt=-0.08 * (-1) ** beat)
        here.travel(2 * length, 0.0)


def _bumps(cue: Cue) -> None:
    """Two hip bumps to each side, forearms rolling."""
    _groove(cue, 8)
    cue.step(0, "lead", 0.24)
    cue.step(7.0, "lead", HOME_M)
    for beat in range(8):
        right = (beat // 2) % 2
        push = (0.05 + 0.05 * cue.size) * (1 if right == 0 else -1) * (1.0 if beat % 2 else 0.75)
        if beat < 7:
            cue.hips(beat, on=0.5, left=push)
            cue.hips(beat + 0.5, on=0.5, left=0.3 * push)
            cue.torso(beat + 0.5, tilt=-0.5 * push)
        cue.torso(beat, tilt=-1.6 * push)
        cue.chest(beat, yaw=-1.5 * push, tilt=2.2 * push)
        cue.arms(beat, "roll up", "roll down")
        if beat < 7:
            cue.arms(beat + 0.5, "roll down", "roll up")
    cue.hips(7)


def _spin(cue: Cue) -> None:
    """Turn fully in three steps to the side, arms thrown open on the stop; then back."""
    _groove(cue, 8)
    stride = 0.22
    # The trailing foot swings past in front of the leading one, which steps back for it.
    for beat, (foot, place, ahead, turn) in enumerate(
        (
            ("lead", stride + HOME_M, -0.08, 0.5 * np.pi),
            ("trail", 2 * stride + HOME_M, 0.10, 1.25 * np.pi),
            ("lead", 3 * stride + HOME_M, 0.0, 2 * np.pi),
        )
    ):
        cue.step(beat, foot, place, ahead, turn=turn, swing=0.85, height=0.04)
        cue.torso(beat, yaw=turn)
        cue.hips(beat, on=0.6 if foot == "lead" else 0.4)
        cue.chest(beat)
        cue.arms(beat, "guard low" if beat == 0 else "clap", "clap")
    cue.travel(3 * stride, 0.0, 2 * np.pi)
    cue.step(3, "trail", -HOME_M - 0.05, heel=0.04, height=0.03)
    cue.torso(3, tilt=-0.06)
    cue.hips(3, on=0.75)
    cue.chest(3, tilt=0.08)
    cue.arms(3, "high", "open")
    back = Cue(cue.dance, cue.start + 4, -cue.side, cue.size)
    for beat in range(4):
        foot, place = ("lead", 0.30) if beat % 2 == 0 else ("trail", 0.30)
        place += 0.30 * (beat // 2) + (HOME_M if foot == "lead" else -HOME_M)
        back.step(beat, foot, place, heel=0.04 if beat == 3 else 0.0)
        back.hips(beat, on=0.65 if foot == "lead" else 0.4)
        back.torso(beat, tilt=0.07 * (-1) ** beat)
        back.chest(beat, tilt=-0.08 * (-1) ** beat)
        back.arms(beat, *(("swing back", "guard"), ("guard", "swing back"))[beat % 2])
    back.travel(0.60, 0.0)


# --- hip-hop: low, into the floor on the beat, loose arms, waves ---


def _weight(cue: Cue, n_beats: int, low: float = 0.10) -> None:
    cue.bounce(n_beats, low + 0.045 * cue.size, low - 0.035)
    cue.heels(0, 0.0)
    for beat in range(n_beats):
        cue.head(beat, nod=0.22)
        cue.head(beat + 0.55, nod=-0.02)


def _two_step(cue: Cue) -> None:
    _weight(cue, 8)
    aside = 0.22 * cue.size + 0.10
    for pair in range(4):
        here = Cue(cue.dance, cue.start + 2 * pair, cue.side * (1 - 2 * (pair % 2)), cue.size)
        here.step(0, "lead", aside + HOME_M, swing=0.6)
        here.hips(0, on=0.6)
        here.torso(0, yaw=0.12, lean=0.08)
        here.chest(0, yaw=0.2, tilt=0.12)
        here.arms(0, "guard low", "guard")
        here.step(1, "trail", aside - HOME_M, swing=0.6)
        here.hips(1, on=0.5)
        here.torso(1, yaw=-0.05, lean=0.16)
        here.chest(1, yaw=-0.12, tilt=-0.06)
        here.arms(1, "swing back", "guard low")
        here.travel(aside, 0.0)


def _rock(cue: Cue) -> None:
    """Feet wide, the weight rocking from side to side behind a rolling shoulder."""
    _weight(cue, 8, 0.12)
    cue.step(0, "lead", 0.32, swing=0.6)
    cue.step(7, "lead", HOME_M, swing=0.6)
    for beat in range(7):
        sign = 1 if beat % 2 == 0 else -1
        cue.hips(beat, on=0.5 + 0.3 * sign)
        cue.torso(beat, yaw=0.15 * sign, lean=0.15, tilt=0.16 * sign * cue.size)
        cue.chest(beat, yaw=0.25 * sign, tilt=0.10 * sign)
        cue.arms(beat, *(("guard", "swing back") if sign > 0 else ("guard low", "push")))
    cue.hips(7)
    cue.torso(7, lean=0.1)
    cue.chest(7)
    cue.arms(7, "guard low", "guard low")


def _wave(cue: Cue) -> None:
    """Send a wave from the lead hand through the shoulders to the other, and back."""
    _weight(cue, 8, 0.07)
    cue.step(0, "lead", 0.22, swing=0.6)
    cue.step(7, "lead", HOME_M, swing=0.6)
    lead = ("wave level", "wave up", "wave down", "wave level")
    trail = ("wave level", "wave level", "wave up", "wave down")
    for beat in range(8):
        forth = beat < 4
        pose, other = (lead, trail) if forth else (trail, lead)
        cue.arms(beat, pose[beat % 4], other[beat % 4])
        sway = (1.0, 0.4, -0.4, -1.0)[beat % 4] * (1 if forth else -1)
        cue.chest(beat, yaw=0.1 * sway, tilt=(0.0, -0.14, 0.14, 0.0)[beat % 4])
        cue.torso(beat, lean=0.04, tilt=0.05 * sway)
        cue.hips(beat, left=0.04 * sway)
        cue.head(beat, yaw=0.5 * sway, nod=0.1)


def _hits(cue: Cue) -> None:
    """Snap into a shape on each snare and freeze."""
    _weight(cue, 8, 0.09)
    cue.step(0, "lead", 0.26, 0.06, swing=0.5)
    cue.step(7, "lead", HOME_M, swing=0.5)
    shapes = (("guard", "guard"), ("push", "hip"), ("salute", "swing back"), ("open", "guard"))
    for bar in range(2):
        for beat, shape in ((1, shapes[2 * bar]), (3, shapes[2 * bar + 1])):
            at = 4 * bar + beat
            sign = 1 if beat == 1 else -1
            for when in (at, at + 0.45):
                if when > 7.2:
                    continue
                cue.arms(when, *shape)
                cue.torso(when, yaw=0.2 * sign, lean=0.12)
                cue.chest(when, yaw=0.25 * sign, lean=-0.1, tilt=0.1 * sign)
                cue.hips(when, on=0.5 + 0.15 * sign)
        cue.arms(4 * bar + 2, "guard low", "guard low")
        cue.torso(4 * bar + 2, lean=0.15)
        cue.chest(4 * bar + 2)
        cue.hips(4 * bar + 2)
    cue.arms(0, "guard low", "guard low")
    cue.torso(0, lean=0.1)
    cue.chest(0)
    cue.hips(0)


def _kick_back(cue: Cue) -> None:
    """Kick, step; kick, step: with the arms against the legs."""
    _weight(cue, 8, 0.09)
    for pair in range(4):
        here = Cue(cue.dance, cue.start + 2 * pair, cue.side * (1 - 2 * (pair % 2)), cue.size)
        here.step(0, "lead", HOME_M + 0.06, 0.30 * cue.size, swing=0.5, height=0.10, heel=0.10)
        here.hips(0, on=0.15, forward=-0.03)
        here.torso(0, yaw=-0.12, lean=-0.04)
        here.chest(0, yaw=-0.2)
        here.arms(0, "swing back", "push")
        here.step(1, "lead", HOME_M + 0.03, -0.05, swing=0.6)
        here.hips(1, on=0.55)
        here.torso(1, lean=0.14)
        here.chest(1, yaw=0.1)
        here.arms(1, "guard", "guard low")


def _circles(cue: Cue) -> None:
    """Fists together, stirring a circle before the chest while the body goes round."""
    _weight(cue, 8)
    cue.step(0, "lead", 0.24, swing=0.6)
    cue.step(7, "lead", HOME_M, swing=0.6)
    for half in range(14):
        beat = half / 2
        angle = np.pi * beat
        left, ahead = float(np.sin(angle)), float(np.cos(angle))
        cue.hips(beat, left=0.07 * left, forward=0.03 * ahead)
        cue.torso(beat, yaw=0.15 * left, lean=0.12 + 0.08 * ahead, tilt=0.10 * left)
        cue.chest(beat, yaw=0.25 * left, tilt=0.08 * left)
        cue.arms(beat, *(("push", "clap") if ahead > 0.5 else ("clap", "clap")))
    cue.hips(7)
    cue.torso(7, lean=0.1)
    cue.chest(7)
    cue.arms(7, "guard low", "guard low")


@dataclass(frozen=True)
class Vocabulary:
    """The moves of a style, for verse, chorus and phrase end, and their `flow` over the beat."""

    small: tuple[Move, ...]
    large: tuple[Move, ...]
    ending: tuple[Move, ...]
    flow: float


VOCABULARIES = {
    "waltz": Vocabulary(
        (_box, _quarter_box, _hesitation),
        (_turning_box, _open_sway),
        (_open_sway, _hesitation),
        0.55,
    ),
    "disco": Vocabulary(
        (_side_touch, _bumps, _grapevine), (_points, _grapevine, _bumps), (_spin, _points), 0.1
    ),
    "hip-hop": Vocabulary(
        (_two_step, _rock, _kick_back), (_wave, _circles, _rock, _kick_back), (_hits, _wave), 0.15
    ),
}
