"""A song's length and counts, kept by its content and by all that its counts come from."""

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from danceit.audio import cache
from danceit.audio.counts.counting import Basis, basis, count
from danceit.audio.recent import hashed, sound_of
from danceit.counts import Counts, Section
from danceit.data import Music
from danceit.progress import Progress, silent

_THE_SONG = "<the song>"
"""Its name in the notes that are kept."""


def listen(path: Path, by: Basis | None = None, *, told: Progress = silent) -> Music:
    """Length and counts of a song.

    Parameters
    ----------
    path : Path
    by : Basis, optional
        Where its counts are to come from; default: what lies beside the song, else the
        default tracker (see `danceit.audio.counts.counting.basis`).
    told : Progress, optional
        Of the seconds decoded.

    Returns
    -------
    Music
        Without beats where the song has no clear one; its counts' notes say so.

    Raises
    ------
    InputError
        If the song cannot be used (see `read_sound`), or what lies beside it is bad.
    PluginError
        If there is no such tracker, or it cannot be loaded.
    """
    path = Path(path)
    sha256 = hashed(path)
    by = by or basis(path, sha256)
    kind = f"counts-{hashlib.sha256(repr(by.identity).encode()).hexdigest()[:16]}"
    stored = cache.load(sha256, kind)
    music = None if stored is None else _unpacked(path, sha256, stored)
    if music is None:
        sound = sound_of(path, sha256, told)
        music = Music(path, sha256, sound.duration_s, count(sound, by, _THE_SONG))
        cache.store(sha256, kind, _packed(music))
    # What is kept goes by the sound: the same song may have another name the next time.
    notes = tuple(note.replace(_THE_SONG, path.name) for note in music.counts.notes)
    return replace(music, counts=replace(music.counts, notes=notes))


def _packed(music: Music) -> cache.Arrays:
    counts = music.counts
    facts = {**asdict(counts), "duration_s": music.duration_s}
    facts = {name: value for name, value in facts.items() if name not in ("beats_s", "numbers")}
    return {
        "beats_s": counts.beats_s,
        "numbers": counts.numbers,
        "facts": np.array(json.dumps(facts)),
    }


def _unpacked(path: Path, sha256: str, arrays: cache.Arrays) -> Music | None:
    """What was kept; None where it is damaged."""
    try:
        facts = json.loads(str(arrays["facts"]))
        duration_s = float(facts.pop("duration_s"))
        counts = replace(
            Counts(arrays["beats_s"], arrays["numbers"], int(facts.pop("metre"))),
            sections=tuple(Section(**section) for section in facts.pop("sections")),
            corrections=tuple(facts.pop("corrections")),
            notes=tuple(facts.pop("notes")),
            **facts,
        )
    except (KeyError, ValueError, TypeError):
        return None
    return Music(path, sha256, duration_s, counts)
