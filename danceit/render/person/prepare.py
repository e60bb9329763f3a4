"""From one video of a person to what the networks are trained on.

The square crop is one for the whole video, so that its background stands still; beyond
the picture it repeats the picture's edge. Time is split, never shuffled: neighbouring
frames are nearly the same, and a random split would measure memory.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from danceit.data import BODY_PX, FPS, JOINT, Float32, Float64
from danceit.errors import InputError
from danceit.files import replacing
from danceit.media import picture_size
from danceit.progress import Progress, silent
from danceit.render.footage.framing import body_px
from danceit.render.footage.locating import Filmed
from danceit.render.footage.outline import outline
from danceit.render.footage.reel import Reel
from danceit.render.person.target import (
    BACKGROUND,
    FRAMES,
    GAP_S,
    JOINTS,
    TIMES,
    Consent,
    Description,
    Placing,
    write_description,
)

SIZES = (64, 1024)
MARGIN_SHARE = 0.12
"""Room around the joints, as a share of the body: hair, hands and skirts."""
VALIDATION_SHARE = 0.2
SHORT_S = 20.0
FEWEST_FRAMES = 48
MOVING_LEVELS = 14.0
"""Median difference from the background, outside the person, from which the camera moves."""
CUT_LEVELS = 45.0
"""The same between two frames, from which the picture was cut."""
_STRETCH = 48
"""Frames over which the person's size and floor are looked for."""
_ALIKE = 0.15
MUCH_HIDDEN = 0.05
_SEEN_IN = 2
"""A place that the person leaves free in no more frames than this is not known."""
_LOOKED_AT = 48
"""Frames from which background and camera are judged."""
Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Prepared:
    """What `prepare` did: the description as written, and frames by what became of them."""

    about: Description
    folder: Path
    n_frames: int
    n_nobody: int
    seconds: float


def prepare(
    filmed: Filmed,
    out: Path,
    consent: Consent,
    *,
    size: int = 512,
    warnings: Sequence[str] = (),
    progress: Progress = silent,
) -> Prepared:
    """Write a person folder from footage.

    Parameters
    ----------
    filmed : Filmed
        The video and the person's joints in it.
    out : Path
        Folder to make; one that is there already is an error.
    consent : Consent
    size : int
        Side of the pictures; a multiple of 32 from 64 to 1024.
    warnings : sequence of str
        What the reader of the poses noted; kept in the description.

    Raises
    ------
    InputError
        If the size is not possible, `out` is not empty, or too little of the person is seen.
    """
    if not SIZES[0] <= size <= SIZES[1] or size % 32:
        raise InputError(f"size must be a multiple of 32 from {SIZES[0]} to {SIZES[1]}; got {size}")
    # What a `prepare` that was stopped has left is written over; a whole person never.
    mine = {FRAMES, JOINTS, TIMES, BACKGROUND}
    if out.exists() and {path.name for path in out.iterdir()} - mine:
        raise InputError(f"{out} is not empty; choose another folder")
    times_s, joints, n_nobody = _at_rate(filmed)
    if len(times_s) < FEWEST_FRAMES:
        raise InputError(
            f"a person is seen in {len(times_s)} frames of {filmed.video.name}; "
            f"at least {FEWEST_FRAMES} are needed"
        )
    corner, side = _square(joints, picture_size(filmed.video).shown)
    scale = size / side
    placed = ((joints - corner) * scale).astype(np.float32)
    try:
        out.mkdir(parents=True, exist_ok=True)
        _write_frames(out / FRAMES, filmed.video, times_s, corner, scale, size, progress)
        np.save(out / JOINTS, placed)
        np.save(out / TIMES, times_s)
        frames = np.load(out / FRAMES, mmap_mode="r", allow_pickle=False)
        n_train, start = _split(times_s)
        background, cuts = _background(frames, placed, n_train), _cuts(frames, placed)
        _save_picture(out / BACKGROUND, background.picture)
    except OSError as exc:
        raise InputError(f"cannot write {out}: {exc.strerror or exc}") from exc
    about = Description(
        consent=consent,
        source=filmed.video.name,
        size=size,
        fps=FPS,
        placing=_placing(placed),
        n_train=n_train,
        validation_start=start,
        static_camera=not background.moving,
        warnings=(*warnings, *_complaints(times_s, background, cuts)),
    )
    write_description(out, about)
    return Prepared(about, out, len(times_s), n_nobody, float(times_s[-1] - times_s[0]))


