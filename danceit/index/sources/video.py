"""Plain video of a dancer: mp4, mov, mkv, webm, avi, 3gp, and whatever else holds pictures.

Poses
    Of all who are seen, the main one first, by a pose estimator (`danceit.index.poses.estimators`),
    in 3-D or, asked for 2-D, in the picture's pixels; see `danceit.index.poses.footage.body`.
Song and time
    The video's own sound, or a sound file of the same name beside it. Times are the
    presentation times of the frames.

Looking for poses is slow: it is done ahead for all videos at once, in processes, and kept
by the video's content (`read_ahead`).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from danceit.data import Performer, Recording
from danceit.errors import InputError
from danceit.index.poses.estimators import make_estimator
from danceit.index.poses.footage.body import Dancer, dancers_in, in_metres
from danceit.index.poses.footage.extraction import (
    Footage,
    footage_folder,
    is_complete,
    load_footage,
)
from danceit.index.poses.footage.workers import extract_all
from danceit.index.sources.checks import checked
from danceit.index.sources.media import media_named, paired
from danceit.index.sources.people import EACH_FOLLOWED, cut_notes
from danceit.index.sources.settings import ReadSettings
from danceit.media import begins_like_video, is_video
from danceit.progress import Progress


class VideoSource:
    """Reads a video file."""

    name = "video"

    def detect(self, path: Path) -> bool:
        """Whether `path` is called like a video, or, called like nothing known, begins like one."""
        return path.is_file() and (is_video(path) or begins_like_video(path))

    def companions(self, path: Path) -> tuple[Path, ...]:
        """Return a sound beside the video that has its name."""
        return tuple(other for other in media_named(path.parent, path.stem) if other != path)

    def read(self, path: Path) -> Recording:
        """Read the main person with the usual settings; see `read_with`."""
        return self.read_with(path, ReadSettings(), None)

    def read_with(self, path: Path, settings: ReadSettings, dims: int | None) -> Recording:
        """Read the main person in metres, or with `dims` 2 in pixels.

        Raises
        ------
        DanceitError
            If the video cannot be decoded, nobody is in it, or no estimator is installed.
        """
        footage = footage_of(path, settings)
        dancer, *others = dancers_in(footage)
        deep = bool(np.isfinite(dancer.world).any())
        if dims == 3 and not deep and np.isfinite(dancer.image).any():
            raise InputError(
                f"{path}: the estimator {settings.estimator} gives no depth; use `dims=2`"
            )
        poses, *beside = (
            in_metres(each, footage) if deep and dims != 2 else each.image
            for each in (dancer, *others)
        )
        media = paired(path, self.companions(path))
        audio, silence = _heard(media.audio_path)
        return checked(
            Recording(
                recording_id=path.name,
                path=path,
                poses=poses,
                times_s=footage.times_s,
                audio_path=audio,
                video_path=media.video_path,
                files=(path, *(other for other in media.paths if other != path)),
                notes=(*silence, *_notes(dancer), *_loss(footage)),
                lost_s=footage.lost_s,
                sure=dancer.sure,
                cuts_s=tuple(dancer.cuts_s.tolist()),
                others=tuple(
                    Performer(own, each.sure) for own, each in zip(beside, others, strict=True)
                ),
            )
        )

    def settings_id(self, settings: ReadSettings) -> str:
        """Name of all that changes what `read_with` gives."""
        return f"{make_estimator(settings.estimator).estimator_id} {settings.lag}"

    def read_ahead(
        self, paths: Sequence[Path], settings: ReadSettings, progress: Progress
    ) -> dict[Path, str]:
        """Look for poses in all of `paths`; return why those failed that did."""
        workers = settings.workers or None
        return extract_all(paths, settings.estimator, workers=workers, progress=progress)


SOURCE = VideoSource()


def watched_before(path: Path, settings: ReadSettings) -> bool:
    """Whether poses were looked for in a video, so that reading it takes a moment.

    Raises
    ------
    DanceitError
        If no estimator is installed.
    """
    return path.is_file() and is_complete(footage_folder(path, make_estimator(settings.estimator)))


def footage_of(path: Path, settings: ReadSettings) -> Footage:
    """Return what was seen in a video, looking now if need be.

    Raises
    ------
    DanceitError
        If the video cannot be decoded, or no estimator is installed.
    """
    failed = extract_all([path], settings.estimator, workers=1)
    if path in failed:
        raise InputError(failed[path])
    footage = load_footage(footage_folder(path, make_estimator(settings.estimator)))
    if footage is None:
        raise InputError(f"{path}: the cache of poses cannot be written or read: disk full?")
    return footage


def _heard(path: Path | None) -> tuple[Path | None, tuple[str, ...]]:
    """Return the sound, or None and why it is no music to dance to."""
    if path is None:
        return None, ("no sound: its movement can be danced to other songs, but not learnt from",)
    from danceit.audio import read_sound

    try:
        read_sound(path)
    except InputError as exc:
        return None, (f"taken without its sound: {exc}",)
    return path, ()


def _loss(footage: Footage) -> tuple[str, ...]:
    """Name what the file lacks or hides."""
    notes = []
    if footage.n_lost:
        notes.append(f"damaged: {footage.n_lost} pictures cannot be decoded")
    if footage.lost_s:
        total_s = sum(end_s - start_s for start_s, end_s in footage.lost_s)
        where = ", ".join(f"{start_s:.1f} to {end_s:.1f} s" for start_s, end_s in footage.lost_s)
        notes.append(f"cut off or damaged: {total_s:.1f} s without a picture, {where}")
    return tuple(notes)


def _notes(dancer: Dancer) -> tuple[str, ...]:
    notes = [*cut_notes(dancer.cuts_s)]
    if dancer.n_swapped:
        notes.append(f"left and right put right in {dancer.n_swapped} frames")
    if dancer.n_people > 1:
        notes.append(f"up to {dancer.n_people} people at once: {EACH_FOLLOWED}")
    if dancer.n_legs:
        notes.append(f"legs alone in {dancer.n_legs} pictures: nothing above them is seen")
    return tuple(notes)
