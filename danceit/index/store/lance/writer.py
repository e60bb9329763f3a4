"""Writes the next state of a Lance index beside the published one.

Order within `Transaction`'s: files of the new rows, which belong to no version; Lance's own
commits (deletions, appended files, compaction, lists for searching), which no reader looks
at. One rename then publishes both tables at once, and what no reader needs any more is
removed. The next writer after a kill goes back to the published versions.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from danceit.errors import IndexStateError
from danceit.index.store.contract import SPACES, FragmentBatch, StoreOptions, StoreSpec
from danceit.index.store.fitting import check_fits, check_new, check_not_added, check_widths
from danceit.index.store.lance.generation import LanceGeneration, files_of
from danceit.index.store.lance.search import kind_for, make_parts
from danceit.index.store.lance.tables import (
    CLIPS,
    FRAGMENTS,
    Table,
    Written,
    clip_schema,
    fragment_schema,
    load_lance,
    named,
    table_path,
    widths_of,
    write_rows,
)
from danceit.index.store.manifest import NAME, PREFIX, FileEntry, Manifest, SearchPart
from danceit.index.store.state import in_use
from danceit.index.store.transaction import Transaction, disk_told, flush

_BUFFERED = 64 << 20
"""Bytes of poses and vectors that are collected before files are written."""
_NAMED = 1000
"""Clips named in one deletion."""
_MERGED_FROM = 32
"""Files of a table from which small ones are merged although nothing was deleted."""
_ROWS_PER_FILE = {CLIPS: 1 << 14, FRAGMENTS: 1 << 20}


@dataclass(frozen=True)
class LancePartWriter:
    """Writes files of the tables under `folder` from any process; see `PartWriter`."""

    folder: Path

    def __call__(self, batches: Sequence[FragmentBatch]) -> str:
        """Write batches; return the description of their files as JSON."""
        with disk_told(self.folder.parent):
            return json.dumps(asdict(write_rows(self.folder, batches)))


def read_part(part: str) -> Written:
    """Read what `LancePartWriter` describes.

    Raises
    ------
    IndexStateError
        If it is no such description.
    """
    try:
        values = json.loads(part)
        for name in ("clips", "fragments", "clip_ids"):
            values[name] = tuple(values[name])
        return Written(**values)
    except (ValueError, KeyError, TypeError) as exc:
        raise IndexStateError(f"a part that was written is described wrongly: {exc}") from exc


class LanceWriter(Transaction[LanceGeneration]):
    """One transaction on a Lance index; see `Transaction`."""

    def __init__(
        self,
        index: Path,
        spec: StoreSpec,
        base: LanceGeneration | None,
        save_encoder: Callable[[Path], None] | None,
        options: StoreOptions,
    ) -> None:
        load_lance()
        self.widths: dict[str, int] = dict.fromkeys(SPACES, 0)
        self._dropped: set[str] = set()
        self._new_ids: set[str] = set()
        self._waiting: list[FragmentBatch] = []
        self._waiting_bytes = 0
        self._written: list[Written] = []
        self._versions: dict[str, int] = {}
        super().__init__(index, spec, base, save_encoder, options)

    def add(self, batch: FragmentBatch) -> None:
        """Take clips with their fragments; see `FragmentStore.add`."""
        check_fits(batch, self.spec, self.widths, self._new_ids)
        if not batch.clips:
            return
        self._take([entry.clip.clip_id for entry in batch.clips], widths_of(batch))
        self._waiting.append(batch)
        self._waiting_bytes += batch.pose_vectors.nbytes + batch.audio_vectors.nbytes
        self._waiting_bytes += sum(entry.clip.poses.nbytes for entry in batch.clips)
        if self._waiting_bytes > _BUFFERED:
            self._flush()

    def add_written(self, written: Written) -> None:
        """Take clips whose files another process wrote into `folder`; see `write_rows`."""
        check_widths(written.widths["pose"], written.widths["audio"], self.widths)
        check_new(written.clip_ids, self._new_ids)
        self._take(written.clip_ids, written.widths)
        self._written.append(written)

    def delete(self, clip_ids: Iterable[str]) -> int:
        """Leave clips of the base out; see `FragmentStore.delete`."""
        wanted = set(clip_ids)
        check_not_added(wanted, self._new_ids)
        known = self._base.places if self._base else {}
        found = {name for name in wanted if name in known} - self._dropped
        self._dropped |= found
        return len(found)

    def close(self) -> None:
        """Forget the transaction; a folder that was never published is removed."""
        self._waiting = []
        if self._base is None and not self._published:
            self._remove_folder()

    def _begin(self, save_encoder: Callable[[Path], None] | None) -> None:
        kind_for(1, self._factory)
        if self._base is not None:
            self.widths |= self._base.manifest.widths
            self.folder = self._base.folder
        else:
            self._make_folder(save_encoder)

    def _finished(self, *, retrain: bool) -> Manifest:
        self._flush()
        parts = self._commit_tables(retrain=retrain)
        dropped, frames = self._dropped_counts()
        base = self._base.manifest if self._base else None
        clips = (base.clips if base else 0) - dropped
        return self._described(
            widths=self.widths,
            counts=(
                clips + sum(len(one.clip_ids) for one in self._written),
                sum(part.count for part in parts if (part.by, part.n_frames) == ("pose", 0)),
                (base.frames if base else 0) - frames + sum(one.n_frames for one in self._written),
            ),
            parts=parts,
            files=self._hashed(),
            engine=LanceGeneration.engine,
            versions=self._versions,
        )

    def _opened(self, manifest: Manifest) -> LanceGeneration:
        return LanceGeneration(self.index, manifest)

    @property
    def _contents_changed(self) -> bool:
        return self._base is None or bool(self._dropped or self._new_ids)

    def _take(self, clip_ids: Iterable[str], widths: dict[str, int]) -> None:
        names = set(clip_ids)
        known = self._base.places if self._base else {}
        self._dropped |= {name for name in names if name in known}
        self._new_ids |= names
        self.widths |= widths

    def _flush(self) -> None:
        if self._waiting:
            with disk_told(self.index):
                self._written.append(write_rows(self.folder, self._waiting))
        self._waiting, self._waiting_bytes = [], 0

    def _commit_tables(self, *, retrain: bool) -> tuple[SearchPart, ...]:
        """Bring both tables to their next versions, which nobody sees yet."""
        before = dict(self._base.manifest.versions) if self._base else {}
        if not before and not self._written:
            return ()
        schemas = {CLIPS: clip_schema(), FRAGMENTS: fragment_schema(self.widths)}
        for name, schema in schemas.items():
            files = [file for one in self._written for file in getattr(one, name)]
            dataset = self._committed(name, schema, files, before.get(name))
            self._versions[name] = dataset.version
        table = Table(self.folder, FRAGMENTS, self._versions[FRAGMENTS])
        base = self._base.manifest if self._base and not retrain else None
        parts = make_parts(
            table,
            self.widths,
            self._factory,
            self._recall,
            base.parts if base else (),
            tuned=base is not None and base.recall == self._recall,
            device=self._device,
        )
        self._versions[FRAGMENTS] = table.dataset.latest_version
        return parts

    def _committed(self, name: str, schema: Any, files: list[str], version: int | None) -> Any:
        lance = load_lance()
        path = table_path(self.folder, name)
        added = [lance.FragmentMetadata.from_json(file) for file in files]
        dropped = sorted(self._dropped)
        if version is None:
            overwriting = lance.LanceOperation.Overwrite(schema, added)
            dataset = lance.LanceDataset.commit(path, overwriting)
        else:
            dataset = lance.dataset(path)
            if dataset.version != version:
                # A writer before us was killed between Lance's commits and the publishing.
                dataset = lance.dataset(path, version=version)
                dataset.restore()
            for start in range(0, len(dropped), _NAMED):
                dataset.delete(named(dropped[start : start + _NAMED]))
            if added:
                operation = lance.LanceOperation.Append(added)
                dataset = lance.LanceDataset.commit(path, operation, read_version=dataset.version)
        if dropped or len(dataset.get_fragments()) > _MERGED_FROM:
            # Deleted rows leave the files, not only the answers: a dancer withdrew.
            dataset.optimize.compact_files(
                target_rows_per_fragment=_ROWS_PER_FILE[name],
                materialize_deletions=True,
                materialize_deletions_threshold=0.0,
            )
        return dataset

    def _hashed(self) -> dict[str, FileEntry]:
        known = self._base.manifest.files if self._base else {}
        files = {}
        for name in files_of(self.folder, self._versions):
            path, entry = self.folder / name, known.get(name)
            # Lance never writes to a file again, so what was hashed before is as it was.
            if entry is None or entry.size != path.stat().st_size:
                flush(path)
                entry = FileEntry.of(path)
            files[name] = entry
        return files

    def _dropped_counts(self) -> tuple[int, int]:
        """Clips and frames of the base that are left out."""
        if self._base is None or self._base.clips is None or not self._dropped:
            return 0, 0
        rows = self._base.clip_rows(sorted(self._dropped))
        found = self._base.clips.take(rows, ["n_frames"])
        return len(rows), sum(found["n_frames"].to_pylist())


def remove_leftovers(index: Path) -> None:
    """Remove generations and versions that nobody needs; the caller holds the lock.

    What a reader on this machine has open stays until a writer comes after it has closed.
    """
    try:
        published = Manifest.read(index / NAME, LanceGeneration.engine)
    except IndexStateError:
        return
    for folder in index.glob(f"{PREFIX}*"):
        if folder.name != published.generation and not in_use(folder):
            shutil.rmtree(folder, ignore_errors=True)
    folder = index / published.generation
    if published.versions and not in_use(folder, published):
        lance = load_lance()
        for name, version in published.versions.items():
            with suppress(OSError, ValueError):
                dataset = lance.dataset(table_path(folder, name))
                if dataset.version == version:
                    # Under the lock, so files of no version are a dead writer's.
                    dataset.cleanup_old_versions(timedelta(0), delete_unverified=True)
            # Lance leaves the folders of large blobs behind.
            for path in (folder / f"{name}.lance" / "data").glob("*/"):
                with suppress(OSError):
                    path.rmdir()
