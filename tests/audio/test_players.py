"""Where a song starts is where players start it: our samples against Chromium's decoder."""

import base64
from pathlib import Path

import numpy as np
import pytest

from danceit.audio import RATE, read_sound
from tests.audio.media import Array, encode, write_pcm
from tests.browser import chromium

WITHIN_S = 0.01
DECODE = """async ([data, rate]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)).buffer;
  const sound = await new OfflineAudioContext(1, 1, rate).decodeAudioData(bytes);
  const samples = new Uint8Array(sound.getChannelData(0).buffer);
  let text = "";
  for (let i = 0; i < samples.length; i += 32768) {
    text += String.fromCharCode(...samples.subarray(i, i + 32768));
  }
  return btoa(text);
}"""
SOUNDS = {
    "plain.wav": None,
    "lame.mp3": {},
    "no_lame_header.mp3": {"write_xing": "0"},
    "edit_list.m4a": {},
    "no_edit_list.m4a": {"use_editlist": "0"},
    "adts.aac": {},
}


def bursts(rate: int) -> Array:
    """Noise that swells and dies away four times in three seconds: unlike itself at any shift."""
    t = np.arange(3 * rate) / rate
    noise = np.random.default_rng(0).normal(scale=0.2, size=t.size)
    smooth = np.convolve(noise, np.hanning(9) / 4, "same")
    return (smooth * np.exp(-4 * (t * 4 / 3 % 1))).astype(np.float32)


def lag_s(ours: Array, theirs: Array) -> float:
    """By how much our sound comes later than theirs, by the peak of their correlation."""
    size = ours.size + theirs.size
    product = np.fft.rfft(ours, size) * np.conj(np.fft.rfft(theirs, size))
    peak = int(np.argmax(np.fft.irfft(product, size)))
    return (peak - size if peak > size // 2 else peak) / RATE


def test_songs_start_where_a_player_starts_them(tmp_path: Path) -> None:
    with chromium() as browser:
        page = browser.new_page()
        for name, options in SOUNDS.items():
            path = tmp_path / name
            if options is None:
                write_pcm(path, bursts(44100), 44100)
            else:
                codec = "libmp3lame" if path.suffix == ".mp3" else "aac"
                encode(path, codec, bursts(44100), 44100, options=options)
            data = base64.b64encode(path.read_bytes()).decode()
            decoded = base64.b64decode(page.evaluate(DECODE, [data, RATE]))
            theirs = np.frombuffer(decoded, np.float32)
            ours = read_sound(path).samples
            assert lag_s(ours, theirs) == pytest.approx(0, abs=WITHIN_S), name
            assert ours.size == pytest.approx(theirs.size, abs=WITHIN_S * RATE), name
