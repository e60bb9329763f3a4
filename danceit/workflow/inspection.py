"""One recording as the index sees it: what is kept, what is dropped and why, tempo, turns."""

from dataclasses import dataclass
from pathlib import Path

from danceit.data import FPS, Float32, Recording, person_of
from danceit.errors import DanceitError, InputError
from danceit.index.cleaning.cleaning import Cleaned, clean
from danceit.index.cleaning.lag import Lag, estimate_lag
from danceit.index.cleaning.turns import count_turns
from danceit.index.poses.footage.decoding import MAX_PX, pictures
from danceit.index.sources import Found, scan
from danceit.index.sources.only import only_recording
from danceit.index.sources.settings import ReadSettings
from danceit.index.sources.video import footage_of
from danceit.index.store.engines import open_store

_IN_PICTURE = frozenset({"video", "openpose", "coco"})
"""Sources whose 2-D poses are in pixels of their video."""


@dataclass(frozen=True)
class Inspection:
    """What there is to know of one recording, or of one clip of it.

    Attributes
    ----------
    recording : Recording
        As it was read.
    cleaned : Cleaned
    first_frame, n_frames : int
        The frames of `cleaned.reasons` to be shown: all, or those of the clip asked for.
    picture : Recording or None
        Poses in pixels of the video; None where there is none, or they are not its pixels.
    picture_px : int
        Longest side of the pictures that they are pixels of.
    tempo_bpm : float
        0 where there is no sound, or no beat in it.
    beats_s : tuple of float
        Seconds into the media.
    n_turns : int
    lag : Lag or None
        Of the picture behind the sound; None where there is too little to tell.
    """

    recording: Recording
    cleaned: Cleaned
    first_frame: int
    n_frames: int
    picture: Recording | None
    picture_px: int
    tempo_bpm: float
    beats_s: tuple[float, ...]
    n_turns: int
    lag: Lag | None

    @property
    def name(self) -> str:
        """Id of the recording."""
        return self.recording.recording_id

    def time_s(self, frame: int) -> float:
        """Seconds into the media of a frame of `cleaned.reasons`."""
        return self.cleaned.start_s + frame / FPS

    def clip_at(self, frame: int, person: int = 0) -> str:
        """Id of the clip, of anybody or of one person, of a frame; empty where it was dropped."""
        at_s = self.time_s(frame)
        for clip in self.cleaned.clips:
            if person not in (0, person_of(clip.clip_id)):
                continue
            if clip.start_s - 1e-6 <= at_s < clip.start_s + clip.n_frames / FPS - 1e-6:
                return clip.clip_id
        return ""

    def clips_at(self, frame: int) -> tuple[str, ...]:
        """Short names of the clips that a frame is in; none where the recording is one clip."""
        if len(self.cleaned.clips) < 2:
            return ()
        people = range(1, 1 + max(person_of(clip.clip_id) for clip in self.cleaned.clips))
        shown = [self.clip_at(frame, person) for person in people]
        return tuple(self.short(clip_id) for clip_id in shown if clip_id)

    def short(self, clip_id: str) -> str:
        """What tells a clip from the others of its recording: dancer and number, where several."""
        told = clip_id.removeprefix(self.name).strip()
        several = any(person_of(clip.clip_id) > 1 for clip in self.cleaned.clips)
        return f"person 1{told}" if several and person_of(clip_id) == 1 else told or "all"

    def canvas_pose(self, frame: int) -> Float32 | None:
        """Pose (18, C) on the canvas; None where the frame was dropped."""
        at_s = self.time_s(frame)
        for clip in self.cleaned.clips:
            index = round((at_s - clip.start_s) * FPS)
            if 0 <= index < clip.n_frames:
                pose: Float32 = clip.poses[index]
                return pose
        return None


def find_recording(
    name: str, index: Path, settings: ReadSettings | None = None
) -> tuple[Found, str]:
    """Find what a name means: a file or folder, or a clip or recording of an index.

    Returns
    -------
    Found
    str
        The clip's id where one clip is meant, else empty.

    Raises
    ------
    InputError
        If it is none, or a folder of several recordings.
    IndexStateError
        If it is no path and there is no index.
    """
    if Path(name).exists():
        return only_recording(Path(name), settings), ""
    with open_store(index, device="cpu") as store:
        known = store.recordings()
    for recording, entry in known.items():
        if name == recording or name in entry.clip_ids:
            if not entry.source.exists():
                raise InputError(f"{name} came from {entry.source}, which is no longer there")
            item = scan(entry.source, settings).found
            if len(item) == 1:
                several = name != recording or name in entry.clip_ids
                return Found(item[0].source, item[0].path, recording, item[0].settings), (
                    name if several and len(entry.clip_ids) > 1 else ""
                )
    raise InputError(f"'{name}' is neither a file nor a clip or recording of {index}")


def inspect(found: Found, clip_id: str = "", dims: int | None = None) -> Inspection:
    """Read, clean and measure one recording.

    Raises
    ------
    DanceitError
        If it cannot be read, or has no such clip.
    """
    recording = found.read(dims)
    cleaned = clean(recording, dims=dims)
    first, n_frames = 0, len(cleaned.reasons)
    poses = [clip.poses for clip in cleaned.clips]
    if clip_id:
        clips = [clip for clip in cleaned.clips if clip.clip_id == clip_id]
        if not clips:
            raise InputError(f"{found.path} has no clip {clip_id} any more: build the index again")
        first, n_frames = round((clips[0].start_s - cleaned.start_s) * FPS), clips[0].n_frames
        poses = [clips[0].poses]
    tempo_bpm, beats_s = _beats(recording.audio_path)
    picture, picture_px = _in_picture(found, recording)
    return Inspection(
        recording=recording,
        cleaned=cleaned,
        first_frame=first,
        n_frames=n_frames,
        picture=picture,
        picture_px=picture_px,
        tempo_bpm=tempo_bpm,
        beats_s=beats_s,
        n_turns=sum(count_turns(part) or 0 for part in poses),
        lag=estimate_lag(recording),
    )


def _in_picture(found: Found, recording: Recording) -> tuple[Recording | None, int]:
    """Poses in pixels of the video, and its longest side; None, and 0."""
    if recording.video_path is None or found.source not in _IN_PICTURE:
        return None, 0
    flat = found.read(2)
    if found.source == "video":
        footage = footage_of(found.path, found.settings)
        return flat, max(footage.width, footage.height)
    first = next(pictures(recording.video_path, MAX_PX))
    return flat, max(first.picture.shape[:2])


def _beats(audio: Path | None) -> tuple[float, tuple[float, ...]]:
    if audio is None:
        return 0.0, ()
    from danceit.audio import listen

    try:
        music = listen(audio)
    except DanceitError:
        return 0.0, ()
    return music.tempo_bpm, tuple(music.beats_s.tolist())
