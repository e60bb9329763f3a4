"""What the page asks of the library itself: moves alike, their own music, taking dancers out."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from danceit.audio import read_sound
from danceit.errors import InputError
from danceit.index.store.contract import Where
from danceit.render.drawing.overlay import clip_colour
from danceit.retrieval.search.finding import MoveOptions, find_moves
from danceit.retrieval.search.moves import Asked as AskedMove
from danceit.retrieval.search.moves import move_in
from danceit.studio.dancing import Dancing
from danceit.studio.names import UnknownIdError
from danceit.studio.project import Project
from danceit.workflow.keeping import remove

Asked = Mapping[str, Any]
MOST_ALIKE = 30
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
        name = str(asked.get("move", ""))
        library.row(name)
        move = move_in(library.store, AskedMove(name))
        if move is None:
            raise UnknownIdError(f"the library has no move {name} any more")
        options = MoveOptions(k=MOST_ALIKE, mirror=asked.get("mirror") == "yes")
        found = find_moves(move, library.store, library.encoder, options)
        return {
            "index_id": library.store.index_id,
            "moves": [
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
            ],
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
        sound = read_sound(Path(audio))
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
        """Return the fragment by which a move can be put into a version: of its windows' length."""
        library = self._dancing.library()
        version = self._project.version(asked["id"])
        editor = self._dancing.editor_of(version)
        table = library.store.table(np.array([library.row(str(asked.get("move", "")))]))
        where = Where(only_clips=(str(table.clip_id[0]),), n_frames=editor.n_frames)
        fitting = library.store.table(library.store.matching(where))
        if not len(fitting):
            raise InputError("this clip is too short for the moves of this dance")
        nearest = int(np.abs(fitting.start_frame - table.start_frame[0]).argmin())
        return {"id": str(fitting.fragment_id[nearest])}
