"""Changes in a real browser: in their order, whoever is quicker, the keys or the answers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from danceit.studio.project import Project
from tests.browser import watched
from tests.studio.browsing import Held, button, open_page, pick_move
from tests.studio.conftest import Served, studio


def test_two_tabs_see_one_another_and_do_not_fight(browser: Any, danced: Served) -> None:
    (version,) = danced.get("/state")["dances"]
    with watched(browser) as one, watched(browser) as other:
        open_page(one, danced)
        open_page(other, danced)
        one.until("danceit.drawnFrame() !== undefined")
        other.until("danceit.drawnFrame() !== undefined")
        gone = one.state("studio.deck.current.fragments[0].id")
        change = {"kind": "ban", "what": gone, "text": "Without the first"}
        asked = {"do": "change", "revision": version["revision"], "changes": [change]}
        assert danced.post(f"/dances/{version['id']}", asked)[0] == 200
        for seen in (one, other):
            seen.until(f"studio.deck.current.fragments.every(({{ id }}) => id !== '{gone}')")
        # What was asked on the version that is no more is told so, and changes nothing.
        status, told = danced.post(f"/dances/{version['id']}", asked)
        assert (status, "another tab" in told["error"]) == (409, True)
        one.page.keyboard.press("Control+z")
        other.until(f"studio.deck.current.fragments[0].id === '{gone}'")
        assert one.complaints == other.complaints == []


def test_what_was_asked_for_last_is_what_is_shown(browser: Any, danced: Served) -> None:
    (version,) = danced.get("/state")["dances"]
    (song,) = danced.get("/state")["songs"]
    with watched(browser) as seen:
        open_page(seen, danced, f"#/song/{song['id']}")
        view = Held(seen, "**/view?*")
        seen.state(f"location.hash = '#/dance/{version['id']}'")
        view.wait()
        seen.state(f"location.hash = '#/song/{song['id']}'")
        seen.until("document.body.dataset.at === location.hash")
        view.let_go()
        assert button(seen, "Tap the beat").is_visible()
        assert seen.state("studio.deck.ids.length") == 0
        assert seen.complaints == []


def test_a_job_that_is_over_is_on_show_until_what_it_made_is_there(
    browser: Any, danced: Served
) -> None:
    """The end of a job is told before all that came of it: nothing else flashes up between."""
    whole = danced.get("/state")
    job = {
        "id": "0" * 8, "task": "library", "title": "Making a library", "asked": {}, "started": 0.0,
        "pid": 0, "state": "running", "share": 0.5, "doing": "Reading", "seconds": 1.0,
        "left_s": 1.0, "error": "", "result": None,
    }  # fmt: skip
    empty = {**whole, "library": None, "songs": [], "dances": [], "jobs": [job], "news": -2}
    result = {"clips": 3, "moves": 9, "problems": ["a.mp4: nobody is seen in most of it"]}
    over = {"news": -1, "run": whole["run"], "jobs": [{**job, "state": "done", "result": result}]}
    with watched(browser) as seen:
        seen.page.route("**/state", lambda route: route.fulfill(json=empty))
        told = f"data: {json.dumps({**over, 'news': -2, 'jobs': [job]})}\n\n"
        stream = {"content_type": "text/event-stream", "body": told}
        seen.page.route("**/events", lambda route: route.fulfill(**stream))
        open_page(seen, danced, "#/library")
        heading = seen.page.get_by_role("heading", name="Making a library")
        heading.wait_for()
        state = Held(seen, "**/state")
        stream["body"] = f"retry: 100\n\ndata: {json.dumps(over)}\n\n"
        state.wait()
        seen.until("studio.project.jobs[0].state === 'done'")
        assert heading.is_visible()
        state.let_go()
        seen.page.get_by_role("heading", name="Library", exact=True).wait_for()
        # What was left out, and why, is one press away.
        seen.page.get_by_text("3 clips, 9 moves. 1 file was left out.").first.wait_for()


def test_no_key_is_lost_while_the_studio_is_at_work(browser: Any, danced: Served) -> None:
    """Undo and redo pressed while an answer is under way are done in turn, each on the other's."""
    (version,) = danced.get("/state")["dances"]
    with watched(browser) as seen:
        open_page(seen, danced, f"#/dance/{version['id']}")
        first = pick_move(seen)
        change = Held(seen, f"**/dances/{version['id']}")
        wanted = seen.page.locator(".move-card").nth(1).get_attribute("data-move")
        seen.page.locator(".move-card").nth(1).click()
        change.wait()
        for keys in ("Control+z", "Control+Shift+z", "Control+z", "Control+Shift+z"):
            seen.page.keyboard.press(keys)
        change.let_go()
        revision = version["revision"] + 5
        seen.until(f"studio.project.dances[0].revision === {revision}")
        seen.until(f"studio.deck.fragment.id === '{wanted}'")
        # What the project is told of late does not take the place of what is newer.
        state = Held(seen, "**/state")
        seen.page.keyboard.press("Control+z")
        state.wait()
        seen.page.keyboard.press("Control+Shift+z")
        seen.page.keyboard.press("Control+z")
        seen.until(f"studio.project.dances[0].revision === {revision + 3}")
        state.let_go()
        seen.until(f"studio.deck.fragment.id === '{first}'")
        assert seen.state("studio.project.dances[0].revision") == revision + 3
        assert seen.state("studio.project.dances[0].changes") == []
        assert seen.complaints == []


