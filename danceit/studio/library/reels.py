"""The dancers' own videos beside the figure: which one shows a fragment, and how far it lags.

A dance counts a source's seconds by its sound; where an index has put picture and sound in step
(`--lag`, by default where it is clear), the picture of a second is elsewhere in the video. An
index does not keep by how much: the library's own poses tell it, as they do for exports.
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from danceit.data import FPS, Dance, Placement, person_of
from danceit.errors import DanceitError
from danceit.index.sources.settings import ReadSettings
from danceit.index.sources.video import SOURCE as PLAIN_VIDEO
from danceit.index.sources.video import watched_before
from danceit.index.store.contract import Where
from danceit.studio.dancing import Dancing
from danceit.studio.library.opened import Library
from danceit.studio.names import UnknownIdError
from danceit.workflow.footage_sources import read_source
from danceit.workflow.footage_sources import video_of as belonging_to
from danceit.workflow.picture_lag import MOST_FRAMES, picture_lag


class Reels:
    """Answers for the videos of what is danced.

    Parameters
    ----------
    dancing : Dancing
        Whose library knows which video belongs to a clip of a pose file.
    """

    def __init__(self, dancing: Dancing) -> None:
        self._dancing = dancing
        self._lags: dict[tuple[str, str, int], float] = {}
        self._lock = Lock()

    def name(self, told: Sequence[dict[str, Any]], dances: Sequence[Dance]) -> None:
        """Say of each fragment which video its dancer is seen in; empty where there is none."""
        library = self._library()
        for one, dance in zip(told, dances, strict=True):
            for fragment, placed in zip(one["fragments"], dance.fragments, strict=True):
                fragment["video"] = _id_of(video_of(placed, library))

    def filmed(self, dance: Dance) -> bool:
        """Whether there is a video of anyone in a dance."""
        library = self._library()
        return any(video_of(placed, library) is not None for placed in dance.fragments)

    def file(self, dance: Dance, video: object) -> Path:
        """Video of a dance by its id; any other is an `UnknownIdError`."""
        library = self._library()
        for found in {video_of(placed, library) for placed in dance.fragments}:
            if found is not None and _id_of(found) == video:
                return found
        raise UnknownIdError("this dance shows nothing of such a video any more")

    def lags(self, dance: Dance) -> dict[str, float]:
        """Seconds that the picture of each video is later than the dance counts, by video id."""
        library = self._library()
        found: dict[str, float] = {}
        for placed in dance.fragments:
            video = video_of(placed, library)
            if video is not None and _id_of(video) not in found:
                found[_id_of(video)] = self._lag(placed, dance, library)
        return {name: round(lag_s, 4) for name, lag_s in found.items() if lag_s}

    def _lag(self, placed: Placement, dance: Dance, library: Library | None) -> float:
        person = person_of(placed.clip_id)
        key = (library.store.index_id if library else "", placed.source, person)
        with self._lock:
            if key in self._lags:
                return self._lags[key]
        own = danced_in(library, placed) if library else None
        lag_s = 0.0
        try:
            if quickly_read(Path(placed.source)):
                shown = own or dance
                recording = read_source(Path(placed.source), shown.dims).of_person(person)
                lag_s = picture_lag(recording, [shown], placed.source, person)
        except DanceitError:
            pass  # it is not where it was, or cannot be read any more: shown as it is counted
        if own is not None:
            with self._lock:
                self._lags[key] = lag_s
        return lag_s

    def _library(self) -> Library | None:
        try:
            return self._dancing.library()
        except DanceitError:
            return None


def video_of(placed: Placement, library: Library | None = None) -> Path | None:
    """The video in which a fragment's dancer is seen, where that is known and there."""
    if placed.generator:
        return None
    video = library.videos.get((placed.clip_id, placed.source)) if library is not None else None
    if video is None:
        return belonging_to(placed)
    return video if video.is_file() else None


def danced_in(library: Library, placed: Placement) -> Dance | None:
    """Movement of a clip as the library has it, as a dance; None where it has it no more."""
    store = library.store
    longest = max(store.spec.lengths)
    table = store.table(store.matching(Where(only_clips=(placed.clip_id,), n_frames=longest)))
    kept: list[int] = []
    for place in np.argsort(table.start_frame, kind="stable").tolist():
        if not kept or table.start_frame[place] >= table.start_frame[kept[-1]] + longest:
            kept.append(place)
    if not kept or table.source[kept[0]] != placed.source:
        return None
    # As many frames as are looked at, from the whole clip.
    most = -(-MOST_FRAMES // longest)
    kept = [kept[i] for i in np.unique(np.linspace(0, len(kept) - 1, most).astype(int))]
    poses = store.poses(table.rows[kept])
    starts_s = table.start_s[kept][:, None] + np.arange(longest) / FPS
    n_frames = len(kept) * longest
    return Dance(
        joints=poses.reshape(n_frames, *poses.shape[2:]),
        seams=np.arange(longest, n_frames, longest),
        beats_s=np.zeros(0),
        source_index=np.zeros(n_frames, dtype=np.int32),
        source_s=starts_s.ravel(),
        fragments=(placed,),
    )


def quickly_read(source: Path) -> bool:
    """Whether reading a source takes a moment: in plain video poses must have been found before."""
    return not PLAIN_VIDEO.detect(source) or watched_before(source, ReadSettings())


def _id_of(video: Path | None) -> str:
    """Name of a video in an address; empty for none."""
    return "" if video is None else sha256(str(video).encode()).hexdigest()[:16]
