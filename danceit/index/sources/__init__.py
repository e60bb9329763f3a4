"""Readers of dance recordings, one file a format, and the search for recordings in a folder.

A source says whether a file or folder is one of its recordings (`detect`, quick, by
names and the first bytes) and reads it (`read`, with every check). Further sources come
by the entry-point group ``danceit.sources``.

`scan` walks a folder of mixed formats. Its order depends on names alone; hidden files
are left out; what no source knows is named and counted, a whole folder in one line.

- readers: `npz` (our own), `tang`, `aist`, `bvh`, `openpose`, `coco`, `video`
- `only`: the one recording that a path is, or what it is instead
- what they share: `media` beside a recording, `people` told apart, `axes` and `timing` of files
  that say little, `checks`; `settings`: how recordings are read, where there is a choice
- `remote`: dances in an object store
"""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from danceit.audio.counts.file import is_counts
from danceit.data import Recording
from danceit.errors import DanceitError, InputError
from danceit.index.cleaning.lag import in_step
from danceit.index.sources.checks import checked
from danceit.index.sources.media import MediaPair, media_named, paired
from danceit.index.sources.settings import ReadSettings
from danceit.media import is_media
from danceit.plugins import Registry
from danceit.progress import Progress, silent

_LOG = logging.getLogger(__name__)
FOLDED_FROM = 6
"""Unrecognised files of one folder are named one by one up to here, then by their folder."""


class Source(Protocol):
    """A reader of one format of recordings."""

    name: str

    def detect(self, path: Path) -> bool:
        """Whether `path`, a file or a folder, is a recording of this format."""
        ...

    def read(self, path: Path) -> Recording:
        """Read the recording; raises `InputError` with one line where it is bad."""
        ...


@runtime_checkable
class HasCompanions(Protocol):
    """A source whose recordings use files that lie elsewhere, such as their song."""

    def companions(self, path: Path) -> tuple[Path, ...]:
        """Files outside `path` that belong to the recording, or show the same dance again."""
        ...


@runtime_checkable
class HasSettings(Protocol):
    """A source with choices, and with slow work that many recordings can share."""

    def read_with(self, path: Path, settings: ReadSettings, dims: int | None) -> Recording:
        """Read as `Source.read` does, as chosen; `dims` 2 or 3 asks for so many."""
        ...

    def settings_id(self, settings: ReadSettings) -> str:
        """Name of all that changes what `read_with` gives: with another, it is read again."""
        ...

    def read_ahead(
        self, paths: Sequence[Path], settings: ReadSettings, progress: Progress
    ) -> dict[Path, str]:
        """Do the slow work on all of `paths`; return why those failed that did."""
        ...


SOURCES = Registry(
    "danceit.sources",
    "source",
    {
        "tang": "danceit.index.sources.tang:SOURCE",
        "openpose": "danceit.index.sources.openpose:SOURCE",
        "npz": "danceit.index.sources.npz:SOURCE",
        "aist": "danceit.index.sources.aist:SOURCE",
        "bvh": "danceit.index.sources.bvh:SOURCE",
        "coco": "danceit.index.sources.coco:SOURCE",
        "video": "danceit.index.sources.video:SOURCE",
    },
)


@dataclass(frozen=True)
class Found:
    """A recording that a source recognises; `recording_id` is its path within the data."""

    source: str
    path: Path
    recording_id: str
    settings: ReadSettings = field(default_factory=ReadSettings)

    def read(self, dims: int | None = None) -> Recording:
        """Read it under its id; `dims` tells a source that has the choice what is wanted.

        Raises
        ------
        InputError
            If the recording is bad; others can be read on.
        """
        source = SOURCES.get(self.source)
        if isinstance(source, HasSettings):
            recording = source.read_with(self.path, self.settings, dims)
        else:
            recording = source.read(self.path)
        moved = in_step(replace(recording, recording_id=self.recording_id), self.settings.lag)
        # Moved in time, its first or last frames may lie outside the sound.
        return moved if moved.times_s is recording.times_s else checked(moved)

    @property
    def settings_id(self) -> str:
        """Name of the choices that change what `read` gives; empty where there are none."""
        source = SOURCES.get(self.source)
        if isinstance(source, HasSettings):
            return source.settings_id(self.settings)
        return "" if self.settings.lag == ReadSettings.lag else self.settings.lag


@dataclass(frozen=True)
class Scan:
    """What a data folder holds.

    Attributes
    ----------
    found : tuple of Found
        In order of their ids.
    unrecognised : tuple of Path
        Files, or folders standing for several files, that no source knows.
    n_unrecognised_files : int
        Files behind `unrecognised`.
    """

    found: tuple[Found, ...]
    unrecognised: tuple[Path, ...] = ()
    n_unrecognised_files: int = 0


def belonging(name: str, path: Path) -> tuple[Path, ...]:
    """Files outside a recording of a source that are no recordings of their own for it.

    What the source calls its companions, and media of its name.
    """
    source = SOURCES.get(name)
    own = source.companions(path) if isinstance(source, HasCompanions) else ()
    named = (*media_named(path.parent, path.name), *media_named(path.parent, path.stem))
    return (*own, *named)


def media_of(path: Path) -> MediaPair:
    """Sound and picture of the recording at `path`, as its reader pairs them; nothing is read.

    Neither where there is none, or no source recognises it.
    """
    name = recognised_by(path, {name: SOURCES.get(name) for name in SOURCES.names()})
    if not name:
        return MediaPair()
    source = SOURCES.get(name)
    companions = source.companions(path) if isinstance(source, HasCompanions) else None
    return paired(path, belonging(name, path) if companions is None else companions)


