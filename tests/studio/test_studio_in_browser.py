"""The whole way in a real browser: a song in, a dance out, changed, and exported as files."""

import importlib.util
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from danceit.data import Dance
from danceit.index.synthetic import SyntheticLibrary
from danceit.render.drawing.overlay import CARD_S
from danceit.studio.project import Project
from tests.browser import Watched, unnamed_controls, watched
from tests.studio.browsing import Held, button, job_over, open_page, pick_move
from tests.studio.conftest import SMALL_DEMO, Served, studio

PAINTED = """(canvas) => {
  const seen = new Set();
  const { width, height } = canvas;
  const copy = Object.assign(document.createElement("canvas"), { width, height });
  const brush = copy.getContext("2d", { willReadFrequently: true });
  brush.drawImage(canvas, 0, 0);
  const { data } = brush.getImageData(0, 0, width, height);
  for (let i = 0; i < data.length; i += 4)
    seen.add((data[i] >> 4 << 8) | (data[i + 1] >> 4 << 4) | (data[i + 2] >> 4));
  return seen.size;
}"""
"""How many colours, coarsely, are on a canvas."""


def test_the_whole_way_from_an_empty_project_to_files(
    browser: Any, library: SyntheticLibrary, project: Path
) -> None:
    with (
        studio(project, first=SMALL_DEMO) as served,
        watched(browser, width=1440, height=900) as seen,
    ):
        open_page(seen, served)
        pressed = []

        def press(role: str, name: str) -> None:
            seen.page.get_by_role(role, name=name).first.click(timeout=300_000)
            pressed.append(name)

        press("button", "Use the demo's dancers")
        job_over(seen, "demo")
        (job,) = served.get("/state")["jobs"]
        assert job["state"] == "done", job["error"]
        # The demo has a song as well; one of one's own opens by itself once it was listened to.
        press("link", "Song")
        seen.page.get_by_role("link", name="Demo song").wait_for()
        with seen.page.expect_file_chooser() as chooser:
            press("button", "Drop a song here")
        chooser.value.set_files(library.query_song)
        seen.page.get_by_role("heading", name="song", exact=True).wait_for(timeout=300_000)
        moved_s = check_counts(seen, library.beats_s[library.query_song.stem])
        # A dance; the first is there at once.
        press("button", "Make a dance")
        seen.until("location.hash.startsWith('#/dance/') && danceit.drawnFrame() !== undefined")
        assert len(pressed) <= 5
        assert seen.page.locator("#stage canvas").evaluate(PAINTED) > 30
        assert unnamed_controls(seen.page) == []
        # A move is looked at, its rivals move, one is taken, undone, taken again.
        first = pick_move(seen)
        seen.until(f"({PAINTED})(document.querySelector('.move-card canvas')) > 12")
        wanted = seen.page.locator(".move-card").nth(1).get_attribute("data-move")
        seen.page.locator(".move-card").nth(1).click()
        seen.until(f"studio.deck.fragment.id === '{wanted}'")
        seen.page.keyboard.press("Control+z")
        seen.until(f"studio.deck.fragment.id === '{first}'")
        seen.page.keyboard.press("Control+Shift+z")
        seen.until(f"studio.deck.fragment.id === '{wanted}'")
        # Another version, side by side with the first.
        seen.page.keyboard.press("n")
        seen.until("studio.project.dances.length === 2 && studio.deck.ids.length === 1")
        button(seen, "Version 1 side by side").click()
        seen.until("document.querySelectorAll('#stage canvas').length === 2")
        seen.page.get_by_role("link", name="Version 1").click()
        seen.until("document.querySelectorAll('#stage canvas').length === 1")
        # Out of it come files.
        for number, kind in enumerate(("Motion capture", "Video"), start=1):
            button(seen, "Export").click()
            dialog = seen.page.get_by_role("dialog", name="Export Version 1")
            dialog.get_by_role("radio", name=re.compile(f"^{kind}")).check()
            if kind == "Video":
                dialog.get_by_role("combobox", name="Size").select_option("360")
            assert unnamed_controls(seen.page) == []
            dialog.get_by_role("button", name="Export").click()
            job_over(seen, "export", number)
        check_files(project, wanted, moved_s)
        with seen.page.expect_download() as download:
            button(seen, "Download").last.click()
        assert Path(download.value.path()).stat().st_size > 1000
        assert seen.complaints == []
        assert {url.split("/")[2] for url in seen.requests if not url.startswith(("blob:", "data:"))
                } == {f"127.0.0.1:{served.port}"}  # fmt: skip


