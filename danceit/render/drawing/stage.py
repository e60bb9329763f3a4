"""What surrounds the dancer: background, light and marks on the floor, shadow, trails.

The floor's marks stand still in the world, so that they tell the camera's movement
from the dancer's.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from danceit.data import BODY_PX, FEET, HANDS, JOINT, Float32, Float64
from danceit.errors import InputError
from danceit.render.drawing.camera import DISTANCE, PITCH_RAD, Camera, world
from danceit.render.drawing.figure import JOINT_COLOURS, SHIFT, mixed
from danceit.render.drawing.text import lay_over
from danceit.render.options import Colour, RenderOptions, Theme

Picture = npt.NDArray[np.uint8]
Spot = tuple[float, float, float]

MOST_PIXELS = 64 << 20
"""Of a background picture: a file of some kilobytes can unpack to gigabytes."""
GRID_PX = 0.25 * BODY_PX
"""Spacing of the floor's marks."""
GRID_REACH = 1.25 * BODY_PX
LIGHT_STEP = 4
FLASH = 0.3
"""Share of the accent colour that a beat adds to the light on the floor."""
TRAIL_S = 0.6
TRAIL_STEPS = 3
TRAIL_GAP_PX = 0.3 * BODY_PX
"""A hand that moves further in a frame has jumped; its trail is not drawn across."""
LIFT_PX = 0.25 * BODY_PX
"""Height at which a foot's shadow is down to 1/e."""
_TRAILED = (*HANDS, *FEET)
_CORE = [JOINT["neck"], JOINT["right_hip"], JOINT["left_hip"]]
_SHADOWS = (0.30 * BODY_PX, 0.12 * BODY_PX, 0.12 * BODY_PX)
_REACH = np.arange(-int(GRID_REACH // GRID_PX), int(GRID_REACH // GRID_PX) + 1)
_LATTICE = np.stack([axis.ravel() for axis in np.meshgrid(_REACH, _REACH)])
_ONE = 1 << SHIFT


class Backdrop:
    """The background of the whole frame, with the floor lit where the dancers stand.

    Attributes
    ----------
    options : RenderOptions
    """

    def __init__(self, options: RenderOptions) -> None:
        self.options = options
        plain = _plain(options)
        width, height = options.frame_size
        # A fixed grain of half a level hides the steps of a dark gradient.
        grain = np.random.default_rng(0).uniform(-0.5, 0.5, size=(height, width, 1))
        strength = 1.0 if not options.background else 0.35
        glow = strength * np.maximum(np.array(options.look.glow, dtype=np.float32) - plain, 0.0)
        self._dark = np.clip(np.round(plain + grain), 0, 255).astype(np.uint8)
        self._glow = np.clip(np.round(glow), 0, 255).astype(np.uint8)
        self._accent = np.empty_like(self._dark)
        self._accent[:] = options.look.accent
        self._spots: list[Spot] = []
        self._lit = self._dark.copy()
        self._share = np.empty_like(self._dark)

    def paint(self, picture: Picture, spots: Sequence[Spot], flash: float = 0.0) -> None:
        """Fill `picture` with the background, lit at `spots`; `flash` adds accent light."""
        import cv2

        spots = [(round(x), round(y), round(radius)) for x, y, radius in spots]
        if spots != self._spots:
            # Into the same arrays each time: fresh memory costs more than the arithmetic.
            share = _light(spots, *picture.shape[:2])
            cv2.merge([share, share, share], dst=self._share)
            cv2.multiply(self._glow, self._share, dst=self._lit, scale=1 / 255)
            cv2.add(self._dark, self._lit, dst=self._lit)
            self._spots = spots
        if flash * FLASH < 0.02 or not spots:
            np.copyto(picture, self._lit)
            return
        cv2.multiply(self._accent, self._share, dst=picture, scale=flash * FLASH / 255)
        cv2.add(picture, self._lit, dst=picture)


def _light(spots: Sequence[Spot], height: int, width: int) -> Picture:
    """Light at each pixel (height, width), 0 to 255: flat Gaussian spots with wide skirts.

    Computed at every fourth pixel and interpolated: nothing in it is that small.
    """
    import cv2

    coarse = -(-width // LIGHT_STEP), -(-height // LIGHT_STEP)
    # Centres of the coarse pixels, so that the interpolation puts the spots where they are.
    columns, rows = (
        (np.arange(n, dtype=np.float32) + 0.5) * (size / n) - 0.5
        for n, size in zip(coarse, (width, height), strict=True)
    )
    light = np.zeros(coarse[::-1], dtype=np.float32)
    for x, y, radius in spots:
        across = ((columns - x) / max(radius, 1.0)) ** 2
        down = ((rows - y) / max(0.26 * radius, 1.0)) ** 2
        core = np.outer(255 * np.exp(-0.5 * down), np.exp(-0.5 * across))
        core += np.outer(90 * np.exp(-0.06 * down), np.exp(-0.06 * across))
        np.maximum(light, core, out=light)
    fine = cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.minimum(fine, 255.0, out=fine).astype(np.uint8)


def _plain(options: RenderOptions) -> Float32:
    """Paint the background without light: the theme's gradient, a colour, or the user's picture."""
    width, height = options.frame_size
    look, chosen = options.look, options.background_colour
    if options.background and chosen is None:
        return _fitted_picture(options.background, width, height)
    top, bottom = (chosen, chosen) if chosen is not None else (look.sky, look.ground)
    down = np.linspace(0.0, 1.0, height, dtype=np.float32)[:, None, None] ** 1.5
    upper, lower = np.array(top, dtype=np.float32), np.array(bottom, dtype=np.float32)
    return np.repeat(upper + down * (lower - upper), width, axis=1)


def _fitted_picture(path: str, width: int, height: int) -> Float32:
    """Return the picture at `path`, cut to the frame's aspect and scaled to it."""
    from PIL import Image, ImageOps

    try:
        if not Path(path).is_file():
            raise InputError(f"no such background: {path}")
        with Image.open(path) as stored:
            if stored.width * stored.height > MOST_PIXELS:
                raise InputError(
                    f"background {path} is {stored.width} x {stored.height}; "
                    f"at most {MOST_PIXELS / 1e6:.0f} million pixels are read"
                )
            fitted = ImageOps.fit(ImageOps.exif_transpose(stored).convert("RGB"), (width, height))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as exc:
        raise InputError(f"background {path} is not a readable picture: {exc}") from exc
    return np.asarray(fitted, dtype=np.float32)


def floor_xy(camera: Camera, frame: int, x: Float64, z: Float64) -> tuple[Float64, Float64]:
    """Pixels (N, 2) and scale (N,) of points on the floor.

    Without depth the dance is seen head-on; its floor is tilted by the same angle as
    that of a dance with depth, or it would be a line.
    """
    aim, floor = camera.aim[frame], float(camera.floor[frame])
    behind, below = z - aim[2], floor - aim[1]
    cos, sin = np.cos(camera.pitch_rad), np.sin(camera.pitch_rad)
    scale = camera.focal[frame] / np.maximum(sin * below + cos * behind + DISTANCE, DISTANCE / 10)
    tilt = sin if camera.pitch_rad else np.sin(PITCH_RAD)
    centre_x, centre_y = camera.view.centre
    down = centre_y + scale * (cos * below - tilt * behind)
    return np.stack([centre_x + scale * (x - aim[0]), down], axis=-1), scale


def spot(camera: Camera, frame: int) -> Spot:
    """Where the dancer's light falls: x, y and radius in pixels."""
    aim = camera.aim[frame]
    xy, scale = floor_xy(camera, frame, aim[:1], aim[2:])
    return float(xy[0, 0]), float(xy[0, 1]), float(0.42 * BODY_PX * scale[0])


def draw_grid(picture: Picture, camera: Camera, frame: int, look: Theme) -> None:
    """Dots on a square lattice of the floor, fading away from the dancer."""
    import cv2

    aim = camera.aim[frame]
    columns = (np.round(aim[0] / GRID_PX) + _LATTICE[0]) * GRID_PX
    rows = (np.round(aim[2] / GRID_PX) + _LATTICE[1]) * GRID_PX
    fade = 1.0 - np.hypot(columns - aim[0], rows - aim[2]) / GRID_REACH
    xy, scale = floor_xy(camera, frame, columns, rows)
    inside = (fade > 0) & (np.abs(xy[:, 0] - camera.view.centre[0]) < camera.view.width / 2)
    fade = fade[inside, None] ** 1.3
    under = np.where(fade > 0.5, np.array(look.glow), np.array(look.ground))
    colours = (under + 0.55 * fade * (np.array(look.ink) - under)).tolist()
    centres = np.round(xy[inside] * _ONE).astype(np.int64).tolist()
    radii = np.maximum(np.round(1.3 * scale[inside] * _ONE), 8).astype(np.int64).tolist()
    for centre, radius, colour in zip(centres, radii, colours, strict=True):
        cv2.circle(picture, centre, radius, colour, -1, cv2.LINE_AA, SHIFT)


def draw_shadow(picture: Picture, joints: Float32, camera: Camera, frame: int, look: Theme) -> None:
    """Soft shadows under the body and the feet; a foot's fades as it is lifted."""
    body = world(joints[frame : frame + 1])[0].astype(np.float64)
    points = np.stack([_middle(body[_CORE]), *body[list(FEET)]])
    lifted = np.maximum(0.0, camera.floor[frame] - points[:, 1]) / LIFT_PX
    lifted[0] = 0.0
    strength = np.array([0.42, 0.55, 0.55]) * np.exp(-lifted)
    xy, scale = floor_xy(camera, frame, points[:, 0], points[:, 2])
    dark = mixed(look.ground, (0, 0, 0), 0.75)
    for at, size, share, radius in zip(xy, scale, strength, _SHADOWS, strict=True):
        if not (np.isfinite(at).all() and np.isfinite(share)):
            continue
        mask = _blot(max(2, round(float(radius * size))))
        corner = (round(at[0] - mask.shape[1] / 2), round(at[1] - mask.shape[0] / 2))
        lay_over(picture, mask, corner, dark, float(share))


def _middle(points: Float64) -> Float64:
    """Mean (3,) of the points that are known; NaN where none is."""
    known = points[np.isfinite(points).all(axis=1)]
    return known.mean(axis=0) if len(known) else np.full(3, np.nan)


@lru_cache(maxsize=64)
def _blot(radius: int) -> Picture:
    """Make a soft flat ellipse as a mask."""
    flat = max(2, round(radius * 0.24))
    rows, columns = np.mgrid[-flat : flat + 1, -radius : radius + 1]
    squared = (columns / radius) ** 2 + (rows / flat) ** 2
    soft = np.clip(1.0 - squared, 0.0, 1.0) ** 1.2
    mask: Picture = np.round(255 * soft).astype(np.uint8)
    mask.flags.writeable = False
    return mask


def draw_ring(picture: Picture, camera: Camera, frame: int, look: Theme, pulse: float) -> None:
    """Draw a ring on the floor that widens and fades after each beat; `pulse` falls from 1 to 0."""
    import cv2

    if pulse < 0.04:
        return
    x, y, radius = spot(camera, frame)
    radius *= 0.95 - 0.35 * pulse
    axes = (round(radius * _ONE), round(radius * 0.2 * _ONE))
    colour = mixed(look.glow, look.accent, 0.75 * pulse)
    width = max(1, round(2.4 * pulse * radius / 110))
    centre = (round(x * _ONE), round(y * _ONE))
    cv2.ellipse(picture, centre, axes, 0, 0, 360, colour, width, cv2.LINE_AA, SHIFT)


def draw_trails(
    picture: Picture, joints: Float32, camera: Camera, frame: int, fps: float, look: Theme
) -> None:
    """Lines that hands and feet have drawn in the last `TRAIL_S`, thinning out."""
    import cv2

    start = max(0, frame - round(TRAIL_S * fps))
    path = world(joints[start : frame + 1])[:, _TRAILED]
    if len(path) < 2:
        return
    # One moment of the camera for the whole path: the past as seen from now.
    xy, _ = camera.project(path.reshape(1, -1, 3), slice(frame, frame + 1))
    xy = _rounded(xy.reshape(len(path), -1, 2))
    size = float(camera.focal[frame] / DISTANCE)
    age = np.linspace(0.0, 1.0, len(xy))
    faint = mixed(look.sky, look.ground, 0.5)
    moved = np.linalg.norm(np.diff(xy, axis=0), axis=2)
    drawn = moved < TRAIL_GAP_PX * size / TRAIL_STEPS  # NaN is not: gaps and seams stay open
    for limb, joint in enumerate(_TRAILED):
        own: Colour = look.limb or JOINT_COLOURS[joint]
        for step in np.flatnonzero(drawn[:, limb]).tolist():
            fresh = float(age[step + 1])
            width = max(1, round(5.5 * fresh * size))
            colour = mixed(faint, own, 0.75 * fresh**1.5)
            first, second = np.round(xy[step : step + 2, limb] * _ONE).astype(int).tolist()
            cv2.line(picture, first, second, colour, width, cv2.LINE_AA, SHIFT)


def _rounded(path: Float64) -> Float64:
    """A path (T, N, 2) with `TRAIL_STEPS` steps for each of its own, along Catmull-Rom curves."""
    ends = np.concatenate([path[:1], path, path[-1:]])
    before, here, there, after = ends[:-3], ends[1:-2], ends[2:-1], ends[3:]
    pieces = []
    for s in np.arange(TRAIL_STEPS) / TRAIL_STEPS:
        cubic = 3 * (here - there) + after - before
        square = 2 * before - 5 * here + 4 * there - after
        pieces.append(here + 0.5 * s * (there - before + s * (square + s * cubic)))
    return np.concatenate([np.stack(pieces, axis=1).reshape(-1, *path.shape[1:]), path[-1:]])