def _at_rate(filmed: Filmed) -> tuple[Float64, Float32, int]:
    """Frames at no more than 24 a second in which a body is seen, and how many are without."""
    steps = np.floor((filmed.times_s - filmed.times_s[0]) * FPS + 1e-3)
    first = np.append(True, np.diff(steps) > 0)
    times_s, joints = filmed.times_s[first], filmed.joints[first]
    hips = joints[:, (JOINT["neck"], JOINT["right_hip"], JOINT["left_hip"])]
    seen = np.isfinite(hips).all(axis=(1, 2))
    return times_s[seen], joints[seen], int((~seen).sum())


def _square(joints: Float32, picture: tuple[int, int]) -> tuple[Float64, float]:
    """Left top corner and side, in source pixels, of a square that keeps the whole person."""
    body = body_px(joints)
    low = np.nanquantile(joints, 0.005, axis=(0, 1)) - MARGIN_SHARE * body
    high = np.nanquantile(joints, 0.995, axis=(0, 1)) + MARGIN_SHARE * body
    # The nose is not the top of the head.
    low[1] -= 0.1 * body
    low, high = np.maximum(low, 0.0), np.minimum(high, picture)
    side = float(np.max(high - low))
    corner = (low + high) / 2 - side / 2
    # Within the picture where there is room for the square, else centred on it.
    for axis, length in enumerate(picture):
        room = length - side
        corner[axis] = np.clip(corner[axis], 0, room) if room >= 0 else room / 2
    return corner, side


def _write_frames(
    path: Path,
    video: Path,
    times_s: Float64,
    corner: Float64,
    scale: float,
    size: int,
    progress: Progress,
) -> None:
    """Decode, crop and store the frames as one array, written frame by frame."""
    import cv2

    reel = Reel(video, times_s, scale)
    with replacing(path) as temporary:
        shape = (len(times_s), size, size, 3)
        stored = np.lib.format.open_memmap(  # type: ignore[no-untyped-call]
            temporary, mode="w+", dtype=np.uint8, shape=shape
        )
        for index, time_s in enumerate(times_s.tolist()):
            source = reel.frame(time_s)
            ratio = scale / reel.scale
            placing = np.array([[ratio, 0, -corner[0] * scale], [0, ratio, -corner[1] * scale]])
            stored[index] = cv2.warpAffine(
                source, placing, (size, size), borderMode=cv2.BORDER_REPLICATE
            )
            progress(index + 1, len(times_s))
        stored.flush()
        del stored
    reel.close()


def _split(times_s: Float64) -> tuple[int, int]:
    """End of training and start of validation, which a gap keeps apart."""
    start_s = times_s[0] + (1 - VALIDATION_SHARE) * (times_s[-1] - times_s[0])
    start = int(np.searchsorted(times_s, start_s))
    n_train = int(np.searchsorted(times_s, start_s - GAP_S))
    return max(2, n_train), min(start, len(times_s) - 2)


@dataclass(frozen=True)
class _Background:
    """The clean background, the share of it that was never seen, and whether it moves."""

    picture: Picture
    hidden_share: float
    moving: bool


