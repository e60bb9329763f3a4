"""A real Chromium for tests of pages; the test is skipped by name where there is none."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip
PATIENCE_S = 60.0
"""Longest wait for something that is to come; a busy machine takes its time."""
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


@contextmanager
def chromium() -> Iterator[Any]:
    """Start the browser that `DANCEIT_CHROMIUM` names, or that is on the path."""
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="playwright, which drives a browser, is in [dev]"
    )
    found = os.environ.get("DANCEIT_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), "")
    if not found:
        pytest.skip("no Chromium found; install it or set DANCEIT_CHROMIUM")
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watched:
    """A page, what it complained of and what it asked the network for."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def state(self, expression: str, argument: object = None) -> Any:
        """Value of a JavaScript expression."""
        return self.page.evaluate(expression, argument)

    def until(self, expression: str) -> None:
        """Wait until a JavaScript expression is true."""
        # Playwright's own wait evaluates strings inside the page, which its policy forbids.
        deadline = time.monotonic() + PATIENCE_S
        while not self.page.evaluate(expression):
            if time.monotonic() > deadline:
                pytest.fail(f"not true within {PATIENCE_S:g} s: {expression}; {self.complaints}")
            self.page.wait_for_timeout(15)


@contextmanager
def watched(browser: Any, *, width: int = 1200, height: int = 800, touch: bool = False) -> Any:
    """Open an empty page of a size and take down what it complains of."""
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=touch)
    context.set_default_timeout(1000 * PATIENCE_S)
    seen = Watched(context.new_page())
    seen.page.on("console", lambda said: seen.complaints.append(f"{said.type}: {said.text}"))
    seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    seen.page.on("request", lambda asked: seen.requests.append(asked.url))
    try:
        yield seen
    finally:
        context.close()


def unnamed_controls(page: Any) -> list[str]:
    """Controls without a name in the accessibility tree that the browser itself computes."""
    roles = {
        "button", "slider", "combobox", "textbox", "checkbox", "radio", "tab", "link", "image",
        "img", "DisclosureTriangle", "switch", "menuitem", "option", "Canvas",
    }  # fmt: skip
    session = page.context.new_cdp_session(page)
    session.send("Accessibility.enable")
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    shown = [node for node in nodes if not node.get("ignored")]
    assert any(node["role"]["value"] == "button" for node in shown)
    return [
        str(node["role"]["value"])
        for node in shown
        if node["role"]["value"] in roles and not node.get("name", {}).get("value", "").strip()
    ]
