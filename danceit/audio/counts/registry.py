"""Trackers by name; third parties register theirs under ``danceit.counts``.

A tracker is a function of a sound. What a person already knows comes as `bpm` and `metre`;
a tracker that cannot use them may leave them: `danceit.audio.counts.corrections` sees to it
that the person is obeyed.
"""

from typing import Protocol, cast

from danceit.audio.counts.tracked import Tracked
from danceit.audio.decoding import Sound
from danceit.errors import PluginError
from danceit.plugins import Registry

DEFAULT_TRACKER = "pulse"


class Tracker(Protocol):
    """Finds the beats of a sound at `danceit.audio.RATE`."""

    def __call__(
        self, sound: Sound, *, bpm: float | None = None, metre: int | None = None
    ) -> Tracked:
        """Track `sound`, near `bpm` and in bars of `metre` beats where they are given."""
        ...


TRACKERS = Registry(
    "danceit.counts",
    "tracker",
    {
        "pulse": "danceit.audio.counts.pulse:track",
        "librosa": "danceit.audio.counts.librosa:track",
        "madmom": "danceit.audio.counts.madmom:track",
        "beat-this": "danceit.audio.counts.beat_this:track",
    },
    remarks={
        "madmom": "needs the extra madmom; its weights are under CC BY-NC-SA 4.0: not for "
        "commercial use",
        "beat-this": "needs the package beat_this (MIT) and its weights, which it downloads, or "
        "a file that DANCEIT_BEAT_THIS names",
    },
)


def tracker_named(name: str) -> Tracker:
    """Return the tracker of that name.

    Raises
    ------
    PluginError
        If there is none, or it cannot be called.
    """
    tracker = TRACKERS.get(name)
    if not callable(tracker):
        raise PluginError(f"the tracker '{name}' must be a function of a sound; got {tracker!r}")
    return cast(Tracker, tracker)
