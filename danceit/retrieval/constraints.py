"""What a user asks of a dance beyond the query: fragments fixed, forbidden, kept, mirrored."""

from collections.abc import Sequence
from dataclasses import dataclass

from danceit.clock import seconds_of
from danceit.data import Dance
from danceit.errors import InputError


@dataclass(frozen=True)
class Constraints:
    """Choices that are not the solver's.

    Asked for together, pins and locks win over bans: a ban asks for something else wherever
    nothing is fixed. Asked for one after the other, see `and_then`.

    Attributes
    ----------
    pins : tuple of (float, str)
        A moment of the song in seconds, and the fragment to show in the window it falls into.
    bans : tuple of str
        Fragments, and clips all of whose fragments, may not be shown.
    locks : tuple of (float, float)
        Stretches of the song, half-open, in seconds, that keep what they have.
    mirrors : tuple of (float, float)
        Stretches danced to the other side; what lies in two of them is as it was.
    """

    pins: tuple[tuple[float, str], ...] = ()
    bans: tuple[str, ...] = ()
    locks: tuple[tuple[float, float], ...] = ()
    mirrors: tuple[tuple[float, float], ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.pins or self.bans or self.locks or self.mirrors)

    def and_then(self, later: "Constraints") -> "Constraints":
        """Return both; where they contradict one another the later word holds.

        A pin takes the place of an earlier one at the same moment, a ban that of earlier pins
        of what it forbids.
        """
        moments = {time_s for time_s, _ in later.pins}
        kept = tuple(
            (time_s, name)
            for time_s, name in self.pins
            if time_s not in moments
            and not any(name == ban or name.startswith(f"{ban}:") for ban in later.bans)
        )
        return Constraints(
            pins=(*kept, *later.pins),
            bans=tuple(dict.fromkeys((*self.bans, *later.bans))),
            locks=tuple(dict.fromkeys((*self.locks, *later.locks))),
            mirrors=(*self.mirrors, *later.mirrors),
        )

    @classmethod
    def of(cls, dance: Dance) -> "Constraints":
        """Return those that a dance was last changed under."""
        made = cls()
        for step in dance.steps:
            if step.step == "edit":
                stored = step.options
                made = cls(
                    tuple((float(time_s), str(name)) for time_s, name in stored["pins"]),
                    tuple(map(str, stored["bans"])),
                    tuple((float(from_s), float(to_s)) for from_s, to_s in stored["locks"]),
                    tuple(
                        (float(from_s), float(to_s)) for from_s, to_s in stored.get("mirrors", ())
                    ),
                )
        return made

    @classmethod
    def parsed(
        cls, pins: Sequence[str] = (), bans: Sequence[str] = (), locks: Sequence[str] = ()
    ) -> "Constraints":
        """Read ``TIME=FRAGMENT``, ``FRAGMENT`` or ``CLIP``, and ``FROM-TO``.

        Times are seconds, ``83.5``, or minutes and seconds, ``1:23.5``.

        Raises
        ------
        InputError
            If a text is none of these.
        """
        return cls(tuple(map(_pin, pins)), tuple(bans), tuple(map(_lock, locks)))


def _pin(text: str) -> tuple[float, str]:
    time, equals, fragment = text.partition("=")
    if not equals or not fragment:
        raise InputError(f"`pin` must be TIME=FRAGMENT, such as 0:12=CLIP:48+48; got '{text}'")
    return seconds_of(time, text), fragment


def _lock(text: str) -> tuple[float, float]:
    start, dash, end = text.partition("-")
    if not dash:
        raise InputError(f"`lock` must be FROM-TO, such as 0:10-0:20; got '{text}'")
    from_s, to_s = seconds_of(start, text), seconds_of(end, text)
    if from_s >= to_s:
        raise InputError(f"`lock` must end after it begins; got '{text}'")
    return from_s, to_s
