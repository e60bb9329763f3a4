"""`danceit demo`: the whole line on a library that it makes itself, with no data at hand."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from danceit.errors import InputError
from danceit.index.building.options import Told
from danceit.index.synthetic import SyntheticLibrary, make_library
from danceit.retrieval.encoder.configuration import TrainingConfig
from danceit.retrieval.options import QueryOptions
from danceit.workflow.indexing import Built, build_index
from danceit.workflow.line import DanceOptions, Made, dance, render_files

SECONDS = 40.0
SONGS_PER_STYLE = 3
TRAINING = TrainingConfig(steps=80, batch=64, check_every=20)
"""Enough for three vocabularies that differ this much, and done in about a minute."""
VARIATION = 1
"""Seed of the query: from so small a library the cheapest dance is mostly one long take."""
MARK = ".danceit-demo"
"""Left in the folder, so that a second run knows that it may replace what is there."""


@dataclass(frozen=True)
class Demo:
    """What the demo made."""

    folder: Path
    built: Built
    made: Made
    page: Path


def run_demo(
    folder: Path,
    *,
    seed: int = 0,
    config: TrainingConfig | None = None,
    say: Callable[[str], None] = lambda line: None,
    told: Told | None = None,
) -> Demo:
    """Make songs and dancers, train, index, query, align, and render a video and a page.

    Parameters
    ----------
    folder : Path
        New, empty, or one that an earlier demo made.
    seed : int
        Other songs, dancers and choreographies.
    config : TrainingConfig, optional
    say : callable, optional
        Told what comes next, one line each.
    told : Told, optional
        Who is told of progress, as by `build_index`.

    Raises
    ------
    InputError
        If the folder holds something else.
    """
    _make_room(folder)
    library, built = demo_library(
        folder / "library",
        folder / "danceit-index",
        seed=seed,
        config=config,
        say=say,
        told=told,
    )
    say("choosing, aligning and drawing a dance for a song that nobody danced to")
    made = dance(
        library.query_song,
        folder / "danceit-index",
        folder / "dance.mp4",
        DanceOptions(QueryOptions(seed=VARIATION)),
    )
    page = folder / "dance.html"
    render_files([made.dance_file], page)
    return Demo(folder, built, made, page)


def demo_library(
    data: Path,
    index: Path,
    *,
    seed: int = 0,
    config: TrainingConfig | None = None,
    say: Callable[[str], None] = lambda line: None,
    told: Told | None = None,
) -> tuple[SyntheticLibrary, Built]:
    """Make the demo's songs and dancers in `data`, learn from them and index them.

    Parameters
    ----------
    data, index : Path
        Folders; what is there of the same names is replaced.
    seed, config : optional
        As for `run_demo`.
    say : callable, optional
        Told what comes next, one line each.
    told : Told, optional
        Who is told of progress.
    """
    say(f"making {3 * SONGS_PER_STYLE} songs in three styles, each with a dancer of its own")
    library = make_library(data, seed=seed, songs_per_style=SONGS_PER_STYLE, seconds=SECONDS)
    say("training the encoders and indexing every fragment")
    built = build_index(
        library.folder,
        index,
        config=replace(config or TRAINING, seed=seed),
        told=told,
    )
    return library, built


def _make_room(folder: Path) -> None:
    """Make the folder, or clear what an earlier demo left in it."""
    mark = folder / MARK
    if folder.exists() and not mark.exists() and any(folder.iterdir()):
        raise InputError(
            f"{folder} is not empty and no earlier demo made it; choose another folder"
        )
    if mark.exists():
        for part in ("library", "danceit-index"):
            shutil.rmtree(folder / part, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    mark.touch()
