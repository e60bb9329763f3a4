"""Moves of the library in a real browser: mirrored, dragged, looked for by a file, missed."""

import json
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from danceit.clock import seconds_of
from danceit.data import Dance
from danceit.index.synthetic import SyntheticLibrary
from danceit.studio.project import Project
from tests.browser import Watched, unnamed_controls, watched
from tests.studio.browsing import button, job_over, open_page, pick_move
from tests.studio.conftest import Served

CHANGES = "studio.project.dances[0].changes"
EIGHT_AT = """(at) => {
  const { beats_s: beats, eights } = studio.deck.counts;
  const ones = beats.filter((_, i) => eights[i] === 1);
  const first = ones.findLastIndex((one) => one <= at);
  return [ones[first], ones[first + 1] ?? studio.deck.player.data.duration_s];
}"""
SHOWN_IN = """([from, to]) => {
  const { segments, fps, fragments } = studio.deck.current;
  return segments
    .filter(([start, end]) => (start + end) / 2 / fps >= from && (start + end) / 2 / fps < to)
    .map(([, , which]) => fragments[which].clip);
}"""


def open_dance(seen: Watched, danced: Served) -> None:
    (version,) = danced.get("/state")["dances"]
    open_page(seen, danced, f"#/dance/{version['id']}")
    seen.until("danceit.drawnFrame() !== undefined")


def kept(danced: Served) -> Dance:
    project = Project.open(danced.project)
    return Dance.load(project.dance_file(project.versions()[0]))


def take_all_back(seen: Watched) -> None:
    before = seen.state("studio.project.dances[0].revision")
    steps = 0
    while seen.state("studio.project.dances[0].undo"):
        steps += 1
        seen.page.keyboard.press("Control+z")
        seen.until(f"studio.project.dances[0].revision === {before + steps}")


def test_a_move_that_is_gone_keeps_no_other_from_being_drawn(browser: Any, danced: Served) -> None:
    gone: list[str] = []
    asked_for_it: list[str] = []

    def answer(route: Any) -> None:
        wanted = parse_qs(urlsplit(route.request.url).query)["f"]
        if not gone and len(wanted) > 1:
            gone.append(wanted[0])
        if gone and gone[0] in wanted:
            asked_for_it.append(route.request.url)
            route.fulfill(status=404, json={"error": f"the library has no move {gone[0]} any more"})
        else:
            route.continue_()

    with watched(browser) as seen:
        seen.page.route("**/moves?*", answer)
        open_dance(seen, danced)
        pick_move(seen)
        shown = "[...document.querySelectorAll('canvas.loop')].filter(studio.inView)"
        seen.until(f"{shown}.filter(({{ last }}) => last >= 0).length > 2")
        assert gone
        seen.until(f"{shown}.every((one) => one.last >= 0 || one.move === {json.dumps(gone[0])})")
        # It is asked for again every few seconds, not with every picture.
        assert len(asked_for_it) < 20


def test_an_eight_is_danced_to_the_other_side_and_back(browser: Any, danced: Served) -> None:
    with watched(browser) as seen:
        open_dance(seen, danced)
        moves = [placed.fragment_id for placed in kept(danced).fragments]
        pick_move(seen)
        assert button(seen, "Mirror this eight").get_attribute("aria-pressed") == "false"
        button(seen, "Mirror this eight").click()
        seen.until("studio.deck.fragment.mirrored")
        seen.page.get_by_text("left for right").wait_for()
        (change,) = seen.state(CHANGES)
        dance = kept(danced)
        assert [placed.fragment_id for placed in dance.fragments] == moves
        for frame in range(dance.n_frames):
            placed = dance.fragments[int(dance.source_index[frame])]
            if change["from"] <= frame / dance.fps < change["to"]:
                assert placed.mirrored
        assert not all(placed.mirrored for placed in dance.fragments)
        # Pressed again it is as it was, and the keyboard is still on the button.
        pressed = seen.page.get_by_role("button", name="Mirror this eight", pressed=True)
        pressed.wait_for()
        button(seen, "Mirror this eight").click()
        seen.until(f"{CHANGES}.length === 0")
        seen.until("!studio.deck.fragment.mirrored")
        assert unnamed_controls(seen.page) == []
        take_all_back(seen)
        assert seen.complaints == []


