"""One published state of a Lance index, open for reading.

A generation's folder holds `clips.lance`, `fragments.lance`, `encoder/` and a copy of
the manifest. Adding and deleting go on in the same folder: Lance writes new versions
beside the old, and the manifest of the index, replaced by one rename, says which version
of each table is published. The manifest has the SHA-256 of every file those versions are
made of, because Lance itself answers from a file with a flipped bit.

Whoever has a state open holds a shared lock on its file under `readers/`, so that a
writer knows which versions may not be removed yet.
"""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from danceit.data import Int64
from danceit.errors import IndexStateError
from danceit.index.store.lance.tables import CLIPS, FRAGMENTS, Table, readable
from danceit.index.store.manifest import (
    NAME,
    PREFIX,
    FileEntry,
    Manifest,
    check_contents,
    check_sizes,
    number_of,
)

ENGINE = "lance"
ENCODER = "encoder"
INDICES = "_indices"
READERS = "readers"
_HASHED_AT_OPENING = 32 << 20
"""Bytes up to which an index is hashed whole whenever it is opened (about 20 ms).

Of a larger one, the sizes of all files and the contents of those that say what is where.
"""
_NEWEST = (1 << 64) - 1
"""Lance names the file of version v by this number less v, so that the newest is first."""


class LanceGeneration:
    """The tables that a manifest names; both are None where nothing was ever added."""

    def __init__(self, index: Path, manifest: Manifest) -> None:
        self.folder = index / manifest.generation
        self.manifest = manifest
        self.clips: Table | None = None
        self.fragments: Table | None = None
        self._places: dict[str, int] | None = None
        self._pin = _pin(self.folder, manifest)
        try:
            if manifest.versions:
                self.clips = Table(self.folder, CLIPS, manifest.versions[CLIPS])
                self.fragments = Table(self.folder, FRAGMENTS, manifest.versions[FRAGMENTS])
            self._check_counts()
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(cls, index: Path, *, searchable: bool = True) -> "LanceGeneration":
        """Open the published state after checking its files; see `FragmentStore.open`.

        With `searchable` false, Lance's search indexes may be damaged.
        """
        manifest = Manifest.read(index / NAME, ENGINE)
        while True:
            try:
                opened = cls.open_checked(index, manifest, searchable=searchable)
            except (IndexStateError, OSError):
                # A writer may have published the next and removed this one meanwhile.
                latest = Manifest.read(index / NAME, ENGINE)
                if latest == manifest:
                    raise
                manifest = latest
                continue
            # Only now is it sure that its files stay: the lock came after the manifest.
            latest = Manifest.read(index / NAME, ENGINE)
            if latest == manifest:
                return opened
            opened.close()
            manifest = latest

    @classmethod
    def open_checked(
        cls, index: Path, manifest: Manifest, *, searchable: bool
    ) -> "LanceGeneration":
        """Open the state that a manifest describes; see `open`."""
        files = manifest.files if searchable else truth(manifest.files)
        folder = index / manifest.generation
        problems = check_sizes(folder, files)
        if sum(entry.size for entry in files.values()) > _HASHED_AT_OPENING:
            large = ("/data/", f"/{INDICES}/")
            files = {
                name: entry
                for name, entry in files.items()
                if not any(part in name for part in large)
            }
        problems = problems or check_contents(folder, files)
        if problems:
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            cure = "danceit index rebuild"
            if any(f"/{INDICES}/" not in problem for problem in problems):
                cure = f"danceit index build DATA --out {index}"
            raise IndexStateError(f"{problems[0]}{more}; run: {cure}")
        return cls(index, manifest)

    @property
    def places(self) -> Mapping[str, int]:
        """Row of each clip in the table of clips; about 130 bytes a clip are held."""
        if self._places is None:
            self._places = {}
            if self.clips is not None:
                rows, found = self.clips.scan(["clip_id"])
                names = found["clip_id"].to_pylist()
                self._places = dict(zip(names, rows.tolist(), strict=True))
        return self._places

    def clip_rows(self, clip_ids: Iterable[str]) -> Int64:
        """Rows of clips in the table of clips.

        Raises
        ------
        IndexStateError
            If a clip is not there, although fragments of it are.
        """
        try:
            return np.array([self.places[name] for name in clip_ids], dtype=np.int64)
        except KeyError as exc:
            raise IndexStateError(
                f"{self.folder} is damaged: it holds fragments but not the clip {exc.args[0]!r}"
            ) from exc

    def verify(self) -> tuple[str, ...]:
        """Check sizes, contents and consistency of every file; return the problems."""
        wanted = self.manifest.files
        problems = check_sizes(self.folder, wanted)
        whole = {
            name: entry
            for name, entry in wanted.items()
            if not check_sizes(self.folder, {name: entry})
        }
        return problems + check_contents(self.folder, whole) or self.inconsistencies()

    def inconsistencies(self) -> tuple[str, ...]:
        """Find where tables that are what was written do not fit one another."""
        if self.clips is None or self.fragments is None:
            return ()
        _, found = self.clips.scan(["clip_id", "n_frames"])
        frames = dict(zip(found["clip_id"].to_pylist(), found["n_frames"].to_pylist(), strict=True))
        problems = []
        if len(frames) != len(self.clips):
            n = len(self.clips) - len(frames)
            problems.append(f"{self.clips.path} holds {n} clips that are there twice")
        orphans = outside = 0
        columns = ["clip_id", "start_frame", "n_frames"]
        with readable(self.fragments.path):
            for some in self.fragments.dataset.to_batches(columns=columns):
                has = np.array([frames.get(name, -1) for name in some["clip_id"].to_pylist()])
                start, length = (np.asarray(some[name]) for name in columns[1:])
                orphans += int((has < 0).sum())
                outside += int(((has >= 0) & ((start < 0) | (start + length > has))).sum())
        counts = {"fragments without a clip": orphans, "fragments outside their clip": outside}
        return tuple(problems) + tuple(
            f"{self.fragments.path} holds {n} {what}" for what, n in counts.items() if n
        )

    def close(self) -> None:
        """Let go of the tables and of the lock."""
        self.clips = self.fragments = None
        self._places = None
        if self._pin is not None:
            os.close(self._pin)
        self._pin = None

    def _check_counts(self) -> None:
        wanted = self.manifest
        counts = {
            "clips": (len(self.clips) if self.clips else 0, wanted.clips),
            "fragments": (len(self.fragments) if self.fragments else 0, wanted.fragments),
        }
        for what, (found, expected) in counts.items():
            if found != expected:
                raise IndexStateError(
                    f"{self.folder} is damaged: it holds {found} {what} where {expected} belong"
                )


