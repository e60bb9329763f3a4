"""Edit lists of the source videos: cut the dancer's own footage to the song.

``.otio`` is OpenTimelineIO's JSON (a video track of the footage, an audio track of the
song), ``.edl`` CMX 3600 with clip names and paths as comments. A stretch of frames
becomes one cut as long as constant speed keeps every frame within half a frame of the
source time that the dance shows; where an aligner stretches time the speed is a retime
effect. Written by hand, so that nothing need be installed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from danceit.data import FPS, Dance, Placement
from danceit.errors import InputError
from danceit.files import one_line, replacing
from danceit.media import is_video, opened
from danceit.progress import Progress, silent
from danceit.render.options import RenderOptions
from danceit.render.renderer import Renderer

TOLERANCE_FRAMES = 0.5
"""Most that a cut of constant speed may be off the dance's own source time."""


@dataclass(frozen=True)
class Cut:
    """Frames [first, last) of a dance as a stretch of one source.

    Attributes
    ----------
    source_s : float
        Second of the source that the first frame shows.
    speed : float
        Seconds of the source per second of the dance.
    mirrored : bool
        Whether it is to be flipped from left to right, which an edit list cannot say of
        itself: it stands in the metadata, and in a comment.
    """

    first: int
    last: int
    clip_id: str
    source: str
    licence: str
    source_s: float
    speed: float
    mirrored: bool = False


def cuts_of(dance: Dance) -> list[Cut]:
    """Cut a dance where its source changes, jumps, or changes its speed noticeably."""
    cuts = []
    first = 0
    while first < dance.n_frames:
        last, speed = _longest(dance, first)
        placed = dance.fragments[int(dance.source_index[first])]
        start_s = float(dance.source_s[first])
        cuts.append(
            Cut(
                first,
                last,
                placed.clip_id,
                placed.source,
                placed.licence,
                start_s,
                speed,
                placed.mirrored,
            )
        )
        first = last
    return cuts


def _longest(dance: Dance, first: int) -> tuple[int, float]:
    """End and speed of the longest cut from `first` on.

    The speeds that keep each further frame within the tolerance are an interval; the cut
    goes on while these intervals have a speed in common.
    """
    sources = [(placed.source, placed.mirrored) for placed in dance.fragments]
    own = sources[int(dance.source_index[first])]
    low, high = 0.0, np.inf
    slack = TOLERANCE_FRAMES / dance.fps
    frame = first + 1
    while frame < dance.n_frames and sources[int(dance.source_index[frame])] == own:
        passed_s = (frame - first) / dance.fps
        moved_s = float(dance.source_s[frame] - dance.source_s[first])
        lower = max(low, (moved_s - slack) / passed_s)
        upper = min(high, (moved_s + slack) / passed_s)
        if lower > upper:
            break
        low, high = lower, upper
        frame += 1
    plain = low <= 1.0 <= high
    return frame, 1.0 if plain else float((low + high) / 2)


def render_otio(
    dances: Sequence[Dance],
    out: Path,
    *,
    song: Path,
    options: RenderOptions,
    progress: Progress = silent,
) -> None:
    """Write one dance as an OpenTimelineIO timeline.

    Raises
    ------
    InputError
        If no source has a video.
    """
    dance = dances[0]
    cuts, videos = _cuts_with_footage(dance, options)
    fps = dance.fps
    media = {source: _reference(path, _shown_s(cuts, source)) for source, path in videos.items()}
    clips = [_otio_clip(cut, media[cut.source], fps) for cut in cuts]
    length = _range(0.0, dance.n_frames, fps)
    heard = _reference(song, dance.n_frames / fps)
    tracks = [
        _track("footage", "Video", clips),
        _track("song", "Audio", [_clip(song.name, length, heard, [], {})]),
    ]
    timeline: dict[str, Any] = {
        "OTIO_SCHEMA": "Timeline.1",
        "metadata": {"danceit": {"song": str(song)}},
        "name": Path(out).stem,
        "global_start_time": None,
        "tracks": {
            "OTIO_SCHEMA": "Stack.1", "metadata": {}, "name": "tracks", "source_range": None,
            "effects": [], "markers": [], "enabled": True, "children": tracks,
        },
    }  # fmt: skip
    with replacing(out) as temporary:
        temporary.write_text(json.dumps(timeline, indent=1), encoding="utf-8")
    progress(1, 1)


OTIO = Renderer(render_otio, draws=(), needs_song=True, several=False)


def render_edl(
    dances: Sequence[Dance],
    out: Path,
    *,
    song: Path,
    options: RenderOptions,
    progress: Progress = silent,
) -> None:
    """Write one dance as a CMX 3600 edit decision list; errors as `render_otio`.

    An EDL has no paths and no sound: both stand in comments. It knows one frame rate, the
    dance's, in which the sources' times are counted too: for videos of other rates an
    editor that reads OpenTimelineIO is the better choice.
    """
    dance = dances[0]
    cuts, videos = _cuts_with_footage(dance, options)
    rate = round(dance.fps)
    lines = [f"TITLE: {Path(out).stem}", "FCM: NON-DROP FRAME", ""]
    for number, cut in enumerate(cuts, 1):
        start = round(cut.source_s * rate)
        length = cut.last - cut.first
        taken = max(1, round(length * cut.speed))
        times = [start, start + taken, cut.first, cut.last]
        codes = " ".join(timecode(frame, rate) for frame in times)
        lines.append(f"{number:03d}  AX       V     C        {codes}")
        if cut.speed != 1.0:
            pace = f"{cut.speed * rate:05.1f}"
            lines.append(f"M2   AX       {pace}                {timecode(start, rate)}")
        video = videos[cut.source]
        # By this name editors look for the file; a clip of ours may be a part of one.
        lines.append(f"* FROM CLIP NAME: {video.name if video else cut.clip_id}")
        if cut.mirrored:
            lines.append("* COMMENT: FLIP HORIZONTALLY")
        lines.append(f"* SOURCE FILE: {video or 'no video'}")
        lines.append(f"* CLIP: {cut.clip_id}")
    lines += ["", f"* SONG: {song}"]
    with replacing(out) as temporary:
        # A name's line break would begin an event of its own.
        text = "".join(f"{one_line(line)}\n" for line in lines)
        temporary.write_text(text, encoding="utf-8")
    progress(1, 1)