def test_a_move_is_dragged_from_the_library_onto_the_dance(browser: Any, danced: Served) -> None:
    with watched(browser, width=1440, height=900) as seen:
        open_dance(seen, danced)
        seen.page.get_by_role("tab", name="Moves").click()
        grid = seen.page.get_by_role("list", name="Moves of the library")
        shown = seen.state("studio.deck.current.fragments.map(({ clip }) => clip)")
        card = grid.locator(".move-card").last
        card.wait_for()
        wanted = card.get_attribute("data-move").rpartition(":")[0]
        assert unnamed_controls(seen.page) == []
        box = seen.page.locator("#detail").bounding_box()
        at = {"x": 0.7 * box["width"], "y": box["height"] - 14}
        # The eight there is filled: the move, and what came after it in its take.
        card.drag_to(seen.page.locator("#detail"), target_position=at)
        seen.until(f"{CHANGES}.length > 1")
        changes = seen.state(CHANGES)
        assert {change["kind"] for change in changes} == {"pin"}
        assert {change["what"].rpartition(":")[0] for change in changes} == {wanted}
        eight = seen.state(EIGHT_AT, changes[0]["at"])
        assert all(eight[0] <= change["at"] < eight[1] for change in changes)
        assert changes == sorted(changes, key=lambda change: change["at"])
        seen.until(f"({SHOWN_IN})({json.dumps(eight)}).every((clip) => clip === '{wanted}')")
        # One step, and undone in one.
        seen.page.keyboard.press("Control+z")
        seen.until(f"{CHANGES}.length === 0")
        # With Shift, pressed once it is on its way, the one move alone.
        card.hover()
        seen.page.mouse.down()
        seen.page.mouse.move(box["x"] + at["x"] - 5, box["y"] + at["y"])
        seen.page.keyboard.down("Shift")
        seen.page.mouse.move(box["x"] + at["x"], box["y"] + at["y"])
        seen.page.mouse.up()
        seen.page.keyboard.up("Shift")
        seen.until(f"{CHANGES}.length === 1")
        (change,) = seen.state(CHANGES)
        seen.until(f"studio.deck.fragment.id === '{change['what']}'")
        # Once more over it: what it was before is no second wish for the same place.
        card.drag_to(seen.page.locator("#detail"), target_position=at)
        seen.until(f"{CHANGES}.length === {len(changes)}")
        # The same by the keyboard, where the playhead stands.
        take_all_back(seen)
        seen.page.keyboard.press("Home")
        card.focus()
        seen.page.keyboard.press("Enter")
        seen.until(f"{CHANGES}.length > 0")
        assert {one["what"].rpartition(":")[0] for one in seen.state(CHANGES)} == {wanted}
        take_all_back(seen)
        seen.until(f"{CHANGES}.length === 0")
        back = json.dumps(shown)
        seen.until(
            "JSON.stringify(studio.deck.current.fragments.map(({ clip }) => clip))"
            f" === JSON.stringify({back})"
        )
        assert seen.complaints == []


