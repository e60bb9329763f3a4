"""Frames a second of looking for poses in videos, by step.

    python benchmarks/video.py VIDEO... [--seconds 10]

Decodes and estimates the first seconds of each video in this process. Wall time depends
on what else the machine does; frames per processor second hardly do. A build uses one
process for each processor, so a pair of cores does twice that.
"""

import argparse
import resource
import time
from itertools import takewhile
from pathlib import Path

from danceit.index.estimators import make_estimator
from danceit.index.footage.decoding import pictures
from danceit.index.footage.shots import signature


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("videos", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--estimator", default="mediapipe")
    options = parser.parse_args()
    estimator = make_estimator(options.estimator)
    print(f"{'video':40s} {'frames':>6} {'decode':>7} {'cuts':>6} {'poses':>6}  frames/cpu-s  MB")
    for video in options.videos:
        started = time.process_time()
        shown = takewhile(
            lambda still: still.time_s < options.seconds, pictures(video, estimator.longest_px)
        )
        stills = list(shown)
        decoded = time.process_time()
        for still in stills:
            signature(still.picture)
        marked = time.process_time()
        session = estimator.open()
        opened = time.process_time()
        for still in stills:
            session.people(still.picture, still.time_s)
        estimated = time.process_time()
        session.close()
        steps = [decoded - started, marked - decoded, estimated - opened]
        millis = [1000 * step / len(stills) for step in steps]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(
            f"{video.name:40s} {len(stills):6d} {millis[0]:5.1f}ms {millis[1]:4.1f}ms "
            f"{millis[2]:4.1f}ms {1000 / sum(millis):13.0f} {peak:4d}"
        )


if __name__ == "__main__":
    main()
