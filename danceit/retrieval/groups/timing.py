"""Who dances what and when: in unison, in canon, in a mirror, or everybody something else.

Nobody dances exactly as another does. In all but ``free``, dancers differ from the first as
people do who dance together: by hundredths of a second that come and go, by a few degrees of
where they face, by their height. None of it bends a bone.
"""

from dataclasses import dataclass

import numpy as np

from danceit.align.retiming import rewarped
from danceit.counts import Counts
from danceit.data import FLOOR_PX, FPS, Dance, Float32
from danceit.errors import InputError
from danceit.plugins import unknown_name
from danceit.retrieval.placing import stance

NAMES = ("unison", "canon", "mirror", "free")
_EARLY_S = 0.025
"""Standard deviation of being early or late in unison; trained dancers keep to 20 to 40 ms."""
_SLOWLY_S = 1.5
"""Over which that comes and goes."""
_TURN_DEG = 3.0
_HEIGHT = 0.025
"""Standard deviations of heading and of height as a share."""


@dataclass(frozen=True)
class Timing:
    """How a group shares its time; `counts` is by how many the next dancer follows in canon."""

    name: str
    counts: float = 0.0

    @classmethod
    def parsed(cls, text: str) -> "Timing":
        """Read ``unison``, ``canon:COUNTS``, ``mirror`` or ``free``.

        Raises
        ------
        InputError
            If it is something else.
        """
        name, colon, number = text.partition(":")
        if name not in NAMES:
            raise InputError(unknown_name("timing", name, list(NAMES)))
        if name != "canon":
            if colon:
                raise InputError(f"only canon takes a number, as canon:2; got '{text}'")
            return cls(name)
        try:
            counts = float(number) if colon else 2.0
        except ValueError:
            counts = np.nan
        if not 0 < counts <= 64:
            raise InputError(f"a canon follows by 0 to 64 counts, as canon:2; got '{text}'")
        return cls(name, counts)


def like_a_person(dance: Dance, rng: np.random.Generator) -> Dance:
    """Return the dance as another dancer dances it in unison."""
    from scipy.ndimage import gaussian_filter1d

    n_frames = dance.n_frames
    noise = gaussian_filter1d(rng.normal(size=n_frames), _SLOWLY_S * FPS, mode="reflect")
    early_s = _EARLY_S * noise / max(float(noise.std()), 1e-9)
    frames = np.arange(n_frames, dtype=np.float64)
    # Both ends stay, and time never runs backwards.
    edge = np.minimum(1.0, np.minimum(frames, frames[::-1]) / (_SLOWLY_S * FPS))
    warp = np.maximum.accumulate(frames + FPS * early_s * edge)
    late = rewarped(dance, np.clip(warp, 0.0, n_frames - 1.0))
    turn, taller = np.radians(rng.normal(0, _TURN_DEG)), 1.0 + rng.normal(0, _HEIGHT)
    return late.with_step("vary", "person", {}, joints=_built(late.joints, turn, taller))


def delayed(dance: Dance, counts: Counts, by: float) -> Dance:
    """Return the dance danced so many counts later; its first pose is held until then.

    Raises
    ------
    InputError
        If the song has no counts, or too few.
    """
    beats_s = counts.beats_s
    if len(beats_s) < 2:
        raise InputError("a canon needs counts, and none were found in this song")
    if by >= len(beats_s):
        raise InputError(
            f"the last dancer of this canon would follow by {by:g} counts; "
            f"the song has {len(beats_s)}"
        )
    # On and on at the pace of its ends, so that every frame has a count.
    before, after = beats_s[1] - beats_s[0], beats_s[-1] - beats_s[-2]
    more = int(np.ceil(max(by, beats_s[0] / before, dance.n_frames / FPS / after))) + 2
    steps = np.arange(1, more + 1)
    times_s = np.concatenate(
        [beats_s[0] - before * steps[::-1], beats_s, beats_s[-1] + after * steps]
    )
    numbers = np.arange(len(times_s), dtype=np.float64)
    phase = np.interp(np.arange(dance.n_frames) / FPS, times_s, numbers)
    shown = np.interp(phase - by, numbers, times_s) * FPS
    return rewarped(dance, np.clip(shown, 0.0, dance.n_frames - 1.0))


def in_a_mirror(dance: Dance) -> Dance:
    """Return the dance as its mirror image, with the step recorded."""
    return dance.mirrored().with_step("vary", "mirror", {})


def _built(joints: Float32, turn: float, taller: float) -> Float32:
    """Turn a body about where it stands, and make it taller from the floor up."""
    own = stance(joints).floor
    result = joints.astype(np.float64)
    x, y = result[..., 0] - own[:, :1], result[..., 1] - FLOOR_PX
    if joints.shape[2] == 3:
        z = result[..., 2] - own[:, 1:]
        x, z = np.cos(turn) * x - np.sin(turn) * z, np.sin(turn) * x + np.cos(turn) * z
        result[..., 2] = own[:, 1:] + taller * z
    result[..., 0] = own[:, :1] + taller * x
    result[..., 1] = FLOOR_PX + taller * y
    return result.astype(np.float32)
