"""Where the dancers are in their sources' videos: what rendering with footage asks.

The renderer may not read sources, so the library hands it a `Filming`.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from danceit.data import Dance, Placement, Recording, person_of
from danceit.errors import DanceitError, InputError
from danceit.index.sources import SOURCES, HasSettings, media_of, recognised_by
from danceit.index.sources.settings import ReadSettings
from danceit.index.sources.video import footage_of
from danceit.media import picture_size
from danceit.render.footage.locating import Filmed
from danceit.workflow.picture_lag import picture_lag

OUTLINED = (
    "dancers are cut out along their joints alone, roughly: for their own outline "
    "pip install 'danceit[video]'"
)
INSIDE_SHARE = 0.8
"""Share of the joints that must lie in the picture for them to be the picture's pixels."""


class Filming:
    """A `danceit.render.footage.locating.Locator` that reads each source once.

    Parameters
    ----------
    dances : sequence of Dance
        What will be shown. Where an index has moved a recording in time (`ReadSettings.lag`), its
        picture is found by their poses; without them it is taken to be in step.

    Attributes
    ----------
    notes : list of str
        Why a source is shown without footage, one line each.
    """

    def __init__(self, dances: Sequence[Dance] = ()) -> None:
        self.notes: list[str] = []
        self._dances = tuple(dances)
        self._videos: dict[str, Path | None] = {}
        self._known: dict[tuple[str, int], Filmed | None] = {}

    def __call__(self, placement: Placement) -> Filmed | None:
        """Footage of a fragment's source, or None, with a note, where there is none."""
        source, person = placement.source, person_of(placement.clip_id)
        key = source, person
        if key not in self._known:
            self._known[key] = None
            if placement.generator:
                self.notes.append(made_up(placement))
                return None
            try:
                recording = read_source(Path(source)).of_person(person)
                lag_s = self._lag(source, person, recording)
                self._known[key] = replace(filmed(recording), lag_s=lag_s)
            except DanceitError as exc:
                self.notes.append(f"{Path(source).name} is drawn: {exc}")
        return self._known[key]

    def video_of(self, placement: Placement) -> Path | None:
        """Video that belongs to a fragment's source, whoever is seen in it; see `video_of`."""
        if placement.source not in self._videos:
            self._videos[placement.source] = video_of(placement)
        return self._videos[placement.source]

    def _lag(self, source: str, person: int, flat: Recording) -> float:
        """Seconds that the picture of a source, read in 2-D, is later than the dances count."""
        for dims in sorted({dance.dims for dance in self._dances}):
            recording = flat
            if dims != 2:
                recording = read_source(Path(source), dims).of_person(person)
            lag_s = picture_lag(recording, self._dances, source, person)
            if lag_s:
                return lag_s
        return 0.0


def video_of(placement: Placement) -> Path | None:
    """Video that belongs to a fragment's source, by the rule of those who read sources."""
    if placement.generator:
        return None
    try:
        return media_of(Path(placement.source)).video_path
    except DanceitError:
        return None  # what is beside it cannot be opened


def made_up(placement: Placement) -> str:
    """One line for a fragment that no dancer danced."""
    return f"made up by {placement.generator}: there is no footage of it"


def read_source(path: Path, dims: int = 2) -> Recording:
    """Read the recording at `path` with the first source that recognises it, as asked if it can.

    Raises
    ------
    DanceitError
        If it is gone, no source recognises it, or it cannot be read.
    """
    if not path.exists():
        raise InputError(f"{path} is not there, or not any more")
    sources = {name: SOURCES.get(name) for name in SOURCES.names()}
    name = recognised_by(path, sources)
    if not name:
        raise InputError(f"no source recognises {path}")
    source = sources[name]
    recording: Recording = (
        source.read_with(path, ReadSettings(), dims)
        if isinstance(source, HasSettings)
        else source.read(path)
    )
    return recording


def filmed(recording: Recording) -> Filmed:
    """Footage of a recording.

    Raises
    ------
    InputError
        If it has no video, or its poses are not in the pixels of the video's picture.
    """
    video = recording.video_path
    if video is None:
        raise InputError("it has no video")
    if len(recording.times_s) < 2:
        raise InputError("it is a single picture")
    if recording.poses.shape[2] != 2:
        raise InputError("its poses are in space, not in the picture")
    width, height = picture_size(video).shown
    joints = recording.poses * _enlargement(recording, width)
    known = np.isfinite(joints).all(axis=2)
    inside = (joints[known] >= 0).all(axis=1) & (joints[known] <= (width, height)).all(axis=1)
    if not known.any() or inside.mean() < INSIDE_SHARE:
        raise InputError(f"its poses are not in the {width} x {height} pixels of {video.name}")
    return Filmed(video, recording.times_s, joints, size=(width, height))


def _enlargement(recording: Recording, width: int) -> np.float32:
    """Pixels of the picture a pixel of the poses: plain video is looked at in a smaller size."""
    if recording.video_path != recording.path:
        return np.float32(1.0)
    return np.float32(width / footage_of(recording.path, ReadSettings()).width)
