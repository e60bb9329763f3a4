"""What the page asks of the library itself: moves alike, their own music, taking dancers out."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from danceit.audio.recent import hashed, sound_of
from danceit.clock import seconds_of
from danceit.errors import InputError
from danceit.index.store.engines import open_store
from danceit.render.drawing.overlay import clip_colour
from danceit.retrieval.search.finding import Match, MoveOptions, find_moves
from danceit.retrieval.search.moves import Asked as AskedMove
from danceit.retrieval.search.moves import move_in
from danceit.studio.dancing import Dancing
from danceit.studio.jobs import Report
from danceit.studio.library.filling import filled
from danceit.studio.names import UnknownIdError, checked_id
from danceit.studio.project import Project
from danceit.workflow.keeping import remove
from danceit.workflow.library.gaps import gaps
from danceit.workflow.search.searching import search

Asked = Mapping[str, Any]
MOST_ALIKE = 30
ASKED = "asked"
"""Folder of a project with moves that were dropped to be looked for."""
HEARD_S = 8.0
"""Seconds of a move's own music that are played: a phrase, from where the move begins."""


class Shelf:
    """Answers for a project's library."""

    def __init__(self, project: Project, dancing: Dancing) -> None:
        self._project, self._dancing = project, dancing

    def clips(self, asked: Asked) -> dict[str, Any]:
        """Return every clip of the library."""
        library = self._dancing.library()
        return {"index_id": library.store.index_id, "clips": library.clips}

    def clip(self, asked: Asked) -> dict[str, Any]:
        """Return the moves of one clip."""
        return {"moves": self._dancing.library().of_clip(str(asked.get("clip", "")))}

    def alike(self, asked: Asked) -> dict[str, Any]:
        """Return moves that are like one, as `danceit search --like` finds them."""
        library = self._dancing.library()
        name = str(asked.get("move", "")) or str(asked.get("clip", ""))
        start_s, end_s = stretch_of(asked)
        move = move_in(library.store, AskedMove(name, start_s, end_s))
        if move is None:
            raise UnknownIdError(f"the library has no move {name} any more")
        options = MoveOptions(k=MOST_ALIKE, mirror=asked.get("mirror") == "yes")
        found = find_moves(move, library.store, library.encoder, options)
        return {"index_id": library.store.index_id, "moves": matches_as_json(found)}

    def gaps(self, asked: Asked) -> dict[str, Any]:
        """Return what the library lacks for a song, as `danceit index gaps` finds it."""
        song = self._project.song(asked.get("song"))
        found = gaps([self._project.song_file(song)], self._dancing.library().index)
        windows = found.songs[0].windows
        return {
            "song": song.name,
            "windows": len(windows),
            "lacking": [asdict(window) for window in windows if window.lack],
            "wanted": [line.text for line in found.wanted],
        }

    def sound(self, asked: Asked) -> bytes:
        """Return a move's own music from where it begins, as WAV.

        Raises
        ------
        InputError
            If it has none, or the music is not where it was.
        """
        import soundfile

        library = self._dancing.library()
        table = library.store.table(np.array([library.row(str(asked.get("move", "")))]))
        audio, start_s = str(table.audio[0]), float(table.start_s[0])
        if not audio:
            raise InputError("this move was recorded without music")
        if not Path(audio).is_file():
            raise InputError(f"{Path(audio).name}, its music, is not where it was")
        # Of one recording many moves are heard, one after the other: it is decoded once.
        sound = sound_of(Path(audio), hashed(Path(audio)))
        first = round(start_s * sound.rate)
        heard = sound.samples[first : first + round(HEARD_S * sound.rate)]
        written = io.BytesIO()
        soundfile.write(written, heard, sound.rate, format="WAV", subtype="PCM_16")
        return written.getvalue()

    def take_out(self, asked: Asked) -> dict[str, Any]:
        """Take a recording, or everything of a dancer, out of the library for good."""
        library = self._dancing.library()
        recording, dancer = str(asked.get("recording", "")), str(asked.get("dancer", ""))
        gone = remove(
            library.index,
            recordings=[recording] if recording else [],
            dancers=[dancer] if dancer else [],
        )
        self._project.told()
        return {"gone": list(gone)}

    def usable(self, asked: Asked) -> dict[str, Any]:
        """Return the pins by which a move, and what follows on it, fills a stretch of a version.

        Raises
        ------
        InputError
            If the stretch is none, or the version cannot be changed.
        """
        version = self._project.version(asked["id"])
        editor = self._dancing.editor_of(version)
        try:
            stretch = float(asked.get("from", "")), float(asked.get("to", ""))
        except ValueError as exc:
            raise InputError("say from which second of the song to which") from exc
        move = str(asked.get("move", ""))
        return {"pins": filled(self._dancing.library(), editor, move, stretch)}


def find_alike(project: Project, asked: Asked, report: Report) -> Mapping[str, Any]:
    """Look for moves like those of a file that was dropped; a job."""
    if project.library is None:
        raise InputError("there is no library yet to look in")
    folder = project.folder / ASKED / checked_id(asked.get("asked"), "place")
    start_s, end_s = stretch_of(asked)
    span = "" if start_s is None else f"@{start_s}-{end_s}"
    report("Looking at it", 0.05)

    def watching(done: int, total: int, what: str = "") -> None:
        report("Finding the dancer", 0.05 + 0.75 * done / max(total, 1))

    try:
        found = search(
            f"{folder}{span}", project.library, MoveOptions(k=MOST_ALIKE), watching=watching
        )
    except InputError as exc:
        # Where it lies is the project's own business.
        raise InputError(
            str(exc).replace(f"{folder}/", "").replace(str(folder), "what was dropped")
        ) from exc
    with open_store(project.library, device="cpu") as store:
        index_id = store.index_id
    return {"index_id": index_id, "moves": matches_as_json(found.matches)}


def matches_as_json(found: Sequence[Match]) -> list[dict[str, Any]]:
    """Moves that were found, for the page."""
    return [
        {
            "id": match.fragment_id,
            "clip": match.clip_id,
            "style": match.style,
            "dancer": match.dancer,
            "start_s": round(match.start_s, 2),
            "apart_px": round(match.apart_px, 1),
            "mirrored": match.mirrored,
            "colour": list(clip_colour(match.clip_id)),
        }
        for match in found
    ]


def stretch_of(asked: Asked) -> tuple[float | None, float | None]:
    """Read ``from`` and ``to``, seconds or m:ss; None and None where neither is given.

    Raises
    ------
    InputError
        If one is no time, or only one is given, or the end does not come after the start.
    """
    given = [str(asked.get(name, "") or "").strip() for name in ("from", "to")]
    if not any(given):
        return None, None
    start_s, end_s = (seconds_of(text, " to ".join(given)) for text in given)
    if end_s <= start_s:
        raise InputError(f"{given[0]} to {given[1]}: the end must come after the start")
    return start_s, end_s