def _background(frames: Picture, joints: Float32, n_train: int) -> _Background:
    """Temporal median without the person."""
    size = frames.shape[1]
    chosen = np.unique(np.linspace(0, n_train - 1, _LOOKED_AT).astype(int))
    shown = frames[chosen]
    person = np.stack([_person(joints[i], size) for i in chosen])
    # Sorted with the person's pixels last, the median is half-way through what is left.
    ordered = np.sort(np.where(person[..., None], np.int16(256), shown), axis=0)
    left = (~person).sum(axis=0)
    middle = np.take_along_axis(ordered, (left // 2)[None, ..., None], axis=0)[0]
    hidden = left <= _SEEN_IN
    background = _painted_over(middle, hidden)
    away = np.abs(shown.astype(np.int16) - background).mean(axis=3)
    levels = [
        float(np.median(a[~p])) if (~p).any() else 0.0 for a, p in zip(away, person, strict=True)
    ]
    moving = bool(np.median(levels) > MOVING_LEVELS)
    return _Background(background, float(hidden.mean()), moving)


def _painted_over(background: npt.NDArray[np.int16], hidden: npt.NDArray[np.bool_]) -> Picture:
    """Fill what the person always hid from its rim, or they would stand there for ever."""
    import cv2

    known = np.where(hidden[..., None], 0, background).astype(np.uint8)
    if not hidden.any() or hidden.all():
        return known
    mask = hidden.astype(np.uint8)
    return np.asarray(cv2.inpaint(known, mask, 3, cv2.INPAINT_TELEA), dtype=np.uint8)


def _cuts(frames: Picture, joints: Float32) -> int:
    """Places where the picture outside the person is suddenly another."""
    found = 0
    before = frames[0, ::4, ::4].astype(np.int16)
    for index in range(1, len(frames)):
        now = frames[index, ::4, ::4].astype(np.int16)
        person = _person(joints[index], frames.shape[1])[::4, ::4]
        difference = np.abs(now - before).mean(axis=2)
        if (~person).any() and np.median(difference[~person]) > CUT_LEVELS:
            found += 1
        before = now
    return found


def _person(joints: Float32, size: int) -> npt.NDArray[np.bool_]:
    unit = body_px(np.repeat(joints[None], 3, axis=0)) / BODY_PX
    return outline(joints.astype(np.float64), (size, size), unit) > 8


def _placing(joints: Float32) -> Placing:
    """Where the person stood most: the networks know that size and place best."""
    hips = joints[:, (JOINT["right_hip"], JOINT["left_hip"])].mean(axis=1)
    stretches = [joints[i : i + _STRETCH] for i in range(0, len(joints), _STRETCH)]
    sizes = np.array([body_px(stretch) for stretch in stretches])
    # Who kneels for a stretch is not small: only the larger half of the stretches counts.
    body = float(np.median(sizes[sizes >= np.median(sizes)]))
    alike = np.abs(sizes / body - 1) < _ALIKE
    floor = float(np.median([_floor(stretches[i], body) for i in np.flatnonzero(alike)]))
    low, middle, high = np.quantile(hips[:, 0], (0.05, 0.5, 0.95))
    return Placing(body, floor, float(middle), float(max(middle - low, high - middle)))


def _floor(joints: Float32, body: float) -> float:
    ankles = joints[:, (JOINT["right_ankle"], JOINT["left_ankle"]), 1]
    known = ankles[np.isfinite(ankles)]
    if known.size:
        return float(np.quantile(known, 0.95))
    return float(np.nanmin(joints[..., 1])) + body


def _complaints(times_s: Float64, background: _Background, cuts: int) -> Iterator[str]:
    seconds = times_s[-1] - times_s[0]
    if seconds < SHORT_S:
        yield f"only {seconds:.0f} s of footage; two minutes of simple movement are better"
    if background.moving:
        yield "the camera moves or the background changes: it is painted anew in every frame"
    elif background.hidden_share > MUCH_HIDDEN:
        yield (
            f"{background.hidden_share:.0%} of the background is never seen: what is behind is "
            "guessed; let the person walk out of the picture once"
        )
    if cuts:
        yield f"the picture is cut {cuts} times: backgrounds will mix"


def _save_picture(path: Path, picture: Picture) -> None:
    from PIL import Image

    with replacing(path) as temporary:
        Image.fromarray(picture).save(temporary, format="PNG")
