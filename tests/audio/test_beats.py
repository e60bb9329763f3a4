import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from danceit.audio import RATE, Sound, listen
from danceit.audio.beats import Beats, _alone, onsets, tempogram, track_beats

Array = npt.NDArray[np.float64]


def heard(samples: Array) -> Beats:
    onset = onsets(Sound(samples.astype(np.float32), RATE))
    return track_beats(onset, tempogram(onset))


def struck(kind: str, bpm: float, noise: float) -> tuple[Array, Array]:
    """Twenty seconds of one instrument on every beat; samples and true beat times."""
    rng = np.random.default_rng(0)
    t = np.arange(RATE // 5) / RATE
    partials = enumerate((220, 440, 660, 880, 1320), start=1)
    hit = {
        "click": np.exp(-t / 0.004) * np.sin(2 * np.pi * 1000 * t),
        "kick": np.exp(-t / 0.06) * np.sin(2 * np.pi * 55 * t),
        "snare": np.exp(-t / 0.04) * rng.normal(size=t.size) / 2,
        "chord": np.exp(-t / 0.15)
        * np.minimum(1, t / 0.005)
        * sum(np.sin(2 * np.pi * hertz * t) / k / 3 for k, hertz in partials),
    }[kind]
    samples = noise * rng.normal(size=20 * RATE)
    beats_s = np.arange(0.4, 19.7, 60 / bpm)
    for start in np.round(beats_s * RATE).astype(int):
        samples[start : start + hit.size] += 0.7 * hit
    return samples, beats_s


@pytest.mark.parametrize("kind", ["click", "kick", "snare", "chord"])
@pytest.mark.parametrize("bpm", [97.0, 113.0, 140.0])
@pytest.mark.parametrize("noise", [0.0, 0.003])
def test_beats_are_where_the_strokes_are(kind: str, bpm: float, noise: float) -> None:
    samples, beats_s = struck(kind, bpm, noise)
    found = heard(samples)
    late_s = np.array([beat - beats_s[np.abs(beats_s - beat).argmin()] for beat in found.beats_s])
    assert np.quantile(np.abs(late_s), 0.9) < 0.012
    assert np.abs(late_s).max() < 0.02
    assert abs(np.median(late_s)) < 0.005
    assert len(found.beats_s) >= len(beats_s) - 3  # librosa drops weak beats at both ends
    assert found.tempo_bpm == pytest.approx(bpm, rel=0.003)


def test_librosa_alone_would_be_late() -> None:
    # The reason for onsets of our own: when this fails, librosa's have become exact.
    import librosa

    samples, beats_s = struck("kick", 113.0, 0.003)
    _, found = librosa.beat.beat_track(y=samples.astype(np.float32), sr=RATE, units="time")
    late_s = [beat - beats_s[np.abs(beats_s - beat).argmin()] for beat in found]
    assert np.median(late_s) > 0.015


@pytest.mark.parametrize("sound", ["tone", "constant", "swell", "one stroke"])
def test_without_rhythm_there_are_no_beats(sound: str) -> None:
    t = np.arange(8 * RATE) / RATE
    tone = 0.5 * np.sin(2 * np.pi * 440 * t)
    samples = {
        "tone": tone,
        "constant": np.full(t.size, 0.3),
        "swell": tone * t / 8,
        "one stroke": np.where(t == 3.0, 0.9, 0.0),
    }[sound]
    found = heard(samples)
    assert found.beats_s.shape == (0,)
    assert found.tempo_bpm == 0.0


@pytest.mark.parametrize("seed", range(20))
def test_sparse_and_short_sounds_never_break_the_tracker(seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = np.zeros(int(rng.integers(RATE, 4 * RATE)))
    samples[rng.integers(0, samples.size, 6)] = rng.uniform(0.01, 1, 6)
    found = heard(samples)
    assert (np.diff(found.beats_s) > 0).all()
    assert np.isfinite(found.tempo_bpm)


def test_onsets_of_a_loud_start_and_a_sudden_end_are_not_heard() -> None:
    rng = np.random.default_rng(0)
    strength = onsets(Sound(rng.normal(scale=0.2, size=4 * RATE).astype(np.float32), RATE)).broad
    inner = strength[20:-20].max()
    assert strength[:20].max() <= 1.2 * inner
    assert strength[-20:].max() <= 1.2 * inner


def test_real_kick_at_120_bpm(real_data: Path) -> None:
    music = listen(real_data / "music" / "kick_120bpm.mp3")
    assert music.tempo_bpm == pytest.approx(120.0, abs=0.2)
    np.testing.assert_allclose(
        (music.beats_s + 0.25) % 0.5, (music.beats_s[1] + 0.25) % 0.5, atol=0.011
    )
    assert len(music.beats_s) >= 19


def test_real_tempi_up_to_octaves(real_data: Path) -> None:
    # 210 by its authors; the annotated beats of the waltz: DANCE_W_1 in figures.json.
    import json

    tempo = listen(real_data / "music" / "goin_under_210bpm.ogg").tempo_bpm
    assert min(abs(tempo * factor - 210.0) for factor in (1, 2)) < 2.0
    figures = json.loads((real_data / "dances" / "figures.json").read_text())
    waltz = next(row for row in figures if row["name"] == "DANCE_W_1")
    seconds = (waltz["end_pos"] - waltz["start_pos"]) / 25
    music = listen(real_data / "dances" / "DANCE_W_1" / "audio.mp3")
    assert music.tempo_bpm == pytest.approx(60 * sum(waltz["durations"]) / seconds, rel=0.03)


def test_real_first_beat_by_hand(real_data: Path) -> None:
    music = listen(real_data / "music" / "madmom_sample.wav")
    by_hand = np.loadtxt(real_data / "music" / "madmom_sample.beats")[0, 0]
    assert np.abs(music.beats_s - by_hand).min() < 0.02


def test_two_processes_do_not_compile_at_once() -> None:
    fcntl = pytest.importorskip("fcntl")
    holder = textwrap.dedent("""
        import fcntl, importlib.util, time
        with open(importlib.util.find_spec("librosa").origin, "rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            print("held", flush=True)
            time.sleep(0.6)
        """)
    with subprocess.Popen([sys.executable, "-c", holder], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        start = time.monotonic()
        with _alone():
            waited_s = time.monotonic() - start
    assert 0.3 < waited_s < 5.0
    assert fcntl is not None
