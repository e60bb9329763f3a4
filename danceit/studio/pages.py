"""The page of the studio: one document, one script, one style sheet, all its own.

The script is today's modules of the page of `danceit view` and the studio's, put together in
order; there is no build step. Nothing of a project stands in the page: it asks for that.
"""

import html
import re
from importlib.resources import files

from danceit.render.options import THEMES
from danceit.render.page.html import PLAYER_SCRIPTS, asset, variables

SCRIPTS = (
    "api.js", "changes.js", "loops.js", "clicks.js", "deck.js", "jobs.js", "welcome.js",
    "library.js", "counting.js", "making.js", "moving.js", "tray.js", "exporting.js",
    "learning.js", "carrying.js", "searching.js", "footage.js", "studio.js",
)  # fmt: skip
"""The studio's own, in this order, after those of the page."""
SHARED = (*PLAYER_SCRIPTS, "timeline.js", "facts.js", "transport.js")
DARK, LIGHT = THEMES["night"], THEMES["paper"]


def document(token: str, project: str) -> str:
    """Return the page for one run of the server."""
    parts = {
        "{{token}}": html.escape(token),
        "{{project}}": html.escape(project),
        "{{sprites}}": asset("sprites.html"),
        "{{transport}}": asset("transport.html"),
    }
    return re.sub(r"{{\w+}}", lambda found: parts[found.group()], _own("studio.html"))


def script() -> str:
    """Return all code of the page."""
    code = "\n".join([*map(asset, SHARED), *map(_own, SCRIPTS)])
    return f'(() => {{\n"use strict";\n{code}\n}})();\n'


def style() -> str:
    """Return the style sheet: dark, or light where the system is."""
    light = f"@media (prefers-color-scheme: light) {{ {variables(LIGHT)} }}\n"
    return variables(DARK) + light + asset("page.css") + _own("studio.css")


def _own(name: str) -> str:
    return files("danceit.studio").joinpath("assets", name).read_text(encoding="utf-8")
