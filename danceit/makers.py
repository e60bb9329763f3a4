"""Who wrote a picture, film or sound: it is replaced by what made it, and by nothing else.

Two commands that are given one name would else destroy one another's work, and
``danceit counts song.mp3 --out other.wav`` a song or ``danceit index inspect`` a film. What says
nothing of its maker was not written by danceit.
"""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from danceit.errors import InputError
from danceit.files import replacing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from matplotlib.figure import Figure

PNG_KEY, SOUND_KEY = "Software", "comment"
"""Where a PNG and a container of sound or pictures say it."""
_FIGURE_KEYS = {".png": PNG_KEY, ".svg": "Creator", ".pdf": "Creator"}
"""Formats that a figure is written in, and where each says it."""


def check_replaceable(out: Path, maker: str) -> None:
    """Check that nothing else than what `maker` wrote is at `out`.

    Raises
    ------
    InputError
        If something else is.
    """
    if out.is_file() and not is_replaceable(out, maker):
        raise InputError(
            f"{out} is there and is no {maker}: it is not written over; choose another name"
        )


def is_replaceable(out: Path, maker: str) -> bool:
    """Whether nothing else than what `maker` wrote is at `out`."""
    return not out.exists() or (out.is_file() and _is_by(out, maker))


def write_png(picture: "npt.NDArray[np.uint8]", out: Path, maker: str) -> None:
    """Write a picture (H, W, 3), which says who made it, over nothing else.

    Raises
    ------
    InputError
        As `check_replaceable`, or if it cannot be written.
    """
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    check_replaceable(out, maker)
    told = PngInfo()
    told.add_text(PNG_KEY, maker)
    with replacing(out) as temporary:
        Image.fromarray(picture).save(temporary, format="PNG", pnginfo=told)


def check_figure(out: Path, maker: str) -> None:
    """Check that a figure can be written at `out`, before the work that it shows is done.

    Raises
    ------
    InputError
        As `check_replaceable`, or if its suffix is of no picture that says who made it.
    """
    if out.suffix.lower() not in _FIGURE_KEYS:
        raise InputError(f"a {maker} is written as {', '.join(_FIGURE_KEYS)}; got {out.name}")
    check_replaceable(out, maker)


def write_figure(figure: "Figure", out: Path, maker: str, dpi: float | None = None) -> None:
    """Write a figure of matplotlib, which says who made it, over nothing else.

    Raises
    ------
    InputError
        As `check_figure`, or if it cannot be written.
    """
    check_figure(out, maker)
    told = {_FIGURE_KEYS[out.suffix.lower()]: maker}
    resolution: dict[str, Any] = {} if dpi is None else {"dpi": dpi}
    with replacing(out) as temporary:
        figure.savefig(temporary, metadata=told, **resolution)


def _is_by(path: Path, maker: str) -> bool:
    """Whether a file says of itself that `maker` wrote it, and what else it may say."""
    suffix = path.suffix.lower()
    if suffix == ".png":
        return maker in _of_png(path)
    if suffix in _FIGURE_KEYS:
        with suppress(OSError):
            return maker.encode() in path.read_bytes()
        return False
    return maker in _of_media(path)


def _of_png(path: Path) -> str:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            return str(picture.info.get(PNG_KEY, ""))
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return ""


def _of_media(path: Path) -> str:
    from danceit.media import opened

    try:
        with opened(path) as container:
            # Matroska writes the names of its tags in capitals.
            tags = {name.lower(): told for name, told in container.metadata.items()}
            return str(tags.get(SOUND_KEY, ""))
    except InputError:
        return ""