def check_counts(seen: Watched, beats_s: np.ndarray) -> float:
    """Put a song's counts right, take that back, and move its 1; return where it is then."""
    tempo, beside = seen.page.locator(".tempo strong"), seen.page.locator("#tempo")
    before = int(tempo.inner_text())
    assert before == pytest.approx(60 / np.diff(beats_s).mean(), abs=1)
    assert beside.inner_text() == f"{before} BPM"
    assert unnamed_controls(seen.page) == []
    button(seen, "Twice as fast").click()
    seen.page.get_by_text("Counted twice as fast.").wait_for()
    doubled = int(tempo.inner_text())
    assert doubled == pytest.approx(2 * before, abs=2)
    assert beside.inner_text() == f"{doubled} BPM"
    button(seen, "Start over").click()
    seen.page.get_by_text("Counted as it was heard.").wait_for()
    assert int(tempo.inner_text()) == before
    counts = seen.state("studio.deck.counts")
    moved_s: float = counts["beats_s"][counts["numbers"].index(1, 4) + 1]
    seen.state("(at) => studio.deck.player.clock.seek(at)", moved_s)
    button(seen, "The 1 is here").click()
    seen.page.get_by_text("The 1 was moved.").wait_for()
    return moved_s


def check_files(project: Path, wanted: str, one_s: float) -> None:
    import av

    kept = Project.open(project)
    dance = Dance.load(kept.dance_file(kept.versions()[0]))
    assert wanted in {placed.fragment_id for placed in dance.fragments}
    # By dancers of the demo, to the counts as they were put right.
    assert {placed.style for placed in dance.fragments} <= {"waltz", "disco", "hip-hop"}
    assert dance.numbers[np.argmin(np.abs(dance.beats_s - one_s))] == 1
    (bvh,) = (project / "exports").glob("*.bvh")
    text = bvh.read_text()
    assert text.startswith("HIERARCHY")
    assert f"Frames: {dance.n_frames}\n" in text.replace("\t", " ")
    (mp4,) = (project / "exports").glob("*.mp4")
    with av.open(str(mp4)) as container:
        video, sound = container.streams.video[0], container.streams.audio[0]
        assert (video.width, video.height) == (360, 640)
        assert float(sound.duration * sound.time_base) >= 15.9
        # After the dance those who danced are named.
        shown_s = float(video.frames / video.average_rate)
        assert shown_s == pytest.approx(dance.n_frames / dance.fps + CARD_S, abs=0.1)


MARKUP = "<img src=x onerror=document.title='run'><b>bold</b>"


def test_a_name_is_text_and_never_markup(browser: Any, danced: Served) -> None:
    """Names of songs, versions, clips, styles and dancers, wherever they are shown."""
    (version,) = danced.get("/state")["dances"]
    clips = danced.get("/clips")
    for clip in clips["clips"]:
        clip |= {"style": MARKUP, "dancer": MARKUP, "id": f"{clip['id']}{MARKUP}"}
    asked = {"do": "rename", "revision": version["revision"], "name": MARKUP}
    status, told = danced.post(f"/dances/{version['id']}", asked)
    assert status == 200
    with watched(browser) as seen:
        seen.page.route("**/clips", lambda route: route.fulfill(json=clips))
        open_page(seen, danced, "#/songs")
        seen.page.get_by_text("<b>a song</b>").wait_for()
        for where in ("#/songs", "#/library", f"#/dance/{version['id']}"):
            open_page(seen, danced, where)
            if "library" in where:
                seen.page.locator("button.clip-card").first.wait_for()
            if "dance" in where:
                seen.page.locator(".tray").get_by_text(MARKUP, exact=True).wait_for()
                seen.page.get_by_role("tab", name="Moves").click()
                seen.page.locator(".move-card").first.wait_for()
                button(seen, "Export").click()
                seen.page.get_by_role("heading", name=MARKUP).wait_for()
            assert seen.state("document.querySelectorAll('body img, main b, dialog b').length") == 0
            assert seen.state("document.title") != "run"
        assert seen.complaints == []
    back = {"do": "rename", "revision": told["dance"]["revision"], "name": version["name"]}
    assert danced.post(f"/dances/{version['id']}", back)[0] == 200


