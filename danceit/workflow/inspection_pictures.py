"""Looking at a recording as the index sees it: skeleton over picture, dropped frames marked.

A ``.png`` is a sheet of moments over a timeline; an ``.mp4`` shows every frame of 24 a
second with the sound. Without a video, or where poses are not in its pixels, the canvas is
drawn instead.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.data import BONES, CANVAS_PX, FPS, Float32, Float64, Recording
from danceit.errors import InputError
from danceit.files import replacing
from danceit.index.poses.footage.decoding import Still, pictures
from danceit.makers import SOUND_KEY, check_replaceable, write_png
from danceit.progress import Progress, silent
from danceit.render.drawing.figure import JOINT_COLOURS
from danceit.render.drawing.text import draw_text, fitted
from danceit.render.options import Colour
from danceit.render.video.film import CRF, PRESET, to_yuv
from danceit.render.video.sound import BIT_RATE, SOUND, encode_song, output_rate
from danceit.workflow.inspection import Inspection

Picture = npt.NDArray[np.uint8]

SUFFIXES = (".png", ".mp4")
MAKER = "inspection by danceit"
SHOWN_PX = 640
"""Longest side of a picture in the film."""
CELL_PX = 320
"""And in the sheet."""
CELLS, COLUMNS = 24, 6
KEPT: Colour = (70, 200, 110)
REASON_COLOURS: dict[str, Colour] = {
    "cut off or damaged": (120, 80, 60),
    "nobody found": (110, 110, 120),
    "hands or feet missing": (235, 150, 50),
    "frozen": (90, 150, 240),
    "the body does not move": (60, 110, 200),
    "too far from the frame before": (235, 70, 70),
    "no person's proportions": (210, 70, 150),
    "left shorter than 1 s": (190, 100, 220),
}
_GROUND: Colour = (18, 20, 26)
_INK: Colour = (232, 234, 238)


def draw_inspection(inspection: Inspection, out: Path, progress: Progress = silent) -> None:
    """Write a sheet (``.png``) or a film (``.mp4``).

    Raises
    ------
    InputError
        As `check_out`, or if the video cannot be read again.
    """
    check_out(out)
    draw = _sheet if out.suffix.lower() == ".png" else _film
    draw(inspection, out, progress)


def check_out(out: Path) -> None:
    """Check that an inspection can be written to a file of this name.

    Raises
    ------
    InputError
        If the name ends otherwise than `SUFFIXES`, or something else is there, such as the film.
    """
    if out.suffix.lower() not in SUFFIXES:
        raise InputError(f"an inspection is written as {' or '.join(SUFFIXES)}; got {out.name}")
    check_replaceable(out, MAKER)


def moment(inspection: Inspection, frame: int, longest_px: int) -> Picture:
    """One frame with the skeleton over the video, or on the canvas."""
    return next(picture for _, picture in _drawn(inspection, [frame], longest_px))


def _sheet(inspection: Inspection, out: Path, progress: Progress) -> None:
    count = min(CELLS, max(1, inspection.n_frames))
    frames = inspection.first_frame + np.linspace(0, inspection.n_frames - 1, count).astype(int)
    cells = []
    for frame, picture in _drawn(inspection, frames.tolist(), CELL_PX):
        cells.append(_labelled(inspection, frame, picture))
        progress(len(cells), count)
    while len(cells) % COLUMNS and len(cells) > COLUMNS:
        cells.append(np.full_like(cells[0], _GROUND))
    columns = min(COLUMNS, len(cells))
    rows = [np.concatenate(cells[i : i + columns], 1) for i in range(0, len(cells), columns)]
    width = rows[0].shape[1]
    whole = np.concatenate([_headline(inspection, width), *rows, _timeline(inspection, width)])
    write_png(whole, out, MAKER)


def _film(inspection: Inspection, out: Path, progress: Progress) -> None:
    import av

    frames = list(range(inspection.first_frame, inspection.first_frame + inspection.n_frames))
    song = inspection.recording.audio_path
    with replacing(out) as temporary:
        try:
            with av.open(str(temporary), "w", options={"movflags": "+faststart"}) as container:
                container.metadata[SOUND_KEY] = MAKER
                settings = {"preset": PRESET, "crf": str(CRF)}
                stream = container.add_stream("libx264", rate=int(FPS), options=settings)
                sound = None
                if song is not None:
                    sound = container.add_stream(
                        "aac", rate=output_rate(song), layout="stereo", options=SOUND
                    )
                    sound.bit_rate = BIT_RATE
                _write_film(container, stream, sound, inspection, frames, progress)
        except (av.error.FFmpegError, OSError) as exc:
            raise InputError(f"cannot write {out}: {exc.strerror or exc}") from exc


def _write_film(
    container: Any,
    stream: Any,
    sound: Any,
    inspection: Inspection,
    frames: list[int],
    progress: Progress,
) -> None:
    started = False
    for done, (frame, picture) in enumerate(_drawn(inspection, frames, SHOWN_PX), start=1):
        shown = _labelled(inspection, frame, picture)
        # H.264 with 4:2:0 takes even sides only.
        shown = np.ascontiguousarray(shown[: shown.shape[0] // 2 * 2, : shown.shape[1] // 2 * 2])
        if not started:
            started = True
            stream.width, stream.height, stream.pix_fmt = shown.shape[1], shown.shape[0], "yuv420p"
            if sound is not None and inspection.recording.audio_path is not None:
                start_s = max(0.0, inspection.time_s(frames[0]))
                track = encode_song(
                    inspection.recording.audio_path, sound, start_s, len(frames) / FPS
                )
                for packet in track.packets:
                    container.mux(packet)
        container.mux(stream.encode(to_yuv(shown)))
        progress(done, len(frames))
    container.mux(stream.encode())


def _drawn(
    inspection: Inspection, frames: list[int], longest_px: int
) -> Iterator[tuple[int, Picture]]:
    """Frames with the skeleton over the video, or on the canvas."""
    flat = inspection.picture
    if flat is None or flat.video_path is None:
        for frame in frames:
            yield frame, _on_canvas(inspection, frame, longest_px)
        return
    times_s = np.array([inspection.time_s(frame) for frame in frames])
    for frame, still in _nearest(flat.video_path, frames, times_s, longest_px):
        picture = _enlarged(still.picture, longest_px)
        for person in range(1, 2 + len(flat.others)):
            pose = _pose_at(flat.of_person(person), still.time_s)
            pose = pose * max(picture.shape[:2]) / inspection.picture_px
            _skeleton(picture, pose, faded=not inspection.clip_at(frame, person))
        yield frame, picture


def _enlarged(picture: Picture, longest_px: int) -> Picture:
    """Return a copy, enlarged where it is under half as large as could be."""
    import cv2

    times = longest_px // max(picture.shape[:2])
    if times < 2:
        return picture.copy()
    large = cv2.resize(picture, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, dtype=np.uint8)


def _nearest(
    video: Path, frames: list[int], times_s: Float64, longest_px: int
) -> Iterator[tuple[int, Still]]:
    """For each wanted time the last picture shown by then."""
    wanted = list(zip(frames, times_s.tolist(), strict=True))
    shown: Still | None = None
    for still in pictures(video, longest_px):
        while wanted and shown is not None and wanted[0][1] < still.time_s - 1e-6:
            yield wanted.pop(0)[0], shown
        if not wanted:
            return
        shown = still
    for frame, _ in wanted:
        if shown is not None:
            yield frame, shown


def _pose_at(flat: Recording, time_s: float) -> Float32:
    pose: Float32 = flat.poses[int(np.abs(flat.times_s - time_s).argmin())]
    return pose


def _on_canvas(inspection: Inspection, frame: int, size_px: int) -> Picture:
    picture: Picture = np.full((size_px, size_px, 3), _GROUND, dtype=np.uint8)
    pose = inspection.canvas_pose(frame)
    if pose is not None and np.isfinite(pose).any():
        flat = pose[:, :2].copy()
        # The dancer may go anywhere on the stage; the camera follows.
        flat[:, 0] += CANVAS_PX / 2 - np.nanmedian(flat[:, 0])
        _skeleton(picture, flat * size_px / CANVAS_PX, faded=False)
    return picture


def _skeleton(picture: Picture, pose: Float32, *, faded: bool) -> None:
    import cv2

    thick = max(1, round(min(picture.shape[:2]) / (240 if faded else 120)))
    for parent, child in BONES:
        ends = pose[[parent, child]]
        if np.isfinite(ends).all():
            colour = (150, 150, 150) if faded else JOINT_COLOURS[child]
            a, b = ([round(16 * value) for value in end] for end in ends.tolist())
            cv2.line(picture, a, b, colour, thick, cv2.LINE_AA, 4)


def _labelled(inspection: Inspection, frame: int, picture: Picture) -> Picture:
    """Put the time and the fate of a frame below it, and its colour around it."""
    reason = str(inspection.cleaned.reasons[frame])
    colour = REASON_COLOURS.get(reason, KEPT)
    edge = max(2, min(picture.shape[:2]) // 80)
    framed = picture.copy()
    framed[:edge], framed[-edge:] = colour, colour
    framed[:, :edge], framed[:, -edge:] = colour, colour
    width = picture.shape[1]
    size = min(max(12, width // 24), 18)
    label: Picture = np.full((round(3.2 * size), width, 3), _GROUND, dtype=np.uint8)
    draw_text(label, f"{inspection.time_s(frame):.2f} s", (0.5 * size, 0.9 * size), size, _INK)
    shown = ", ".join(inspection.clips_at(frame))
    text = reason or (f"clip {shown}" if shown.startswith("#") else shown) or "kept"
    at = (0.5 * size, 2.3 * size)
    draw_text(label, fitted(text, size, width - size), at, size, colour)
    return np.concatenate([framed, label])


def _headline(inspection: Inspection, width: int) -> Picture:
    line: Picture = np.full((64, width, 3), _GROUND, dtype=np.uint8)
    draw_text(line, fitted(headline(inspection), 17, width - 24), (12, 20), 17, _INK)
    summary = inspection.cleaned.report.summary
    draw_text(line, fitted(summary, 13, width - 24), (12, 46), 13, (170, 175, 185))
    return line


def headline(inspection: Inspection) -> str:
    """Tempo, turns and lag in one line."""
    parts = [inspection.name]
    parts.append(f"{inspection.tempo_bpm:.0f} bpm" if inspection.tempo_bpm else "no beat")
    parts.append(f"{inspection.n_turns} turn{'' if inspection.n_turns == 1 else 's'}")
    if inspection.lag is not None:
        parts.append(f"lag {inspection.lag}")
    return "   ".join(parts)


def _timeline(inspection: Inspection, width: int) -> Picture:
    """All frames of the recording in the colours of their fate, the beats, and a legend."""
    strip: Picture = np.full((84, width, 3), _GROUND, dtype=np.uint8)
    reasons = inspection.cleaned.reasons
    at = np.arange(width - 24) * len(reasons) // max(1, width - 24)
    strip[10:34, 12 : width - 12] = [REASON_COLOURS.get(str(reasons[i]), KEPT) for i in at]
    for beat_s in inspection.beats_s:
        share = (beat_s - inspection.cleaned.start_s) * FPS / len(reasons)
        if 0 <= share < 1:
            x = 12 + int(share * (width - 24))
            strip[36:42, x : x + 1] = _INK
    draw_legend(strip, 54, inspection.cleaned.report.shares)
    return strip


def draw_legend(picture: Picture, top: int, reasons: Iterable[str]) -> None:
    """Say in a line of a picture, from row `top` on, which colour stands for what."""
    left = 12.0
    for name, colour in [("kept", KEPT), *((one, REASON_COLOURS[one]) for one in reasons)]:
        picture[top : top + 14, round(left) : round(left) + 14] = colour
        draw_text(picture, name, (left + 20, top + 7), 13, _INK)
        left += 44 + 8.0 * len(name)
