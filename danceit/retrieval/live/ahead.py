"""The windows to come: whole bars of the usual length, on beats that are expected.

As `danceit.retrieval.windows` cuts a song, but one after the other, from what is counted at
the moment. Where a window does not begin on a 1, because the counting was put right meanwhile,
it ends with its bar, so that the next one does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from danceit.audio.live.following import Followed
from danceit.counts import beats_of_eight
from danceit.data import Float64
from danceit.retrieval.planning import WIDEST
from danceit.retrieval.windows import SHORTEST_S, Window, usual_counts

_NEAREST_S = 0.2
"""Seconds from what is shown to a beat on which something may begin."""


@dataclass(frozen=True)
class Ahead:
    """A window to come.

    Attributes
    ----------
    window : Window
        Its times are of the planned clock.
    first_id : int
        Number of its first beat.
    start_s : float
        When that is expected, of the stream.
    next_place : int
        Counts since the eight began in which the next window lies.
    """

    window: Window
    first_id: int
    start_s: float
    next_place: int

    @property
    def end_id(self) -> int:
        """Number of the beat on which the next window begins."""
        return self.first_id + self.window.counts


def first_one(followed: Followed, after_s: float) -> int:
    """Number of the first 1 from a second on; of the first beat where bars are not known."""
    counts = followed.counts
    later = counts.beats_s >= after_s
    ones = later & (counts.numbers == 1) if counts.metre else later
    return int(np.argmax(ones)) + followed.first_id


def landing(followed: Followed, head_s: float, left_s: float) -> int:
    """Number of the beat on which `left_s` of movement from `head_s` on had best end.

    The 1 to which it is stretched least, where that is by at most `WIDEST`; else any beat.
    """
    counts = followed.counts
    left_s = max(left_s, _NEAREST_S)
    away = np.abs(np.log(np.maximum(counts.beats_s - head_s, 1e-3) / left_s))
    away[counts.beats_s < head_s + _NEAREST_S] = np.inf
    ones = np.where(counts.numbers == 1, away, np.inf)
    best = ones if ones.min() <= np.log(WIDEST) else away
    return int(np.argmin(best)) + followed.first_id


def windows_ahead(
    followed: Followed, first_id: int, planned_s: float, count: int, length_s: float, place: int
) -> tuple[Ahead, ...]:
    """Cut what is to come into windows.

    Parameters
    ----------
    followed : Followed
        That counts.
    first_id : int
        Beat on which the first begins.
    planned_s : float
        When that is on the planned clock.
    count : int
        How many.
    length_s : float
        About which they last.
    place : int
        Counts since the eight began that the first one lies in.
    """
    span = usual_counts(followed.counts, length_s)
    found: list[Ahead] = []
    for _ in range(count):
        end_id = first_id + _counts(followed, first_id, span)
        beats_s = _places(followed, range(first_id, end_id + 1))
        shift_s = planned_s - beats_s[0]
        number, metre = followed.number(first_id), followed.counts.metre
        window = Window(
            start_s=planned_s,
            end_s=float(beats_s[-1] + shift_s),
            beats_s=beats_s + shift_s,
            number=number,
            metre=metre,
            place=place,
            opens_eight=place % beats_of_eight(metre) == 0,
        )
        # After a bar cut short an eight begins anew.
        place = place + window.counts if number in (0, 1) or span < metre else 0
        found.append(Ahead(window, first_id, float(beats_s[0]), place))
        first_id, planned_s = end_id, window.end_s
    return tuple(found)


def _counts(followed: Followed, first_id: int, span: int) -> int:
    """Counts of the window that begins on a beat."""
    number, metre = followed.number(first_id), followed.counts.metre
    if not number or not metre:
        return span
    if metre > span:
        return min(span - (number - 1) % span, metre - number + 1)
    if number == 1:
        return span // metre * metre
    left = metre - number + 1
    start_s, end_s = followed.place(first_id), followed.place(first_id + left)
    return left if end_s - start_s >= SHORTEST_S else left + metre


def _places(followed: Followed, ids: Sequence[int]) -> Float64:
    return np.array([followed.place(one) for one in ids], dtype=np.float64)
