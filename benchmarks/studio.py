"""The studio: first paint, solving, changing, moving thumbnails, filters over 500 clips.

    python benchmarks/studio.py --index INDEX --song SONG

Needs playwright and a Chromium (`DANCEIT_CHROMIUM`, or on the path). Everything is measured in
the browser, with all that a press of a button costs: the request, the solver, the answer, the
picture. The 500 clips are the library's own, told several times over, since what is measured
is the page. Frames a second depend on what else the machine does; the milliseconds of the page's
thread beside them hardly do.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from danceit.studio.project import Project
from danceit.studio.songs import make_ready
from danceit.studio.tasks import take_song

WATCHED_MS = 4000
CLIPS = 500
TRIALS = 5


def until(page: Page, expression: str, patience_s: float = 120.0) -> float:
    """Seconds until an expression is true."""
    started = time.perf_counter()
    while not page.evaluate(expression):
        if time.perf_counter() - started > patience_s:
            raise SystemExit(f"not true within {patience_s:g} s: {expression}")
        page.wait_for_timeout(5)
    return time.perf_counter() - started


def making(page: Page) -> None:
    seconds = []
    for number in range(TRIALS):
        page.keyboard.press("n")
        seconds.append(until(page, f"studio.project.dances.length === {number + 2}"))
        until(page, "studio.deck.ids[0] === studio.project.dances.at(-1).id")
        page.wait_for_timeout(300)
    solved = page.evaluate("studio.project.dances.slice(1).map(({ solved_s }) => solved_s)")
    print(f"another dance: {statistics.median(seconds):.2f} s, {max(seconds):.2f} at most; "
          f"of it solving and aligning {statistics.median(solved):.2f} s")  # fmt: skip


def changing(page: Page) -> None:
    box = page.locator("#detail").bounding_box()
    assert box
    page.mouse.click(box["x"] + 0.62 * box["width"], box["y"] + box["height"] - 14)
    started = time.perf_counter()
    page.locator(".move-card").first.wait_for()
    listed = time.perf_counter() - started
    drawn = until(
        page,
        "(() => { const all = [...document.querySelectorAll('.move-card canvas')];"
        " return all.length && all.every((one) => one.last >= 0 || !studio.inView(one)); })()",
    )
    print(f"what could be there instead: listed in {listed:.2f} s, moving {drawn:.2f} s later")
    taken = []
    for number in range(TRIALS):
        cards = page.locator(".move-card")
        cards.first.wait_for()
        wanted = cards.nth(number % cards.count())
        name = wanted.get_attribute("data-move")
        wanted.click()
        taken.append(until(page, f"studio.deck.fragment.id === '{name}'"))
        page.wait_for_timeout(200)
        page.keyboard.press("Control+z")
        until(page, f"studio.deck.fragment.id !== '{name}'")
        page.wait_for_timeout(800)  # what could be there instead is listed anew
    print(f"take one: {statistics.median(taken):.2f} s, {max(taken):.2f} at most")


def moving(page: Page, session: Any) -> None:
    """Frames a second and the page's own work, with a dance that plays and all that move."""
    page.click("#play")
    page.wait_for_timeout(800)
    shown = page.evaluate(
        "[...document.querySelectorAll('canvas.loop')].filter((one) => studio.inView(one)).length"
    )
    before = busy_s(session)
    page.wait_for_timeout(WATCHED_MS)
    spent = busy_s(session) - before
    times = page.evaluate("danceit.pictureTimes()")
    last = [moment for moment in times if moment > times[-1] - WATCHED_MS]
    page.click("#play")
    frames = 1000 * (len(last) - 1) / (last[-1] - last[0])
    print(f"a dance and {shown} moving thumbnails: {frames:.1f} frames/s, "
          f"{1000 * spent / max(len(last), 1):.1f} ms of the page's thread a frame")  # fmt: skip


def busy_s(session: Any) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(row["value"] for row in metrics if row["name"] == "TaskDuration"))


def shelf(page: Page, session: Any) -> None:
    """Frames a second of a screen full of moving thumbnails."""
    until(
        page,
        "(() => { const all = [...document.querySelectorAll('canvas.loop')].filter(studio.inView);"
        " return all.length && all.every((one) => one.last >= 0); })()",
    )
    page.wait_for_timeout(1000)
    before = busy_s(session)
    told = page.evaluate(
        "async (ms) => { let frames = 0; const began = performance.now();"
        " while (performance.now() < began + ms) {"
        " await new Promise(requestAnimationFrame); frames += 1; }"
        " const shown = [...document.querySelectorAll('canvas.loop')].filter(studio.inView);"
        " return [frames / (performance.now() - began) * 1000, frames, shown.length]; }",
        WATCHED_MS,
    )
    spent = busy_s(session) - before
    print(f"{told[2]} moving thumbnails: {told[0]:.1f} frames/s, {1000 * spent / told[1]:.1f} ms "
          "of the page's thread a frame")  # fmt: skip


def filtering(page: Page, session: Any, url: str) -> None:
    def many(route: Any) -> None:
        told = route.fetch().json()
        own = told["clips"]
        told["clips"] = [
            {**own[i % len(own)], "id": f"{i:03d}-{own[i % len(own)]['id']}"} for i in range(CLIPS)
        ]
        route.fulfill(body=json.dumps(told), content_type="application/json")

    page.route("**/clips", many)
    page.goto(f"{url}#/library")
    until(page, f"document.querySelectorAll('button.clip-card').length === {CLIPS}")
    shelf(page, session)
    passed = page.evaluate(
        "async () => { const box = document.querySelector('input[type=search]'); const took = [];"
        " for (const text of ['0', '01', '', '4', '']) {"
        "  const began = performance.now(); box.value = text;"
        "  box.dispatchEvent(new Event('input')); document.querySelector('.clips').offsetHeight;"
        "  took.push(performance.now() - began); await new Promise(requestAnimationFrame); }"
        " return took; }"
    )
    print(f"a filter over {CLIPS} clips: {statistics.median(passed):.0f} ms, {max(passed):.0f} "
          "at most, with layout")  # fmt: skip


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--index", type=Path, required=True)
    reader.add_argument("--song", type=Path, required=True)
    asked = reader.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Project.open(Path(folder) / "bench.danceit")
        project.library = asked.index
        started = time.perf_counter()
        song = make_ready(project, take_song(project, asked.song, "song"))
        listened = time.perf_counter() - started
        print(f"listening to {song.duration_s:.0f} s of song: {listened:.1f} s")
        begin = "from danceit.cli import main; main()"
        command = [sys.executable, "-c", begin, "studio", "--port", "0", "--no-open"]
        process = subprocess.Popen(
            [*command, "--project", str(project.folder)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        found = re.match(r"(\S+)", process.stdout.readline())
        assert found is not None
        try:
            browse(found[1], song.id)
        finally:
            process.terminate()
            process.wait(30)


def browse(url: str, song: str) -> None:
    found = os.environ.get("DANCEIT_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{url}#/song/{song}")
        until(page, "document.body.dataset.ready === 'true'")
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        print(f"first paint {paint:.0f} ms after the address")
        page.wait_for_timeout(12_000)  # who looks at the counts looks as long
        page.get_by_role("button", name="Make a dance").click()
        first = until(page, "location.hash.startsWith('#/dance/') && danceit.drawnFrame() >= 0")
        print(f"the first dance: {first:.2f} s after the press")
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        making(page)
        changing(page)
        moving(page, session)
        filtering(page, session, url)
        browser.close()


if __name__ == "__main__":
    main()
