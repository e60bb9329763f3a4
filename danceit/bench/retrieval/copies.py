"""Shared movement among all dances of a collection, found once and kept with a run."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from danceit.bench.retrieval.fingerprint import WINDOW, Copies, find_copies
from danceit.data import Clip, Float64, Int64
from danceit.files import replacing


def copies_between(
    clips: Sequence[Clip], folder: Path, *, progress: bool = False
) -> dict[str, Copies]:
    """Find where each dance repeats those of other recordings, and keep it in a folder.

    Dances under a second are passed over.
    """
    from tqdm import tqdm

    motions = {clip.clip_id: clip.poses for clip in clips}
    identity = hashlib.sha256()
    for clip in clips:
        identity.update(clip.clip_id.encode() + np.ascontiguousarray(clip.poses).tobytes())
    file = folder / f"copies-{identity.hexdigest()[:16]}.npz"
    if file.exists():
        return _load(file, list(motions))
    found = {}
    usable = [clip for clip in clips if clip.n_frames >= WINDOW]
    for clip in tqdm(usable, desc="shared movement", unit="dance", disable=not progress):
        others = {c.clip_id: c.poses for c in clips if c.recording_id != clip.recording_id}
        found[clip.clip_id] = find_copies(clip.poses, others)
    arrays: dict[str, Float64 | Int64] = {}
    numbers = {name: i for i, name in enumerate(motions)}
    for name, copies in found.items():
        arrays[f"{numbers[name]}"] = copies.starts
        for other in copies.at:
            arrays[f"{numbers[name]}-{numbers[other]}-cm"] = copies.error_cm[other]
            arrays[f"{numbers[name]}-{numbers[other]}-at"] = copies.at[other]
    with replacing(file) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **arrays)
    return found


def _load(file: Path, names: Sequence[str]) -> dict[str, Copies]:
    found: dict[str, Copies] = {}
    with np.load(file, allow_pickle=False) as stored:
        keys = set(stored.files)
        for i, name in enumerate(names):
            if str(i) in keys:
                others = {o: j for j, o in enumerate(names) if f"{i}-{j}-cm" in keys}
                found[name] = Copies(
                    stored[str(i)],
                    {other: stored[f"{i}-{j}-cm"] for other, j in others.items()},
                    {other: stored[f"{i}-{j}-at"] for other, j in others.items()},
                )
    return found
