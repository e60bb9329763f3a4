"""What cleaning did to recordings: frames kept, and frames dropped by reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from danceit.data import FPS

LOST = "cut off or damaged"
NOBODY = "nobody found"
MISSING = "hands or feet missing"
FROZEN = "frozen"
STILL = "the body does not move"
FAR = "too far from the frame before"
NO_BODY = "no person's proportions"
SHORT = "left shorter than 1 s"
Names = npt.NDArray[np.str_]
REASONS = (LOST, NOBODY, MISSING, FROZEN, STILL, FAR, NO_BODY, SHORT)


@dataclass(frozen=True)
class CleaningReport:
    """What cleaning did to a recording, or to several.

    Attributes
    ----------
    frames_in, frames_kept : int
        Frames of 24 a second; kept are those of any dancer.
    frames_upper : int
        Frames kept that show an upper body alone.
    dropped : dict
        Reason, one of `REASONS`, to frames; with `frames_kept` they make `frames_in`.
    frames_mended : int
        Frames with an outlier drawn straight.
    n_clips : int
    warnings : tuple of str
        What looks wrong with the recording as a whole.
    notes : tuple of str
        What its reader assumed, and whether the floor was levelled.
    """

    recording_id: str
    frames_in: int
    frames_kept: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    frames_mended: int = 0
    n_clips: int = 0
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    frames_upper: int = 0

    @property
    def shares(self) -> dict[str, float]:
        """Share of all frames dropped for each reason, the largest first."""
        ordered = sorted(self.dropped.items(), key=lambda item: -item[1])
        return {reason: frames / max(self.frames_in, 1) for reason, frames in ordered if frames}

    @property
    def summary(self) -> str:
        """One line: the seconds kept, the share dropped, and why."""
        share = 1 - self.frames_kept / self.frames_in if self.frames_in else 0.0
        why = ", ".join(f"{part:.1%} {reason}" for reason, part in self.shares.items())
        clips = "1 clip" if self.n_clips == 1 else f"{self.n_clips} clips"
        upper = f", {self.frames_upper / FPS:.1f} s of an upper body" if self.frames_upper else ""
        return (
            f"{self.recording_id}: {self.frames_kept / FPS:.1f} of {self.frames_in / FPS:.1f} s "
            f"kept in {clips}{upper}, {share:.1%} dropped{f' ({why})' if why else ''}"
        )


def total(reports: Iterable[CleaningReport], name: str = "all") -> CleaningReport:
    """Add up the reports of several recordings; warnings and notes name their recording."""
    several = list(reports)
    return CleaningReport(
        recording_id=name,
        frames_in=sum(report.frames_in for report in several),
        frames_kept=sum(report.frames_kept for report in several),
        dropped={
            reason: frames
            for reason in REASONS
            if (frames := sum(report.dropped.get(reason, 0) for report in several))
        },
        frames_mended=sum(report.frames_mended for report in several),
        n_clips=sum(report.n_clips for report in several),
        warnings=tuple(
            f"{item.recording_id}: {line}" for item in several for line in item.warnings
        ),
        notes=tuple(f"{item.recording_id}: {line}" for item in several for line in item.notes),
        frames_upper=sum(report.frames_upper for report in several),
    )