EDL = Renderer(render_edl, draws=(), needs_song=True, several=False)


def timecode(frame: int, rate: int) -> str:
    """HH:MM:SS:FF of a frame, non-drop."""
    seconds, frames = divmod(frame, rate)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}:{frames:02d}"


def _cuts_with_footage(
    dance: Dance, options: RenderOptions
) -> tuple[list[Cut], dict[str, Path | None]]:
    """Cut a dance, in seconds of the videos, and name the video of each source."""
    if dance.n_frames == 0:
        raise InputError("nothing to export: the dance has no frames")
    made_by = sorted({placed.generator for placed in dance.fragments if placed.generator})
    if made_by:
        raise InputError(
            f"no footage to cut: the dance was made up by {made_by[0]}, nobody filmed it"
        )
    cuts = cuts_of(dance)
    video_of = options.video_of or _itself
    placed = {placement.source: placement for placement in dance.fragments}
    videos = {cut.source: video_of(placed[cut.source]) for cut in cuts}
    if not any(videos.values()):
        raise InputError(
            f"no footage to cut: none of the dance's {len(videos)} sources has a video "
            f"(the first is {cuts[0].source})"
        )
    lags_s = _lags_s(dance, [source for source, video in videos.items() if video], options)
    moved = [
        replace(cut, source_s=max(0.0, cut.source_s + lags_s.get(cut.source, 0.0))) for cut in cuts
    ]
    return moved, videos


def _itself(placement: Placement) -> Path | None:
    """The video that a fragment's source is."""
    path = Path(placement.source)
    return path if is_video(path) and path.is_file() else None


def _lags_s(dance: Dance, sources: Sequence[str], options: RenderOptions) -> dict[str, float]:
    """By how much each video is later than the dance's seconds of its source (`--lag`)."""
    if options.locate is None:
        return {}
    placed = {placement.source: placement for placement in dance.fragments}
    filmed = {source: options.locate(placed[source]) for source in sources}
    return {source: found.lag_s for source, found in filmed.items() if found is not None}


def _shown_s(cuts: Sequence[Cut], source: str) -> float:
    """Second of a source by which all that is shown of it has passed."""
    ends = [
        cut.source_s + (cut.last - cut.first) / FPS * cut.speed
        for cut in cuts
        if cut.source == source
    ]
    return max(ends)


def _otio_clip(cut: Cut, media: dict[str, Any], fps: float) -> dict[str, Any]:
    effects = []
    if cut.speed != 1.0:
        effects.append(
            {
                "OTIO_SCHEMA": "LinearTimeWarp.1", "metadata": {}, "name": "",
                "effect_name": "LinearTimeWarp", "time_scalar": cut.speed,
            }
        )  # fmt: skip
    shown = _range(round(cut.source_s * fps), cut.last - cut.first, fps)
    origin = {
        "clip_id": cut.clip_id,
        "source": cut.source,
        "licence": cut.licence,
        "mirrored": cut.mirrored,
    }
    return _clip(cut.clip_id, shown, media, effects, {"danceit": origin})


def _clip(
    name: str,
    shown: dict[str, Any],
    media: dict[str, Any],
    effects: list[dict[str, Any]],
    metadata: dict[str, Any],
) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "Clip.2", "metadata": metadata, "name": name, "source_range": shown,
        "effects": effects, "markers": [], "enabled": True,
        "media_references": {"DEFAULT_MEDIA": media},
        "active_media_reference_key": "DEFAULT_MEDIA",
    }  # fmt: skip


def _reference(path: Path | None, least_s: float) -> dict[str, Any]:
    """Describe a file and its extent, without which most programs will not import it.

    Where it cannot be read, the extent is the first `least_s` seconds, that are used.
    """
    common: dict[str, Any] = {"metadata": {}, "name": "", "available_image_bounds": None}
    if path is None:
        return {"OTIO_SCHEMA": "MissingReference.1", **common, "available_range": None}
    return {
        "OTIO_SCHEMA": "ExternalReference.1",
        **common,
        "available_range": _extent(path) or _range(0.0, ceil(least_s * FPS), FPS),
        "target_url": path.absolute().as_uri(),
    }


def _extent(path: Path) -> dict[str, Any] | None:
    """Length of a video in its own frames, or of a sound in the dance's; None if unreadable."""
    try:
        with opened(path) as container:
            if not container.duration:
                return None
            rates = [stream.average_rate for stream in container.streams.video]
            rate = float(next(filter(None, rates), FPS))
            return _range(0.0, round(container.duration / 1e6 * rate), rate)
    except InputError:
        return None


def _track(name: str, kind: str, clips: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "Track.1", "metadata": {}, "name": name, "source_range": None,
        "effects": [], "markers": [], "enabled": True, "children": clips, "kind": kind,
    }  # fmt: skip


def _range(start: float, length: float, fps: float) -> dict[str, Any]:
    def time(value: float) -> dict[str, Any]:
        return {"OTIO_SCHEMA": "RationalTime.1", "rate": fps, "value": float(value)}

    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": time(start), "duration": time(length)}
