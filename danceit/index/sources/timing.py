"""Times of numbered frames whose file says nothing of time.

A video beside them has the true times, frame by frame. Without one, a sound that is
as long as the frames at a usual rate gives that rate. Otherwise `DEFAULT_FPS` is taken, and
said.
"""

from pathlib import Path

import numpy as np

from danceit.data import Float64, Int64
from danceit.errors import InputError
from danceit.index.sources.checks import check_frames, unlike_song
from danceit.index.sources.media import MediaPair, sound_duration_s, video_frame_times_s

DEFAULT_FPS = 30.0
"""Frames a second of keypoints without their video, what OpenPose assumes of a camera."""
USUAL_FPS = (24000 / 1001, 24.0, 25.0, 30000 / 1001, 30.0, 50.0, 60000 / 1001, 60.0)

LONGEST_GAP_S = 3600.0
"""Of missing numbers: whoever is away for an hour dances in two recordings."""

_FIT = 0.005
_FAR_APART = 3
"""From one number to the next in most cases: 8 frames a second of a video of 24."""


def times_of_frames(
    frame_numbers: Int64, media: MediaPair, path: Path
) -> tuple[Float64, tuple[str, ...]]:
    """Seconds into the media of each frame, and what had to be assumed.

    Parameters
    ----------
    frame_numbers : int64 (T,)
        Increasing; with a video they count its frames, from 0 or from 1.

    Raises
    ------
    InputError
        If the video has fewer frames than the numbers say, or the numbers cannot be those
        of one recording.
    """
    check_frames(len(frame_numbers), path)
    if media.video_path is not None:
        return _video_times(frame_numbers, media.video_path, path)
    n_frames = int(frame_numbers[-1] - frame_numbers[0]) + 1
    fps = DEFAULT_FPS
    note = f"no video: {fps:g} frames a second assumed; put the video beside {path.name}"
    if media.audio_path is not None:
        heard = n_frames / max(sound_duration_s(media.audio_path), 1e-3)
        usual = min(USUAL_FPS, key=lambda rate: abs(rate - heard))
        if abs(heard - usual) < _FIT * usual:
            fps = usual
            note = f"no video: {fps:.2f} frames a second fit the length of {media.audio_path.name}"
    _check_numbers(frame_numbers, fps, media, path)
    times_s = (frame_numbers - frame_numbers[0]) / fps
    unlike = unlike_song(times_s, media.audio_path) if media.audio_path is not None else ()
    return times_s, (note, *unlike)


def _check_numbers(frame_numbers: Int64, fps: float, media: MediaPair, path: Path) -> None:
    """Refuse numbers that are not those of the frames of one recording."""
    first, last = int(frame_numbers[0]), int(frame_numbers[-1])
    gaps = np.diff(frame_numbers)
    spelled = f"{path}: its {len(frame_numbers)} frames are numbered {first} to {last}"
    if np.median(gaps) > _FAR_APART:
        raise InputError(
            f"{spelled}, most of them {np.median(gaps):.0f} apart: single pictures, not the "
            "frames of one video? put the video beside it if they are"
        )
    longest_s = LONGEST_GAP_S
    if media.audio_path is not None:
        longest_s = min(longest_s, sound_duration_s(media.audio_path))
    if gaps.max() > longest_s * fps:
        at = int(gaps.argmax())
        raise InputError(
            f"{spelled}, with nothing from {frame_numbers[at]} to {frame_numbers[at + 1]}, over "
            f"{longest_s:.0f} s: two recordings, or a wrong number?"
        )


def _video_times(frame_numbers: Int64, video: Path, path: Path) -> tuple[Float64, tuple[str, ...]]:
    times_s = video_frame_times_s(video)
    first, last = int(frame_numbers[0]), int(frame_numbers[-1])
    # OpenPose counts from 0 and writes every frame, ffmpeg and what takes its pictures from 1.
    from_1 = first == 1 or (first > 1 and last == len(times_s))
    if first < 0 or last - from_1 >= len(times_s):
        raise InputError(
            f"{path} goes up to frame {last} but {video.name} has {len(times_s)}: another video?"
        )
    notes: tuple[str, ...] = ()
    if from_1 and last < len(times_s):
        notes = (
            f"frames are numbered 1 to {last}, {video.name} has {len(times_s)}: 1 is taken for "
            "its first",
        )
    chosen: Float64 = times_s[frame_numbers - from_1]
    return chosen, notes
