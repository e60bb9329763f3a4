"""What is wrong with a person's footage, disk or machine is told in one line, each tried really."""

import csv
import json
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from danceit.cli.main import main
from danceit.render.person.configuration import QUALITIES
from tests.render.conftest import make_dance, swaying
from tests.render.filming import write_video
from tests.render.person.conftest import TINY

STEPS = 12
TRAIN = """
import sys, torch
from dataclasses import replace
from pathlib import Path
from danceit.render.person.training import train
from tests.render.person.conftest import TINY
torch.set_num_threads(1)
def watch(done, total, what=""):
    print(done, flush=True)
train(Path(sys.argv[1]), replace(TINY, steps=12, face_steps=0), progress=watch)
"""


def run(*args: object) -> None:
    main([str(arg) for arg in args])


def openpose(folder: Path, n_people: int = 1, n_frames: int = 96) -> Path:
    """OpenPose frames with a video beside them; further people are smaller and stand aside."""
    folder.mkdir()
    filmed = write_video(folder.with_suffix(".mp4"), n_frames=n_frames, sway=12.0)
    for index, joints in enumerate(filmed.joints):
        people = [joints * (1 - 0.4 * person) for person in range(n_people)]
        flat = [np.column_stack([one, np.ones(18)]).ravel().tolist() for one in people]
        frame = {"people": [{"pose_keypoints_2d": values} for values in flat]}
        (folder / f"a_{index:012d}_keypoints.json").write_text(json.dumps(frame))
    return folder


@pytest.fixture
def person(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    folder = tmp_path / "person"
    source = openpose(tmp_path / "ada")
    run("person", "prepare", source, "--out", folder, "--who", "Ada", "--consent", "--size", 64)
    capsys.readouterr()
    return folder


@pytest.fixture
def killed_once(person: Path) -> Callable[[], None]:
    """Train in a process of its own that is killed, as by a power cut, at step 8."""

    def kill() -> None:
        with subprocess.Popen(
            [sys.executable, "-c", TRAIN, str(person)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if int(line) == 8:
                    process.send_signal(signal.SIGKILL)
                    break
            assert process.wait() == -signal.SIGKILL

    return kill


def curve(folder: Path) -> list[list[str]]:
    with (folder / "run" / "log.csv").open(newline="") as stream:
        return list(csv.reader(stream))[1:]


@pytest.fixture
def one_thread() -> None:
    torch.set_num_threads(1)


def train(folder: Path) -> int:
    from danceit.render.person.training import train as begin

    return begin(folder, replace(TINY, steps=STEPS, face_steps=0)).first_step


def test_two_people_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = openpose(tmp_path / "both", n_people=2)
    run("person", "prepare", source, "--out", tmp_path / "p", "--who", "Ada", "--consent",
        "--size", 64)  # fmt: skip
    told = capsys.readouterr().err
    assert "warning: up to 2 people at once: the main one was followed" in told
    assert "warning: only 4 s of footage" in told


def test_a_real_video_of_two_people_is_told(
    real_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = real_data / "openpose" / "two_people"
    run("person", "prepare", source, "--out", tmp_path / "p", "--who", "Ada", "--consent",
        "--size", 64)  # fmt: skip
    assert "people at once: the main one was followed" in capsys.readouterr().err


def test_a_video_without_a_person(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = openpose(tmp_path / "nobody", n_people=0)
    with pytest.raises(SystemExit) as stopped:
        run("person", "prepare", source, "--out", tmp_path / "p", "--who", "Ada", "--consent")
    assert stopped.value.code == 1
    told = capsys.readouterr().err
    assert "nobody" in told
    assert len(told.splitlines()) == 1
    assert not (tmp_path / "p" / "person.json").exists()


def test_a_killed_process_goes_on_along_the_same_curve(
    person: Path, killed_once: Callable[[], None], one_thread: None, tmp_path: Path
) -> None:
    import shutil

    shutil.copytree(person, tmp_path / "whole")
    assert train(tmp_path / "whole") == 0
    killed_once()
    assert train(person) == 6
    assert curve(person) == curve(tmp_path / "whole")
    assert len(curve(person)) == STEPS


def test_a_disk_that_fills_up_keeps_the_last_good_checkpoint(
    person: Path, killed_once: Callable[[], None], one_thread: None
) -> None:
    """A limit on the size of files stands for a full disk: writing fails half-way, really."""
    from danceit.errors import InputError

    killed_once()
    state = person / "run" / "state.safetensors"
    before = state.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))
    try:
        with pytest.raises(InputError, match=r"state\.safetensors: .*is still whole"):
            train(person)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert state.read_bytes() == before
    assert [path.name for path in state.parent.iterdir() if path.name.startswith(".")] == []
    assert train(person) == 6


def test_a_dance_that_the_person_never_danced(
    person: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setitem(QUALITIES, "draft", replace(TINY, steps=2, face_steps=0))
    run("person", "train", person, "--quality", "draft")
    song = tmp_path / "song.wav"
    soundfile.write(song, np.zeros(60_000), 24_000)
    lying = swaying(60, dims=2)
    lying = (lying[..., ::-1] * 0.6).astype(np.float32)
    make_dance(lying, song=song).save(tmp_path / "a.dance.npz")
    capsys.readouterr()
    out = tmp_path / "a.mp4"
    run("render", tmp_path / "a.dance.npz", "--person", person, "--size", 64, "--out", out)
    assert "100% of the dance's poses are not in ada.mp4" in capsys.readouterr().err
    assert out.stat().st_size > 1000


def test_a_person_trained_at_another_size(
    person: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setitem(QUALITIES, "draft", replace(TINY, steps=2, face_steps=0))
    run("person", "train", person, "--quality", "draft")
    about = person / "person.json"
    stored = json.loads(about.read_text())
    about.write_text(json.dumps({**stored, "size": 128}))
    song = tmp_path / "song.wav"
    soundfile.write(song, np.zeros(60_000), 24_000)
    make_dance(swaying(60, dims=2), song=song).save(tmp_path / "a.dance.npz")
    capsys.readouterr()
    with pytest.raises(SystemExit):
        run("render", tmp_path / "a.dance.npz", "--person", person, "--out", tmp_path / "a.mp4")
    assert "was trained at 64 px and prepared anew at 128" in capsys.readouterr().err
