"""Text as small transparent pictures, laid over frames.

Hershey strokes, all that OpenCV offers, have no accents; Pillow draws real letters.
The font is DejaVu Sans as matplotlib ships it (Latin, Greek, Cyrillic, ...); other
scripts need `RenderOptions.font`.
"""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from danceit.errors import InputError
from danceit.files import one_line
from danceit.render.options import Colour

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

Picture = npt.NDArray[np.uint8]


def draw_text(
    picture: Picture,
    text: str,
    at: tuple[float, float],
    height: float,
    colour: Colour,
    *,
    anchor: str = "left",
    font: str = "",
    strength: float = 1.0,
) -> None:
    """Lay one line of text over `picture`.

    Parameters
    ----------
    at : tuple of float
        x of the anchor and y of the middle of the line, in pixels.
    height : float
        Font size in pixels.
    anchor : str
        ``left``, ``middle`` or ``right``: the part of the line that stands at x.
    strength : float
        Opacity from 0 to 1.
    """
    if not text:
        return
    letters = _letters(text, max(6, round(height)), font)
    shift = {"left": 0.0, "middle": 0.5, "right": 1.0}[anchor]
    left = round(at[0] - shift * letters.shape[1])
    top = round(at[1] - letters.shape[0] / 2)
    lay_over(picture, letters, (left, top), colour, strength)


def text_width(text: str, height: float, font: str = "") -> int:
    """Width in pixels that `draw_text` fills."""
    return int(_letters(text, max(6, round(height)), font).shape[1]) if text else 0


def fitted(text: str, height: float, width: float, font: str = "") -> str:
    """`text`, cut in the middle with an ellipsis where it is wider than `width` pixels."""
    if text_width(text, height, font) <= width:
        return text
    kept = len(text)
    while kept > 2:
        kept -= 1
        head = (kept + 1) // 2
        short = f"{text[:head]}…{text[len(text) - (kept - head) :]}"
        if text_width(short, height, font) <= width:
            return short
    return "…"


def lay_over(
    picture: Picture,
    mask: Picture,
    corner: tuple[int, int],
    colour: Colour,
    strength: float = 1.0,
) -> None:
    """Mix `colour` into `picture` as far as `mask` (h, w), from 0 to 255, says."""
    left, top = corner
    rows = slice(max(top, 0), min(top + mask.shape[0], picture.shape[0]))
    columns = slice(max(left, 0), min(left + mask.shape[1], picture.shape[1]))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    part = mask[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    share = (part.astype(np.float32) * (strength / 255.0))[..., None]
    under = picture[rows, columns].astype(np.float32)
    under += share * (np.array(colour, dtype=np.float32) - under)
    picture[rows, columns] = np.round(under).astype(np.uint8)


@lru_cache(maxsize=512)
def _letters(text: str, height: int, font: str) -> Picture:
    from PIL import Image, ImageDraw

    text = one_line(text)  # layout engines refuse line breaks
    face = _face(height, font)
    left, _, right, _ = face.getbbox(text)
    ascent, descent = face.getmetrics()
    canvas = Image.new("L", (max(1, int(right - left) + 2), ascent + descent))
    ImageDraw.Draw(canvas).text((1 - left, 0), text, fill=255, font=face)
    letters = np.asarray(canvas, dtype=np.uint8)
    letters.flags.writeable = False
    return letters


@lru_cache(maxsize=32)
def _face(height: int, font: str) -> "FreeTypeFont":
    from PIL import ImageFont

    try:
        return ImageFont.truetype(font or str(_dejavu()), height)
    except OSError as exc:
        raise InputError(f"font {font or _dejavu()} cannot be used: {exc}") from exc


@lru_cache(maxsize=1)
def _dejavu() -> Path:
    found = find_spec("matplotlib")
    if found is None or found.origin is None:
        raise InputError("the built-in font comes with matplotlib, which is not installed")
    return Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
