"""Long work: each job a process of its own, told of in files, so that it outlives a page.

    jobs/ID/job.json        what is to be done, written once
    jobs/ID/progress.json   how far it is, written by its process
    jobs/ID/alive           locked as long as its process lives
    jobs/ID/log.txt         what it printed

A job that is running when the server is killed goes on and is found again; one that was killed
itself says so and can be started again.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from danceit.errors import DanceitError, InputError
from danceit.studio.kept import locked, read_object, write_object
from danceit.studio.names import UnknownIdError, checked_id, new_id
from danceit.studio.project import Project

JOB, PROGRESS, ALIVE, LOG = "job.json", "progress.json", "alive", "log.txt"
BEGINNING_S = 20.0
"""Seconds within which a process must have begun; a busy machine takes some to start Python."""
_ENDING_S = 3.0
"""Seconds that a process has to stop when it is asked to."""
_KEPT = 30
"""Jobs that are remembered once they are over."""
_DAMAGED = "What was written down of it is damaged; clear it."


@dataclass(frozen=True)
class Job:
    """Work under way or over.

    Attributes
    ----------
    task : str
        A key of `danceit.studio.tasks.TASKS`.
    asked : mapping
        What the task is given.
    state : str
        ``running``, ``done``, ``failed``, ``stopped``.
    share : float
        How much is done, 0 to 1.
    doing : str
        What it is at, in words.
    step, steps : int
        Which of how many parts of the work that is, from 1.
    seconds, left_s : float
        Since it began, and until this step will probably be done; -1 where that is not known.
    error : str
        Why it failed.
    result : mapping
        What it made.
    """

    id: str
    task: str
    title: str
    asked: Mapping[str, Any]
    started: float
    pid: int = 0
    state: str = "running"
    share: float = 0.0
    doing: str = ""
    step: int = 1
    steps: int = 1
    seconds: float = 0.0
    left_s: float = -1.0
    error: str = ""
    result: Mapping[str, Any] | None = None


class Jobs:
    """The jobs of a project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._folder = project.folder / "jobs"
        self._own: dict[str, subprocess.Popen[bytes]] = {}
        self._over: dict[str, Job] = {}
        self._lock = Lock()

    def start(self, task: str, title: str, asked: Mapping[str, Any]) -> Job:
        """Begin a job.

        Raises
        ------
        InputError
            If no process can be started.
        """
        job_id = new_id()
        folder = self._folder / job_id
        folder.mkdir()
        told: dict[str, Any] = {"task": task, "title": title, "asked": asked}
        told["started"] = time.time()
        write_object(folder / JOB, told)
        # Not as the child of a terminal: what stops the server is not to stop a job unasked.
        command = [
            sys.executable,
            "-m",
            "danceit.studio.process",
            str(self._project.folder),
            job_id,
        ]
        try:
            with (folder / LOG).open("wb") as log:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                )
        except OSError as exc:
            raise InputError(f"cannot start {title}: {exc.strerror or exc}") from exc
        with self._lock:
            self._own[job_id] = process
        self._project.told()
        return self.job(job_id)

    def all(self) -> list[Job]:
        """All jobs, the newest first."""
        found = []
        for folder in self._folder.iterdir():
            # Another page's request may forget a job meanwhile.
            with suppress(UnknownIdError):
                if (folder / JOB).is_file():
                    found.append(self._over.get(folder.name) or self.job(folder.name))
        found.sort(key=lambda job: -job.started)
        for job in [job for job in found if job.state != "running"][_KEPT:]:
            with suppress(UnknownIdError):
                self.forget(job.id)
        return found

    def job(self, job_id: object) -> Job:
        """One job as it stands; an unknown id is an `UnknownIdError`."""
        folder = self._folder / checked_id(job_id, "job")
        if not (folder / JOB).is_file():
            raise UnknownIdError("there is no such job in this project any more")
        asked = _read(folder / JOB)
        if not asked and not (folder / JOB).is_file():  # forgotten between the two looks
            raise UnknownIdError("there is no such job in this project any more")
        try:
            job = self._standing(folder, asked)
        except (KeyError, TypeError, ValueError):
            job = Job(folder.name, "", "A damaged job", {}, 0.0, state="failed", error=_DAMAGED)
        if job.state != "running" and job.id not in self._over:
            self._over[job.id] = job
            self._reap(job.id)
            self._project.told()  # what it made is new to this process
        return job

    def _standing(self, folder: Path, asked: Mapping[str, Any]) -> Job:
        """A job as its files tell; KeyError, TypeError or ValueError where they are damaged."""
        told, started = _read(folder / PROGRESS), float(asked["started"])
        state = str(told.get("state", "running"))
        if state == "running" and not self._alive(folder, started):
            # It may have said its last word between the two looks.
            told = _read(folder / PROGRESS)
            state = str(told.get("state", "stopped"))
            if state == "running":
                state = "stopped"
        error = str(told.get("error", ""))
        if state == "stopped":
            error = error or "It was stopped before it was done; start it again."
        return Job(
            id=folder.name,
            task=str(asked["task"]),
            title=str(asked["title"]),
            asked=dict(asked["asked"]),
            started=started,
            pid=int(told.get("pid", 0)),
            state=state,
            share=float(told.get("share", 0.0)),
            doing=str(told.get("doing", "Starting")),
            step=int(told.get("step", 1)),
            steps=int(told.get("steps", 1)),
            seconds=float(told.get("seconds", 0.0)),
            left_s=float(told.get("left_s", -1.0)),
            error=error,
            result=told.get("result"),
        )

    def stop(self, job_id: object) -> None:
        """Stop a job and all that it started; nothing half-written stays."""
        job = self.job(job_id)
        if job.state != "running":
            return
        own = self._own.get(job.id)
        pid = own.pid if own else job.pid
        if pid:
            _end(pid, lambda: own.poll() is not None if own else not self._alive(self._at(job), 0))
        # It may have finished before it could be ended: then what it made is there.
        if _read(self._at(job) / PROGRESS).get("state") != "done":
            write_object(self._at(job) / PROGRESS, {"state": "stopped", "error": "You stopped it."})
        self._over.pop(job.id, None)
        self._project.told()

    def again(self, job_id: object) -> Job:
        """Begin anew what was stopped or failed."""
        job = self.job(job_id)
        if job.state == "running":
            raise InputError(f"{job.title} is still running")
        if not job.task:
            raise InputError("a damaged job cannot be begun anew: clear it")
        begun = self.start(job.task, job.title, job.asked)
        self.forget(job.id)
        return begun

    def forget(self, job_id: object) -> None:
        """Remove what is known of a job that is over; what it made stays."""
        job = self.job(job_id)
        if job.state == "running":
            raise InputError(f"{job.title} is still running; stop it first")
        self._over.pop(job.id, None)
        shutil.rmtree(self._at(job), ignore_errors=True)
        self._project.told()

    def stop_all(self) -> None:
        """Stop everything, as the server does when it is asked to end."""
        for job in self.all():
            self.stop(job.id)

    def _reap(self, job_id: str) -> None:
        """Take note of the end of a process of this server's own."""
        with self._lock:
            own = self._own.pop(job_id, None)
        if own is not None:
            with suppress(subprocess.TimeoutExpired):
                own.wait(_ENDING_S)

    def _at(self, job: Job) -> Path:
        return self._folder / job.id

    def _alive(self, folder: Path, started: float) -> bool:
        own = self._own.get(folder.name)
        if own is not None:
            return own.poll() is None
        return locked(folder / ALIVE) or time.time() - started < BEGINNING_S