def test_space_plays_wherever_the_keyboard_is(browser: Any, danced: Served) -> None:
    with watched(browser) as seen:
        open_page(seen, danced)
        seen.until("danceit.drawnFrame() !== undefined")
        for press, name in (("mirror", "Mirror image"), ("loop", "Loop")):
            button(seen, name).click()
            pressed = f"document.getElementById('{press}').getAttribute('aria-pressed')"
            assert seen.state(pressed) == "true"
            seen.page.keyboard.press(" ")
            seen.until("danceit.playing")
            assert seen.state(pressed) == "true"
            seen.page.keyboard.press(" ")
            seen.until("!danceit.playing")
        seen.page.keyboard.press("?")
        seen.page.keyboard.press("Escape")
        seen.page.keyboard.press(" ")
        seen.until("danceit.playing")
        assert not seen.page.get_by_role("dialog", name="Keyboard").is_visible()


def test_an_eight_is_learned_slowly_with_the_counts_before_it(browser: Any, danced: Served) -> None:
    (version,) = danced.get("/state")["dances"]
    with watched(browser) as seen:
        open_page(seen, danced, f"#/learn/{version['id']}")
        seen.page.get_by_text("1 of").wait_for()
        button(seen, "The next eight").click()
        seen.page.get_by_role("status").filter(has_text="2 of").wait_for()
        button(seen, "Speed ½").click()
        seen.page.locator("#aside").get_by_role("button", name="Mirror").click()
        start, end, before = seen.state(
            "() => { const { beats_s: b, eights } = studio.deck.counts;"
            " const ones = b.map((_, i) => i).filter((i) => eights[i] === 1);"
            " return [b[ones[1]], b[ones[2]], b[ones[1] - 4]]; }"
        )
        loop = seen.state("studio.deck.player.clock.loop")
        assert loop == pytest.approx([before, end])
        seen.page.keyboard.press(" ")
        seen.until("danceit.playing && danceit.seconds > studio.deck.player.clock.loop[0] + 0.2")
        assert seen.page.locator("#count .where").inner_text() == "count in"
        assert int(seen.page.locator("#count .number").inner_text()) in range(5, 9)
        seen.until(f"danceit.seconds > {start} + 0.1 && danceit.seconds < {end}")
        assert seen.page.locator("#count .where").inner_text() == ""
        seen.page.keyboard.press(" ")
        assert unnamed_controls(seen.page) == []
        button(seen, "From behind").click()
        seen.until("Math.cos(studio.deck.player.painters[0].yaw) < -0.99")
        button(seen, "Full screen").click()
        seen.until("document.fullscreenElement?.id === 'work'")
        button(seen, "Full screen").click()
        seen.until("!document.fullscreenElement")
        seen.page.get_by_role("link", name="To the dance", exact=True).click()
        seen.until("document.body.dataset.part === 'dance'")
        assert seen.state("[studio.deck.player.clock.loop, studio.deck.player.mirror]") == [
            None,
            False,
        ]
        assert seen.page.locator("#speed").input_value() == "1"
        assert seen.complaints == []


def test_moves_are_found_by_a_move_and_put_into_the_dance(browser: Any, danced: Served) -> None:
    with watched(browser) as seen:
        open_page(seen, danced, "#/library")
        seen.page.locator("button.clip-card").first.click()
        seen.page.get_by_role("button", name="Back to all").wait_for()
        seen.page.locator("button.clip-card").nth(1).click()
        dialog = seen.page.locator("#move")
        assert unnamed_controls(seen.page) == []
        dialog.get_by_role("button", name="Moves like this").click()
        seen.page.get_by_role("heading", name="Moves like").wait_for()
        seen.page.locator("button.clip-card").first.click()
        before = seen.state("studio.project.dances[0].changes.length")
        dialog.get_by_role("button", name="Put it into").click()
        seen.until(f"studio.project.dances.some(({{ changes }}) => changes.length > {before})")
        seen.until("document.body.dataset.part === 'dance'")
        assert seen.complaints == []


def small_targets(seen: Watched) -> list[str]:
    """What can be pressed and is less than 44 px high."""
    found: list[str] = seen.state(
        "Array.from(document.querySelectorAll('button, select, a, summary, label'))"
        ".filter((one) => one.checkVisibility() && !one.matches('.skip'))"
        ".filter((one) => one.getBoundingClientRect().height < 44)"
        ".map((one) => one.outerHTML.slice(0, 90))"
    )
    return found


