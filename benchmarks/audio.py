"""Pose frames a second of decoding, features and beats, by step.

    python benchmarks/audio.py [SONG] [--seconds 180] [--repeat 3]

Loops SONG (any format; without it, a made-up one) to the length asked for, writes it
as stereo wav, flac, ogg and mp3 at 44.1 kHz and times each step, best of `--repeat`.
Wall time depends on what else the machine does; the processor time beside it hardly does.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from danceit import audio
from danceit.audio import beats, descriptors, kept
from danceit.audio.counts.corrections import Corrections
from danceit.audio.counts.counting import Basis, count
from danceit.audio.counts.registry import tracker_named
from danceit.data import FPS
from danceit.progress import silent

RATE = 44_100
FORMATS = ("wav", "flac", "ogg", "mp3")


def made_up(seconds: float) -> npt.NDArray[np.float32]:
    """Drums at 120 bpm over a slow chord."""
    rng = np.random.default_rng(0)
    t = np.arange(round(seconds * RATE)) / RATE
    drums = rng.normal(0, 0.3, t.size) * np.exp(-12 * (t % 0.5))
    chord = sum(0.05 * np.sin(2 * np.pi * hertz * t) for hertz in (220.0, 277.2, 329.6))
    return np.asarray(drums + chord, np.float32)


def looped(song: Path | None, seconds: float) -> npt.NDArray[np.float32]:
    samples = made_up(8.0) if song is None else audio.read_sound(song, RATE).samples
    return np.resize(samples, round(seconds * RATE))


def write(path: Path, samples: npt.NDArray[np.float32]) -> None:
    with soundfile.SoundFile(path, "w", RATE, 2) as out:  # in blocks: Vorbis needs the stack
        for start in range(0, samples.size, 1 << 15):
            out.write(np.repeat(samples[start : start + (1 << 15), None], 2, axis=1))


class Table:
    """Times calls and prints them as frames a second."""

    def __init__(self, seconds: float, repeat: int) -> None:
        self.frames = int(seconds * FPS)
        self.repeat = repeat
        print(f"{'step':24}{'wall s':>9}{'cpu s':>9}{'frames/s':>11}")

    def row(self, name: str, step: Callable[[], object]) -> npt.NDArray[np.float64]:
        """Time a step; returns its wall and processor seconds, each the best of all runs."""
        walls, cpus = [], []
        for _ in range(self.repeat):
            wall, cpu = time.perf_counter(), time.process_time()
            step()
            walls.append(time.perf_counter() - wall)
            cpus.append(time.process_time() - cpu)
        best = np.array([min(walls), min(cpus)])
        self.show(name, best)
        return best

    def show(self, name: str, seconds: npt.NDArray[np.float64]) -> None:
        """Print one line."""
        wall_s, cpu_s = seconds
        print(f"{name:24}{wall_s:9.3f}{cpu_s:9.3f}{self.frames / wall_s:11.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("song", nargs="?", type=Path)
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["DANCEIT_CACHE"] = str(folder / "cache")
        samples = looped(options.song, options.seconds)
        for suffix in FORMATS:
            write(folder / f"song.{suffix}", samples)
        measure(folder, Table(options.seconds, options.repeat))


def measure(folder: Path, table: Table) -> None:
    decode_s = {
        suffix: table.row(
            f"decode {suffix}", lambda s=suffix: audio.read_sound(folder / f"song.{s}")
        )
        for suffix in FORMATS
    }
    song = folder / "song.mp3"
    sound = audio.read_sound(song)
    start = time.perf_counter()
    beats._librosa()
    print(f"(importing librosa, once a process: {time.perf_counter() - start:.1f} s)")
    sha256 = kept.hashed(song)
    mfcc_s = table.row("mfcc", lambda: descriptors._mfcc(sound))
    onset, tempi = kept.onsets_of(song, sha256)
    onset_s = table.row("onsets", lambda: beats.onsets(sound))
    tempo_s = table.row("tempogram", lambda: beats.tempogram(onset))
    beat_s = table.row("tempo and beats", lambda: beats.track_beats(onset, tempi))
    table.row("librosa, beats", lambda: tracker_named("librosa")(sound))
    table.row("pulse, beats and bars", lambda: tracker_named("pulse")(sound))
    by_pulse = Basis(None, "pulse", Corrections())
    table.row("counts, sections too", lambda: count(sound, by_pulse, song.name))
    for kind in ("lee", "chroma", "flux"):
        table.row(kind, lambda k=kind: descriptors._computed(song, sha256, k, silent))
    table.show("mp3 + mfcc + beats", decode_s["mp3"] + mfcc_s + onset_s + tempo_s + beat_s)
    for kind in ("mfcc", "full"):
        audio.features(song, kind)
        table.row(f"{kind}, cached", lambda k=kind: audio.features(song, k))
    audio.listen(song)
    table.row("listen, cached", lambda: audio.listen(song))


if __name__ == "__main__":
    main()