def read_ahead(found: Sequence[Found], progress: Progress = silent) -> dict[str, str]:
    """Let sources do slow work on many recordings at once, in processes, before they are read.

    Returns
    -------
    dict
        For each recording id that failed, the one line that says why.

    Raises
    ------
    DanceitError
        If something is missing that all recordings of a source need, and there are no others.
    """
    groups: dict[tuple[str, ReadSettings], list[Found]] = {}
    for item in found:
        if isinstance(SOURCES.get(item.source), HasSettings):
            groups.setdefault((item.source, item.settings), []).append(item)
    failed: dict[str, str] = {}
    for (name, settings), items in groups.items():
        try:
            reasons = SOURCES.get(name).read_ahead(
                [item.path for item in items], settings, progress
            )
        except DanceitError as exc:
            if len(items) == len(found):
                raise
            reasons = dict.fromkeys((item.path for item in items), str(exc))
        failed |= {item.recording_id: reasons[item.path] for item in items if item.path in reasons}
    return failed


def scan(root: Path, settings: ReadSettings | None = None) -> Scan:
    """Find the recordings in a folder, or `root` itself if it is one.

    Parameters
    ----------
    root : Path
    settings : ReadSettings, optional
        How those found will be read.

    Raises
    ------
    InputError
        If `root` does not exist.
    """
    root = Path(root)
    if not root.exists():
        raise InputError(f"no such file or folder: {root}")
    walk = _Walk(root, {name: SOURCES.get(name) for name in SOURCES.names()})
    walk.visit(root)
    walk.visit_media()
    for name, faults in walk.faults.items():
        _LOG.warning(
            "warning: the source '%s' failed to look at %d files, the first being %s: a bug, or a "
            "file damaged in a way not known yet: please report it",
            name,
            len(faults),
            faults[0],
        )
    found = sorted(
        (replace(item, settings=settings or item.settings) for item in walk.found),
        key=lambda item: item.recording_id,
    )
    leftover = sorted(walk.leftover)
    return Scan(tuple(found), tuple(_folded(leftover, root, found)), len(leftover))


def recognised_by(
    path: Path, sources: Mapping[str, Source], faults: dict[str, list[str]] | None = None
) -> str:
    """Name of the first source that recognises a path; "" where none does.

    One that fails to look does not keep the others from it; what it raised goes into `faults`.
    """
    for name, source in sources.items():
        try:
            if source.detect(path):
                return name
        except Exception as exc:
            line = f"{path} ({type(exc).__name__}: {' '.join(str(exc).split())})"
            if faults is not None:
                faults.setdefault(name, []).append(line)
    return ""


@dataclass
class _Walk:
    """One walk through a data folder.

    Media files wait until all else is seen: most belong to a recording beside them, and
    only what remains may be a recording of its own.
    """

    root: Path
    sources: dict[str, Source]
    found: list[Found] = field(default_factory=list)
    leftover: list[Path] = field(default_factory=list)
    media: list[Path] = field(default_factory=list)
    seen: set[Path] = field(default_factory=set)
    faults: dict[str, list[str]] = field(default_factory=dict)

    def visit(self, path: Path) -> None:
        if is_media(path) and not path.is_dir():
            self.media.append(path)
            return
        if is_counts(path):  # they belong to a song, whosever that is
            return
        # A link back to a folder above, or to what was already seen, would only repeat it.
        real = Path(os.path.realpath(path))
        if real in self.seen:
            return
        self.seen.add(real)
        taken = self._take(path)
        if path.is_dir():
            self._descend(path, claimed=taken)
        elif not taken:
            self.leftover.append(path)

    def visit_media(self) -> None:
        used = {os.path.realpath(path) for path in self._companions()}
        self.found = [item for item in self.found if os.path.realpath(item.path) not in used]
        alone = [path for path in self.media if os.path.realpath(path) not in used]
        spare = [path for path in alone if not self._take(path)]
        # A video may have brought a sound of its own.
        used = {os.path.realpath(path) for path in self._companions()}
        self.leftover += [path for path in spare if os.path.realpath(path) not in used]

    def _descend(self, folder: Path, *, claimed: bool) -> None:
        for child in _children(folder):
            # In a recording's own folder, only what is a recording in itself is of interest.
            if not claimed or child.is_dir():
                self.visit(child)
            elif not is_media(child):
                self._take(child)

    def _take(self, path: Path) -> bool:
        name = recognised_by(path, self.sources, self.faults)
        if name:
            self.found.append(Found(name, path, _recording_id(path, self.root)))
        return bool(name)

    def _companions(self) -> Iterator[Path]:
        for item in self.found:
            yield from belonging(item.source, item.path)


def _children(folder: Path) -> list[Path]:
    try:
        names = sorted(os.listdir(folder))
    except OSError as exc:
        raise InputError(f"cannot read the folder {folder}: {exc.strerror or exc}") from exc
    return [folder / name for name in names if not name.startswith(".")]


def _recording_id(path: Path, root: Path) -> str:
    relative = path.relative_to(root).as_posix()
    return path.resolve().name if relative == "." else relative


def _folded(leftover: Sequence[Path], root: Path, found: Sequence[Found]) -> Iterator[Path]:
    """Name a folder once for its many files, or for a whole branch without a recording."""
    alive = {root}
    for item in found:
        alive.update(item.path.parents)
        alive.add(item.path)
    groups: dict[Path, list[Path]] = {}
    for path in leftover:
        inside = path.relative_to(root).parts[:-1]
        branches = (root.joinpath(*inside[: depth + 1]) for depth in range(len(inside)))
        dead = next((branch for branch in branches if branch not in alive), None)
        groups.setdefault(dead or path.parent, []).append(path)
    for folder, paths in groups.items():
        many = len(paths) >= FOLDED_FROM or (folder not in alive and len(paths) > 1)
        yield from [folder] if many else paths
