"""Moments of a song as people write them: m:ss.s, one form for all that is printed and read."""

import re

from danceit.errors import InputError

_TIME = re.compile(r"(?:(\d+):)?(\d+(?:\.\d+)?)")


def clock(seconds: float, decimals: int = 1) -> str:
    """Seconds as m:ss.s, as `seconds_of` reads them back; fewer or more decimals if asked for."""
    minutes, rest = divmod(round(float(seconds), decimals), 60)
    return f"{int(minutes)}:{rest:0{3 + decimals if decimals else 2}.{decimals}f}"


def seconds_of(text: str, whole: str) -> float:
    """Seconds of a text such as ``12.5`` or ``0:12.5``, which stands in `whole`.

    Raises
    ------
    InputError
        If it is no time.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise InputError(f"'{text}' in '{whole}' is not a time; give seconds or m:ss")
    return 60 * int(found[1] or 0) + float(found[2])
