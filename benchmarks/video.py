"""Frames a second of looking for poses in videos, by step; or memory by a video's length.

    python benchmarks/video.py VIDEO... [--seconds 10]
    python benchmarks/video.py VIDEO --minutes 0.25,1,4

Decodes and estimates the first seconds of each video in this process. Wall time depends
on what else the machine does; frames per processor second hardly do. A build uses one
process for each processor, so a pair of cores does twice that. With `--minutes` the video
is repeated to these lengths and each is extracted, whole, in a process of its own.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from itertools import takewhile
from pathlib import Path

import av

from danceit.index.poses.estimators import make_estimator
from danceit.index.poses.footage.decoding import pictures
from danceit.index.poses.footage.extraction import extract
from danceit.index.poses.footage.shots import signature


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("videos", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--estimator", default="mediapipe")
    parser.add_argument("--minutes", default="", help="Lengths, such as 0.25,1,4.")
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.into:
        extract_alone(options.videos[0], options.estimator, options.into)
    elif options.minutes:
        by_length(options.videos[0], options.estimator, options.minutes)
    else:
        by_step(options)


def by_length(video: Path, estimator: str, minutes: str) -> None:
    print(f"{'minutes':>8} {'frames':>7} {'s':>6} {'frames/s':>9} {'largest MB':>11}")
    for length in map(float, minutes.split(",")):
        with tempfile.TemporaryDirectory() as name:
            long = Path(name) / "long.mkv"
            repeat(video, 60 * length, long)
            command = [sys.executable, __file__, str(long), "--estimator", estimator]
            done = subprocess.run(
                [*command, "--into", str(Path(name) / "seen")],
                check=True, text=True, capture_output=True,
            )  # fmt: skip
        print(f"{length:8g} {done.stdout.strip()}", flush=True)


def repeat(video: Path, seconds: float, out: Path) -> None:
    """Copy a video's picture over and over until it lasts `seconds`."""
    with av.open(str(out), "w") as target:
        stream, shift_s = None, 0.0
        while shift_s < seconds:
            with av.open(str(video)) as source:
                pictures_ = source.streams.video[0]
                stream = stream or target.add_stream_from_template(pictures_)
                packets = [p for p in source.demux(pictures_) if p.dts is not None]
                base = float(pictures_.time_base)
                first = min(p.dts for p in packets)
                length_s = (max(p.pts for p in packets) - first) * base
                for packet in packets:
                    packet.pts += round(shift_s / base) - first
                    packet.dts += round(shift_s / base) - first
                    packet.stream = stream
                    target.mux(packet)
            shift_s += length_s + 1 / float(pictures_.average_rate)


def extract_alone(video: Path, estimator: str, folder: Path) -> None:
    counted = [0]
    started = time.perf_counter()
    extract(video, make_estimator(estimator), folder, lambda done: counted.append(done))
    spent = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{counted[-1]:7d} {spent:6.1f} {counted[-1] / spent:9.1f} {peak:11d}")


def by_step(options: argparse.Namespace) -> None:
    estimator = make_estimator(options.estimator)
    print(f"{'video':40s} {'frames':>6} {'decode':>7} {'cuts':>6} {'poses':>6}  frames/cpu-s")
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
        print(
            f"{video.name:40s} {len(stills):6d} {millis[0]:5.1f}ms {millis[1]:4.1f}ms "
            f"{millis[2]:4.1f}ms {1000 / sum(millis):13.0f}"
        )


if __name__ == "__main__":
    main()
