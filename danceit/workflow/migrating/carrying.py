"""What one store holds, written into another: the same clips and fragments under the same ids.

Only what the contract of stores tells is carried: frames of a clip that no fragment shows
(under a second at its end, or before its first beat) are not.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from danceit.data import FPS, N_JOINTS, Clip, Float32, Int64
from danceit.errors import DanceitError
from danceit.index.building.embedded import audio_vectors, pose_vectors
from danceit.index.embedding import Embedder
from danceit.index.store.batch import ClipEntry, FragmentBatch
from danceit.index.store.contract import (
    FragmentStore,
    FragmentTable,
    StoreOptions,
    StoreSpec,
    Where,
)
from danceit.progress import Progress, silent

Redo = Callable[[FragmentBatch], FragmentBatch]
"""Gives a batch other vectors; their old ones are those of the store it comes from."""


def carry(
    source: FragmentStore,
    target: type[FragmentStore],
    location: Path,
    save_encoder: Callable[[Path], None],
    encoder_id: str,
    *,
    redo: Redo | None = None,
    confirm: Callable[[], None] = lambda: None,
    options: StoreOptions | None = None,
    progress: Progress = silent,
) -> None:
    """Publish at `location`, in one step, all that a store holds.

    Parameters
    ----------
    source : FragmentStore
        Open; it may lie at `location` itself and be superseded.
    target : type of FragmentStore
        The engine there.
    save_encoder : callable
        See `FragmentStore.create`.
    encoder_id : str
    redo : callable, optional
        Embeds each recording anew; without it vectors are carried as they are.
    confirm : callable, optional
        Called once nobody else can write at `location` any more; what it raises stops all.
    """
    spec = replace(source.spec, encoder_id=encoder_id)
    recordings = source.recordings()
    with target.create(location, spec, save_encoder, options) as store:
        confirm()
        for done, (name, entry) in enumerate(sorted(recordings.items())):
            progress(done, len(recordings), name)
            batch = _batch_of(source, entry.clip_ids)
            if batch is not None:
                store.add(batch if redo is None else redo(batch))
        progress(len(recordings), len(recordings), "publishing")
        store.commit()


class Embedding:
    """Embeds batches by another encoder; songs that are gone are named.

    Attributes
    ----------
    unheard : dict of str to str
        Songs that could not be heard, and why: their fragments are not found by audio.
    """

    def __init__(self, embedder: Embedder, spec: StoreSpec) -> None:
        self._embedder, self._spec = embedder, spec
        self.unheard: dict[str, str] = {}

    def __call__(self, batch: FragmentBatch) -> FragmentBatch:
        """Give a batch the vectors of this encoder."""
        clips = [entry.clip for entry in batch.clips]
        parts = (clips, batch.clip, batch.start_frame, batch.n_frames, self._embedder)
        return replace(
            batch,
            pose_vectors=pose_vectors(*parts, self._spec),
            audio_vectors=audio_vectors(*parts, self._heard(clips[0].audio_path)),
        )

    def _heard(self, song: Path | None) -> Float32 | None:
        from danceit.audio import features

        if song is None:
            return None
        try:
            return features(song, self._embedder.feature_set)
        except (DanceitError, OSError) as exc:
            self.unheard[str(song)] = str(exc)
            return None


def _batch_of(store: FragmentStore, clip_ids: tuple[str, ...]) -> FragmentBatch | None:
    """One recording's clips with all their fragments and vectors."""
    rows = store.matching(Where(only_clips=clip_ids))
    if not len(rows):
        return None
    table = store.table(rows)
    names = list(dict.fromkeys(table.clip_id.tolist()))
    number = {name: place for place, name in enumerate(names)}
    frames = _frames(store, table)
    return FragmentBatch(
        clips=tuple(_entry(table, name, frames[name]) for name in names),
        clip=np.array([number[name] for name in table.clip_id.tolist()], dtype=np.int64),
        start_frame=table.start_frame,
        n_frames=table.n_frames,
        energy=table.energy.astype(np.float32),
        pose_vectors=store.vectors(rows),
        audio_vectors=store.vectors(rows, "audio"),
    )


def _entry(table: FragmentTable, clip_id: str, poses: Float32) -> ClipEntry:
    at = int(np.flatnonzero(table.clip_id == clip_id)[0])
    audio, video = str(table.audio[at]), str(table.video[at])
    clip = Clip(
        clip_id=clip_id,
        recording_id=str(table.recording_id[at]),
        poses=poses,
        path=Path(str(table.source[at])),
        start_s=float(table.start_s[at]) - int(table.start_frame[at]) / FPS,
        audio_path=Path(audio) if audio else None,
        video_path=Path(video) if video else None,
        style=str(table.style[at]),
        dancer=str(table.dancer[at]),
        licence=str(table.licence[at]),
        sure=float(table.sure[at]),
    )
    counts = table.counts[at] if len(table.counts[at].beats_s) else None
    return ClipEntry(clip, float(table.tempo_bpm[at]), str(table.file_hash[at]), counts)


def _frames(store: FragmentStore, table: FragmentTable) -> Mapping[str, Float32]:
    """Poses of each clip as its fragments show them; NaN where none does."""
    ends = table.start_frame + table.n_frames
    found = {}
    for name in dict.fromkeys(table.clip_id.tolist()):
        stop = int(ends[table.clip_id == name].max())
        found[name] = np.full((stop, N_JOINTS, store.spec.dims), np.nan, dtype=np.float32)
    for length in np.unique(table.n_frames).tolist():
        here: Int64 = np.flatnonzero(table.n_frames == length)
        for at, poses in zip(here.tolist(), store.poses(table.rows[here]), strict=True):
            start = int(table.start_frame[at])
            found[table.clip_id[at]][start : start + length] = poses
    return found
