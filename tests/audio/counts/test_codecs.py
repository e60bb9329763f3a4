"""One song is counted alike from every kind of file that it may come in."""

from pathlib import Path

import numpy as np
import pytest

from danceit.audio.counts.pulse import track
from danceit.audio.decoding import read_sound
from danceit.data import Float64
from tests.audio.counts import made
from tests.audio.media import Array, encode, write_pcm

WITHIN_S = 0.01
RATE_HZ = 48_000
"""Opus knows this rate alone; all others take it too."""
FILES = {
    "flac.flac": ("flac", {}),
    "lame_header.mp3": ("libmp3lame", {}),
    "no_lame_header.mp3": ("libmp3lame", {"write_xing": "0"}),
    "edit_list.m4a": ("aac", {}),
    "no_edit_list.m4a": ("aac", {"use_editlist": "0"}),
    "raw.aac": ("aac", {}),
    "opus.opus": ("libopus", {}),
    "vorbis.ogg": ("", {}),
}
NO_WORD_OF_DELAY = ("no_lame_header.mp3", "no_edit_list.m4a", "raw.aac")
"""Nothing in these says how late their codec is: players play them some 22 ms late, and so do we
(`tests/audio/test_players.py` measures both against Chromium)."""


@pytest.fixture(scope="module")
def samples() -> Array:
    """A track at 137.8 beats a minute, at which recordings of one song fell apart."""
    song = made.rock(made.steady(137.8, 24.0), 24.0).sound
    place = np.arange(int(len(song.samples) * RATE_HZ / song.rate)) * song.rate / RATE_HZ
    return np.interp(place, np.arange(len(song.samples)), song.samples).astype(np.float32)


@pytest.fixture(scope="module")
def from_wav(samples: Array, tmp_path_factory: pytest.TempPathFactory) -> Float64:
    path = write_pcm(tmp_path_factory.mktemp("codecs") / "plain.wav", samples, RATE_HZ)
    return track(read_sound(path)).beats_s


def test_the_wav_has_the_beats_that_were_made(from_wav: Float64) -> None:
    np.testing.assert_allclose(from_wav, made.steady(137.8, 24.0), atol=0.02)


@pytest.mark.parametrize("name", FILES)
def test_the_beats_of_a_song_are_where_those_of_its_wav_are(
    name: str, samples: Array, from_wav: Float64, tmp_path: Path
) -> None:
    codec, options = FILES[name]
    path = tmp_path / name
    if codec:
        encode(path, codec, samples, RATE_HZ, options=options)
    else:
        write_pcm(path, samples, RATE_HZ)
    found_s = track(read_sound(path)).beats_s
    assert found_s.size == from_wav.size
    late_s = float(np.median(found_s - from_wav)) if name in NO_WORD_OF_DELAY else 0.0
    assert 0 <= late_s < 0.03
    np.testing.assert_allclose(found_s - late_s, from_wav, atol=WITHIN_S)
