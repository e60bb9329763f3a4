"""`danceit view` and `danceit query --pin`, as a user runs them."""

import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from danceit.data import Dance
from danceit.index.synthetic import SyntheticLibrary
from tests.browser import Watched, chromium, unnamed_controls, watched
from tests.cli.conftest import Cli


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def button(seen: Watched, name: str) -> Any:
    return seen.page.get_by_role("button", name=name, exact=True)


@pytest.fixture
def queried(danceit: Cli, library: SyntheticLibrary, index: Path, tmp_path: Path) -> Path:
    """The song beside its dance, as a query leaves it."""
    shutil.copy(library.query_song, "song.wav")
    assert danceit("query", "song.wav", "--index", index).code == 0
    return tmp_path / "song.dance.npz"


@contextmanager
def viewed(*args: object) -> Iterator[str]:
    """Run `danceit view` in a process of its own; gives its address and stops it by Ctrl-C."""
    # What a shell starts in the background ignores Ctrl-C, and so would all that it starts.
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    begin = f"{heeding}from danceit.cli import main; main()"
    command = [sys.executable, "-c", begin, "view"]
    with Path("stderr.txt").open("w") as told:
        process = subprocess.Popen(
            [*command, *map(str, args), "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=told,
            text=True,
        )
    try:
        assert process.stdout is not None
        found = re.match(r"(http://127\.0\.0\.1:\d+/)", process.stdout.readline())
        assert found is not None
        yield found[1]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_page_is_written_with_and_without_sound(danceit: Cli, queried: Path) -> None:
    made = danceit("view", "--out", "a.html")
    assert made.code == 0, made.err
    assert re.fullmatch(r"wrote a\.html \(\d+\.\d MB\)\n", made.out)
    assert danceit("view", queried, "--no-audio", "--out", "b.html").code == 0
    assert Path("b.html").stat().st_size < 200_000 < Path("a.html").stat().st_size


def test_a_moved_song_is_a_note_and_a_silent_page(danceit: Cli, queried: Path) -> None:
    Path("song.wav").rename("elsewhere.wav")
    made = danceit("view", "--out", "a.html")
    assert made.code == 0
    assert "not at" in made.err
    assert "--song" in made.err
    found = danceit("view", "--out", "b.html", "--song", "elsewhere.wav")
    assert (found.code, found.err) == (0, "")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["missing.dance.npz"], "no such file"),
        (["song.dance.npz", "--out", "a.mp4"], "a page ends in .html"),
        (["song.dance.npz", "--out", "no/where.html"], "does not exist"),
        (["song.dance.npz", "--song", "none.wav"], "no such song"),
        (["song.dance.npz", "--theme", "nigth"], "did you mean 'night'"),
        (["song.dance.npz", "--name", "a", "--name", "b"], "2 names for 1 dances"),
        (["song.dance.npz", "song.wav"], "song.wav is a song or a video, not a dance"),
    ],
)
def test_what_cannot_be_viewed_is_one_line(
    danceit: Cli, queried: Path, args: list[str], message: str
) -> None:
    ran = danceit("view", *args)
    assert ran.code == 1
    assert message in ran.err
    assert ran.err.count("\n") == 1


def test_a_pin_on_the_command_line_changes_the_dance_that_is_there(
    danceit: Cli, queried: Path, index: Path
) -> None:
    before = Dance.load(queried)
    names = [placed.fragment_id for placed in before.fragments]
    wanted = next(name for name in names if name != names[3])
    ran = danceit("query", "song.wav", "--index", index, "--pin", f"0:06.5={wanted}")
    assert ran.code == 0, ran.err
    assert "changed" in ran.err
    assert Dance.load(queried).fragments[3].fragment_id == wanted
    refused = danceit("query", "song.wav", "--index", index, "--ban", wanted, "--k", 3)
    assert refused.code == 1
    assert "with other options" in refused.err
    kept = danceit("query", "song.wav", "--index", index, "--lock", "0-4", "--from", queried,
                   "--ban", names[5], "--out", "b.dance.npz")  # fmt: skip
    assert kept.code == 0, kept.err
    now = [placed.fragment_id for placed in Dance.load(Path("b.dance.npz")).fragments]
    assert now[:2] == [p.fragment_id for p in Dance.load(queried).fragments][:2]
    assert names[5] not in now or names[5] == wanted


