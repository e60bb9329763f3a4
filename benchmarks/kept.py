"""Seconds kept of films and other recordings, and those dropped, by reason.

    python benchmarks/kept.py FOLDER_OR_FILE... [--dims 2]
    python benchmarks/kept.py VIDEO... --upper

Each recording is read and cleaned as `danceit index build` does it. With `--upper` the lower half
of every picture is cut away first, as of who films from too near. Cleaning of an earlier commit is
measured with this file too: in a worktree of it, with that on PYTHONPATH.
"""

import argparse
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from danceit.data import FPS
from danceit.errors import DanceitError
from danceit.index.cleaning.cleaning import clean
from danceit.index.sources import Found, read_ahead, scan
from danceit.media import is_video

TICKS = 90_000
"""A second in the time stamps of what is written."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("places", nargs="+", type=Path)
    parser.add_argument("--upper", action="store_true", help="Cut the lower half away.")
    parser.add_argument("--dims", type=int, choices=(2, 3))
    options = parser.parse_args()
    print("| recording | length | kept | clips | dropped |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        places = uppers(options.places, Path(name)) if options.upper else options.places
        for place in places:
            for item in scan(place).found:
                print("|", " | ".join(measured(item, options.dims)), "|", flush=True)


def uppers(places: list[Path], folder: Path) -> Iterator[Path]:
    """Write the upper halves of videos, and of those in folders."""
    for place in places:
        for path in [place] if place.is_file() else sorted(place.iterdir()):
            if is_video(path):
                yield upper_half(path, folder)


def upper_half(video: Path, folder: Path) -> Path:
    """Write a video's upper half, as it is shown, at its times."""
    out = folder / f"{video.stem}.mp4"
    with av.open(str(out), "w") as target:
        stream = None
        for picture, time_s in shown_pictures(video):
            height, width = (side // 2 * 2 for side in (picture.shape[0] // 2, picture.shape[1]))
            if stream is None:
                stream = target.add_stream("libx264", rate=30, options={"crf": "18"})
                stream.codec_context.time_base = Fraction(1, TICKS)
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            upper = np.ascontiguousarray(picture[:height, :width])
            frame = av.VideoFrame.from_ndarray(upper, format="rgb24")
            frame.pts = round(TICKS * time_s)
            frame.time_base = Fraction(1, TICKS)
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return out


def shown_pictures(video: Path) -> Iterator[tuple[np.ndarray, float]]:
    with av.open(str(video)) as source:
        stream = source.streams.video[0]
        begin = (stream.start_time or 0) * stream.time_base
        for frame in source.decode(stream):
            quarters, rest = divmod(frame.rotation, 90)
            yield (
                np.rot90(frame.to_ndarray(format="rgb24"), 0 if rest else quarters % 4),
                float(frame.pts * frame.time_base - begin),
            )


def measured(item: Found, dims: int | None) -> tuple[str, ...]:
    """Cells of a recording's row."""
    try:
        failed = read_ahead([item])
        if failed:
            return item.recording_id, "", "refused", "", *failed.values()
        cleaned = clean(item.read(dims))
    except DanceitError as exc:
        return item.recording_id, "", "refused", "", str(exc).removeprefix(f"{item.path} ")
    report = cleaned.report
    dropped = sorted(report.dropped.items(), key=lambda reason: -reason[1])
    upper_s = getattr(report, "frames_upper", 0) / FPS
    dancers = {
        person: sum(clip.n_frames for clip in cleaned.clips if person_of(clip.clip_id) == person)
        for person in sorted({person_of(clip.clip_id) for clip in cleaned.clips})
    }
    kept = f"{report.frames_kept / FPS:.1f} s"
    if len(dancers) > 1:
        each = ", ".join(f"{frames / FPS:.1f}" for frames in dancers.values())
        kept += f" ({each} of each dancer)"
    kept += f", {upper_s:.1f} of an upper body" if upper_s else ""
    return (
        item.recording_id,
        f"{report.frames_in / FPS:.1f} s",
        kept,
        str(report.n_clips),
        ", ".join(f"{frames / FPS:.1f} {reason}" for reason, frames in dropped if frames),
    )


def person_of(clip_id: str) -> int:
    """Number of the dancer of a clip, from 1."""
    _, found, number = clip_id.partition(" person ")
    return int(number.split("#")[0].split()[0]) if found else 1


if __name__ == "__main__":
    main()
