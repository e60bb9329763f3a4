"""Building an index with the machines of a Ray cluster; needs the extra ``[cluster]``.

Passes of Ray Data, each a list of independent tasks. Dances in an object store are copied
to the shared cache. Every recording is read (which includes looking for poses in videos),
cleaned, cut and embedded, and what comes of it is kept in the index's work folder, as a
build on one machine does. Then, where the engine has parts that others write (Lance: files of
its tables), groups of recordings are written, seen by nobody until the build commits them.

Ray runs a task again, without end, when its process or node dies; so a recording that
kills whatever reads it is given up after some tries, by name. Doing a task twice changes
nothing: work is kept under a name made of all it depends on and published by a rename,
and of files written twice only those are committed whose description came back. The data,
the index and the cache must be at the same paths on every node (NFS, or one machine).

Ray trusts whoever reaches its ports, so nothing here starts it unless asked to, and what
``local`` starts listens on this machine only. `docs/scale.md` says how to shut in a
cluster of several machines.
"""

import json
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from danceit.errors import DanceitError, IndexStateError, InputError, MissingDependencyError
from danceit.index.building.embedded import (
    embed_recording,
    load_batch,
    load_embedded,
    save_embedded,
)
from danceit.index.building.reading import Failure
from danceit.index.embedding import Embedder
from danceit.index.sources import Found
from danceit.index.sources.remote import RemoteFile, fetch_files
from danceit.index.sources.settings import ReadSettings
from danceit.index.store.contract import FragmentStore, PartWriter, StoreSpec
from danceit.progress import Progress

Item = TypeVar("Item")
LOCAL, AUTO = "local", "auto"
_GROUP_BYTES = 256 << 20
"""Embedded work that one task writes as a part; it is held in memory."""
_FETCHED_BYTES = 256 << 20
_FETCHED_FILES = 256
"""Objects that one task copies from an object store: so many bytes, or so many objects."""
_TRIES = 6
"""Times that work on a recording is begun before it is given up."""
_STORE_BYTES = 256 << 20
"""Memory for Ray's objects where we start it: tasks exchange names, not arrays."""


@dataclass(frozen=True)
class Task:
    """A recording to be embedded, the hash of its files, and where the work is kept."""

    found: Found
    file_hash: str
    path: Path


@contextmanager
def ray_workers(address: str, *, gpus: float = 0.0) -> Iterator["RayWorkers"]:
    """Connect to a Ray cluster, or start one on this machine, for the time of a build.

    Parameters
    ----------
    address : str
        "auto" for the cluster that this machine belongs to, ``HOST:PORT`` for another,
        "local" to start one that listens on this machine only and ends with the build.
    gpus : float
        Share of a card that each task needs; 0 computes on processors.

    Raises
    ------
    MissingDependencyError
        If Ray is not installed.
    IndexStateError
        If there is no cluster.
    """
    ray = _load_ray()
    options: dict[str, Any] = {"address": address, "log_to_driver": False}
    if address == LOCAL:
        options |= {
            "_node_ip_address": "127.0.0.1",
            "include_dashboard": False,
            "object_store_memory": _STORE_BYTES,
        }
    ours = not ray.is_initialized()
    if ours:
        try:
            ray.init(**options, logging_level="ERROR")
        except Exception as exc:  # a node that is slow to start raises nothing narrower
            raise IndexStateError(
                f"there is no Ray cluster at '{address}' ({_line(exc)}); start one with: "
                "ray start --head --node-ip-address=127.0.0.1 --include-dashboard=false"
            ) from exc
    try:
        yield RayWorkers(ray, gpus)
    finally:
        if ours:
            ray.shutdown()


