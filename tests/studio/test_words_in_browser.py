"""What the page says and where: what cannot be had, what failed, what is left out."""

from pathlib import Path
from typing import Any

from tests.browser import Watched, unnamed_controls, watched
from tests.studio.browsing import button, open_page, pick_move
from tests.studio.conftest import Served


def open_dance(seen: Watched, served: Served, part: str = "dance") -> str:
    version: str = served.get("/state")["dances"][0]["id"]
    open_page(seen, served, f"#/{part}/{version}")
    seen.until("danceit.drawnFrame() !== undefined")
    return version


def refuse(seen: Watched, pattern: str, *reasons: str) -> None:
    """Let requests fail, each for the next reason."""
    left = iter(reasons)
    seen.page.route(pattern, lambda route: route.fulfill(status=400, json={"error": next(left)}))


def test_footage_is_not_offered_where_no_source_has_a_video(browser: Any, danced: Served) -> None:
    with watched(browser) as seen:
        version = open_dance(seen, danced)
        footage = seen.page.locator("#footage-on")
        assert footage.is_disabled()
        assert footage.get_attribute("title") == "No video of these dancers is in the library."
        seen.page.keyboard.press("v")
        seen.page.locator(".toast").get_by_text("No video of these dancers").wait_for()
        button(seen, "Export").click()
        dialog = seen.page.get_by_role("dialog", name="Export")
        dialog.get_by_text("It can only be drawn.").wait_for()
        assert dialog.locator("option[value=footage]").is_disabled()
        assert dialog.get_by_role("radio", name="Edit list").is_disabled()
        assert unnamed_controls(seen.page) == []
        assert seen.complaints == []
    # Who asks all the same is told at once, not by a job.
    before = danced.get("/state")["jobs"]
    asked = {"dance": version, "format": "mp4", "footage": True}
    status, told = danced.post("/exports", asked)
    assert (status, "there is no footage to show" in told["error"]) == (400, True)
    assert danced.get("/state")["jobs"] == before


COUNTED = """getComputedStyle(document.querySelector(".toast:last-child"), "::before")
  .content !== "none"
"""
"""Whether a message says that there are more."""


def test_messages_cover_nothing_and_leave_with_their_page(browser: Any, danced: Served) -> None:
    for width, height in ((1200, 800), (390, 844)):
        with watched(browser, width=width, height=height) as seen:
            open_dance(seen, danced)
            refuse(seen, "**/exports", "the first reason", "the second reason " * 20)
            for _ in range(2):
                button(seen, "Export").click()
                dialog = seen.page.get_by_role("dialog", name="Export")
                shown = seen.page.locator(".toast").count()
                dialog.get_by_role("button", name="Export").click()
                seen.until(f"document.querySelectorAll('.toast').length === {shown + 1}")
                dialog.get_by_role("button", name="Cancel").click()
            # One at a time, in the bar at the top, though it says much.
            visible = seen.page.locator(".toast:visible")
            assert visible.count() == 1
            box = visible.bounding_box()
            assert box["y"] + box["height"] <= 64
            assert box["x"] + box["width"] <= width
            assert seen.state(COUNTED)
            button(seen, "Dismiss").click()
            seen.page.get_by_text("the first reason").wait_for()
            assert not seen.state(COUNTED)
            open_page(seen, danced, "#/library")
            assert seen.page.locator(".toast").count() == 0


