"""Sound and picture out of step: how far, and putting it right.

Movement comes to rest on the beat (the kinematic beats of Lee et al. and of DanceIt are
minima of speed), so how hard the limbs brake goes with the strength of onsets. The lag is
the shift within a quarter of a second at which the two correlate best; a bootstrap over
stretches of 2 s says how sure that is. On dances made in step it finds -0.01 to 0.01 s
(disco, hip-hop) and -0.13 s (waltz); with a wrong song its confidence exceeds 0.95 about
once in a hundred, and most real dances stay under that. So a video whose own sound is
clearly early or late is put right, and what somebody laid under a song is left to them.
"""

from dataclasses import dataclass, replace

import numpy as np

from danceit.data import FEET, HANDS, JOINT, Float64, Int64, Recording
from danceit.errors import DanceitError

LAG_CHOICES = ("auto", "all", "report", "off")
"""What may be done about sound and picture out of step, beside a lag in seconds."""

SEARCH_S = 0.25
"""Largest lag looked for, half a beat at 120 bpm: a beat more or less looks the same."""
BRAKING_S = 0.042
"""Time by which the hardest braking comes before the rest that is put on the beat."""
CLEAR = 0.95
"""Confidence from which a lag is put right when that is left to the program."""
NOTABLE_S = 0.06
"""Smaller lags are left alone: broadcasting allows 0.06 s (EBU R37)."""
_RATE = 48.0
_TREND_S = 0.6
_LEAST_S = 10.0
_BLOCK_S = 2.0
_SAME_S = 0.05
_DRAWS = 1000
_SMOOTHING = 1.5
_JUMP = 8.0
_FEWEST = 4
_MIDDLES = (JOINT[f"{side}_{part}"] for side in ("right", "left") for part in ("elbow", "knee"))
_JOINTS = (*HANDS, *FEET, *_MIDDLES)


@dataclass(frozen=True)
class Lag:
    """How much later the picture comes than the sound.

    Attributes
    ----------
    seconds : float
        Positive: a movement is seen after the sound it belongs to.
    confidence : float
        Share of the bootstrap's samples, 0 to 1, that give the same within 0.05 s.
    correlation : float
        Of braking and onsets at the lag.
    """

    seconds: float
    confidence: float
    correlation: float

    def __str__(self) -> str:
        return f"{self.seconds:+.2f} s (confidence {self.confidence:.0%})"


def in_step(recording: Recording, lag: str) -> Recording:
    """Put a recording in step with its sound, or say how far out of step it is.

    Parameters
    ----------
    recording : Recording
    lag : str
        See `ReadSettings`.
    """
    own = recording.video_path is not None and recording.audio_path == recording.video_path
    if recording.audio_path is None or lag == "off":
        return recording
    if lag not in LAG_CHOICES:
        return _moved(recording, float(lag), f"picture moved by {-float(lag):+.2f} s, as asked")
    found = estimate_lag(recording) if own or lag == "all" else None
    if found is None:
        return recording
    clear = found.confidence >= CLEAR and abs(found.seconds) >= NOTABLE_S
    if lag != "report" and clear:
        note = f"picture later than sound by {found}: put right; `lag=off` leaves it"
        return _moved(recording, found.seconds, note)
    note = f"picture later than sound by {found}"
    if clear:
        note += "; `lag=auto` puts that right"
    elif found.confidence < CLEAR:
        note = f"unclear whether picture and sound are in step: at a guess late by {found}"
    return replace(recording, notes=(*recording.notes, note))


def estimate_lag(recording: Recording) -> Lag | None:
    """Estimate the lag of a recording with sound; None where there is too little to judge by."""
    from danceit.audio import features

    if recording.audio_path is None:
        return None
    try:
        flux = features(recording.audio_path, "flux")
    except DanceitError:
        return None  # whoever needs the sound will say what is wrong with it
    onsets = flux.reshape(-1, 4).astype(np.float64)
    onsets = np.log1p((onsets / np.maximum(onsets.mean(axis=0), 1e-9)).sum(axis=1))
    movement, first = braking(recording)
    if np.isfinite(movement).sum() < _LEAST_S * _RATE:
        return None
    return correlate(movement, first, onsets)


