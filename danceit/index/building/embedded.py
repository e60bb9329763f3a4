"""One recording's way into the index: read, clean, cut, embed; kept until it is published.

What is embedded lies in the index's work folder under a name made of everything it
depends on, so that a build that was killed carries on where it stopped.
"""

import hashlib
import io
import json
import zipfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from danceit.counts import Counts
from danceit.data import FPS, Clip, Float32, Int64
from danceit.errors import IndexStateError, InputError
from danceit.files import read_sealed, write_sealed
from danceit.index.building.reading import Reading, nothing_left, read_one
from danceit.index.cleaning.report import CleaningReport
from danceit.index.embedding import Embedder
from danceit.index.fragments import Fragment, cut, energies
from danceit.index.sources import Found
from danceit.index.store.contract import ClipEntry, FragmentBatch, StoreSpec

_EMBEDDED = 512
"""Fragments given to the encoder at a time."""
RECIPE = 4
"""Raised where other code makes something else of the same recordings; 2 keeps their counts,
3 knows how large filmed upper bodies are, 4 solves for depth over whole shots."""
_UNREADABLE = (
    OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, RuntimeError,
    zipfile.BadZipFile,
)  # fmt: skip
"""What numpy, zipfile and json raise on a file of another release."""


@dataclass(frozen=True)
class Embedded:
    """A recording ready to be stored, and what cleaning did to it."""

    batch: FragmentBatch
    cleaning: CleaningReport


def embed_recording(
    found: Found,
    file_hash: str,
    embedder: Embedder,
    spec: StoreSpec,
    dims: int | None,
    *,
    reading: Reading | None = None,
) -> Embedded:
    """Read, clean, cut and embed one recording; with `reading`, it was read and cleaned before.

    Raises
    ------
    DanceitError
        If it cannot be read, or does not fit the encoder.
    """
    reading = reading or read_one(found, dims, wanted=spec.dims)
    cleaned = reading.cleaned
    if not cleaned.clips:
        raise InputError(nothing_left(cleaned.report, found.path))
    for clip in cleaned.clips:
        if clip.dims != spec.dims:
            cure = "`dims=2` projects it" if clip.dims == 3 else "train one with `dims=2`"
            raise InputError(
                f"{found.path} is {clip.dims}-D and the encoder takes {spec.dims}-D: {cure}"
            )
    music, counts = _music(reading.audio_path, embedder)
    entries = tuple(
        ClipEntry(clip, counts.tempo_bpm, file_hash, _own(counts, clip)) for clip in cleaned.clips
    )
    batch = embed_clips(entries, embedder, spec, music, counts)
    report = cleaned.report
    outside = int(np.isnan(batch.audio_vectors[:, 0]).sum())
    if music is not None and outside:
        line = f"{outside} of {len(batch)} fragments lie outside the music and have none"
        report = replace(report, warnings=(*report.warnings, line))
    return Embedded(batch, report)


def embed_clips(
    entries: tuple[ClipEntry, ...],
    embedder: Embedder,
    spec: StoreSpec,
    music: Float32 | None,
    counts: Counts | None = None,
) -> FragmentBatch:
    """Cut clips of one recording into fragments and embed them.

    Parameters
    ----------
    entries : tuple of ClipEntry
    embedder : Embedder
    spec : StoreSpec
        Lengths and stride.
    music : float32 (S, F) or None
        Features of the recording's whole song. Fragments without music, or that lie
        partly outside it, get NaN for an audio vector.
    counts : Counts, optional
        Of that song: on the grid of counts, and where they are trusted, fragments start on beats.
    """
    on_counts = spec.grid == "counts" and counts is not None and counts.trusted
    fragments: list[Fragment] = []
    owner: list[int] = []
    energy: list[Float32] = []
    for position, entry in enumerate(entries):
        beats = None
        if on_counts and counts is not None:
            beats = (counts.beats_s - entry.clip.start_s) * FPS
        some = cut(entry.clip, spec.lengths, spec.stride, beats)
        fragments += some
        owner += [position] * len(some)
        energy.append(energies(entry.clip.poses, some))
    clip = np.array(owner, dtype=np.int64)
    start = np.array([fragment.start_frame for fragment in fragments], dtype=np.int64)
    length = np.array([fragment.n_frames for fragment in fragments], dtype=np.int64)
    clips = [entry.clip for entry in entries]
    return FragmentBatch(
        clips=entries,
        clip=clip,
        start_frame=start,
        n_frames=length,
        energy=np.concatenate([np.empty(0, np.float32), *energy]),
        pose_vectors=pose_vectors(clips, clip, start, length, embedder, spec),
        audio_vectors=audio_vectors(clips, clip, start, length, embedder, music),
    )