@pytest.fixture(scope="module")
def returning(index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A studio with a song of 40 s whose first part comes back."""
    from danceit.index.synthetic import make_library
    from danceit.studio.songs import make_ready
    from danceit.studio.tasks import take_song

    folder = tmp_path_factory.mktemp("returning")
    long = make_library(folder / "long", songs_per_style=1, seconds=40.0).query_song
    made = Project.open(folder / "mine.danceit")
    made.library = index
    make_ready(made, take_song(made, long, "comes back"))
    with studio(made.folder) as served:
        yield served


def test_half_a_minute_is_danced_from_a_1_to_a_1(browser: Any, returning: Served) -> None:
    (song,) = returning.get("/state")["songs"]
    with watched(browser) as seen:
        open_page(seen, returning, f"#/song/{song['id']}")
        seen.state("studio.deck.player.clock.seek(5.0)")
        button(seen, "30 s from here").click()
        seen.page.get_by_text("is danced.").wait_for()
        start_s, end_s = returning.get("/state")["songs"][0]["part"]
        counts = seen.state("studio.deck.counts")
        pairs = zip(counts["beats_s"], counts["numbers"], strict=True)
        ones = [beat for beat, number in pairs if number == 1]
        assert start_s == min(ones, key=lambda one: abs(one - 5.0))
        assert end_s == min(ones, key=lambda one: abs(one - start_s - 30.0))
        button(seen, "The whole song").click()
        seen.page.get_by_text("All of it is danced.").wait_for()
        assert returning.get("/state")["songs"][0]["part"] is None
        assert seen.complaints == []


def test_an_eight_is_danced_again_where_the_song_comes_back(
    browser: Any, returning: Served
) -> None:
    (song,) = returning.get("/state")["songs"]
    with watched(browser) as seen:
        returning.post("/dances", {"song": song["id"]})
        open_page(seen, returning)
        seen.until("danceit.drawnFrame() !== undefined")
        labels = [part["label"] for part in seen.state("studio.deck.counts.sections")]
        assert labels.count(labels[0]) > 1
        pick_move(seen)
        seen.page.locator(".move-card").nth(2).click()
        seen.until("studio.project.dances[0].changes.length === 1")
        # Its side goes with it.
        button(seen, "Mirror this eight").click()
        seen.until("studio.project.dances[0].changes.length === 2")
        seen.until("studio.deck.fragment.mirrored")
        button(seen, "Also where the song comes back").click()
        seen.until("studio.project.dances[0].changes.length > 3")
        shown = (
            "(at) => { const d = studio.deck.current;"
            " return d.fragmentOf(d.segmentAt(d.frameAt(at))); }"
        )
        changes = seen.state("studio.project.dances[0].changes").copy()
        for change in changes:
            if change["kind"] == "pin":
                seen.until(f"({shown})({change['at']}).id === '{change['what']}'")
                seen.until(f"({shown})({change['at']}).mirrored")
        # What is so already is no other step.
        revision = seen.state("studio.project.dances[0].revision")
        button(seen, "Also where the song comes back").click()
        seen.page.get_by_text("danced this way there already").wait_for()
        assert seen.state("studio.project.dances[0].revision") == revision
        # Undone in one step.
        seen.page.keyboard.press("Control+z")
        seen.until("studio.project.dances[0].changes.length === 2")
        assert seen.complaints == []


PASS = """() => {
  let at = performance.now();
  performance.now = () => at;
  window.pass = (ms) => { at += ms; };
}"""
"""Lets the time by which taps are told apart pass when it is told to."""


def test_a_tempo_is_tapped_and_bars_are_told(browser: Any, returning: Served) -> None:
    (song,) = returning.get("/state")["songs"]
    with watched(browser) as seen:
        open_page(seen, returning, f"#/song/{song['id']}")
        heard = seen.state("studio.deck.counts.tempo_bpm")
        seen.state(PASS)
        for _ in range(6):
            seen.page.keyboard.press("t")
            seen.state("pass(600)")
        seen.page.get_by_text("Counted at 100.").wait_for()
        assert seen.state("studio.deck.counts.tempo_bpm") == pytest.approx(100, rel=0.03)
        assert seen.page.locator("#tempo").inner_text() == "100 BPM"
        seen.page.get_by_role("combobox", name="Beats to the bar").select_option("3")
        seen.page.get_by_text("Bars of 3.").wait_for()
        assert set(seen.state("studio.deck.counts.numbers")) <= {0, 1, 2, 3}
        button(seen, "Start over").click()
        seen.page.get_by_text("Counted as it was heard.").wait_for()
        assert seen.state("studio.deck.counts.tempo_bpm") == pytest.approx(heard)
        assert seen.complaints == []


def test_people_are_asked_about_versions_of_the_tray(browser: Any, returning: Served) -> None:
    """From two versions side by side to votes that are counted on the page."""
    (song,) = returning.get("/state")["songs"]
    for seed in (3, 4):
        status, _ = returning.post("/dances", {"song": song["id"], "wishes": {"seed": seed}})
        assert status == 200
    shown = [dance["id"] for dance in returning.get("/state")["dances"]][-2:]
    with watched(browser) as seen:
        open_page(seen, returning, f"#/dance/{','.join(shown)}")
        button(seen, "Ask people").click()
        dialog = seen.page.get_by_role("dialog", name="Ask people, blind")
        dialog.get_by_text("No votes yet.").wait_for()
        with seen.page.expect_popup() as opened:
            dialog.get_by_role("link", name="Open the study").click()
        opened.value.get_by_role("button", name="Play").wait_for()
        assert "Version" not in opened.value.content()
        assert seen.complaints == []