def test_it_fits_a_phone_and_every_target_is_large_enough(browser: Any, danced: Served) -> None:
    (version,) = danced.get("/state")["dances"]
    (song,) = danced.get("/state")["songs"]
    with watched(browser, width=390, height=844, touch=True) as seen:
        for where in ("#/library", "#/songs", f"#/song/{song['id']}", f"#/dance/{version['id']}",
                      f"#/learn/{version['id']}"):  # fmt: skip
            open_page(seen, danced, where)
            assert seen.state("document.scrollingElement.scrollWidth") <= 390
            assert small_targets(seen) == [], where
            assert unnamed_controls(seen.page) == []
        assert seen.complaints == []
    # A large screen that is touched.
    with watched(browser, width=1180, height=820, touch=True) as seen:
        for where in (
            f"#/song/{song['id']}",
            f"#/dance/{version['id']}",
            f"#/learn/{version['id']}",
        ):
            open_page(seen, danced, where)
            assert small_targets(seen) == [], where


def test_on_a_phone_what_can_be_done_with_a_move_is_in_view_once_it_is_picked(
    browser: Any, danced: Served
) -> None:
    (version,) = danced.get("/state")["dances"]
    with watched(browser, width=390, height=844, touch=True) as seen:
        open_page(seen, danced, f"#/dance/{version['id']}")
        seen.until("danceit.drawnFrame() !== undefined")
        seen.page.locator("#detail").scroll_into_view_if_needed()
        pick_move(seen)
        nav = seen.page.locator(".parts").bounding_box()
        acts = seen.page.locator(".card.move .actions button")
        assert acts.count() >= 4
        assert button(seen, "Not this move").is_visible()
        for act in acts.all():
            box = act.bounding_box()
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= nav["y"], act.inner_text()
        # All that comes with a move, its rivals and the export are large enough to touch.
        seen.page.get_by_role("tab", name="Moves").click()
        seen.page.locator(".carrying .move-card").first.wait_for()
        assert small_targets(seen) == []
        button(seen, "Export").click()
        assert small_targets(seen) == []
        assert seen.complaints == []


def test_the_keyboard_goes_on_where_it_was_once_a_move_is_taken(
    browser: Any, danced: Served
) -> None:
    (version,) = danced.get("/state")["dances"]
    with watched(browser) as seen:
        open_page(seen, danced, f"#/dance/{version['id']}")
        pick_move(seen)
        wanted = seen.page.locator(".move-card").nth(1).get_attribute("data-move")
        view = Held(seen, "**/view?*")
        seen.page.locator(".move-card").nth(1).focus()
        seen.page.keyboard.press("Enter")
        view.wait()
        # What is taken is not tried once more, however late it comes.
        seen.until(
            "document.activeElement.matches('.move-card') && !document.activeElement.disabled"
        )
        before = sum("/try" in url for url in seen.requests)
        view.let_go()
        seen.until(f"studio.project.dances[0].revision > {version['revision']}")
        seen.until(f"studio.deck.fragment.id === '{wanted}'")
        seen.until("document.getElementById('panel').contains(document.activeElement)")
        assert sum("/try" in url for url in seen.requests) == before
        seen.page.keyboard.press("Control+z")
        seen.until(f"studio.deck.fragment.id !== '{wanted}'")
        assert seen.complaints == []


def test_a_move_is_tried_in_its_place_by_the_keyboard(browser: Any, danced: Served) -> None:
    (version,) = danced.get("/state")["dances"]
    with watched(browser) as seen:
        open_page(seen, danced, f"#/dance/{version['id']}")
        first = pick_move(seen)
        cards = seen.page.locator(".move-card")
        seen.page.locator(".orders .chip").last.focus()
        for number in (0, 1):
            seen.page.keyboard.press("Tab")
            wanted = cards.nth(number).get_attribute("data-move")
            seen.until(f"studio.deck.fragment.id === '{wanted}'")
            seen.page.get_by_text("Trying it in its place").wait_for()
        # Put back where the keyboard leaves, and nothing was kept.
        seen.page.locator("#tab-move").focus()
        seen.until(f"studio.deck.fragment.id === '{first}'")
        assert seen.state("studio.deck.player.clock.loop") is None
        assert danced.get("/state")["dances"] == [version]
        assert seen.complaints == []


