"""Showing a dance: videos, pictures and files for other programs.

A renderer writes one format. It is called with one or several dances to the same
song, the output path, the song, the options, and whom to tell of its progress; one
that can show a single dance only says so by an `InputError`. The format follows from
the output's suffix; third parties add theirs under the entry-point group
``danceit.renderers``, named by the suffix without its dot.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

from danceit.data import Dance
from danceit.errors import InputError
from danceit.plugins import Registry
from danceit.progress import Progress, silent
from danceit.render.options import RenderOptions

RENDERERS = Registry(
    "danceit.renderers",
    "renderer",
    {
        "mp4": "danceit.render.video.film:render_video",
        "mov": "danceit.render.video.film:render_video",
        "mkv": "danceit.render.video.film:render_video",
        "gif": "danceit.render.drawing.picture:render_gif",
        "png": "danceit.render.drawing.picture:render_sheet",
        "html": "danceit.render.page.html:render_page",
        "bvh": "danceit.render.export.bvh:render_bvh",
        "glb": "danceit.render.export.gltf:render_gltf",
        "gltf": "danceit.render.export.gltf:render_gltf",
        "openpose": "danceit.render.export.keypoints:render_folder",
        "zip": "danceit.render.export.keypoints:render_zip",
        "csv": "danceit.render.export.table:render_csv",
        "otio": "danceit.render.export.edit_list:render_otio",
        "edl": "danceit.render.export.edit_list:render_edl",
    },
)


VIDEOS = ("mp4", "mov", "mkv")
"""Formats that can show footage and persons."""


class Renderer(Protocol):
    """What is registered as a renderer."""

    def __call__(
        self,
        dances: Sequence[Dance],
        out: Path,
        *,
        song: Path | None,
        options: RenderOptions,
        progress: Progress = silent,
    ) -> None:
        """Write `out`, wholly or not at all.

        Parameters
        ----------
        dances : sequence of Dance
            At least one, all to the same song.
        song : Path or None
            None for the song that the dance names.
        """


def render(
    dance: Dance,
    out: Path,
    *,
    song: Path | None = None,
    options: RenderOptions | None = None,
    progress: Progress = silent,
) -> None:
    """Write a dance to `out` in the format of its suffix.

    Parameters
    ----------
    dance : Dance
    out : Path
        For example ``dance.mp4``; `format_of` lists the formats when asked for another.
    song : Path, optional
        Where the song is, if not where the dance says.
    options : RenderOptions, optional
    progress : Progress, optional
        Called with the frames done and in all.

    Raises
    ------
    PluginError
        If no renderer has that suffix.
    InputError
        If the dance, the song or the output cannot be used.
    """
    render_many([dance], out, song=song, options=options, progress=progress)


def render_many(
    dances: Sequence[Dance],
    out: Path,
    *,
    song: Path | None = None,
    options: RenderOptions | None = None,
    progress: Progress = silent,
) -> None:
    """Write several dances to one song side by side; otherwise as `render`."""
    if not dances:
        raise InputError("nothing to render: no dance was given")
    renderer = cast(Renderer, RENDERERS.get(format_of(out)))
    _spare_the_songs(dances, Path(out), song)
    chosen = RenderOptions() if options is None else options
    if (chosen.footage or chosen.person) and format_of(out) not in VIDEOS:
        shown = "footage is" if chosen.footage else "a person is"
        raise InputError(f"{shown} shown in a video: .{', .'.join(VIDEOS)}; got {out}")
    renderer(list(dances), Path(out), song=song, options=chosen, progress=progress)


def _spare_the_songs(dances: Sequence[Dance], out: Path, song: Path | None) -> None:
    """Refuse to write over the song, which may be a video."""
    songs = [song, *(dance.song.path for dance in dances if dance.song)]
    if any(path and path.is_file() and out.exists() and out.samefile(path) for path in songs):
        raise InputError(f"cannot write {out}: it is the song; give another --out")


def format_of(out: Path) -> str:
    """Name of the format that an output path asks for.

    Raises
    ------
    InputError
        If the path has no suffix.
    """
    suffix = Path(out).suffix.lower().removeprefix(".")
    if not suffix:
        known = ", ".join(f".{name}" for name in RENDERERS.names())
        raise InputError(f"{out} has no suffix to say what to write; known: {known}")
    return suffix


__all__ = [
    "RENDERERS",
    "Renderer",
    "RenderOptions",
    "Progress",
    "format_of",
    "render",
    "render_many",
]
