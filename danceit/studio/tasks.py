"""What jobs do: make libraries, listen to songs, export dances."""

import shutil
import time
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from danceit.errors import InputError, NothingReadError
from danceit.index.sources import scan
from danceit.progress import Progress
from danceit.studio.exporting import export, sheet
from danceit.studio.jobs import Report
from danceit.studio.kept import take_lock
from danceit.studio.library.shelf import find_alike
from danceit.studio.names import new_id
from danceit.studio.problems import MOST as MOST_PROBLEMS
from danceit.studio.problems import nothing_at_all, problem
from danceit.studio.project import Project, Song
from danceit.studio.songs import make_ready

if TYPE_CHECKING:
    from danceit.index.building.report import BuildReport

Task = Callable[[Project, Mapping[str, Any], Report], Mapping[str, Any]]
LIBRARY = Path("library") / "danceit-index"
"""Where a library is made, in the project."""
DEMO = "demo"
LEARNING = "Learning which movement goes with which music"
QUICKLY = "learned-quickly"
"""Beside a library that was learned from a few recordings."""
WAITING = "Waiting until the library before it is made"
_MAKING, _LOOK_S = "making", 0.2
"""Locked as long as a job makes a library; seconds between looks at it."""


def _one_at_a_time(task: Task) -> Task:
    """Let a task wait until no other job of the project makes a library."""

    @wraps(task)
    def waiting(project: Project, asked: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        while (lock := take_lock(project.folder / _MAKING)) is None:
            report(WAITING, 0.0)
            time.sleep(_LOOK_S)
        with lock:
            return task(project, asked, report)

    return waiting


@_one_at_a_time
def demo(project: Project, asked: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
    """Make the demo's songs and dancers, learn from them, and take the demo's song."""
    from danceit.index.building.options import Told
    from danceit.workflow.demo import demo_library

    report("Making songs and dancers in three styles", 0.02, (1, 5))
    library, built = demo_library(
        project.folder / "library" / DEMO,
        project.folder / LIBRARY,
        told=Told(
            reading=_counting(report, "Looking at the dancers", (0.25, 0.35), (2, 5)),
            training=_counting(report, LEARNING, (0.35, 0.7), (3, 5)),
            indexing=_counting(report, "Cutting dances into moves", (0.7, 0.85), (4, 5)),
        ),
    )
    project.library = project.folder / LIBRARY
    if not project.songs():
        song = take_song(project, library.query_song, "Demo song")
        make_ready(project, song, _naming(report, (0.85, 1.0), (5, 5)))
    return {"clips": built.report.clips, "moves": built.report.fragments}


@_one_at_a_time
def library(project: Project, asked: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
    """Make or extend the project's library from what was dropped, or from a folder."""
    from danceit.index.building.options import Told
    from danceit.workflow.indexing import FEW, build_index

    folder = _source(project, asked)
    out = project.library or project.folder / LIBRARY
    out.parent.mkdir(parents=True, exist_ok=True)
    report("Looking for dancers", 0.02, (1, 4))
    held, quickly = len(scan(folder).found), out.parent / QUICKLY
    own = out == project.folder / LIBRARY
    before = held
    if quickly.exists():
        told = quickly.read_text(errors="replace").strip()
        before = int(told) if told.isdecimal() else FEW
    try:
        built = build_index(
            folder,
            out,
            # What was learned from a few is learned again once there are many.
            retrain=own and held > max(FEW, before),
            told=Told(
                watching=_counting(report, "Finding poses in video", (0.02, 0.5), (1, 4)),
                reading=_counting(report, "Reading dances", (0.5, 0.55), (2, 4)),
                training=_counting(report, LEARNING, (0.55, 0.85), (3, 4)),
                indexing=_counting(report, "Cutting dances into moves", (0.85, 1.0), (4, 4)),
            ),
        )
    except NothingReadError as exc:
        raise nothing_at_all(exc.failures, folder) from exc
    project.library = out
    if own and built.briefly:
        quickly.write_text(str(held))
    elif own and built.trained is not None:
        quickly.unlink(missing_ok=True)
    return {
        "clips": built.report.clips,
        "moves": built.report.fragments,
        "problems": _problems(built.report, folder),
    }


def song(project: Project, asked: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
    """Count a song and make its sound for the browser."""
    ready = make_ready(project, project.song(asked.get("song")), _naming(report))
    return {"song": ready.id}


TASKS: Mapping[str, Task] = {
    "demo": demo, "library": library, "song": song, "export": export, "sheet": sheet,
    "alike": find_alike,
}  # fmt: skip


def take_song(project: Project, file: Path, name: str) -> Song:
    """Copy a song into the project."""
    made = Song(new_id(), name, f"song{file.suffix.lower()}")
    folder = project.song_folder(made.id)
    folder.mkdir()
    shutil.copy(file, folder / made.file)
    return project.keep_song(made)


def _problems(report: "BuildReport", folder: Path) -> list[str]:
    """What of the files is not in the library, and why, a line each; the first of them."""
    failed = [problem(failure.recording_id, failure.reason, folder) for failure in report.failed]
    unknown = [f"{path.name}: not known as a dance" for path in report.unrecognised]
    return [*failed, *unknown][:MOST_PROBLEMS]


def _source(project: Project, asked: Mapping[str, Any]) -> Path:
    """The folder to make a library of: dropped, or named when the studio was started."""
    if "drop" in asked:
        # All drops together: each is a folder of it, so that two files of one name are two.
        return project.folder / "dropped"
    if "folder" in asked:
        return Path(str(asked["folder"]))
    raise InputError("say what the library is to be made of")


def _counting(
    report: Report, doing: str, stretch: tuple[float, float], step: tuple[int, int]
) -> Progress:
    """Tell of work that is counted, as a stretch of all of it and one step of several."""
    first, last = stretch

    def tell(done: int, total: int, what: str = "") -> None:
        words = f"{doing} ({done} of {total})" if total > 1 else doing
        share = done / max(total, 1)
        report(words, first + (last - first) * share, step, share)

    return tell


def _naming(
    report: Report, stretch: tuple[float, float] = (0.0, 1.0), step: tuple[int, int] = (1, 1)
) -> Progress:
    """Tell of work that says itself what it is at, as a stretch of all of it."""
    first, last = stretch

    def tell(done: int, total: int, what: str = "") -> None:
        report(what, first + (last - first) * done / total, step)

    return tell
