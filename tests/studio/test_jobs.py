"""Jobs: processes that tell how far they are, are stopped, killed, found again."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from danceit.errors import InputError
from danceit.index.synthetic import SyntheticLibrary
from danceit.studio.jobs import Job, Jobs, Pace, Report
from danceit.studio.names import new_id
from danceit.studio.project import Project
from danceit.studio.tasks import TASKS, song, take_song


@pytest.fixture
def opened(project: Path) -> Project:
    return Project.open(project)


def until(jobs: Jobs, job: Job, wanted: Callable[[Job], bool]) -> Job:
    deadline = time.monotonic() + 60
    while True:
        now = jobs.job(job.id)
        if wanted(now):
            return now
        assert time.monotonic() < deadline, now
        time.sleep(0.05)


def test_a_song_is_listened_to_in_a_process_of_its_own(
    opened: Project, library: SyntheticLibrary
) -> None:
    taken = take_song(opened, library.query_song, "a song")
    jobs = Jobs(opened)
    job = jobs.start("song", "Listening", {"song": taken.id})
    done = until(jobs, job, lambda now: now.state != "running")
    assert (done.state, done.error, done.share) == ("done", "", 1.0)
    ready = opened.song(taken.id)
    assert ready.ready
    assert ready.duration_s == pytest.approx(16.0, abs=0.1)
    assert ready.revision > taken.revision


def test_what_cannot_be_done_says_why_and_can_be_begun_again(opened: Project) -> None:
    jobs = Jobs(opened)
    failed = until(jobs, jobs.start("song", "Listening", {"song": "00000000"}),
                   lambda now: now.state != "running")  # fmt: skip
    assert failed.state == "failed"
    assert "no such song" in failed.error
    again = jobs.again(failed.id)
    assert again.task == "song"
    until(jobs, again, lambda now: now.state == "failed")
    assert failed.id not in {job.id for job in jobs.all()}


def test_a_job_is_stopped_and_one_that_is_killed_says_so(opened: Project) -> None:
    jobs = Jobs(opened)
    job = jobs.start("demo", "Making the demo", {})
    until(jobs, job, lambda now: now.share > 0)
    with pytest.raises(InputError, match="still running"):
        jobs.forget(job.id)
    jobs.stop(job.id)
    assert jobs.job(job.id).state == "stopped"
    killed = jobs.start("demo", "Making the demo", {})
    now = until(jobs, killed, lambda now: now.share > 0)
    os.killpg(now.pid, signal.SIGKILL)
    over = until(jobs, killed, lambda now: now.state != "running")
    assert (over.state, "start it again" in over.error) == ("stopped", True)


def test_a_job_outlives_its_server_and_is_found_again(opened: Project) -> None:
    gone = Jobs(opened)
    job = gone.start("demo", "Making the demo", {})
    found = Jobs(opened)  # as a server that was started anew
    now = until(found, job, lambda now: now.share > 0)
    assert now.state == "running"
    found.stop(job.id)
    assert found.job(job.id).state == gone.job(job.id).state == "stopped"


def test_the_demo_is_a_library_and_a_song(
    opened: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from danceit.retrieval.encoder.configuration import TrainingConfig
    from danceit.workflow import demo

    monkeypatch.setattr(demo, "SECONDS", 12.0)
    monkeypatch.setattr(demo, "SONGS_PER_STYLE", 1)
    monkeypatch.setattr(demo, "TRAINING", TrainingConfig(steps=8, batch=16))
    shares: list[float] = []

    class Told(Report):
        def __call__(self, doing: str, share: float, *step: Any) -> None:
            shares.append(share)

    made = TASKS["demo"](opened, {}, Told(tmp_path))
    assert made["clips"] == 3
    assert shares == sorted(shares)
    assert opened.library is not None
    assert [(each.name, each.ready) for each in opened.songs()] == [("Demo song", True)]


def test_a_damaged_song_names_no_path(opened: Project, tmp_path: Path) -> None:
    from danceit.studio.uploads import check_song

    (tmp_path / "noise.mp3").write_bytes(b"not a song" * 100)
    with pytest.raises(InputError, match=r"cannot read noise\.mp3 as sound"):
        check_song(tmp_path / "noise.mp3")
    assert song is TASKS["song"]


def test_little_is_learned_quickly_and_again_once_there_is_more(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What training is asked for; training itself is tested where it is done."""
    from types import SimpleNamespace

    from danceit.studio import tasks
    from danceit.workflow import indexing

    asked = []

    def build_index(folder: Path, out: Path, **how: Any) -> Any:
        asked.append(how["retrain"])
        report = SimpleNamespace(clips=1, fragments=1, failed=(), unrecognised=())
        trained = object() if len(asked) == 1 or how["retrain"] else None
        # One of those dropped never gives a clip, as a video in which nobody is.
        briefly = trained is not None and len(list(folder.rglob("*.bvh"))) - 1 <= indexing.FEW
        return SimpleNamespace(report=report, trained=trained, briefly=briefly)

    monkeypatch.setattr(indexing, "build_index", build_index)
    made = Project.open(project)
    folder = made.folder / "dropped" / "2026-01-01"
    folder.mkdir()
    report = Report(tmp_path)

    def drop(count: int) -> None:
        for number in range(count):
            (folder / f"{number}.bvh").write_text("HIERARCHY\nROOT hips\n{\n")
        tasks.library(made, {"drop": folder.name}, report)

    drop(3)
    drop(5)
    for more in (1, 1, 2, 3):
        drop(indexing.FEW + more)
    assert asked == [False, False, True, False, True, False]


