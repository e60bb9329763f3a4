"""The aligner `counts` brings the sources' own beats onto the song's."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from danceit.align import align, make_aligner
from danceit.align.counts import beats_shown
from danceit.bench.measures import seams
from danceit.counts import Counts
from danceit.data import FPS, Dance, Music
from danceit.errors import InputError
from danceit.testing.dances import made_dance

N_FRAMES = 240


def music() -> Music:
    """Two beats a second from 0.25 s on."""
    return Music(
        Path("song.wav"), "0" * 64, N_FRAMES / FPS, Counts.of_beats(np.arange(0.25, 10, 0.5))
    )


def late_by(offset_s: float) -> Dance:
    """One take, whose own beats are shown so much after the song's."""
    dance = made_dance(n_frames=N_FRAMES, seams=())
    start_s = float(dance.source_s[0])
    beats_s = tuple(start_s + np.arange(0.25, 10, 0.5) + offset_s)
    return replace(dance, fragments=(replace(dance.fragments[0], beats_s=beats_s),))


@pytest.mark.parametrize("offset_s", [-0.15, 0.1, 0.2])
def test_the_sources_beats_come_onto_the_songs(offset_s: float) -> None:
    aligned = align(late_by(offset_s), music(), ["counts"])
    shown_s = beats_shown(aligned, 0, N_FRAMES) / FPS
    inner = shown_s[(shown_s > 2) & (shown_s < 8)]
    off_s = np.abs(inner[:, None] - music().beats_s[None]).min(axis=1)
    assert off_s.max() < 0.02


def test_a_dance_on_the_count_stays_as_it_is() -> None:
    dance = late_by(0.0)
    aligned = align(dance, music(), ["counts"])
    assert np.array_equal(aligned.source_s, dance.source_s)
    assert np.allclose(aligned.joints, dance.joints, equal_nan=True)


def test_time_is_stretched_by_no_more_than_is_allowed() -> None:
    aligned = align(late_by(0.24), music(), ["counts:max_warp=1.1"])
    bent = seams.warp(aligned.source_index, aligned.source_s, aligned.fps)
    assert 1.0 < bent.largest <= 1.1 + 1e-6


def test_without_counts_of_the_song_or_the_source_nothing_changes() -> None:
    silent = replace(music(), counts=Counts.none())
    uncounted = made_dance(n_frames=N_FRAMES, seams=())
    for dance, song in ((late_by(0.2), silent), (uncounted, music())):
        assert np.array_equal(align(dance, song, ["counts"]).source_s, dance.source_s)


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(InputError, match="must be from 1 to 4, or none"):
        make_aligner("counts:max_warp=0.5")
