"""From a song to an aligned dance and a video: frames a second by step, on this machine.

    python benchmarks/line.py INDEX SONG [--seconds 180] [--rounds 3]

The song is repeated or cut to `--seconds`. Index and weights are warm; the song is new
in every round (nothing of it is cached). The first round warms up and is not counted.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import soundfile

from danceit import audio
from danceit.align import DEFAULT_METHODS, align
from danceit.index.store.engines import open_store
from danceit.render import render
from danceit.retrieval.composing import compose
from danceit.retrieval.encoder.encoders import FragmentEncoder

T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("index", type=Path)
    parser.add_argument("song", type=Path)
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DANCEIT_CACHE"] = str(Path(folder) / "cache")
        run(options.index, options.song, options.seconds, options.rounds, Path(folder))


def run(index: Path, song: Path, seconds: float, rounds: int, folder: Path) -> None:
    sound = audio.read_sound(song, 44_100)
    times: dict[str, list[float]] = {}
    with open_store(index) as store:
        encoder = FragmentEncoder.load(store.info().encoder)

        def once(number: int) -> int:
            def timed(step: str, work: Callable[[], T]) -> T:
                started = time.perf_counter()
                result = work()
                if number:
                    times.setdefault(step, []).append(time.perf_counter() - started)
                return result

            # One sample more each round makes another file, so that nothing is cached.
            path = folder / f"{number}.wav"
            wanted = int(seconds * sound.rate)
            samples = np.tile(sound.samples, wanted // len(sound.samples) + 1)[: wanted + number]
            soundfile.write(path, samples, sound.rate)
            timed("features", lambda: audio.features(path, encoder.feature_set))
            music = timed("beats", lambda: audio.listen(path))
            chosen = timed("search and choose", lambda: compose(path, store, encoder))
            aligned = timed("align", lambda: align(chosen.dance, music, DEFAULT_METHODS))
            timed("video 512 x 512", lambda: render(aligned, folder / "out.mp4", song=path))
            return aligned.n_frames

        for number in range(rounds + 1):
            n_frames = once(number)
    report(times, n_frames)


def report(times: dict[str, list[float]], n_frames: int) -> None:
    median = {step: float(np.median(spent)) for step, spent in times.items()}
    line = sum(spent for step, spent in median.items() if not step.startswith("video"))
    print(f"{'step':<22}{'s':>8}{'frames/s':>10}   {n_frames} frames")
    for step, spent in [*median.items(), ("song to aligned dance", line)]:
        print(f"{step:<22}{spent:8.3f}{n_frames / spent:10.0f}")


if __name__ == "__main__":
    main()
