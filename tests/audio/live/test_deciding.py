"""The level of a song, decided anew: log odds are made, so that what is right is known."""

import numpy as np

from danceit.audio.counts.activation import Activation
from danceit.audio.counts.bar_pointer import LONGEST, SHORTEST, Forward
from danceit.audio.counts.heard import RATE_HZ
from danceit.audio.counts.pulse import PulseTracker, gains_of
from danceit.audio.live.deciding import DECIDED_S, Deciding
from danceit.data import Float32

BEAT = 30
"""Frames: 100 beats a minute."""
SECONDS = 40
EVERY = round(DECIDED_S * RATE_HZ)
PRIOR = PulseTracker().prior(None)


def heard(between: float, seconds: float = SECONDS) -> Activation:
    """Beats, bars of four, and `between` for the middles between two beats."""
    n_frames = round(seconds * RATE_HZ)
    beat, one = np.full((2, n_frames), -6.0, np.float32)
    beat[5::BEAT], one[5 :: 4 * BEAT] = 2.0, 1.5
    beat[5 + BEAT // 2 :: BEAT] = between
    return Activation(beat, one)


def at_twice_the_pace() -> Forward:
    """A pass that somebody began at 200 beats a minute, and that can do nothing else."""
    lengths = np.arange(SHORTEST, LONGEST + 1)
    forced = np.where(np.abs(lengths - BEAT // 2) <= 1, 0.0, -50.0).astype(np.float32)
    return Forward(forced, SECONDS * RATE_HZ)


def run(said: Activation, forward: Forward, deciding: Deciding) -> list[float]:
    """Median beat in frames after each stretch of `DECIDED_S`."""
    periods, gains = [], gains_of(said.beat)
    for start in range(0, len(said.beat), EVERY):
        forward.extend(gains[start : start + EVERY])
        stop = start + EVERY
        forward = deciding.decided(forward, Activation(said.beat[:stop], said.one[:stop]))
        assert forward.n_frames == min(stop, len(gains))
        periods.append(float(np.median(np.diff(forward.path().frames))))
    return periods


def test_a_level_that_is_wrong_is_left_within_seconds() -> None:
    said, alone = heard(between=-1.0), at_twice_the_pace()
    alone.extend(gains_of(said.beat))
    assert np.median(np.diff(alone.path().frames)) == BEAT / 2
    periods = run(said, at_twice_the_pace(), Deciding(PRIOR, SECONDS * RATE_HZ))
    assert periods[5:] == [BEAT] * (len(periods) - 5)


def test_a_level_that_is_right_stays() -> None:
    forward = Forward(PRIOR, SECONDS * RATE_HZ)
    periods = run(heard(between=-1.0), forward, Deciding(PRIOR, SECONDS * RATE_HZ))
    assert periods[1:] == [BEAT] * (len(periods) - 1)


def test_what_is_heard_for_a_moment_only_changes_no_level_that_is_old() -> None:
    """Middles sound like beats for six seconds after twenty, and count for the level then."""
    said = heard(between=-3.0, seconds=32)
    stretch = slice(20 * RATE_HZ, 26 * RATE_HZ)
    said.beat[stretch][np.arange(6 * RATE_HZ) % (BEAT // 2) == 5] = 2.0
    periods = run(said, Forward(PRIOR, 1600), Deciding(PRIOR, 1600))
    assert set(periods[2:]) == {BEAT}


def test_a_pass_stays_between_two_decisions() -> None:
    forward, said = Forward(PRIOR, 1600), heard(between=-1.0)
    deciding = Deciding(PRIOR, 1600)
    forward.extend(gains_of(said.beat[: EVERY - 1]))
    assert deciding.decided(forward, said) is forward


def test_frames_that_are_forgotten_are_not_decided_about() -> None:
    """Numbers of frames go on where a pass is done again over what is remembered."""
    said: Float32 = heard(between=-1.0).beat
    forward, deciding = Forward(PRIOR, 500), Deciding(PRIOR, 500)
    forward.extend(gains_of(said[:1500]))
    ones = heard(between=-1.0).one
    again = deciding.decided(forward, Activation(said[1000:1500], ones[1000:1500]))
    assert again is not forward
    assert (again.first, again.n_frames) == (1000, 1500)
    np.testing.assert_array_equal(again.path().frames % BEAT, 5)
