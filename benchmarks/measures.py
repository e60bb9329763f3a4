"""Milliseconds of S_BA, MDD and SDD of one dance.

    python benchmarks/measures.py [--seconds 180] [--repeat 20]

On a made-up dance with a beat every half second, best of `--repeat`; the histograms of the real
dances, which a bench computes once, are not counted.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np

from danceit.bench.measures import beats, movement
from danceit.data import FPS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--repeat", type=int, default=20)
    options = parser.parse_args()
    n_frames = round(options.seconds * FPS)
    rng = np.random.default_rng(0)
    dance, real = (
        (256 + np.cumsum(rng.normal(0, 2, (n_frames, 18, 3)), axis=0)).astype(np.float32)
        for _ in range(2)
    )
    beats_s = np.arange(0.5, options.seconds, 0.5)
    reference = movement.profile([real])
    total = 0.0
    for name, measure in (
        ("S_BA", lambda: beats.s_ba(dance, beats_s)),
        ("MDD and SDD", lambda: movement.evaluate_profile(dance, reference)),
    ):
        spent = best(measure, options.repeat)
        total += spent
        print(f"{name:12}{1000 * spent:8.1f} ms")
    print(f"{'together':12}{1000 * total:8.1f} ms for {options.seconds:g} s of dance")


def best(measure: Callable[[], object], repeat: int) -> float:
    """Least wall time of one call in seconds, after one that is not counted."""
    measure()
    times = []
    for _ in range(repeat):
        begun = time.perf_counter()
        measure()
        times.append(time.perf_counter() - begun)
    return min(times)


if __name__ == "__main__":
    main()
