"""Beats by dynamic programming (Ellis 2007), as the papers use them; no bars.

The tracker is librosa's, on the onsets of `danceit.audio.beats`.
"""

import numpy as np

from danceit.audio.beats import onsets, tempogram, track_beats
from danceit.audio.counts.tracked import Tracked
from danceit.audio.decoding import Sound
from danceit.data import Float32, Float64

_NEAR = 2
"""Onset frames on each side of a beat within which its onset may lie: 21 ms."""


def track(sound: Sound, *, bpm: float | None = None, metre: int | None = None) -> Tracked:
    """Beats of a sound at the song's likeliest tempo, or at `bpm`; `metre` is not used."""
    onset = onsets(sound)
    beats_s = track_beats(onset, tempogram(onset), bpm=bpm).beats_s
    if not beats_s.size:
        return Tracked()
    unknown = np.zeros(beats_s.size, np.int32)
    return Tracked(beats_s, unknown, confidence=contrast(onset.broad, onset.rate, beats_s))


def contrast(strength: Float32, rate: float, beats_s: Float64) -> float:
    """How far onsets stand on the beats rather than half-way between: 0 (no more) to 1 (all)."""
    from scipy.ndimage import maximum_filter1d

    if beats_s.size < 2:
        return 0.0
    near = maximum_filter1d(strength, 2 * _NEAR + 1)
    between_s = (beats_s[1:] + beats_s[:-1]) / 2
    on, off = (
        float(near[np.clip(np.round(times * rate - 0.5), 0, len(near) - 1).astype(int)].mean())
        for times in (beats_s, between_s)
    )
    return max(0.0, (on - off) / (on + off)) if on + off > 0 else 0.0