def work_name(found: Found, file_hash: str, spec: StoreSpec) -> str:
    """File name under which a recording's `Embedded` is kept."""
    parts = [found.recording_id, str(found.path.absolute()), file_hash, asdict(spec)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32] + ".npz"


def save_embedded(embedded: Embedded, path: Path) -> None:
    """Write it to a file that `load_embedded` reads."""
    batch = embedded.batch
    clips = [entry.clip for entry in batch.clips]
    meta = {
        "clips": [_clip_meta(entry) for entry in batch.clips],
        "cleaning": asdict(embedded.cleaning),
    }
    # In memory first: a zip file that breaks off on a full disk complains a second time.
    packed = io.BytesIO()
    np.savez(
        packed,
        meta=np.array(json.dumps(meta)),
        poses=np.concatenate([clip.poses for clip in clips]) if clips else np.empty(0),
        clip=batch.clip,
        start_frame=batch.start_frame,
        n_frames=batch.n_frames,
        energy=batch.energy,
        pose_vectors=batch.pose_vectors,
        audio_vectors=batch.audio_vectors,
    )
    write_sealed(path, packed.getvalue())


def load_embedded(path: Path) -> Embedded | None:
    """Read what `save_embedded` wrote; None where there is nothing or it is damaged."""
    try:
        whole = read_sealed(path)
        if whole is None:
            return None
        with np.load(io.BytesIO(whole), allow_pickle=False) as stored:
            arrays: dict[str, Any] = {name: stored[name] for name in stored.files}
        meta = json.loads(str(arrays.pop("meta")))
        poses, entries, first = arrays.pop("poses"), [], 0
        for row in meta["clips"]:
            stop = first + row.pop("n_frames")
            entries.append(_entry(row, poses[first:stop]))
            first = stop
        batch = FragmentBatch(clips=tuple(entries), **arrays)
        cleaning = meta["cleaning"]
        for name in ("warnings", "notes"):
            cleaning[name] = tuple(cleaning[name])
        return Embedded(batch, CleaningReport(**cleaning))
    except (*_UNREADABLE, InputError):
        # It is only a cache: whatever is wrong with it, the work is done again.
        return None


def load_batch(path: Path) -> FragmentBatch:
    """Read what `save_embedded` wrote, which must be there.

    Raises
    ------
    IndexStateError
        If it is gone or damaged.
    """
    embedded = load_embedded(path)
    if embedded is None:
        raise IndexStateError(f"the work at {path} was damaged meanwhile; build again")
    return embedded.batch


def _own(counts: Counts, clip: Clip) -> Counts | None:
    """Counts of a clip's stretch of its music, where they are sure; with a beat beyond each end."""
    if not counts.trusted:
        return None
    inside = (counts.beats_s > clip.start_s) & (counts.beats_s < clip.start_s + clip.n_frames / FPS)
    near = np.flatnonzero(inside)
    if not near.size:
        return None
    first, last = max(0, near[0] - 1), min(len(counts.beats_s) - 1, near[-1] + 1)
    return counts.within(float(counts.beats_s[first]), float(counts.beats_s[last]))


