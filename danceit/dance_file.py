"""The dance file, ``*.dance.npz``: written by `Dance.save`, read by `Dance.load`.

`numpy.load(..., allow_pickle=False)` reads it as well. Arrays:

- ``joints`` float32 (T, 18, C), ``fps`` float64, ``seams`` int64 (S,), ``beats`` float64 (B,) in
  seconds, ``numbers`` int32 (B,) their places in the bar (since format 2), ``source_index``
  int32 (T,), ``source_s`` float64 (T,), ``joint_names``;
- ``meta``, a JSON text: ``format``, ``checksum`` (of all other arrays, since format 2), ``song``,
  ``song_sha256``, ``song_duration_s``, ``index_id``, ``encoder_id``, ``steps``, ``choices``,
  ``fragments``.
"""

import hashlib
import io
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.data import JOINT_NAMES, Dance
from danceit.errors import InputError
from danceit.files import replacing
from danceit.npz import read_npz
from danceit.provenance import Choice, DanceSong, Placement, RunnerUp, Step

FORMAT = 2
"""Version of the dance file written by this release; newer ones are refused."""
_MOST_BYTES = 1 << 30
"""Bound on what a dance file unpacks to; ten hours in 3-D take 0.2 GB."""
_KINDS = {
    "joints": "f", "fps": "f", "seams": "iu", "beats": "f", "numbers": "iu",
    "source_index": "iu", "source_s": "f", "joint_names": "U",
}  # fmt: skip
_SINCE_2 = ("numbers",)
"""What files of format 1 lack."""


def dance_path(path: str | Path) -> Path:
    """Return a path that a dance may be written to, so that none takes the place of a song.

    Raises
    ------
    InputError
        If it does not end in ``.npz``.
    """
    path = Path(path)
    if path.suffix.lower() != ".npz":
        raise InputError(
            f"cannot write {path}: a dance file ends in .npz; `danceit render` writes other formats"
        )
    return path


def write_dance(dance: Dance, path: str | Path) -> None:
    """Write a dance file, wholly or not at all."""
    target = dance_path(path)
    arrays: dict[str, npt.NDArray[Any]] = {
        "joints": dance.joints,
        "fps": np.array(dance.fps, dtype=np.float64),
        "seams": dance.seams,
        "beats": dance.beats_s,
        "numbers": dance.numbers,
        "source_index": dance.source_index,
        "source_s": dance.source_s,
        "joint_names": np.array(JOINT_NAMES),
    }
    meta = {"format": FORMAT, "checksum": _checksum(arrays), **_meta(dance)}
    # In memory first: on a full disk zipfile adds a traceback of its own to the error.
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays, meta=np.array(json.dumps(meta)))
    with replacing(target) as temporary:
        temporary.write_bytes(packed.getbuffer())


def read_dance(path: str | Path) -> Dance:
    """Read a dance file.

    Raises
    ------
    InputError
        If the file is missing, not a dance, damaged, too large, or of a newer format.
    """
    path = Path(path)
    arrays = read_npz(path, {*_KINDS, "meta"}, _MOST_BYTES, "a dance file")
    try:
        meta = json.loads(str(arrays.pop("meta")))
        version = int(meta.get("format", 0))
        if version > FORMAT:
            raise InputError(f"{path} was written by a newer danceit; upgrade to read it")
        _check_arrays(arrays, version)
        if version >= 2 and meta["checksum"] != _checksum(arrays):
            raise InputError(f"{path} is damaged: its arrays are not those that were written")
        beats_s = arrays["beats"].astype(np.float64)
        return Dance(
            joints=arrays["joints"].astype(np.float32),
            seams=arrays["seams"].astype(np.int64),
            beats_s=beats_s,
            source_index=arrays["source_index"].astype(np.int32),
            source_s=arrays["source_s"].astype(np.float64),
            fragments=tuple(_placement(row) for row in meta["fragments"]),
            song=_song(meta),
            steps=tuple(_step(row) for row in meta.get("steps", [])),
            choices=tuple(_choice(row) for row in meta.get("choices", [])),
            index_id=str(meta.get("index_id", "")),
            encoder_id=str(meta.get("encoder_id", "")),
            numbers=arrays.get("numbers", np.zeros(0)).astype(np.int32),
            fps=float(arrays["fps"]),
        )
    except InputError as exc:
        raise exc if str(path) in str(exc) else InputError(f"{path}: {exc}") from exc
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as exc:
        raise InputError(f"{path} is not a dance file: {_missing(exc)}") from exc


def _missing(exc: Exception) -> str:
    return f"it has no {exc}" if isinstance(exc, KeyError) else " ".join(str(exc).split())


def _check_arrays(arrays: Mapping[str, npt.NDArray[Any]], version: int) -> None:
    for name, kinds in _KINDS.items():
        if name in _SINCE_2 and version < 2:
            continue
        if arrays[name].dtype.kind not in kinds:
            raise ValueError(f"{name} holds {arrays[name].dtype}")
    if arrays["fps"].size != 1:
        raise ValueError(f"fps must be one number; got shape {arrays['fps'].shape}")
    if tuple(arrays["joint_names"].ravel().tolist()) != JOINT_NAMES:
        raise ValueError("its joint_names are not those of COCO-18 in OpenPose's order")


def _checksum(arrays: Mapping[str, npt.NDArray[Any]]) -> str:
    """Hash of names, types, shapes and contents."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _meta(dance: Dance) -> dict[str, Any]:
    song = dance.song
    named = (
        {}
        if song is None
        else {
            "song": str(song.path),
            "song_sha256": song.sha256,
            "song_duration_s": song.duration_s,
        }
    )
    return {
        **named,
        "index_id": dance.index_id,
        "encoder_id": dance.encoder_id,
        "steps": [asdict(step) for step in dance.steps],
        "choices": [asdict(choice) for choice in dance.choices],
        "fragments": [asdict(placement) for placement in dance.fragments],
    }


def _song(meta: Mapping[str, Any]) -> DanceSong | None:
    if not meta.get("song"):
        return None
    duration_s = float(meta.get("song_duration_s") or 0.0)
    return DanceSong(Path(str(meta["song"])), str(meta.get("song_sha256", "")), duration_s)


def _step(row: Mapping[str, Any]) -> Step:
    options = {
        # Before format 2 a limit of "inf" could be written: no limit.
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.get("options", {}).items()
    }
    return Step(str(row.get("step", "")), str(row.get("method", "")), options)


def _choice(row: Mapping[str, Any]) -> Choice:
    return Choice(
        why=str(row.get("why", "")),
        goes_on=bool(row.get("goes_on", False)),
        found=int(row.get("found", 0)),
        target=float(row.get("target", math.nan)),
        runners_up=tuple(
            RunnerUp(
                str(other.get("fragment_id", "")),
                float(other.get("distance", math.nan)),
                float(other.get("target", math.nan)),
            )
            for other in row.get("runners_up", [])
        ),
    )


def _placement(row: Mapping[str, Any]) -> Placement:
    """Read what is known of a fragment; each value as its field's type."""
    return Placement(
        **{
            field.name: field.type(row[field.name])  # type: ignore[operator]
            for field in fields(Placement)
            if field.name in row
        }
    )
