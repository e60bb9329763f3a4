"""Songs of a project: counted, corrected, and made ready for the browser."""

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from danceit.audio import listen
from danceit.data import Music
from danceit.errors import InputError
from danceit.files import replacing
from danceit.progress import Progress, silent
from danceit.render.page.data import counts_as_json
from danceit.render.page.sound import PageSound, encode_page_sound
from danceit.studio.project import Project, Song, changed
from danceit.studio.remarks import remark

SOUND, OUTLINE = "sound.mp4", "outline.json"
_SHORTEST_PART_S = 2.0


def make_ready(project: Project, song: Song, progress: Progress = silent) -> Song:
    """Count a song and make its sound for the browser; `progress` is told of parts of a tenth.

    Raises
    ------
    InputError
        If the song cannot be used.
    """
    file = project.song_file(song)
    progress(1, 10, "Listening for beats, bars and sections")
    music = listen(file)
    progress(6, 10, "Making its sound for the browser")
    sound = encode_page_sound(file)
    folder = project.song_folder(song.id)
    with replacing(folder / SOUND) as temporary:
        temporary.write_bytes(sound.data)
    outline = {
        "peaks": base64.b64encode(sound.peaks).decode("ascii"),
        "duration_s": sound.duration_s,
        "rate": sound.rate,
        "coded_samples": sound.coded_samples,
    }
    with replacing(folder / OUTLINE) as temporary:
        temporary.write_text(json.dumps(outline), encoding="utf-8")
    # Its name or its part may have been changed in the meantime.
    now = project.song(song.id)
    return project.keep_song(changed(now, ready=True, duration_s=music.duration_s))


def outline_of(project: Project, song: Song) -> PageSound:
    """What the browser needs of a song's sound beside the sound itself.

    Raises
    ------
    InputError
        If the song is not ready yet.
    """
    path = project.song_folder(song.id) / OUTLINE
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        peaks = base64.b64decode(held["peaks"])
        return PageSound(b"", held["duration_s"], peaks, held["rate"], held["coded_samples"])
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise InputError(f"{song.name} is not ready yet: it is still being listened to") from exc


def sound_file(project: Project, song: Song) -> Path:
    """The song's sound for the browser."""
    return project.song_folder(song.id) / SOUND


def counted(project: Project, song: Song) -> dict[str, Any]:
    """A song's counts and outline for the browser."""
    return told(project, song, listen(project.song_file(song)))


def told(project: Project, song: Song, music: Music) -> dict[str, Any]:
    """What the browser is told of a song that was listened to."""
    sound = outline_of(project, song)
    return {
        "song": asdict(song),
        "duration_s": music.n_frames / 24.0,
        "peaks": base64.b64encode(sound.peaks).decode("ascii"),
        "coded": {"rate": sound.rate, "samples": sound.coded_samples},
        "counts": {
            **counts_as_json(music.counts),
            "confidence": round(music.counts.confidence, 3),
            "corrections": list(music.counts.corrections),
            "notes": [remark(note, song) for note in music.counts.notes],
        },
    }


def correct(project: Project, song: Song, asked: Mapping[str, Any]) -> tuple[Song, dict[str, Any]]:
    """Put a song's counts right, as `danceit counts` does; return it as it now is counted.

    Raises
    ------
    InputError
        If a correction is none, or the counts cannot follow it.
    """
    from danceit.workflow.counting import Correction, count_song

    try:
        bpm, metre = asked.get("bpm"), asked.get("metre")
        downbeat_s, shift_ms = asked.get("downbeat_s"), asked.get("shift_ms")
        correction = Correction(
            bpm=None if bpm is None else float(bpm),
            metre=None if metre is None else int(metre),
            downbeat_s=None if downbeat_s is None else float(downbeat_s),
            levels=int(asked.get("levels", 0)),
            shift_ms=None if shift_ms is None else float(shift_ms),
            forget=bool(asked.get("forget", False)),
        )
        made = count_song(project.song_file(song), correction)
    except (TypeError, ValueError) as exc:
        raise InputError(f"the page asked for a correction that is none: {exc}") from exc
    kept = project.keep_song(changed(song, counted=song.counted + 1))
    return kept, told(project, kept, made.music)


def part_of(song: Song, asked: object) -> tuple[float, float] | None:
    """Read what part of a song is to be danced; None is all of it.

    Raises
    ------
    InputError
        If it is no stretch of the song, or too short to dance.
    """
    if asked is None:
        return None
    if not isinstance(asked, list) or len(asked) != 2:
        raise InputError("a part of a song is two moments, where it begins and where it ends")
    try:
        start_s, end_s = (float(each) for each in asked)
    except (TypeError, ValueError) as exc:
        raise InputError(f"a part of a song begins and ends at seconds; got {asked!r}") from exc
    start_s, end_s = max(0.0, start_s), min(end_s, song.duration_s)
    if not end_s - start_s >= _SHORTEST_PART_S:
        raise InputError(f"a part must last {_SHORTEST_PART_S:g} s or longer")
    return (start_s, end_s)