class Pace:
    """How long the rest of a step takes, by how quick it was of late.

    Work does not go evenly: what comes first is loaded, steps wait for checks, the machine has
    other work to do. Nothing is said until enough was seen.
    """

    LATELY_S = 30.0
    LEAST_S, LEAST = 5.0, 6
    """Seconds and advances below which nothing is said."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()

    def left_s(self, share: float, now_s: float) -> float:
        """Take note of how much of the step is done; seconds that are left of it, or -1."""
        seen = self._seen
        if not seen or share > seen[-1][1]:
            seen.append((now_s, share))
        while len(seen) > self.LEAST and now_s - seen[1][0] > self.LATELY_S:
            seen.popleft()
        took_s, went = now_s - seen[0][0], seen[-1][1] - seen[0][1]
        if len(seen) < self.LEAST or took_s < self.LEAST_S:
            return -1.0
        return (1.0 - share) * took_s / went


class Report:
    """How a job's process tells how far it is."""

    OFTEN_S = 0.2

    def __init__(self, folder: Path) -> None:
        self._path = folder / PROGRESS
        self._began = time.monotonic()
        self._last = 0.0
        self._share, self._doing, self._left_s = 0.0, "Starting", -1.0
        self._step, self._steps, self._pace = 1, 1, Pace()
        self._write(state="running")

    def __call__(
        self, doing: str, share: float, step: tuple[int, int] = (1, 1), done: float | None = None
    ) -> None:
        """Say what is being done, and how much of all is done.

        Parameters
        ----------
        step : (number, of)
            Which of how many steps it is, from 1.
        done : float, optional
            How much of this step is done, 0 to 1; `share`, where there is one step only.
        """
        changed = doing != self._doing
        if (self._step, self._steps) != step:
            (self._step, self._steps), self._pace = step, Pace()
        self._share, self._doing = min(max(share, 0.0), 1.0), doing
        self._left_s = self._pace.left_s(self._share if done is None else done, time.monotonic())
        if changed or time.monotonic() - self._last >= self.OFTEN_S:
            self._write(state="running")

    def done(self, result: Mapping[str, Any]) -> None:
        """Say that all is done, and what was made."""
        self._share = 1.0
        self._write(state="done", result=dict(result))

    def failed(self, error: BaseException) -> None:
        """Say why it cannot be done."""
        known = isinstance(error, DanceitError | OSError)
        self._write(state="failed", error=str(error) if known else f"a fault in danceit: {error}")

    def _write(self, **more: Any) -> None:
        self._last = time.monotonic()
        seconds = self._last - self._began
        told = {"pid": os.getpid(), "share": self._share, "doing": self._doing}
        told |= {"step": self._step, "steps": self._steps}
        write_object(self._path, {**told, "seconds": seconds, "left_s": self._left_s, **more})


def _end(pid: int, over: Any) -> None:
    """Ask a process group to stop, and then make it."""
    for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        try:
            if hasattr(os, "killpg"):
                os.killpg(pid, number)
            else:
                os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            return
        until = time.monotonic() + _ENDING_S
        while time.monotonic() < until:
            if over():
                return
            time.sleep(0.05)


def _read(path: Path) -> dict[str, Any]:
    """What a file holds; nothing where it is not there yet, or damaged."""
    try:
        return read_object(path)
    except InputError:
        return {}
