"""How fast trained generators dance: frames a second of processor time, on one thread.

    python benchmarks/generators.py SONG GEN [GEN ...] [--rounds 3]

The song is heard once before (its features are cached, as they are for whoever asks a second
time); the first dance warms up and is not counted. Last column: how many times as fast as the
first generator given, which holds whatever else the machine is doing.
"""

import argparse
import time
from pathlib import Path

import torch

from danceit import audio
from danceit.data import Music
from danceit.generate.protocol import Generator
from danceit.generate.registry import load_generator

GOAL = 1_000
"""Frames a second."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("song", type=Path)
    parser.add_argument("generators", type=Path, nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    music = audio.listen(options.song)
    generators = [load_generator(folder, "cpu") for folder in options.generators]
    spent = [seconds_of(generator, music, options.rounds) for generator in generators]
    print(f"{options.song.name}: {music.duration_s:.1f} s, {music.n_frames} frames")
    print(f"{'generator':<24}{'M weights':>10}{'frames/s':>10}{'goal':>6}{'ratio':>8}")
    for folder, generator, seconds in zip(options.generators, generators, spent, strict=True):
        rate = music.n_frames / seconds
        print(
            f"{folder.name:<24}{generator.n_parameters / 1e6:>10.2f}{rate:>10.0f}"
            f"{'met' if rate >= GOAL else 'no':>6}{spent[0] / seconds:>8.2f}"
        )


def seconds_of(generator: Generator, music: Music, rounds: int) -> float:
    """Processor time of a dance, the least of some rounds."""
    generator.generate(music, 0)
    taken = []
    for seed in range(rounds):
        began = time.process_time()
        generator.generate(music, seed + 1)
        taken.append(time.process_time() - began)
    return min(taken)


if __name__ == "__main__":
    main()
