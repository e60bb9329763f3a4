"""What a renderer is, and what it says of itself."""

from collections.abc import Callable
from dataclasses import dataclass

FIGURE, FOOTAGE, PERSON = "figure", "footage", "person"
"""What can be drawn: the stage with its figure, the sources' videos, a trained person."""


WriteDances = Callable[..., None]
"""``write(dances, out, *, song, options, progress)`` writes `out`, wholly or not at all.

`dances` is a sequence of at least one, all to the same song, and of one alone unless the
renderer takes several; `song` a path, found and checked, where the renderer needs it, else
that path or None; `options` are `RenderOptions`; `progress` is told the frames done and in all.
"""


@dataclass(frozen=True)
class Renderer:
    """What is registered under ``danceit.renderers``; a bare function is taken as the defaults.

    Attributes
    ----------
    write : function
        See `WriteDances`.
    draws : tuple of str
        What it can draw, of `FIGURE`, `FOOTAGE` and `PERSON`; empty where nothing is drawn.
    needs_song : bool
    several : bool
        Whether it takes several dances to one song.
    together : bool
        Whether it takes those of a group, which share a stage, where it takes no others.
    maker : str
        What its files say of their maker, where other commands write such files too: what
        says otherwise is not written over (`danceit.makers`).
    """

    write: WriteDances
    draws: tuple[str, ...] = (FIGURE,)
    needs_song: bool = False
    several: bool = True
    together: bool = False
    maker: str = ""
