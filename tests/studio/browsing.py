"""What tests do on the studio's page, and requests that are held up."""

import time
from functools import partial
from typing import Any

from tests.browser import PATIENCE_S, Watched
from tests.studio.conftest import Served


def open_page(seen: Watched, served: Served, where: str = "") -> None:
    seen.page.goto(served.url + where)
    # Another part of the same page is no new document: wait for the part, not for the page.
    seen.until(
        "document.body.dataset.ready === 'true' && document.body.dataset.at === location.hash"
    )


def button(seen: Watched, name: str) -> Any:
    return seen.page.get_by_role("button", name=name, exact=True)


def job_over(seen: Watched, task: str, count: int = 1) -> None:
    """Wait for work in a process of its own, which takes as long as the machine is busy."""
    deadline = time.monotonic() + 300
    own = f"studio.project.jobs.filter((job) => job.task === '{task}')"
    over = f"{own}.length === {count} && {own}.every(({{ state }}) => state !== 'running')"
    while not seen.state(over):
        assert time.monotonic() < deadline, seen.state("studio.project.jobs")
        seen.page.wait_for_timeout(50)


def pick_move(seen: Watched) -> str:
    """Click the move a little after the playhead; return its fragment."""
    box = seen.page.locator("#detail").bounding_box()
    seen.page.mouse.click(box["x"] + 0.62 * box["width"], box["y"] + box["height"] - 14)
    seen.until("studio.deck.selected !== null")
    seen.page.locator(".move-card").first.wait_for()
    fragment: str = seen.state("studio.deck.fragment.id")
    return fragment


class Held:
    """Requests that wait until they are let go."""

    def __init__(self, seen: Watched, pattern: str) -> None:
        self.page, self.pattern = seen.page, pattern
        self.waiting: list[Any] = []
        self.open = False
        self.page.route(pattern, self.hold)

    def hold(self, route: Any) -> None:
        if self.open:
            route.continue_()
        else:
            self.waiting.append(route)

    def wait(self) -> None:
        """Wait for one to be made."""
        deadline = time.monotonic() + PATIENCE_S
        while not self.waiting:
            assert time.monotonic() < deadline, f"nobody asked for {self.pattern}"
            self.page.wait_for_timeout(15)

    def let_go(self) -> None:
        """Answer all of them, and every later one at once; return when the page has heard."""
        self.open = True
        for route in self.waiting:
            with self.page.expect_event("requestfinished", partial(is_, route.request.url)):
                route.continue_()


def is_(url: str, request: Any) -> bool:
    return bool(request.url == url)
