"""A version as a file: what `danceit render` writes, for the part of the song that is danced."""

import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import soundfile

from danceit.audio.counts.file import counts_named
from danceit.data import Dance
from danceit.errors import InputError
from danceit.plugins import unknown_name
from danceit.render.options import RenderOptions
from danceit.render.video.sound import stereo
from danceit.studio.jobs import Report
from danceit.studio.names import file_name, free
from danceit.studio.project import Project, Song, Version
from danceit.workflow.dance_files import DANCE_SUFFIX

FORMATS: Mapping[str, str] = {
    "mp4": "Video",
    "gif": "Animated picture",
    "html": "Page that plays anywhere",
    "bvh": "Motion capture (BVH)",
    "glb": "3-D scene (glTF)",
    "zip": "OpenPose keypoints",
    "csv": "Table",
    "otio": "Edit list of the sources' videos",
    "npz": "Dance file",
}
PEOPLE = "people"
"""Folder of a project with trained people, as `danceit person train` makes them."""
DRAWN = ("mp4", "gif")
"""Formats that have a shape and a size."""
_RATE = 48_000
"""Samples a second of a page's sound."""
_SIZES = (360, 512, 720, 1080)


def export(project: Project, asked: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
    """Write a version as a file in ``exports/``; a job."""
    version = project.version(asked.get("dance"))
    kind = str(asked.get("format"))
    # The name that was kept free for it; begun again, it may be taken by now.
    named = str(asked.get("file", "")) or export_name(project, version, kind)
    out = free(project.folder / "exports" / named, suffix=_ending(kind))
    doing = "Drawing" if kind in DRAWN else "Writing"
    report("Looking up the dancers' own footage" if asked.get("footage") else doing, 0.02)
    dance = Dance.load(project.dance_file(version))
    notes: tuple[str, ...] = ()
    if kind == "npz":
        dance.save(out)
    else:
        notes = _rendered(project, version, dance, asked, out, report)
    return {"file": out.name, "n_bytes": out.stat().st_size, "notes": list(notes)}


def export_name(project: Project, version: Version, kind: str, taken: Collection[str] = ()) -> str:
    """Name of the file that a version is written as: one that is neither there nor `taken`."""
    stem = file_name(f"{project.song(version.song).name} - {version.name}")
    named = project.folder / "exports" / f"{stem}{_ending(kind)}"
    return free(named, taken, _ending(kind)).name


def _ending(kind: str) -> str:
    return DANCE_SUFFIX if kind == "npz" else f".{kind}"


def sheet(project: Project, asked: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
    """Draw what became of a recording when it was cleaned, in ``exports/``; a job."""
    from danceit.workflow.inspection import find_recording, inspect
    from danceit.workflow.inspection_pictures import draw_inspection

    if project.library is None:
        raise InputError("there is no library yet, and so no recording of it")
    report("Reading the recording again", 0.05)
    name = str(asked.get("recording", ""))
    found, clip_id = find_recording(name, project.library)
    seen = inspect(found, clip_id)
    report("Drawing", 0.6)
    out = free(project.folder / "exports" / f"{file_name(f'{Path(name).name} - cleaning')}.png")
    draw_inspection(seen, out)
    return {"file": out.name, "n_bytes": out.stat().st_size, "notes": []}


def people(project: Project) -> list[str]:
    """Names of the trained people of a project, who can be shown instead of a drawn figure."""
    from danceit.render.person.building import PAINTER

    folder = project.folder / PEOPLE
    if not folder.is_dir():
        return []
    return sorted(each.name for each in folder.iterdir() if (each / PAINTER).is_file())


def look_of(
    project: Project, asked: Mapping[str, Any], part: tuple[float, float] | None
) -> RenderOptions:
    """Read how an export is to look.

    Raises
    ------
    InputError
        If a value is none of those that there are.
    """
    kind = str(asked.get("format"))
    if kind not in FORMATS:
        raise InputError(unknown_name("format", kind, list(FORMATS)))
    person = str(asked.get("person", "")) if kind == "mp4" else ""
    if person and person not in people(project):
        raise InputError(unknown_name("person", person, people(project)))
    footage = bool(asked.get("footage")) and kind == "mp4" and not person
    look = RenderOptions(
        aspect=str(asked.get("aspect", "1:1")),
        theme=str(asked.get("theme", "night")),
        footage=footage,
        surroundings=str(asked.get("surroundings", "kept")) if footage else "kept",
        match_colours=bool(asked.get("match_colours")) and footage,
        person=str(project.folder / PEOPLE / person) if person else "",
        credits=bool(asked.get("credits")) and kind == "mp4",
        beats="lane" if asked.get("beats") else "none",
    )
    if kind == "mp4":
        sizes = {str(size): size for size in _SIZES}
        wanted = str(asked.get("size", _SIZES[2]))
        if wanted not in sizes:
            raise InputError(f"a video's size must be one of {_SIZES}; got {wanted}")
        look = replace(look, size=sizes[wanted])
    if part is not None and kind in DRAWN:
        look = replace(look, start_s=part[0], seconds=part[1] - part[0])
    return look


def cut_out(dance: Dance, part: tuple[float, float]) -> Dance:
    """Return a stretch of a dance as a dance of its own, for files that carry no song."""
    first, last = (round(moment * dance.fps) for moment in part)
    last = min(last, dance.n_frames)
    inside = (dance.beats_s >= part[0]) & (dance.beats_s < part[1])
    seams = dance.seams[(dance.seams > first) & (dance.seams < last)]
    return replace(
        dance,
        joints=dance.joints[first:last],
        seams=seams - first,
        beats_s=np.asarray(dance.beats_s[inside] - first / dance.fps),
        numbers=dance.numbers[inside],
        source_index=dance.source_index[first:last],
        source_s=dance.source_s[first:last],
        song=None,
    )


def _rendered(
    project: Project,
    version: Version,
    dance: Dance,
    asked: Mapping[str, Any],
    out: Path,
    report: Report,
) -> tuple[str, ...]:
    from danceit.render import renderer_for
    from danceit.workflow.line import drawn

    song = project.song(version.song)
    look = look_of(project, asked, song.part)

    def tell(done: int, total: int, what: str = "") -> None:
        report(f"Drawing, {done} of {total} frames", 0.02 + 0.98 * done / max(total, 1))

    if out.suffix == ".html":
        look = replace(look, captions=(version.name,))
        shown = dance if song.part is None else cut_out(dance, song.part)
        with _carried(project, song, shown) as sound:
            return drawn([shown], out, sound, look, tell)
    file: Path | None = project.song_file(song)
    if song.part is not None and not renderer_for(out).needs_song and out.suffix != ".gif":
        dance, file = cut_out(dance, song.part), None
    return drawn([dance], out, file, look, tell)


@contextmanager
def _carried(project: Project, song: Song, shown: Dance) -> Iterator[Path]:
    """Return the song as a page carries it: by its present name, and no more than is danced."""
    own = project.song_file(song)
    with TemporaryDirectory(prefix="danceit-page-") as scratch:
        sound = Path(scratch) / f"{file_name(song.name)}{own.suffix}"
        if song.part is None:
            for file in (own, *counts_named(own.parent, own.stem)):
                shutil.copy(file, sound.with_name(sound.stem + file.name.removeprefix(own.stem)))
        else:
            sound = sound.with_suffix(".wav")
            first_s = round(song.part[0] * shown.fps) / shown.fps
            _cut_sound(own, sound, first_s, shown.n_frames / shown.fps)
        yield sound


def _cut_sound(song: Path, out: Path, first_s: float, lasting_s: float) -> None:
    start, end = (round(moment * _RATE) for moment in (first_s, first_s + lasting_s))
    with soundfile.SoundFile(out, "w", _RATE, 2) as file:
        at = 0
        for block in stereo(song, _RATE):
            file.write(block[:, max(0, start - at) : max(0, end - at)].T)
            at += block.shape[1]
