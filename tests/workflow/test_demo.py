"""The demo on a library even smaller than its own, with a training of a few steps."""

from dataclasses import replace
from pathlib import Path

import pytest

from danceit.data import Dance
from danceit.errors import InputError
from danceit.workflow import demo
from danceit.workflow.demo import run_demo


def test_the_demo_leaves_a_video_a_page_and_a_dance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "SONGS_PER_STYLE", 1)
    monkeypatch.setattr(demo, "SECONDS", 8.0)
    said: list[str] = []
    done = run_demo(
        tmp_path / "demo", config=replace(demo.TRAINING, steps=4, check_every=2), say=said.append
    )
    assert len(said) == 3
    assert done.made.out.stat().st_size > 10_000
    assert "<canvas" in done.page.read_text(encoding="utf-8")
    assert Dance.load(done.made.dance_file).n_frames == 8 * 24
    assert not done.built.report.failed


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="choose another folder"):
        run_demo(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