def test_moves_like_a_file_that_is_dropped_are_found(
    browser: Any, danced: Served, library: SyntheticLibrary
) -> None:
    with watched(browser) as seen:
        open_page(seen, danced, "#/library")
        button(seen, "Find a move").click()
        dialog = seen.page.locator("#move")
        assert unnamed_controls(seen.page) == []
        dialog.get_by_label("From, in seconds").fill("4")
        dialog.get_by_label("To, in seconds").fill("6")
        file = library.recordings[0]
        dialog.locator("input.chooser").set_input_files([file, file.with_suffix(".flac")])
        job_over(seen, "alike")
        (job,) = danced.get("/state")["jobs"]
        assert job["state"] == "done", job["error"]
        seen.page.get_by_role("button", name="Show them").first.click()
        seen.page.get_by_role("heading", name=f"Moves like {file.name}").wait_for()
        first = seen.page.locator("button.clip-card").first.get_attribute("aria-label")
        # What was dropped is in the library: nothing moves more like it than itself.
        assert first.startswith(f"{file.stem} at 0:0")
        assert job["result"]["moves"][0]["apart_px"] < 12
        button(seen, "Back to all").click()
        seen.page.get_by_role("heading", name="Library", exact=True).wait_for()
        # A stretch of a clip, by its seconds.
        seen.page.locator("button.clip-card").first.click()
        button(seen, "Find moves like this stretch").wait_for()
        # From one of its moves to another, by the moves themselves.
        for number, name in ((1, "From here"), (2, "To here")):
            seen.page.locator("button.clip-card").nth(number).click()
            button(seen, name).click()
        fields = seen.page.locator("#page .stretch input")
        begins, ends = (seconds_of(field.input_value(), "") for field in fields.all())
        shown = danced.get(f"/clip?clip={quote(danced.get('/clips')['clips'][0]['id'])}")["moves"]
        assert begins == pytest.approx(shown[1]["start_s"], abs=0.05)
        assert ends == pytest.approx(shown[2]["end_s"], abs=0.05)
        seen.page.locator("#page").get_by_label("From, in seconds").fill("2")
        seen.page.locator("#page").get_by_label("To, in seconds").fill("0:04")
        button(seen, "Find moves like this stretch").click()
        seen.page.get_by_role("heading", name="Moves like a stretch of").wait_for()
        assert seen.page.locator("button.clip-card").count() > 3
        assert seen.complaints == []


def test_what_a_song_lacks_is_told(browser: Any, danced: Served) -> None:
    (song,) = danced.get("/state")["songs"]
    told = danced.get(f"/gaps?song={song['id']}")
    with watched(browser) as seen:
        open_page(seen, danced, "#/library")
        button(seen, "Gaps for <b>a song</b>").click()
        seen.page.get_by_role("heading", name="Gaps for <b>a song</b>").wait_for()
        items = seen.page.locator(".gaps li").all_inner_texts()
        assert items[: len(told["wanted"])] == told["wanted"]
        assert len(items) == len(told["wanted"]) + len(told["lacking"])
        assert seen.complaints == []


def test_clips_are_filtered_by_what_is_known_of_them(browser: Any, danced: Served) -> None:
    clips = danced.get("/clips")
    told = zip(clips["clips"], (0, 1, 40), (80.0, 100.0, 140.0), (300.0, 90.0, 200.0), strict=True)
    for clip, turns, tempo_bpm, energy in told:
        clip |= {"turns": turns, "tempo_bpm": tempo_bpm, "energy": energy}
    clips["clips"][2]["id"] = "ball/R_3.npz person 2#4"
    names = [clip["id"].removesuffix(".npz") for clip in clips["clips"][:2]]
    names.append("R_3, person 2, part 4")
    with watched(browser) as seen:
        seen.page.route("**/clips", lambda route: route.fulfill(json=clips))
        open_page(seen, danced, "#/library")
        for picker, wanted, shown in (
            ("Turns", "some", names[1:]), ("Turns", "many", names[2:]),
            ("Turns", "none", names[:1]), ("Tempo", "slow", names[:1]),
            ("Tempo", "medium", names[1:2]), ("Tempo", "quick", names[2:]),
            ("Energy", "calm", names[1:2]), ("Energy", "medium", names[2:]),
            ("Energy", "lively", names[:1]),
        ):  # fmt: skip
            seen.page.get_by_role("combobox", name=picker).select_option(wanted)
            cards = seen.page.locator("button.clip-card")
            assert cards.count() == len(shown)
            for card, name in zip(cards.all(), shown, strict=True):
                assert name in card.get_attribute("aria-label")
            seen.page.get_by_role("combobox", name=picker).select_option("")
        assert seen.page.locator("button.clip-card").count() == 3
        assert seen.complaints == []
