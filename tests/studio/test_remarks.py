"""Notes of the counts and of a choice as the studio tells them."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from danceit.audio.counts.counting import _doubt
from danceit.retrieval.notes import few_candidates
from danceit.retrieval.options import QueryOptions
from danceit.studio.project import Song
from danceit.studio.remarks import remark

SONG = Song("0" * 8, "my tune", "song.ogg")
FEW = few_candidates([SimpleNamespace(rows=np.arange(7))], QueryOptions(k=20))[0]  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("note", "told"),
    [
        (_doubt(130.0, 65.0, "song.ogg"), "my tune may be counted at 130 or at 65 beats a minute; "
         "taken at 130; “Half as fast” takes the other."),
        (_doubt(60.0, 120.0, "song.ogg"), "my tune may be counted at 60 or at 120 beats a minute; "
         "taken at 60; “Twice as fast” takes the other."),
        (_doubt(90.0, 60.0, "song.ogg"), "my tune may be counted at 90 or at 60 beats a minute; "
         "taken at 90; tap the beat to take the other."),
        (FEW, f"Only 7 moves of {QueryOptions().length_s:g} s fit."),
    ],
)  # fmt: skip
def test_a_note_names_the_song_and_the_buttons_that_are_there(note: str, told: str) -> None:
    assert remark(note, SONG) == told
    assert not re.search(r"danceit|--|`|song\.ogg", told)
