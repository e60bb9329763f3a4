"""`danceit person` from poses with their video beside them to a video of the person."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from danceit.cli.main import main
from danceit.render.person.configuration import QUALITIES
from tests.render.conftest import make_dance, swaying
from tests.render.filming import write_video
from tests.render.person.conftest import TINY


@pytest.fixture(scope="module")
def poses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """OpenPose frames as a folder, their video beside it."""
    folder = tmp_path_factory.mktemp("cli") / "ada"
    folder.mkdir()
    filmed = write_video(folder.with_suffix(".mp4"), n_frames=120, sway=12.0)
    for index, joints in enumerate(filmed.joints):
        flat = np.column_stack([joints, np.ones(18)]).ravel().tolist()
        frame = {"people": [{"pose_keypoints_2d": flat}]}
        (folder / f"ada_{index:012d}_keypoints.json").write_text(json.dumps(frame))
    return folder


@pytest.fixture
def song(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "song.wav", np.zeros(60_000), 24_000)
    return tmp_path / "song.wav"


def run(*args: object) -> None:
    main([str(arg) for arg in args])


def test_prepare_train_render_bench_and_info(
    poses: Path,
    song: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(QUALITIES, "draft", replace(TINY, steps=4, face_steps=2))
    folder = tmp_path / "ada"
    run("person", "prepare", poses, "--out", folder, "--who", "Ada", "--consent", "--size", 64)
    told = capsys.readouterr()
    assert "120 frames over 5 s at 64 px" in told.out
    assert "warning: only 5 s of footage" in told.err
    run("person", "train", folder, "--quality", "draft")
    told = capsys.readouterr()
    assert "trained from the beginning" in told.out
    assert "note: perceptual loss: off" in told.err
    run("person", "info", folder)
    told = capsys.readouterr()
    assert "Ada (agreed)" in told.out
    assert "face, step 2" in told.out
    kneeling = swaying(60, dims=2)
    kneeling[:, [9, 10, 12, 13], 1] = kneeling[:, [8], 1]
    make_dance(kneeling, song=song).save(tmp_path / "a.dance.npz")
    out = tmp_path / "a.mp4"
    run("render", tmp_path / "a.dance.npz", "--person", folder, "--size", 64, "--out", out)
    told = capsys.readouterr()
    assert "% of the dance's poses are not in ada.mp4" in told.err
    assert out.stat().st_size > 1000
    run("bench", "person", folder, "--out", tmp_path / "bench", "--limit", 5)
    told = capsys.readouterr()
    assert "nearest, warped" in told.out
    assert "note: better in PSNR without any training: nearest frame" in told.err


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--no-consent"], "Ada has not agreed to be shown in made-up videos"),
        (["--consent", "--size", "100"], "size must be a multiple of 32"),
    ],
)
def test_what_prepare_refuses(
    poses: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], given: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        run("person", "prepare", poses, "--out", tmp_path / "p", "--who", "Ada", *given)
    assert stopped.value.code == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "p" / "person.json").exists()


def test_quality_follows_the_prepared_size(
    poses: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "ada"
    run("person", "prepare", poses, "--out", folder, "--who", "Ada", "--consent", "--size", 64)
    capsys.readouterr()
    with pytest.raises(SystemExit):
        run("person", "train", folder)
    assert "prepared at 64 px; qualities: draft 128 px, good 256 px" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run("person", "train", folder, "--quality", "draft")
    assert "cannot be trained at 128: prepare it again at that size" in capsys.readouterr().err
    shutil.rmtree(folder)