def truth(files: Mapping[str, FileEntry]) -> dict[str, FileEntry]:
    """Files other than the search indexes, which can be made again."""
    return {name: entry for name, entry in files.items() if f"/{INDICES}/" not in name}


def files_of(folder: Path, versions: Mapping[str, int]) -> list[str]:
    """Names within `folder` of all files that these versions and the encoder consist of."""
    found = [path for path in sorted((folder / ENCODER).rglob("*")) if path.is_file()]
    for name, version in versions.items():
        table, opened = folder / f"{name}.lance", Table(folder, name, version)
        found.append(table / "_versions" / f"{_NEWEST - version:020d}.manifest")
        for part in opened.dataset.get_fragments():
            for file in part.data_files():
                data = table / "data" / file.path
                # Large blobs lie beside the file, in a folder of its name.
                found += [data, *sorted(data.with_suffix("").glob("*"))]
        for index in opened.dataset.describe_indices():
            for segment in index.segments:
                found += sorted((table / INDICES / str(segment.uuid)).rglob("*"))
    return [path.relative_to(folder).as_posix() for path in found]


def last_good(location: Path) -> Manifest:
    """Read the published manifest or, without one, that of the newest generation.

    Raises
    ------
    IndexStateError
        If the tables are not what was written.
    """
    problem = ""
    try:
        manifests = [Manifest.read(location / NAME, ENGINE)]
    except IndexStateError as exc:
        problem = str(exc)
        folders = sorted(location.glob(f"{PREFIX}*"), key=lambda one: -number_of(one.name))
        manifests = [
            Manifest.read(folder / NAME, ENGINE) for folder in folders if (folder / NAME).exists()
        ]
    for manifest in manifests:
        problems = check_contents(location / manifest.generation, truth(manifest.files))
        if not problems:
            return manifest
        problem = problems[0]
    raise IndexStateError(problem)


def in_use(folder: Path, manifest: Manifest | None) -> bool:
    """Whether somebody on this machine has a state of a generation open, other than this one."""
    import fcntl

    for path in (folder / READERS).glob("*.lock"):
        if manifest is not None and path.name == _pin_name(manifest):
            continue
        with suppress(FileNotFoundError):
            handle = os.open(path, os.O_RDWR)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
            except OSError:
                return True
            finally:
                os.close(handle)
    return False


def _pin(folder: Path, manifest: Manifest) -> int | None:
    """Take a reader's lock; None where nothing can be written, as on a read-only disk."""
    import fcntl

    path = folder / READERS / _pin_name(manifest)
    with suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return handle
        except OSError:
            os.close(handle)
    return None


def _pin_name(manifest: Manifest) -> str:
    return "-".join(str(number) for number in manifest.versions.values()) + "v.lock"
