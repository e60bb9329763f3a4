"""What an aligner is: the two protocols that built-ins and third parties satisfy."""

from typing import Protocol, runtime_checkable

from danceit.data import Dance, Float32, Music


@runtime_checkable
class Aligner(Protocol):
    """Changes a dance without changing its length; a frozen dataclass of its options."""

    def align(self, dance: Dance, music: Music) -> Dance:
        """Return an aligned copy of `dance` that records this step by `Dance.with_step`.

        Parameters
        ----------
        dance : Dance
            Never changed.
        music : Music
            The song it is danced to; `beats_s` are the beats to align with.

        Returns
        -------
        Dance
            Same T; each frame's `source_index` and `source_s` still say what it shows.
        """
        ...


@runtime_checkable
class Filler(Protocol):
    """Draws missing frames from the movement on both sides of them."""

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