def braking(recording: Recording) -> tuple[Float64, int]:
    """Loss of mean speed of hands, feet, elbows and knees, 48 a second; NaN where not seen.

    Returns
    -------
    float64 (n,)
    int
        Its first value's time x 48.
    """
    from scipy.ndimage import gaussian_filter1d

    times_s = recording.times_s
    first = int(np.ceil(times_s[0] * _RATE))
    at_s = np.arange(first, int(times_s[-1] * _RATE) + 1) / _RATE
    after = np.searchsorted(times_s, at_s).clip(1, len(times_s) - 1)
    total, count = np.zeros(len(at_s)), np.zeros(len(at_s))
    for joint in _JOINTS:
        track = recording.poses[:, joint].astype(np.float64)
        known = np.isfinite(track).all(axis=1)
        if len(at_s) < 3 or not known.any():
            continue
        at = np.stack([np.interp(at_s, times_s[known], axis[known]) for axis in track.T], axis=1)
        smooth = gaussian_filter1d(at, _SMOOTHING, axis=0)
        speed = np.linalg.norm(np.gradient(smooth, axis=0), axis=1)
        seen = known[after] & known[after - 1]
        if seen.any():
            # A jump of the tracking is no movement.
            seen &= speed <= _JUMP * np.median(speed[seen]) + 1e-12
        total[seen] += speed[seen]
        count[seen] += 1
    mean = np.where(count >= _FEWEST, total / np.maximum(count, 1), np.nan)
    lost = -np.gradient(mean) if len(mean) > 1 else mean
    return np.where(np.isfinite(lost), np.maximum(lost, 0.0), np.nan), first


def correlate(movement: Float64, first: int, onsets: Float64) -> Lag:
    """Lag of braking (n,), which begins at onset number `first`, behind onsets (m,)."""
    moved, heard = _local(movement), _local(onsets)
    lags = np.arange(
        round((-SEARCH_S - BRAKING_S) * _RATE), round((SEARCH_S - BRAKING_S) * _RATE) + 1
    )
    at = np.arange(len(moved))[:, None] + first - lags
    inside = (at >= 0) & (at < len(heard)) & np.isfinite(moved)[:, None]
    sound = np.where(inside, heard[at.clip(0, len(heard) - 1)], 0.0)
    products = np.where(inside, np.nan_to_num(moved)[:, None] * sound, 0.0)
    width = round(_BLOCK_S * _RATE)
    n_blocks = max(1, len(moved) // width)
    blocks = np.add.reduceat(products, np.arange(n_blocks) * width, axis=0)
    score = blocks.sum(axis=0)
    best = int(score.argmax())
    # Which lag wins if other stretches of the dance had been filmed? (bootstrap)
    drawn = np.random.default_rng(0).integers(n_blocks, size=(_DRAWS, n_blocks))
    winners = blocks[drawn].sum(axis=1).argmax(axis=1)
    spread = float(np.nanstd(moved) * heard.std() * np.isfinite(moved).sum())
    return Lag(
        seconds=_peak(score, best, lags) / _RATE + BRAKING_S,
        confidence=float((np.abs(winners - best) <= _SAME_S * _RATE).mean()),
        correlation=float(score[best]) / spread if spread else 0.0,
    )


def _local(values: Float64) -> Float64:
    """Values against their own trend, in units of their deviation."""
    from scipy.ndimage import gaussian_filter1d

    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    sigma = _TREND_S * _RATE
    weight = gaussian_filter1d(known.astype(np.float64), sigma)
    trend = gaussian_filter1d(filled, sigma) / np.maximum(weight, 1e-9)
    return np.where(known, values - trend, np.nan)


def _peak(score: Float64, best: int, lags: Int64) -> float:
    """Lag of the maximum between samples, by a parabola through it and its neighbours."""
    if not 0 < best < len(score) - 1:
        return float(lags[best])
    left, middle, right = score[best - 1 : best + 2].tolist()
    bend = left - 2 * middle + right
    return float(lags[best]) + (0.5 * (left - right) / bend if bend else 0.0)


def _moved(recording: Recording, lag_s: float, note: str) -> Recording:
    return replace(
        recording,
        times_s=recording.times_s - lag_s,
        cuts_s=tuple(cut_s - lag_s for cut_s in recording.cuts_s),
        lost_s=tuple((start_s - lag_s, end_s - lag_s) for start_s, end_s in recording.lost_s),
        notes=(*recording.notes, note),
    )
