"""Changes in a real browser: in their order, whoever is quicker, the keys or the answers."""

import json
from pathlib import Path
from typing import Any

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


def test_an_eight_is_danced_again_where_the_song_comes_back(
    browser: Any, index: Path, tmp_path: Path, project: Path
) -> None:
    from danceit.index.synthetic import make_library
    from danceit.studio.songs import prepare
    from danceit.studio.tasks import take_song

    long = make_library(tmp_path / "long", songs_per_style=1, seconds=40.0).query_song
    made = Project.open(project)
    made.library = index
    song = take_song(made, long, "comes back")
    prepare(made, song, lambda doing, share: None)
    with studio(project) as served, watched(browser) as seen:
        served.post("/dances", {"song": song.id})
        open_page(seen, served)
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
