"""A project: a folder ``NAME.danceit`` whose files are the whole state of the studio.

    project.json              the library that is danced from
    songs/ID/song.json        a song: its file beside it, its sound for the browser, the part danced
    dances/ID/version.json    a version: what was wished for, every change ever made to it
    dances/ID/base.dance.npz  as it was made; shown.dance.npz: as it now is
    jobs/ID/                  long work, see `danceit.studio.jobs`
    exports/                  what was exported
    people/, asked/           trained people to be shown; moves that were dropped to be looked for
    library/, dropped/        a library that was made here, and the files it was made of
    removed/                  what was taken away, so that it can be brought back

Every file is replaced whole. A song or version whose file is damaged, or was edited into what no
song or version is, is left out and told of; its folder stays as it is. A version's changes are a
list of lists, the steps of undo and redo: ``steps[at]`` is what holds now.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from danceit.data import Dance
from danceit.errors import InputError
from danceit.studio.kept import read_object, write_object
from danceit.studio.names import UnknownIdError, checked_id
from danceit.studio.wishes import Wishes

SUFFIX = ".danceit"
FORMAT = 1
"""Version of what is in the folder; newer ones are refused."""
_FOLDERS = ("songs", "dances", "jobs", "exports", "removed", "dropped")
_WHOLE, _SONG, _VERSION = "project.json", "song.json", "version.json"
_PLAIN: Mapping[Any, tuple[type, ...]] = {
    str: (str,), bool: (bool,), int: (int,), float: (int, float),
}  # fmt: skip
"""Types that JSON has, and what it makes of them."""
_NUMBERED = re.compile(r"Version (\d{1,9})")


class ConflictError(InputError):
    """Something was changed in another tab meanwhile."""


@dataclass(frozen=True)
class Song:
    """A song of the project.

    Attributes
    ----------
    file : str
        Name of the song's file in the folder of the song.
    ready : bool
        Whether it was counted and its sound made for the browser.
    part : (start_s, end_s) or None
        What of it is to be danced; None for all.
    counted : int
        How often its counts were changed: dances remember on which they were made.
    """

    id: str
    name: str
    file: str
    revision: int = 1
    ready: bool = False
    duration_s: float = 0.0
    part: tuple[float, float] | None = None
    counted: int = 0
    created: str = ""


@dataclass(frozen=True)
class Version:
    """A dance of the project, with all that was done to it.

    Attributes
    ----------
    song : str
        Id of its song.
    wishes : Wishes
        What it was made by.
    steps : tuple of tuple of mapping
        Changes that held after each step; the first is empty.
    at : int
        The step that holds now.
    counted : int
        `Song.counted` when it was made.
    notes : tuple of str
        What the user should know.
    solved_s : float
        Seconds that making it took.
    """

    id: str
    name: str
    song: str
    wishes: Wishes
    revision: int = 1
    steps: tuple[tuple[Mapping[str, Any], ...], ...] = ((),)
    at: int = 0
    counted: int = 0
    notes: tuple[str, ...] = ()
    solved_s: float = 0.0
    created: str = ""

    @property
    def changes(self) -> tuple[Mapping[str, Any], ...]:
        """What holds now."""
        return self.steps[self.at]


_Kept = TypeVar("_Kept", Song, Version)


@dataclass
class Project:
    """A project's folder, opened by the server or by one of its jobs.

    Attributes
    ----------
    folder : Path
    news : int
        Grows with every change that this process makes, so that who waits for news can tell.
    """

    folder: Path
    news: int = 0
    _lock: Lock = field(default_factory=Lock, repr=False)

    @classmethod
    def open(cls, folder: Path) -> "Project":
        """Open a project; where there is none, begin one.

        Raises
        ------
        InputError
            If the folder holds something else, cannot be written, or is of a newer release.
        """
        folder = Path(folder).absolute()
        whole = folder / _WHOLE
        try:
            if not whole.exists():
                if folder.exists() and any(folder.iterdir()):
                    raise InputError(
                        f"{folder} is not empty and no project: it has no {_WHOLE}; "
                        "choose another `project`"
                    )
                folder.mkdir(parents=True, exist_ok=True)
                write_object(whole, {"format": FORMAT, "library": ""})
            for name in _FOLDERS:
                (folder / name).mkdir(exist_ok=True)
        except OSError as exc:
            raise InputError(f"cannot write {exc.filename}: {exc.strerror}") from exc
        found = read_object(whole)
        written, library = found.get("format", 0), found.get("library", "")
        if not isinstance(written, int) or not isinstance(library, str):
            raise InputError(f"{whole} does not hold what danceit wrote; was it edited?")
        if written > FORMAT:
            raise InputError(f"{folder} was made by a newer danceit; upgrade to open it")
        return cls(folder)

    @property
    def name(self) -> str:
        """What the project is called."""
        return self.folder.name.removesuffix(SUFFIX)

    @property
    def library(self) -> Path | None:
        """The index that is danced from; None where none was chosen."""
        told = str(read_object(self.folder / _WHOLE).get("library", ""))
        return (self.folder / told) if told else None

    @library.setter
    def library(self, index: Path) -> None:
        index = index.absolute()
        # One that lies in the project moves with it.
        inside = index.is_relative_to(self.folder)
        told = str(index.relative_to(self.folder) if inside else index)
        write_object(self.folder / _WHOLE, {"format": FORMAT, "library": told})
        self.told()

    def told(self) -> None:
        """Take note that something is new."""
        with self._lock:
            self.news += 1

    def songs(self) -> list[Song]:
        """All songs that can be read, the oldest first."""
        return sorted(self._all("songs", _SONG, _song_of), key=lambda song: song.created)

    def song(self, song_id: object) -> Song:
        """One song; an unknown id is an `UnknownIdError`."""
        found: Song = self._one("songs", _SONG, _song_of, song_id, "song")
        return found

    def song_file(self, song: Song) -> Path:
        """Where the song itself is."""
        return self.song_folder(song.id) / song.file

    def song_folder(self, song_id: str) -> Path:
        """Folder of a song, its counts and its sound."""
        return self.folder / "songs" / checked_id(song_id, "song")

    def versions(self) -> list[Version]:
        """All versions that can be read, the oldest first."""
        return sorted(self._all("dances", _VERSION, _version_of), key=lambda one: one.created)

    def damaged(self) -> list[str]:
        """Which songs and versions cannot be read, and why, a line each."""
        lines = []
        for where, name, of in (("songs", _SONG, _song_of), ("dances", _VERSION, _version_of)):
            for file in self._files(where, name):
                try:
                    _noun(file, of)
                except InputError as exc:
                    lines.append(str(exc).replace(f"{self.folder}/", ""))
        return lines

    def versions_of(self, song: Song) -> list[Version]:
        """All versions of a song, the oldest first."""
        return [each for each in self.versions() if each.song == song.id]

    def next_name(self, song: Song) -> str:
        """Name for another version of a song: a number that none has, nor one taken away."""
        there = [*self.versions(), *self._all("removed", _VERSION, _version_of)]
        names = [each.name for each in there if each.song == song.id]
        numbers = [int(found[1]) for name in names if (found := _NUMBERED.fullmatch(name))]
        return f"Version {max(numbers, default=0) + 1}"

    def version(self, version_id: object) -> Version:
        """One version; an unknown id is an `UnknownIdError`."""
        found: Version = self._one("dances", _VERSION, _version_of, version_id, "dance")
        return found

    def dance_file(self, version: Version, which: str = "shown") -> Path:
        """File of a version: as it was made (``base``) or as it now is (``shown``)."""
        return self.folder / "dances" / checked_id(version.id, "dance") / f"{which}.dance.npz"

    def keep_song(self, song: Song) -> Song:
        """Write a song down."""
        return self._keep("songs", _SONG, song)

    def keep_version(self, version: Version, shown: Dance, *, new: bool = False) -> Version:
        """Write a version down with the dance that it now is; `new` as it was made as well."""
        folder = self.folder / "dances" / checked_id(version.id, "dance")
        folder.mkdir(exist_ok=True)
        if new:
            shown.save(self.dance_file(version, "base"))
        shown.save(self.dance_file(version))
        return self._keep("dances", _VERSION, version)

    def rename_version(self, version: Version, name: str) -> Version:
        """Give a version another name."""
        return self._keep("dances", _VERSION, changed(version, name=name))

    def remove(self, what: str, an_id: object) -> None:
        """Take a song or a version away; it can be brought back."""
        folder = self.folder / what / checked_id(an_id, "thing")
        if not folder.is_dir():
            raise UnknownIdError("it is not in this project any more")
        shutil.rmtree(self.folder / "removed" / folder.name, ignore_errors=True)
        folder.rename(self.folder / "removed" / folder.name)
        self.told()

    def restore(self, what: str, an_id: object) -> None:
        """Bring back what was taken away."""
        folder = self.folder / "removed" / checked_id(an_id, "thing")
        if not folder.is_dir():
            raise UnknownIdError("it cannot be brought back: it was not taken away")
        folder.rename(self.folder / what / folder.name)
        self.told()

    def _keep(self, where: str, name: str, kept: _Kept) -> _Kept:
        folder = self.folder / where / checked_id(kept.id, "thing")
        folder.mkdir(exist_ok=True)
        kept = replace(kept, created=kept.created or datetime.now(UTC).isoformat())
        write_object(folder / name, asdict(kept))
        self.told()
        return kept

    def _all(self, where: str, name: str, of: Any) -> Iterator[Any]:
        for file in self._files(where, name):
            with suppress(InputError):
                yield _noun(file, of)

    def _files(self, where: str, name: str) -> list[Path]:
        each = sorted((self.folder / where).iterdir())
        return [folder / name for folder in each if (folder / name).is_file()]

    def _one(self, where: str, name: str, of: Any, an_id: object, what: str) -> Any:
        file = self.folder / where / checked_id(an_id, what) / name
        if not file.is_file():
            raise UnknownIdError(f"there is no such {what} in this project any more")
        return _noun(file, of)


def changed(kept: _Kept, **values: Any) -> _Kept:
    """Return the same with other values and the next revision."""
    return replace(kept, revision=kept.revision + 1, **values)


def check_revision(kept: Song | Version, asked: Mapping[str, Any]) -> None:
    """Refuse a change that was made on what is no longer there.

    Raises
    ------
    ConflictError
        If the revision named is another than that of `kept`.
    """
    if asked.get("revision") != kept.revision:
        raise ConflictError(
            f"{kept.name} was changed in another tab meanwhile; "
            "what you see now is how it is, please do it again"
        )


def _noun(file: Path, of: Any) -> Any:
    """Read a song or a version; its id is the name of its folder."""
    try:
        return of({**read_object(file), "id": file.parent.name})
    except (KeyError, TypeError, ValueError) as exc:
        raise InputError(f"{file} does not hold what danceit wrote; was it edited? {exc}") from exc


def _song_of(held: Mapping[str, Any]) -> Song:
    known = _known(Song, held)
    if known.get("part") is not None:
        start_s, end_s = known["part"]
        known["part"] = (float(start_s), float(end_s))
    return Song(**known)


def _version_of(held: Mapping[str, Any]) -> Version:
    known = _known(Version, held)
    try:
        known["wishes"] = Wishes.of(known["wishes"])
    except InputError as exc:
        raise ValueError(str(exc)) from exc
    known["steps"] = tuple(tuple(step) for step in known["steps"])
    known["notes"] = tuple(map(str, known["notes"]))
    version = Version(**known)
    if not 0 <= version.at < len(version.steps):
        raise ValueError(f"at: there is no step {version.at} of {len(version.steps)}")
    if not all(isinstance(change, dict) for step in version.steps for change in step):
        raise TypeError("steps: a change is a JSON object")
    return version


def _known(kind: type[Any], held: Mapping[str, Any]) -> dict[str, Any]:
    """What a file holds of the fields of a noun.

    Raises
    ------
    TypeError
        Naming the field that is of another type.
    """
    known = {each.name: held[each.name] for each in fields(kind) if each.name in held}
    for each in fields(kind):
        types = _PLAIN.get(each.type)
        if types and each.name in known and not isinstance(known[each.name], types):
            raise TypeError(f"{each.name}: {known[each.name]!r}")
    return known