def test_two_pages_may_list_jobs_while_old_ones_are_forgotten(
    opened: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest = ""
    for started in range(32):
        folder = opened.folder / "jobs" / new_id()
        folder.mkdir()
        told = {"task": "song", "title": "a song", "asked": {}, "started": float(started)}
        (folder / "job.json").write_text(json.dumps(told))
        (folder / "progress.json").write_text(json.dumps({"state": "done", "result": {}}))
        oldest = oldest if started else folder.name
    jobs, other = Jobs(opened), Jobs(opened)
    looked = Jobs.job

    def between(self: Jobs, job_id: object) -> Job:
        """The other page lists them just when this one is about to look at the oldest."""
        if job_id == oldest:
            monkeypatch.setattr(Jobs, "job", looked)
            other.all()
        return looked(self, job_id)

    monkeypatch.setattr(Jobs, "job", between)
    assert len(jobs.all()) in (30, 31)  # the second of those too many may have been looked at
    assert len(list((opened.folder / "jobs").iterdir())) == 30


def test_the_time_left_is_told_by_the_pace_of_late_and_not_while_unsure() -> None:
    pace = Pace()
    # The first five of 500 steps pass at once: that says nothing.
    assert [pace.left_s(step / 500, 0.1 * step) for step in range(5)] == [-1.0] * 5
    # Then the machine is busy: 2 s a step.
    told = [pace.left_s(step / 500, 2.0 * step) for step in range(5, 500)]
    assert told[35 - 5] == pytest.approx(2.0 * 465, rel=0.05)
    # It is quicker from step 300 on, and soon so is what is told.
    pace = Pace()
    for step in range(300):
        pace.left_s(step / 500, 2.0 * step)
    told = [pace.left_s(step / 500, 600 + 0.5 * (step - 300)) for step in range(300, 400)]
    assert told[-1] == pytest.approx(0.5 * 101, rel=0.1)
    # Where nothing goes on, the rest takes ever longer.
    assert pace.left_s(399 / 500, 700.0) > 2 * told[-1]


def test_a_job_says_which_step_it_is_at(tmp_path: Path) -> None:
    report = Report(tmp_path)
    report("Reading (3 of 4)", 0.4, (2, 4), 0.75)
    told = json.loads((tmp_path / "progress.json").read_text())
    assert (told["step"], told["steps"], told["left_s"]) == (2, 4, -1.0)
