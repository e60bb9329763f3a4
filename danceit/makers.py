"""Who wrote a picture or a sound: it is replaced by what made it, and by nothing else.

Two commands that are given one name would else destroy one another's work, and
``danceit counts song.mp3 --out other.wav`` a song. What says nothing of its maker was not
written by danceit.
"""

from pathlib import Path

from danceit.errors import InputError

PNG_KEY, SOUND_KEY = "Software", "comment"
"""Where a PNG and a container of sound say it."""


def check_replaceable(out: Path, maker: str) -> None:
    """Check that nothing else than what `maker` wrote is at `out`.

    Raises
    ------
    InputError
        If something else is.
    """
    if out.is_file() and maker_of(out) != maker:
        raise InputError(
            f"{out} is there and is no {maker}: it is not written over; choose another name"
        )


def maker_of(path: Path) -> str:
    """What a picture or sound says of its maker; "" where it says nothing."""
    return _of_png(path) if path.suffix.lower() == ".png" else _of_sound(path)


def _of_png(path: Path) -> str:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            return str(picture.info.get(PNG_KEY, ""))
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return ""


def _of_sound(path: Path) -> str:
    from danceit.media import opened

    try:
        with opened(path) as container:
            return str(container.metadata.get(SOUND_KEY, ""))
    except InputError:
        return ""
