"""One published state of a Lance index, open for reading.

A generation's folder holds `clips.lance`, `fragments.lance`, `encoder/` and a copy of
the manifest. Adding and deleting go on in the same folder: Lance writes new versions
beside the old, and the manifest of the index, replaced by one rename, says which version
of each table is published. The manifest has the SHA-256 of every file those versions are
made of, because Lance itself answers from a file with a flipped bit.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from danceit.data import Int64
from danceit.errors import IndexStateError
from danceit.index.store.lance.tables import CLIPS, FRAGMENTS, Table, readable
from danceit.index.store.manifest import FileEntry, check_contents
from danceit.index.store.state import ENCODER, State

INDICES = "_indices"
_NEWEST = (1 << 64) - 1
"""Lance names the file of version v by this number less v, so that the newest is first."""


class LanceGeneration(State):
    """The tables that a manifest names; both are None where nothing was ever added."""

    engine = "lance"
    search_folder = INDICES
    clips: Table | None = None
    fragments: Table | None = None
    _places: dict[str, int] | None = None

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

    def truth_problems(self) -> tuple[str, ...]:
        """Find where the tables do not fit one another."""
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

    def _open_files(self) -> None:
        versions = self.manifest.versions
        if versions:
            self.clips = Table(self.folder, CLIPS, versions[CLIPS])
            self.fragments = Table(self.folder, FRAGMENTS, versions[FRAGMENTS])

    def _close_files(self) -> None:
        self.clips = self.fragments = None
        self._places = None

    @classmethod
    def _problems_of_large(cls, folder: Path, files: Mapping[str, FileEntry]) -> tuple[str, ...]:
        """Problems in the contents of the files that say what is where."""
        large = ("/data/", f"/{INDICES}/")
        small = {
            name: entry for name, entry in files.items() if not any(part in name for part in large)
        }
        return check_contents(folder, small)

    def _counts(self) -> Mapping[str, tuple[int, int]]:
        wanted = self.manifest
        return {
            "clips": (len(self.clips) if self.clips else 0, wanted.clips),
            "fragments": (len(self.fragments) if self.fragments else 0, wanted.fragments),
        }


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
