"""What an aligner is: the two protocols that built-ins and third parties satisfy."""

from typing import Protocol, runtime_checkable

from danceit.data import Dance, Float32, Music


@runtime_checkable
class Aligner(Protocol):
    """Changes a dance without changing its length; a frozen dataclass of its options.

    `danceit.align.align` records the step with its options; an aligner does not.
    """

    def align(self, dance: Dance, music: Music) -> Dance:
        """Return an aligned copy of `dance`, such as `dataclasses.replace` makes.

        Parameters
        ----------
        dance : Dance
            Never changed.
        music : Music
            The song it is danced to; `beats_s` are the beats to align with.

        Returns
        -------
        Dance
            Same T; each frame's `source_index` and `source_s` still say what it shows: what
            moves movement in time moves them, and the seams, with it.
        """
        ...


@runtime_checkable
class Filler(Protocol):
    """Draws missing frames from the movement on both sides of them.

    A class that leaves this to another aligner names it as ``filled_by``, so that tables of
    gaps say whose work they show.
    """

    def fill(self, poses: Float32, start: int, stop: int) -> Float32:
        """Return a copy of `poses` with the frames start..stop (half-open) drawn anew.

        Parameters
        ----------
        poses : float32 (T, J, C)
            Canvas pixels, any skeleton. What stands in the gap is not read.
        start, stop : int
            ``1 <= start < stop <= T - 1``: one known frame on each side at least.

        Returns
        -------
        float32 (T, J, C)
            Equal to `poses` outside the gap. A joint unknown (NaN) at an end of the gap
            is NaN in it.
        """
        ...
