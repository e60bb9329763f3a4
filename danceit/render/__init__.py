"""Showing a dance: videos, pictures and files for other programs.

A renderer writes one format, and says itself what it draws, whether it needs the song and
whether it takes several dances (`Renderer`). The format follows from the output's suffix;
third parties add theirs under the entry-point group ``danceit.renderers``, named by the
suffix without its dot.

- `renderer`: what a renderer is; `options`: how a picture may look, and the themes
- `drawing/`: pictures of a drawn dancer; `video/`, `page/`: with the song
- `footage/`: the dancers' own videos; `person/`: a trained person; `export/`: other programs
"""

from collections.abc import Sequence
from pathlib import Path

from danceit import make_callable
from danceit.audio.songs import song_of
from danceit.data import Dance
from danceit.errors import InputError, PluginError
from danceit.makers import check_replaceable
from danceit.plugins import Registry
from danceit.progress import Progress, silent
from danceit.render.drawing.together import one_stage
from danceit.render.options import RenderOptions
from danceit.render.renderer import FIGURE, FOOTAGE, PERSON, Renderer

RENDERERS: Registry = Registry(
    "danceit.renderers",
    "renderer",
    {
        "mp4": "danceit.render.video.film:VIDEO",
        "mov": "danceit.render.video.film:VIDEO",
        "mkv": "danceit.render.video.film:VIDEO",
        "gif": "danceit.render.drawing.picture:GIF",
        "png": "danceit.render.drawing.picture:SHEET",
        "html": "danceit.render.page.html:PAGE",
        "bvh": "danceit.render.export.bvh:BVH",
        "glb": "danceit.render.export.gltf:GLTF",
        "gltf": "danceit.render.export.gltf:GLTF",
        "openpose": "danceit.render.export.keypoints:FOLDER",
        "zip": "danceit.render.export.keypoints:ZIP",
        "csv": "danceit.render.export.table:CSV",
        "otio": "danceit.render.export.edit_list:OTIO",
        "edl": "danceit.render.export.edit_list:EDL",
    },
)


def render(
    dance: Dance,
    out: str | Path,
    *,
    song: str | Path | None = None,
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
    out: str | Path,
    *,
    song: str | Path | None = None,
    options: RenderOptions | None = None,
    progress: Progress = silent,
) -> None:
    """Write several dances to one song side by side; otherwise as `render`."""
    if not dances:
        raise InputError("nothing to render: no dance was given")
    out = Path(out)
    renderer = check_out(out, *(dance.song.path for dance in dances if dance.song))
    takes = renderer.several or (renderer.together and one_stage(dances))
    if len(dances) > 1 and not takes:
        raise InputError(
            f"a {out.suffix} file holds one dance; got {len(dances)}: export them one by one"
        )
    chosen = RenderOptions() if options is None else options
    _check_drawn(renderer, chosen, out)
    needed = renderer.needs_song or song is not None
    found = song_of(dances, song) if needed else None
    _spare(out, found)
    renderer.write(list(dances), out, song=found, options=chosen, progress=progress)


def renderer_for(out: str | Path) -> Renderer:
    """Renderer that writes an output path.

    Raises
    ------
    PluginError
        If there is none, or what is registered is not one.
    InputError
        If the path has no suffix.
    """
    name = format_of(Path(out))
    found = RENDERERS.get(name)
    if isinstance(found, Renderer):
        return found
    if not callable(found):
        raise PluginError(f"the renderer '{name}' must be a Renderer or a function; got {found!r}")
    return Renderer(found)


def check_out(out: str | Path, *songs: Path | None) -> Renderer:
    """Return the renderer that writes a path, and check that nothing is lost that it did not write.

    For who has something to do before there is a dance to be drawn.

    Parameters
    ----------
    out : str or Path
    songs : Path or None
        Of the dance, which may be videos.

    Raises
    ------
    PluginError
        As `renderer_for`.
    InputError
        As `renderer_for`, or if a song or a file of another maker is there.
    """
    renderer = renderer_for(out)
    _spare(Path(out), *songs)
    if renderer.maker:
        check_replaceable(Path(out), renderer.maker)
    return renderer


def _check_drawn(renderer: Renderer, options: RenderOptions, out: Path) -> None:
    """Refuse footage and persons where they cannot be drawn, and say where they can."""
    asked = [
        (options.footage, FOOTAGE, "footage is"),
        (bool(options.person), PERSON, "a person is"),
    ]
    for wanted, what, noun in asked:
        if wanted and what not in renderer.draws:
            able = [name for name in RENDERERS.builtins if what in renderer_for(f"a.{name}").draws]
            raise InputError(f"{noun} shown in a video: .{', .'.join(able)}; got {out}")


def _spare(out: Path, *songs: Path | None) -> None:
    """Refuse to write over a song."""
    if any(path and path.is_file() and out.exists() and out.samefile(path) for path in songs):
        raise InputError(f"cannot write {out}: it is the song; choose another name")


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
    "FIGURE",
    "FOOTAGE",
    "PERSON",
    "format_of",
    "renderer_for",
    "check_out",
    "render",
    "render_many",
]

make_callable(__name__)
