"""What is to be known of a song or a dance, in the studio's words: its buttons, not options."""

import re

from danceit.studio.project import Song

_WORDS = (
    (r"danceit counts SONG --halve takes", "“Half as fast” takes"),
    (r"danceit counts SONG --double takes", "“Twice as fast” takes"),
    (r"danceit counts SONG --bpm [\d.]+ takes the other", "tap the beat to take the other"),
    (r"danceit counts SONG --bpm gives a tempo", "tap the beat to give it one"),
    (r"danceit counts SONG --downbeat S says it", "stop at a 1 and press “The 1 is here”"),
    (r"its windows are seconds, not counts", "it is danced by seconds, not by counts"),
    (r"; `k` cut down to that", ""),
    (r"\bfragments\b", "moves"),
    (r"\bwindows\b", "places"),
)
"""What the terminal says, and what is said here."""


def remark(note: str, song: Song) -> str:
    """Return a note as the page shows it: a sentence, with the song by the name that it has now."""
    for pattern, words in _WORDS:
        note = re.sub(pattern, words, note)
    told = note.replace(song.file, song.name).rstrip(".")
    return f"{told}." if told.startswith(song.name) else f"{told[:1].upper()}{told[1:]}."
