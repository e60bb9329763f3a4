"""What a build did, recording by recording."""

from dataclasses import dataclass
from pathlib import Path

from danceit.index.building.reading import Failure
from danceit.index.cleaning.report import CleaningReport


@dataclass(frozen=True)
class BuildReport:
    """What a build did.

    Attributes
    ----------
    added, changed, unchanged, removed : tuple of str
        Recording ids. Changed ones have other files, or moved.
    withdrawn : tuple of str
        Recordings in the data that were taken out for good; see `keeping.remove`.
    failed : tuple of Failure
        Recordings that are not in the index for it.
    unrecognised : tuple of Path
        What no source knows; a folder may stand for several files.
    cleaning : CleaningReport
        Of the recordings done now, added up; its warnings and notes name their recording.
    warnings : tuple of str
        About the index as a whole.
    clips, fragments : int
        In the index now.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    withdrawn: tuple[str, ...]
    failed: tuple[Failure, ...]
    unrecognised: tuple[Path, ...]
    cleaning: CleaningReport
    warnings: tuple[str, ...]
    clips: int
    fragments: int
    index_id: str
    seconds: float
