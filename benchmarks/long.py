"""Time and memory of songs of hours, by step: both are to grow with the length alone.

    python benchmarks/long.py SONG [INDEX] [--hours 0.5,1,3]

SONG is encoded once as mp3 and repeated to each length, which is heard in a process of its own
with an empty cache; with INDEX it is danced and aligned too. "own" is the most memory that the
process had for itself in a step, "all" adds what it read from files, such as the samples of a long
song, which the system takes back when it needs to.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import av
import numpy as np

from danceit import audio
from danceit.align import DEFAULT_METHODS, align
from danceit.audio import recent
from danceit.workflow.line import aligners, compose_song

RATE = 44_100
FEATURES = ("mfcc", "flux", "chroma")
T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("song", type=Path)
    parser.add_argument("index", type=Path, nargs="?")
    parser.add_argument("--hours", default="0.5,1,3")
    parser.add_argument("--heard", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.heard:
        measure(options.song, options.index)
        return
    print(f"{'hours':>6} {'step':12}{'wall s':>9}{'cpu s':>9}{'own GB':>9}{'all GB':>9}")
    with tempfile.TemporaryDirectory() as name:
        once, song_s = encoded(options.song, Path(name) / "once.mp3")
        for hours in map(float, options.hours.split(",")):
            song = Path(name) / f"{hours:g} h.mp3"
            song.write_bytes(once * max(1, round(hours * 3600 / song_s)))
            given = [str(song), *([str(options.index)] if options.index else [])]
            again = [sys.executable, __file__, *given, "--heard"]
            cache = str(Path(name) / f"cache-{hours:g}")
            subprocess.run(again, check=True, env={**os.environ, "DANCEIT_CACHE": cache})


def encoded(song: Path, out: Path) -> tuple[bytes, float]:
    """MP3 frames of a song and their seconds, without a header, so that they can be repeated."""
    samples = audio.read_sound(song, RATE).samples
    with av.open(str(out), "w", options={"write_xing": "0", "id3v2_version": "0"}) as container:
        stream = container.add_stream("libmp3lame", rate=RATE, layout="mono")
        for start in range(0, samples.size, RATE):
            block = np.ascontiguousarray(samples[None, start : start + RATE])
            frame = av.AudioFrame.from_ndarray(block, "fltp", "mono")
            frame.sample_rate = RATE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.read_bytes(), samples.size / RATE


def measure(song: Path, index: Path | None) -> None:
    """Hear, and dance, one song; print a line a step."""
    hours, sha256 = float(song.stem.split()[0]), recent.hashed(song)
    watch = Watch(hours)
    watch.step("decode", lambda: recent.sound_of(song, sha256))
    music = watch.step("counts", lambda: audio.listen(song))
    for kind in FEATURES:
        watch.step(kind, lambda kind=kind: audio.features(song, kind))
    if index is not None:
        made = watch.step("dance", lambda: compose_song(song, index, None, "cpu"))
        chain = aligners(DEFAULT_METHODS, {})
        watch.step("align", lambda: align(made.dance, music, chain))
        print(f"{hours:6g} {len(made.path)} windows, {made.dance.n_frames} frames", flush=True)


class Watch:
    """Runs steps and prints what they took."""

    def __init__(self, hours: float) -> None:
        self._hours, self._most = hours, (0.0, 0.0)
        threading.Thread(target=self._look, daemon=True).start()

    def step(self, name: str, work: Callable[[], T]) -> T:
        """Do some work and print its line."""
        self._most = (0.0, 0.0)
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        time.sleep(0.1)
        own, whole = self._most
        print(f"{self._hours:6g} {name:12}{wall:9.1f}{cpu:9.1f}{own:9.2f}{whole:9.2f}", flush=True)
        return result

    def _look(self) -> None:
        while True:
            now = resident_gb()
            self._most = (max(self._most[0], now[0]), max(self._most[1], now[1]))
            time.sleep(0.05)


def resident_gb() -> tuple[float, float]:
    """Memory that the process has for itself, and with what it read from files (Linux)."""
    rows = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    own, whole = (int(rows[name].split()[0]) / 1e6 for name in ("RssAnon", "VmRSS"))
    return own, whole


if __name__ == "__main__":
    main()
