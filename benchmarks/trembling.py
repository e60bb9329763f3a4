"""What is left of a `ren`'s dances when their trembling is smoothed away, beside real dances.

    python benchmarks/trembling.py DATA SONGS GEN [GEN ...]

One dance to each song through Gaussians of 0, 0.1, 0.2 and 0.3 s in time (its option `smooth`):
Fréchet distances of kinetic and geometric features of 5 s (smaller is better), diversity, and
the share of frozen frames. Real dances have a diversity of their own, told first.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from danceit import audio
from danceit.bench.material import read_material
from danceit.bench.measures import distribution, sets
from danceit.data import Float32
from danceit.generate.registry import load_generator

SMOOTH_S = (0.0, 0.1, 0.2, 0.3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("songs", type=Path)
    parser.add_argument("generators", type=Path, nargs="+")
    options = parser.parse_args()
    real = [dance.clip.poses for dance in read_material(options.data, dims=2).dances]
    features = sets.pieces(real, sets.kinetic)
    diversity = distribution.evaluate(features, features)["diversity"]
    print(f"{len(real)} real dances, kinetic diversity {diversity:.1f}")
    songs = [audio.listen(song) for song in sorted(options.songs.glob("*.mp3"))]
    print(f"{'':<24}{'smooth s':>9}{'kinetic':>10}{'geometric':>10}{'diversity':>10}{'frozen':>8}")
    for folder in options.generators:
        generator = load_generator(folder, "cpu")
        for smooth in SMOOTH_S:
            calm = replace(generator, options=replace(generator.options, smooth=smooth))
            made = [calm.generate(song, 0).joints for song in songs]
            print(line(folder.name, smooth, made, real), flush=True)


def line(name: str, smooth_s: float, made: list[Float32], real: list[Float32]) -> str:
    """A row of the table."""
    kinetic, geometric = (
        distribution.evaluate(sets.pieces(real, of), sets.pieces(made, of))
        for of in (sets.kinetic, sets.geometric)
    )
    frozen = float(np.mean([sets.frozen_share(dance) for dance in made]))
    return (f"{name:<24}{smooth_s:>9.1f}{kinetic['fid']:>10.1f}{geometric['fid']:>10.1f}"
            f"{kinetic['diversity']:>10.1f}{frozen:>8.0%}")  # fmt: skip


if __name__ == "__main__":
    main()