def test_the_served_page_changes_a_dance_in_a_browser(queried: Path, index: Path) -> None:
    with chromium() as browser, viewed(queried, "--index", index) as url, watched(browser) as seen:
        seen.page.goto(url)
        seen.until("window.danceit && danceit.drawnFrame() !== undefined")
        assert unnamed_controls(seen.page) == []
        seen.page.locator("#fragments button").nth(3).click()
        other = seen.page.locator(".others li").first
        wanted = other.get_attribute("data-move")
        # Numbers and ids stand behind a fold.
        assert wanted not in other.inner_text()
        assert "fits" in other.inner_text()
        assert wanted in seen.page.locator("#card details").last.text_content()
        button(seen, "Use move 1 here").click()
        seen.page.get_by_text("changed, in").wait_for()
        # By a name of its own, and by none.
        for name, file in (
            ("Second night", "Second night.dance.npz"),
            ("", "song.edited.dance.npz"),
        ):
            seen.page.get_by_role("textbox", name="Name of the new dance").fill(name)
            button(seen, "Save as a new dance").click()
            seen.page.get_by_text("Written to").filter(has_text=file).wait_for()
            saved = Dance.load(queried.with_name(file))
            assert saved.fragments[3].fragment_id == wanted
        seen.page.reload()
        seen.page.get_by_role("button", name="Take back").click()
        seen.page.get_by_text("No move changed").wait_for()
        assert unnamed_controls(seen.page) == []
        assert seen.complaints == []


def test_without_an_index_the_page_says_why_nothing_can_be_changed(
    queried: Path, tmp_path: Path
) -> None:
    nowhere = tmp_path / "none"
    with chromium() as browser, viewed(queried, "--index", nowhere) as url:
        page = browser.new_page()
        page.goto(url)
        page.get_by_text("the page can show but not change: no index at").wait_for()
        assert page.get_by_role("button", name="Not this move").count() == 0


def test_a_served_page_without_an_index_only_shows(queried: Path, tmp_path: Path) -> None:
    with viewed(queried, "--index", tmp_path / "none") as url:
        text = urllib.request.urlopen(url, timeout=20).read().decode()
    assert '"refused":["the page can show but not change: no index at' in text
    assert "can show but not change" in Path("stderr.txt").read_text()


def test_several_dances_are_drawn_side_by_side(danceit: Cli, queried: Path) -> None:
    assert danceit("align", queried).code == 0
    asked = ("--seconds", 1, "--aspect", "16:9", "--size", 128)
    drawn = danceit("render", queried, "song.aligned.dance.npz", "--out", "two.mp4", *asked)
    assert (drawn.code, drawn.out) == (0, "wrote two.mp4\n")
    alone = danceit("render", queried, "--out", "one.mp4", *asked)
    assert alone.code == 0
    left, middle, right = lively(Path("two.mp4"))
    assert left > 0.02
    assert right > 0.02
    assert middle < 0.01 < lively(Path("one.mp4"))[1]


def lively(video: Path) -> list[float]:
    """Share of strong colours at a quarter, at half and at three quarters of the width."""
    import av
    import numpy as np

    with av.open(str(video)) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    strong = picture[10:110].max(axis=2) - picture[10:110].min(axis=2) > 90
    width = strong.shape[1]
    return [
        float(strong[:, round(share * width) - 4 : round(share * width) + 4].mean())
        for share in np.array([0.25, 0.5, 0.75])
    ]