def test_full_screen_is_the_stage_with_count_and_play(browser: Any, danced: Served) -> None:
    with watched(browser) as seen:
        open_dance(seen, danced, "learn")
        before = seen.page.locator("#stage").bounding_box()
        button(seen, "Full screen").click()
        seen.until("document.fullscreenElement !== null")
        assert seen.page.locator("#stage").bounding_box()["width"] > before["width"]
        for gone in ("#aside", "#timeline", ".options", ".bar"):
            box = seen.page.locator(gone).bounding_box()
            covered = "document.elementFromPoint(100, 20).closest('#work')"
            assert box is None or seen.state(covered), gone
        assert seen.page.locator("#count .number").is_visible()
        assert seen.page.locator("#play").is_visible()
        button(seen, "Full screen").click()
        seen.until("document.fullscreenElement === null")
        seen.page.locator("#aside").get_by_text("The eight").wait_for()
        # A phone without full screen: as large as its page, left by a key or with the part.
        seen.state("document.getElementById('work').requestFullscreen = undefined")
        button(seen, "Full screen").click()
        seen.until("!document.getElementById('aside').checkVisibility()")
        seen.page.keyboard.press("Escape")
        seen.until("document.getElementById('aside').checkVisibility()")
        assert seen.complaints == []


def test_a_move_that_is_pressed_is_where_the_playhead_goes(browser: Any, danced: Served) -> None:
    with watched(browser) as seen:
        open_dance(seen, danced)
        box = seen.page.locator("#detail").bounding_box()
        seen.page.mouse.click(box["x"] + 0.9 * box["width"], box["y"] + box["height"] - 14)
        seen.until("studio.deck.selected !== null")
        start, end = seen.state("studio.deck.stretch")
        assert start > 0
        seen.until(f"Math.abs(danceit.seconds - {start}) < 0.01")
        seen.until(
            f"danceit.drawnFrame() >= {start} * 24 - 0.1 && danceit.drawnFrame() < {end} * 24"
        )
        assert seen.complaints == []


def test_every_file_that_is_left_out_is_named(browser: Any, danced: Served, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("bad.mp4", "bad.mp3", "README.md")]
    for file in files:
        file.write_text("neither picture nor sound")
    with watched(browser) as seen:
        open_page(seen, danced, "#/library")
        jobs = len(seen.state("studio.project.jobs"))
        chooser = seen.page.locator("input.chooser")
        chooser.set_input_files(files)
        said = seen.page.locator(".toast .said")
        seen.page.get_by_text("3 files are left out").wait_for()
        assert all(file.name in said.inner_text() for file in files)
        button(seen, "Why").click()
        reasons = seen.page.locator("#move li")
        assert reasons.count() == 3
        assert "README.md is left out: it is no dance" in reasons.all_inner_texts()
        button(seen, "Close").click()
        chooser.set_input_files(files[2])
        seen.page.get_by_text("README.md is left out: it is no dance; drop videos").wait_for()
        assert len(danced.get("/state")["jobs"]) == jobs


def test_what_could_be_there_instead_is_told_apart(browser: Any, danced: Served) -> None:
    with watched(browser) as seen:
        open_dance(seen, danced)
        pick_move(seen)
        told = seen.page.locator(".move-card .words").all_inner_texts()
        assert len(told) > 5
        assert len(set(told)) == len(told)
        # The second first: names are long and alike, and are cut where the card ends.
        assert all(words.startswith("0:") for words in told)


def test_after_a_library_and_its_song_comes_a_dance(browser: Any, danced: Served) -> None:
    state = danced.get("/state")
    with watched(browser) as seen:
        none_yet = {**state, "dances": []}
        seen.page.route("**/state", lambda route: route.fulfill(json=none_yet))
        open_page(seen, danced, "#/library")
        seen.page.get_by_role("link", name="Now a dance to <b>a song</b>").click()
        seen.page.get_by_role("button", name="Make a dance").wait_for()


def test_on_a_phone_a_song_is_put_right_without_scrolling(browser: Any, danced: Served) -> None:
    (song,) = danced.get("/state")["songs"]
    with watched(browser, width=390, height=844, touch=True) as seen:
        open_page(seen, danced, f"#/song/{song['id']}")
        below = seen.page.locator(".next .chip").bounding_box()["y"]
        for name in ("Tap the beat", "Half as fast", "The 1 is here"):
            box = button(seen, name).bounding_box()
            assert box["y"] + box["height"] <= below, name
