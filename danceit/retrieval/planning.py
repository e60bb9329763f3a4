"""How a song is to be danced: on which grid, in which windows, by fragments of which length."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from danceit.data import FPS, Music
from danceit.index.store.contract import StoreSpec
from danceit.retrieval.options import QueryOptions
from danceit.retrieval.windows import (
    Window,
    usual_counts,
    windows_of_counts,
    windows_of_seconds,
)

WIDEST = 1.25
"""Most by which a fragment's counts may be stretched or squeezed to lie on a window's."""


@dataclass(frozen=True)
class Plan:
    """Windows of a song and what is looked for in each.

    Attributes
    ----------
    windows : tuple of Window
    n_frames : int
        L, frames of the fragments that are searched. On the grid of counts they are longer
        than a window, so that its counts fit into them at the widest stretch.
    on_counts : bool
        Whether windows are counted, and fragments are laid on them beat by beat.
    notes : tuple of str
        What the user should know.
    """

    windows: tuple[Window, ...]
    n_frames: int
    on_counts: bool
    notes: tuple[str, ...] = ()

    @property
    def first_frames(self) -> tuple[int, ...]:
        """Frame of the song at which each window begins to be seen; the first at 0."""
        return (0, *(window.first_frame for window in self.windows[1:]))

    def window_at(self, time_s: float) -> int:
        """Number of the window that is shown at a second of the song."""
        firsts = np.array(self.first_frames)
        return int(np.searchsorted(firsts, int(np.floor(time_s * FPS + 1e-6)), side="right") - 1)


def plan(music: Music, spec: StoreSpec, options: QueryOptions) -> Plan:
    """Cut a song for an index: on counts where both have them, else into seconds."""
    counts = music.counts
    if spec.grid == "counts" and counts.trusted:
        span = usual_counts(counts, options.length_s)
        windows = windows_of_counts(music, span)
        return Plan(windows, fragment_frames(windows, spec), on_counts=True)
    notes: tuple[str, ...] = ()
    if spec.grid == "counts":
        notes = ("nothing is counted in this song for sure: its windows are seconds, not counts",)
    return Plan(windows_of_seconds(music, options.n_frames), options.n_frames, False, notes)


def fragment_frames(windows: Sequence[Window], spec: StoreSpec) -> int:
    """L, frames of the fragments that fit windows of counts, at the widest stretch if need be."""
    longest_s = max(window.duration_s for window in windows)
    usual_s = float(np.median([window.duration_s for window in windows]))
    wanted = min(longest_s, 1.2 * usual_s) * WIDEST * FPS
    fitting = [length for length in sorted(spec.lengths) if length >= wanted]
    return fitting[0] if fitting else max(spec.lengths)