def test_the_page_says_what_it_waits_for_before_code_and_data_are_there(
    browser: Any, danced: Served
) -> None:
    with watched(browser) as seen:
        code, state = Held(seen, "**/studio.js"), Held(seen, "**/state")
        seen.page.goto(danced.url, wait_until="commit")
        code.wait()
        opening = seen.page.get_by_role("heading", name="Opening mine")
        opening.wait_for()
        code.let_go()
        state.wait()
        assert opening.is_visible()
        state.let_go()
        seen.until("document.body.dataset.ready === 'true'")
        assert not opening.is_visible()
        assert seen.complaints == []
        # Where that fails, why, and what to do.
        seen.page.route("**/looks", lambda route: route.fulfill(status=400, json={"error": "why"}))
        seen.page.goto(danced.url)
        seen.page.get_by_role("heading", name="It could not be opened").wait_for()
        assert seen.page.locator("#notice").inner_text() == "why"
        assert button(seen, "Try again").is_visible()


def _answer(answer: dict[str, Any], route: Any) -> None:
    route.fulfill(json=answer)


def test_a_reload_in_the_middle_of_a_job_finds_it_again(browser: Any, project: Path) -> None:
    with studio(project) as served, watched(browser) as seen:
        open_page(seen, served)
        button(seen, "Use the demo's dancers").click()
        heading = seen.page.get_by_role("heading", name="Making the demo library")
        heading.first.wait_for()
        seen.page.reload()
        heading.first.wait_for()
        seen.until("studio.project.jobs[0].share > 0")
        seen.page.get_by_role("main").get_by_role("button", name="Stop").click()
        seen.page.get_by_role("heading", name="Whose moves").wait_for()
        assert [job["state"] for job in served.get("/state")["jobs"]] == ["stopped"]
        # Said before anything is sent: that videos cannot be read here.
        note = seen.page.get_by_text("Videos alone cannot be read here")
        told = served.get("/state")
        assert told["reads_videos"] is (importlib.util.find_spec("mediapipe") is not None)
        for able in (False, True):
            state = told | {"reads_videos": able}
            seen.page.route("**/state", partial(_answer, state))
            seen.page.reload()
            seen.page.get_by_role("heading", name="Whose moves").wait_for()
            assert note.is_visible() is not able
            seen.page.unroute("**/state")
        assert seen.complaints == []


def test_a_kill_loses_nothing_that_was_answered(
    browser: Any, index: Path, library: SyntheticLibrary, project: Path
) -> None:
    from danceit.studio.songs import make_ready
    from danceit.studio.tasks import take_song

    made = Project.open(project)
    made.library = index
    song = take_song(made, library.query_song, "a song")
    make_ready(made, song)
    with studio(project) as served:
        _, told = served.post("/dances", {"song": song.id})
        version = told["dance"]
        what = {"kind": "ban", "what": Dance.load(
            made.dance_file(made.version(version["id"]))).fragments[0].fragment_id}  # fmt: skip
        asked = {"do": "change", "revision": version["revision"], "changes": [what]}
        _, told = served.post(f"/dances/{version['id']}", asked)
        served.kill()
    with studio(project) as served, watched(browser) as seen:
        assert served.get("/state")["dances"] == [told["dance"]]
        open_page(seen, served)
        seen.until("danceit.drawnFrame() !== undefined")
        button(seen, "Undo").click()
        seen.until("studio.project.dances[0].changes.length === 0")


def test_dances_that_are_dropped_are_added_to_the_library(
    browser: Any, index: Path, tmp_path: Path, project: Path
) -> None:
    import shutil
    from datetime import date

    from danceit.index.synthetic import make_library

    shutil.copytree(index, tmp_path / "danceit-index")
    more = make_library(tmp_path / "more", seed=5, songs_per_style=1, seconds=8.0)
    with studio(project, tmp_path / "danceit-index") as served, watched(browser) as seen:
        open_page(seen, served, "#/library")
        seen.page.get_by_text("3 clips of 3").wait_for()
        seen.page.locator("input.chooser").set_input_files(sorted(more.folder.glob("disco-*")))
        job_over(seen, "library")
        (job,) = served.get("/state")["jobs"]
        assert job["state"] == "done", job["error"]
        seen.page.get_by_text("4 clips of 4").wait_for()
        seen.page.get_by_role("searchbox").fill(str(date.today()))
        seen.page.get_by_text("1 clip of 4").wait_for()
        # Whoever danced it can withdraw.
        seen.page.locator("button.clip-card").first.click()
        seen.page.get_by_role("button", name="Take out synthetic").click()
        seen.page.get_by_role("button", name="Take out for good").click()
        seen.page.get_by_text("was taken out of the library.").wait_for()
        seen.page.get_by_role("searchbox").fill("")
        clips = served.get("/clips")["clips"]
        seen.page.get_by_text(f"{len(clips)} clips of {len(clips)}").wait_for()
        assert not any(str(date.today()) in clip["id"] for clip in clips)
