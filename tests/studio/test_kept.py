"""Files of a project that were damaged or edited cost what they hold, and nothing else."""

import errno
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from danceit.errors import InputError
from danceit.studio import tasks
from danceit.studio.answers import answered
from danceit.studio.dancing import Dancing
from danceit.studio.desk import Desk
from danceit.studio.jobs import Jobs, Report
from danceit.studio.kept import locked, read_object, take_lock
from danceit.studio.names import UnknownIdError
from danceit.studio.project import Project, Song, Version
from danceit.studio.wishes import Wishes
from danceit.workflow import indexing

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def opened(project: Path) -> Project:
    """Two songs with a version each."""
    made = Project.open(project)
    for number in (1, 2):
        song = made.keep_song(Song(f"0000000{number}", f"song {number}", "song.wav"))
        version = Version(f"0000001{number}", "Version 1", song.id, Wishes())
        (made.folder / "dances" / version.id).mkdir()
        made.rename_version(version, "Version 1")
    return made


def state_of(project: Project) -> dict[str, Any]:
    with closing(Dancing(project)) as dancing:
        return Desk(project, Jobs(project), dancing).state({})


def cut(held: dict[str, Any]) -> str:
    return json.dumps(held)[:40]


def with_value(**values: object) -> Edit:
    return lambda held: {**held, **values}


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (cut, "songs/00000001/song.json cannot be read: Unterminated string"),
        (lambda held: "[" * 100_000, "cannot be read: "),
        (lambda held: [held], "does not hold what danceit wrote"),
        (lambda held: {"id": "00000001"}, "missing 2 required positional arguments"),
        (with_value(name=7), "was it edited? name: 7"),
        (with_value(duration_s="long"), "was it edited? duration_s: 'long'"),
        (with_value(duration_s=float("nan")), "not JSON compliant"),
        (with_value(part=[1]), "was it edited? not enough values"),
    ],
)
def test_a_song_that_cannot_be_read_costs_its_own_dances_only(
    opened: Project, edit: Edit, message: str
) -> None:
    file = opened.folder / "songs" / "00000001" / "song.json"
    edited = edit(read_object(file))
    file.write_text(edited if isinstance(edited, str) else json.dumps(edited))
    state = state_of(opened)
    assert [song["id"] for song in state["songs"]] == ["00000002"]
    assert [dance["song"] for dance in state["dances"]] == ["00000002"]
    (line,) = state["damaged"]
    assert line.startswith("songs/00000001/song.json ")
    assert message in line
    with pytest.raises(InputError, match=r"song\.json"):
        opened.song("00000001")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (cut, "cannot be read"),
        (with_value(wishes={"moves": "loong"}), "unknown moves 'loong'"),
        (with_value(wishes=3), "wishes must be a JSON object"),
        (with_value(at=1), "at: there is no step 1 of 1"),
        (with_value(steps=[["pin"]]), "steps: a change is a JSON object"),
        (with_value(steps=3), "'int' object is not iterable"),
        (with_value(counted="0"), "counted: '0'"),
    ],
)
def test_a_version_that_cannot_be_read_is_left_out_and_named(
    opened: Project, edit: Edit, message: str
) -> None:
    file = opened.folder / "dances" / "00000011" / "version.json"
    edited = edit(read_object(file))
    file.write_text(edited if isinstance(edited, str) else json.dumps(edited))
    before = file.read_bytes()
    state = state_of(opened)
    assert [dance["id"] for dance in state["dances"]] == ["00000012"]
    (line,) = state["damaged"]
    assert line.startswith("dances/00000011/version.json ")
    assert message in line
    assert file.read_bytes() == before


def test_a_folder_that_was_copied_by_hand_is_another_song(opened: Project) -> None:
    copy = opened.folder / "songs" / "00000009"
    copy.mkdir()
    (copy / "song.json").write_bytes((opened.folder / "songs/00000001/song.json").read_bytes())
    assert {song.id for song in opened.songs()} == {"00000001", "00000002", "00000009"}


def test_dances_of_a_song_that_was_removed_come_back_with_it(opened: Project) -> None:
    opened.remove("songs", "00000001")
    assert [dance["song"] for dance in state_of(opened)["dances"]] == ["00000002"]
    opened.restore("songs", "00000001")
    assert len(state_of(opened)["dances"]) == 2


@pytest.mark.parametrize("text", ["{", "[]", '{"task": 3}', '{"started": "today", "asked": {}}'])
def test_a_damaged_job_can_be_cleared_and_no_more(opened: Project, text: str) -> None:
    folder = opened.folder / "jobs" / "0000000a"
    folder.mkdir()
    (folder / "job.json").write_text(text)
    jobs = Jobs(opened)
    (job,) = jobs.all()
    assert (job.state, job.title) == ("failed", "A damaged job")
    with pytest.raises(InputError, match="cannot be begun anew"):
        jobs.again(job.id)
    jobs.forget(job.id)
    assert jobs.all() == []
    with pytest.raises(UnknownIdError):
        jobs.job(job.id)


def test_a_lock_is_held_by_one_until_it_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "open"
    first = take_lock(file)
    assert first is not None
    assert take_lock(file) is None
    assert locked(file)
    first.close()
    assert not locked(file)
    again = take_lock(file)
    assert again is not None
    again.close()


def test_a_library_waits_for_the_one_that_is_being_made(
    opened: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at once would write into one index, and the later would fail."""
    built = SimpleNamespace(
        report=SimpleNamespace(clips=1, fragments=1, failed=(), unrecognised=()),
        trained=None, briefly=False,
    )  # fmt: skip
    monkeypatch.setattr(indexing, "build_index", lambda *args, **how: built)
    told: list[str] = []

    class Told(Report):
        def __call__(self, doing: str, *more: Any) -> None:
            told.append(doing)
            if doing == tasks.WAITING:
                first.close()

    first = take_lock(opened.folder / "making")
    assert first is not None
    asked = {"folder": str(tmp_path)}
    made: list[Any] = []
    job = Thread(target=lambda: made.append(tasks.TASKS["library"](opened, asked, Told(tmp_path))))
    job.start()
    job.join(timeout=60)
    assert made
    assert made[0]["clips"] == 1
    assert told[:2] == [tasks.WAITING, "Looking for dancers"]


@pytest.mark.parametrize(
    ("number", "status", "message"),
    [
        (errno.ENOSPC, 507, "the disk is full: song.json was not written"),
        (errno.EROFS, 403, "song.json may not be written: Read-only file system"),
        (errno.EIO, 500, "a fault in danceit"),
    ],
)
def test_a_disk_that_takes_nothing_more_is_told_in_a_line(
    number: int, status: int, message: str
) -> None:
    import asyncio
    import os

    def write(asked: object) -> None:
        raise OSError(number, os.strerror(number), "/somewhere/song.json")

    # A browser of another test may keep this thread's loop running.
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(lambda: asyncio.run(answered(write, {}))).result()
    assert answer.status_code == status
    assert message in json.loads(bytes(answer.body))["error"]
