"""A dance as one HTML file that plays in any browser, without a network.

Code, styles, poses and, unless it is left out, the song are inside the file. The page
itself is plain HTML, CSS and JavaScript in ``assets/``; this module puts them together.
"""

import base64
import html
import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from danceit.counts import Counts
from danceit.data import Dance
from danceit.errors import InputError
from danceit.files import replacing
from danceit.progress import Progress, silent
from danceit.render.drawing.scene import check_dances
from danceit.render.options import Colour, RenderOptions, Theme
from danceit.render.page.data import (
    counts_as_json,
    counts_to,
    dances_as_json,
    figure_as_json,
    theme_as_json,
)
from danceit.render.page.sound import PEAKS_PER_S, PageSound, encode_page_sound
from danceit.render.renderer import Renderer
from danceit.render.video.sound import check_length

PLAYER_SCRIPTS = ("pose.js", "figure.js", "stretch.js", "sound.js", "clock.js", "player.js")
"""What every page with dancers on it needs, in this order."""
VIEW_SCRIPTS = (
    *PLAYER_SCRIPTS, "timeline.js", "facts.js", "transport.js", "inspector.js", "edit.js",
    "view.js",
)  # fmt: skip
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data:; connect-src 'self'"
)
"""Content security policy: the page fetches nothing but from where it was served."""


def render_page(
    dances: Sequence[Dance],
    out: Path,
    *,
    song: Path,
    options: RenderOptions,
    progress: Progress = silent,
) -> None:
    """Write one self-contained page of one or several dances, with the song inside.

    Raises
    ------
    InputError
        If the song is missing or of another length than the dance, the dances are of
        different length, or the output cannot be written.
    """
    text = page(
        dances,
        options=options,
        names=options.captions,
        sound=encode_page_sound(song),
        title=song.stem,
        counts=counts_to(dances, song),
    )
    with replacing(out) as temporary:
        temporary.write_text(text, encoding="utf-8")
    progress(1, 1)


PAGE = Renderer(render_page, needs_song=True)


def page(
    dances: Sequence[Dance],
    *,
    options: RenderOptions | None = None,
    names: Sequence[str] = (),
    sound: PageSound | None = None,
    notice: str = "",
    title: str = "",
    counts: Counts | None = None,
    edit: Mapping[str, Any] | None = None,
) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    dances : sequence of Dance
        To one song.
    names : sequence of str
        One a dance; numbers where there are none.
    sound : PageSound, optional
        Without it, or where it is empty, the page says so and plays in silence.
    notice : str
        Why there is no sound, in words for the viewer.
    title : str
        Of the song.
    counts : Counts, optional
        Of the song; default: those that the first dance holds, which have no sections.
    edit : mapping, optional
        What the page needs to ask its server for changes; see `danceit.workflow.viewing`.

    Raises
    ------
    InputError
        If there are no dances or their lengths differ.
    """
    options = options or RenderOptions()
    data = page_data(
        dances,
        options=options,
        names=names,
        sound=sound,
        notice=notice,
        title=title,
        counts=counts,
    )
    if edit is not None:
        data["edit"] = dict(edit)
    return assemble("view.html", VIEW_SCRIPTS, data, options.look, title or "A dance")


def page_data(
    dances: Sequence[Dance],
    *,
    options: RenderOptions,
    names: Sequence[str] = (),
    sound: PageSound | None = None,
    notice: str = "",
    title: str = "",
    counts: Counts | None = None,
) -> dict[str, Any]:
    """Return what a page with dancers on it is told, as JSON; arguments as for `page`."""
    check_dances(dances, options)
    if sound is not None:
        for dance in dances:
            check_length(dance, sound.duration_s, Path(title or "the song"))
    if names and len(names) != len(dances):
        raise InputError(f"{len(names)} names for {len(dances)} dances; give one a dance")
    shown = list(names) or [f"Dance {i + 1}" for i in range(len(dances))]
    source = sound.data_url if sound is not None else ""
    return {
        "title": title,
        "duration_s": dances[0].n_frames / dances[0].fps,
        "counts": counts_as_json(counts or dances[0].counts),
        "sound": source,
        "coded": {"rate": sound.rate, "samples": sound.coded_samples} if sound and source else None,
        "notice": "" if source else notice,
        "peaks": _peaks(sound),
        "peaks_per_s": PEAKS_PER_S,
        "theme": theme_as_json(options.look),
        "figure": figure_as_json(options.look),
        "dances": dances_as_json(dances, shown),
    }


def assemble(
    template: str, scripts: Sequence[str], data: Mapping[str, Any], theme: Theme, title: str
) -> str:
    """Put a template, the styles, scripts and data together into one page."""
    # Inside a script element only "</" and "<!--" can end or change it.
    coded = json.dumps(data, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    code = "\n".join(asset(name) for name in scripts)
    parts = {
        "{{policy}}": POLICY,
        "{{title}}": html.escape(title),
        "{{style}}": variables(theme) + asset("page.css"),
        "{{sprites}}": asset("sprites.html"),
        "{{transport}}": asset("transport.html"),
        "{{data}}": coded,
        "{{script}}": f'(() => {{\n"use strict";\n{code}\n}})();',
    }
    # In one pass, so that nothing in a song's or a clip's name is taken for a mark.
    return re.sub(r"{{\w+}}", lambda found: parts[found.group()], asset(template))


def asset(name: str) -> str:
    """Text of a file in ``assets/``."""
    return files("danceit.render.page").joinpath("assets", name).read_text(encoding="utf-8")


def _peaks(sound: PageSound | None) -> str:
    return base64.b64encode(sound.peaks).decode("ascii") if sound is not None else ""


def variables(theme: Theme) -> str:
    """Return a theme's colours as CSS custom properties."""
    colours = theme_as_json(theme)
    names = ("sky", "ground", "glow", "ink", "text", "accent", "skin")
    lines = [f"--{name}: {_css(colours[name])};" for name in names]
    scheme = "light" if colours["light"] else "dark"
    return f":root {{ color-scheme: {scheme}; {' '.join(lines)} }}\n"


def _css(colour: Colour) -> str:
    red, green, blue = colour
    return f"{red} {green} {blue}"