class RayWorkers:
    """The nodes of a cluster at work for a build; made by `ray_workers`."""

    def __init__(self, ray: Any, gpus: float) -> None:
        self._ray = ray
        self._resources: dict[str, Any] = {"num_cpus": 1, "num_gpus": gpus}

    def embed(
        self,
        tasks: Sequence[Task],
        embedder: Embedder,
        spec: StoreSpec,
        dims: int | None,
        told: Progress,
    ) -> dict[str, str]:
        """Do the work on every task and keep it at its path.

        Returns
        -------
        dict of str to str
            For each recording that failed, the one line that says why.

        Raises
        ------
        IndexStateError
            If the cluster fails, or its nodes do not share the index's folder.
        """
        # The nodes fetch it once each, rather than with every task.
        shared = self._ray.put((embedder, spec, dims))
        rows = [{"task": json.dumps(_plain(task))} for task in tasks]
        failed = {}
        for done, row in enumerate(self._map(_embed_one, rows, {"shared": [shared]})):
            if row["problem"]:
                failed[row["name"]] = row["problem"]
            told(done + 1, len(tasks), row["name"])
        for task in tasks:
            name = task.found.recording_id
            if name not in failed and not task.path.exists():
                raise IndexStateError(
                    f"the work on {name} is not at {task.path}: the index's folder must be at"
                    " the same path on all nodes"
                )
        return failed

    def fetch(self, address: str, files: Sequence[RemoteFile], told: Progress) -> None:
        """Copy objects of an object store to the shared cache; see `remote.fetch_files`.

        Raises
        ------
        InputError
            If one cannot be read or written.
        IndexStateError
            If the cluster fails, or its nodes do not share the cache.
        """
        groups = list(_groups(files, [file.size for file in files], _FETCHED_BYTES, _FETCHED_FILES))
        rows = [{"files": json.dumps([_plain_file(file) for file in group])} for group in groups]
        done = 0
        for row in self._map(_fetch_group, rows, {"address": address}):
            if row["problem"]:
                raise InputError(row["problem"])
            done += int(row["count"])
            told(done, len(files), "fetching")
        for file in files:
            if not file.path.exists():
                raise IndexStateError(
                    f"what a node fetched is not at {file.path}: the cache (DANCEIT_CACHE) must"
                    " be at the same path on all nodes"
                )

    def add(self, store: FragmentStore, paths: Sequence[Path], told: Progress) -> None:
        """Add embedded work to a store; the nodes write it themselves where its engine lets them.

        Raises
        ------
        IndexStateError
            If the cluster fails or work was damaged meanwhile.
        """
        write = store.part_writer()
        if write is not None:
            for part in self._written(write, paths, told):
                store.add_part(part)
            return
        for done, path in enumerate(paths):
            store.add(load_batch(path))
            told(done + 1, len(paths), "adding")

    def _written(self, write: PartWriter, paths: Sequence[Path], told: Progress) -> list[str]:
        """Have parts written, and return what describes them in a fixed order."""
        sizes = [path.stat().st_size for path in paths]
        groups = list(_groups(paths, sizes, _GROUP_BYTES, len(paths)))
        rows = [
            {"group": place, "paths": json.dumps([os.path.abspath(path) for path in group])}
            for place, group in enumerate(groups)
        ]
        came: dict[int, str] = {}
        done = 0
        for row in self._map(_write_group, rows, {"write": write}):
            if row["problem"]:
                raise IndexStateError(row["problem"])
            place = int(row["group"])
            came[place] = row["written"]
            done += len(groups[place])
            told(done, len(paths), "writing")
        if len(came) != len(groups):
            raise IndexStateError(
                f"the cluster answered {len(came)} of {len(groups)} writing tasks; build again"
            )
        return [came[place] for place in range(len(groups))]

    def _map(
        self, function: Callable[..., Any], rows: list[dict[str, Any]], given: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Run `function` on every row, a task each, and yield the results as they come."""
        if not rows:
            return
        import ray.data

        logging.getLogger("ray.data").setLevel(logging.ERROR)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.execution_options.preserve_order = False
        data = ray.data.from_items(rows, override_num_blocks=len(rows))
        mapped = data.map(function, fn_kwargs=given, **self._resources)
        try:
            yield from mapped.iter_rows()
        except DanceitError:
            raise
        except Exception as exc:
            # Ray's own errors share no base that it promises to keep.
            raise IndexStateError(
                f"the Ray cluster failed: {_line(exc)}; build again and it carries on"
            ) from exc


_HERE: dict[str, tuple[Embedder, StoreSpec, int | None]] = {}
"""What a worker process has fetched: it serves many tasks."""


def _embed_one(row: dict[str, Any], shared: list[Any]) -> dict[str, Any]:
    """Prepare one recording, on some node."""
    task = _task(json.loads(row["task"]))
    name = task.found.recording_id
    tries = task.path.with_suffix(".tries")
    problem = ""
    try:
        if load_embedded(task.path) is None:
            task.path.parent.mkdir(parents=True, exist_ok=True)
            _count_try(tries)
            embedder, spec, dims = _fetched(shared[0])
            embedded = embed_recording(task.found, task.file_hash, embedder, spec, dims)
            save_embedded(embedded, task.path)
    except Exception as exc:
        problem = Failure.of(name, exc).reason
    # Whoever gets here was not killed.
    tries.unlink(missing_ok=True)
    return {"name": name, "problem": problem}


def _count_try(tries: Path) -> None:
    """Count, in a file of a byte a try, how often this was begun and never ended."""
    with tries.open("ab") as stream:
        stream.write(b".")
    if tries.stat().st_size > _TRIES:
        raise InputError(
            f"the process that read it died {_TRIES} times: too little memory, or a file that"
            " crashes its reader"
        )


def _fetch_group(row: dict[str, Any], address: str) -> dict[str, Any]:
    """Copy some objects, on some node."""
    files = [
        RemoteFile(**{**plain, "path": Path(plain["path"])}) for plain in json.loads(row["files"])
    ]
    try:
        fetch_files(address, files, lambda *_: None)
    except DanceitError as exc:
        return {"count": 0, "problem": str(exc)}
    return {"count": len(files), "problem": ""}


def _write_group(row: dict[str, Any], write: PartWriter) -> dict[str, Any]:
    """Write the embedded work of a group, on some node."""
    text = problem = ""
    try:
        text = write([load_batch(Path(path)) for path in json.loads(row["paths"])])
    except DanceitError as exc:
        problem = str(exc)
    return {"group": row["group"], "written": text, "problem": problem}


def _fetched(reference: Any) -> tuple[Embedder, StoreSpec, int | None]:
    key = reference.hex()
    if key not in _HERE:
        _HERE.clear()
        _HERE[key] = _load_ray().get(reference)
    return _HERE[key]


def _groups(
    items: Sequence[Item], sizes: Sequence[int], most_bytes: int, most: int
) -> Iterator[list[Item]]:
    """Split items in order, a group being full at so many bytes or items."""
    group: list[Item] = []
    total = 0
    for item, size in zip(items, sizes, strict=True):
        group.append(item)
        total += size
        if total >= most_bytes or len(group) >= most:
            yield group
            group, total = [], 0
    if group:
        yield group


def _plain(task: Task) -> dict[str, Any]:
    found = task.found
    return {
        "source": found.source,
        "path": os.path.abspath(found.path),
        "recording_id": found.recording_id,
        "settings": asdict(found.settings),
        "file_hash": task.file_hash,
        "work": os.path.abspath(task.path),
    }


def _plain_file(file: RemoteFile) -> dict[str, Any]:
    return {**asdict(file), "path": os.path.abspath(file.path)}


def _task(plain: dict[str, Any]) -> Task:
    settings = ReadSettings(**plain["settings"])
    found = Found(plain["source"], Path(plain["path"]), plain["recording_id"], settings)
    return Task(found, plain["file_hash"], Path(plain["work"]))


def _load_ray() -> Any:
    # Not without being asked: Ray reports its use to its makers by default.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as exc:
        raise MissingDependencyError(
            f"Ray cannot be loaded ({exc}); install it with: pip install 'danceit[cluster]'"
        ) from exc
    return ray


def _line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__