def _music(path: Path | None, embedder: Embedder) -> tuple[Float32 | None, Counts]:
    if path is None:
        return None, Counts.none()
    from danceit.audio import features, listen

    return features(path, embedder.feature_set), listen(path).counts


def pose_vectors(
    clips: list[Clip],
    clip: Int64,
    start: Int64,
    length: Int64,
    embedder: Embedder,
    spec: StoreSpec,
) -> Float32:
    """Vectors (N, D) of fragments by their clip's number, first frame and length, (N,) each."""
    made = []
    places = []
    for n_frames in spec.lengths:
        rows = np.flatnonzero(length == n_frames)
        for first in range(0, len(rows), _EMBEDDED):
            some = rows[first : first + _EMBEDDED]
            poses = np.stack(
                [clips[clip[row]].poses[start[row] : start[row] + n_frames] for row in some]
            )
            made.append(embedder.embed_poses(poses))
            places.append(some)
    if not made:
        n_joints, dims = (clips[0].poses.shape[1:]) if clips else (18, spec.dims)
        blank = np.zeros((1, spec.lengths[0], n_joints, dims), dtype=np.float32)
        return np.empty((0, embedder.embed_poses(blank).shape[1]), dtype=np.float32)
    vectors = np.empty((len(clip), made[0].shape[1]), dtype=np.float32)
    vectors[np.concatenate(places)] = np.concatenate(made)
    return vectors


def audio_vectors(
    clips: list[Clip],
    clip: Int64,
    start: Int64,
    length: Int64,
    embedder: Embedder,
    music: Float32 | None,
) -> Float32:
    """Vectors (N, A) of what fragments were danced to; NaN where that is not in the music.

    Arguments as for `pose_vectors`; `music` (S, F) is of the recording's whole song.
    """
    first = np.array([round(one.start_s * FPS) for one in clips], dtype=np.int64)
    begin = first[clip] + start if len(clip) else start
    n_heard = len(music) if music is not None else 0
    heard = (begin >= 0) & (begin + length <= n_heard)
    parts = []
    places = []
    for n_frames in np.unique(length[heard]).tolist():
        rows = np.flatnonzero(heard & (length == n_frames))
        if music is not None:
            parts.append(embedder.describe_windows(music, begin[rows], n_frames))
            places.append(rows)
    width = parts[0].shape[1] if parts else _audio_width(embedder)
    vectors = np.full((len(clip), width), np.nan, dtype=np.float32)
    if parts:
        vectors[np.concatenate(places)] = np.concatenate(parts)
    return vectors


def _audio_width(embedder: Embedder) -> int:
    from danceit.audio import FEATURE_SETS

    silence = np.zeros((24, FEATURE_SETS[embedder.feature_set]), dtype=np.float32)
    return int(embedder.describe_windows(silence, np.zeros(1, np.int64), 24).shape[1])


def _clip_meta(entry: ClipEntry) -> dict[str, Any]:
    clip = entry.clip
    return {
        "clip_id": clip.clip_id,
        "recording_id": clip.recording_id,
        "path": str(clip.path),
        "start_s": clip.start_s,
        "audio_path": str(clip.audio_path or ""),
        "video_path": str(clip.video_path or ""),
        "style": clip.style,
        "dancer": clip.dancer,
        "licence": clip.licence,
        "sure": clip.sure,
        "n_frames": clip.n_frames,
        "tempo_bpm": entry.tempo_bpm,
        "file_hash": entry.file_hash,
        "counts": entry.counts.as_text() if entry.counts is not None else "",
    }


def _entry(row: dict[str, Any], poses: Float32) -> ClipEntry:
    tempo_bpm, file_hash = row.pop("tempo_bpm"), row.pop("file_hash")
    text = row.pop("counts")
    counts = Counts.from_text(text) if text else None
    for name in ("audio_path", "video_path"):
        row[name] = Path(row[name]) if row[name] else None
    row["path"] = Path(row["path"])
    return ClipEntry(Clip(poses=poses, **row), tempo_bpm, file_hash, counts)
