"""Extraction of many videos in processes, one video each.

A process of its own costs two seconds and buys much: a video that crashes a codec fails
alone, native libraries cannot write into the terminal, and neither notebooks nor scripts
without a main guard get in the way.
"""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from danceit.errors import DanceitError
from danceit.index.poses.estimators import Estimator, make_estimator
from danceit.index.poses.footage.decoding import expected_pictures
from danceit.index.poses.footage.extraction import footage_folder, load_footage
from danceit.progress import Progress, silent


@dataclass
class _Running:
    """One process and what it said last."""

    path: Path
    process: "subprocess.Popen[str]"
    noise: IO[bytes]
    done: int = 0
    failed: str = ""
    finished: bool = False


def default_workers() -> int:
    """Return how many processes run at once: one for each processor this one may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


def extract_all(
    paths: Sequence[Path],
    spec: str,
    *,
    workers: int | None = None,
    progress: Progress = silent,
) -> dict[Path, str]:
    """Extract every video that is not in the cache yet.

    Parameters
    ----------
    paths : sequence of Path
    spec : str
        Estimator, see `make_estimator`.
    workers : int, optional
        Processes at once; by default one for each processor.
    progress : Progress, optional
        Of the pictures, with the video being looked at.

    Returns
    -------
    dict
        For each video that failed, the one line that says why; the others are done.

    Raises
    ------
    DanceitError
        If the estimator itself is not to be had: nothing can be done for any video.
    """
    estimator = make_estimator(spec)
    failed: dict[Path, str] = {}
    sizes: dict[Path, int] = {}
    folders: dict[Path, Path] = {}
    for path in dict.fromkeys(paths):
        try:
            folder = _folder(path, estimator)
            if folder not in folders.values() and load_footage(folder) is None:
                sizes[path] = expected_pictures(path)
                folders[path] = folder
        except DanceitError as exc:
            failed[path] = str(exc)
    if folders:
        _Crew(spec, folders, sizes, failed, progress).run(workers or default_workers())
    return failed


class _Crew:
    """The processes at work."""

    def __init__(
        self,
        spec: str,
        folders: dict[Path, Path],
        sizes: dict[Path, int],
        failed: dict[Path, str],
        progress: Progress,
    ) -> None:
        self._spec, self._folders, self._sizes = spec, folders, sizes
        self._failed, self._progress = failed, progress
        self._done: dict[Path, int] = {}
        self._said: queue.Queue[tuple[_Running, str | None]] = queue.Queue()

    def run(self, workers: int) -> None:
        """Keep `workers` processes busy until all is done."""
        # The longest first, so that no processor waits for it at the end.
        waiting = sorted(self._folders, key=lambda path: self._sizes[path])
        running: list[_Running] = []
        try:
            while waiting or running:
                while waiting and len(running) < workers:
                    running.append(self._start(waiting.pop()))
                worker, line = self._said.get()
                if line is None:
                    running.remove(worker)
                    self._ended(worker)
                else:
                    self._heard(worker, json.loads(line))
        finally:
            for worker in running:
                worker.process.kill()
                worker.process.wait()
                worker.noise.close()

    def _start(self, path: Path) -> _Running:
        noise = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        process = subprocess.Popen(
            [sys.executable, "-m", "danceit.index.poses.footage.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=noise,
            text=True,
            encoding="utf-8",
            env=_environment(),
        )
        worker = _Running(path, process, noise)
        job = {"path": str(path), "estimator": self._spec, "folder": str(self._folders[path])}
        stdin: Any = process.stdin
        stdin.write(json.dumps(job) + "\n")
        stdin.flush()
        threading.Thread(target=self._listen, args=(worker,), daemon=True).start()
        return worker

    def _listen(self, worker: _Running) -> None:
        lines: Any = worker.process.stdout
        for line in lines:
            self._said.put((worker, line))
        worker.process.wait()
        self._said.put((worker, None))

    def _heard(self, worker: _Running, message: dict[str, Any]) -> None:
        worker.done = int(message.get("done", worker.done))
        worker.failed = str(message.get("failed", worker.failed))
        worker.finished = bool(message.get("finished", worker.finished))
        self._done[worker.path] = worker.done
        total = max(sum(self._sizes.values()), sum(self._done.values()))
        self._progress(sum(self._done.values()), total, worker.path.name)

    def _ended(self, worker: _Running) -> None:
        if worker.failed:
            self._failed[worker.path] = worker.failed
        elif not worker.finished:
            self._failed[worker.path] = _crash(worker)
        # What the header promised and the film did not hold is not waited for.
        self._sizes[worker.path] = self._done[worker.path] = worker.done
        for stream in (worker.process.stdin, worker.process.stdout):
            if stream is not None:
                stream.close()
        worker.noise.close()


def _crash(worker: _Running) -> str:
    worker.noise.seek(0)
    lines = worker.noise.read().decode("utf-8", "replace").strip().splitlines()
    code = worker.process.returncode
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    last = f": {lines[-1].strip()[:200]}" if lines else ""
    return f"{worker.path}: looking for poses ended with {how}{last}; a damaged video?"


def _folder(path: Path, estimator: Estimator) -> Path:
    from danceit.media import check_is_file

    check_is_file(path)
    return footage_folder(path, estimator)


def _environment() -> dict[str, str]:
    here = str(Path(__file__).resolve().parents[4])
    known = os.environ.get("PYTHONPATH", "")
    # One process for each processor: threads within would only get in each other's way.
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(part for part in (here, known) if part),
        "OMP_NUM_THREADS": "1",
    }
