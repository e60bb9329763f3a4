"""Poses on disk: one fixed-size record a frame, read by `pread`.

A frame is kept once, however many fragments show it; a fragment is a range of records.
A record holds the centre of the body's bounding box as float32, a step as float32, and
the joints' offsets from the centre as 16-bit multiples of the step. The step is the
frame's own, so the error is at most 1/65534 of the body's half extent in each coordinate
(0.004 px for a body of 512 px), whatever the distance from the origin; float16 would
err by 0.06 px there, by 0.5 px in absolute coordinates, and takes eight times longer
to decode. NaN stays NaN.
"""

import os
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from danceit.data import N_JOINTS, Float32, Int64
from danceit.errors import IndexStateError, InputError

_LIMIT = 32767
_MISSING = -32768
_BLOCK = 32
"""Fragments decoded together: small enough to stay in the processor's cache."""
_CODED = 2048
"""Frames encoded or decoded together, for the same reason."""


def record_type(dims: int) -> np.dtype[np.void]:
    """Layout of one frame with C = `dims`: 84 bytes in 2-D, 124 in 3-D."""
    return np.dtype(
        [("centre", "<f4", (dims,)), ("step", "<f4"), ("joints", "<i2", (N_JOINTS, dims))]
    )


def encode(poses: Float32) -> npt.NDArray[np.void]:
    """Encode poses (T, 18, C) as records (T,)."""
    records = np.empty(len(poses), dtype=record_type(poses.shape[2]))
    for start in range(0, len(poses), _CODED):
        _encode_into(poses[start : start + _CODED], records[start : start + _CODED])
    return records


def decode(records: npt.NDArray[np.void]) -> Float32:
    """Decode records (...) to poses (..., 18, C)."""
    flat = records.reshape(-1)
    n_values = records.dtype["joints"].shape[0] * records.dtype["joints"].shape[1]
    out = np.empty((len(flat), n_values), dtype=np.float32)
    scratch = np.empty((min(len(flat), _CODED), n_values), dtype=np.float32)
    for start in range(0, len(flat), _CODED):
        some = flat[start : start + _CODED]
        _decode_into(some, out[start : start + len(some)], scratch[: len(some)])
    return out.reshape(*records.shape, *records.dtype["joints"].shape)


class PoseFile:
    """The records of one index, open for reading."""

    def __init__(self, path: Path, dims: int) -> None:
        self._type = record_type(dims)
        self._file: BinaryIO = path.open("rb", buffering=0)
        self._path = path

    def read(self, first_frames: Int64, n_frames: int) -> Float32:
        """Poses (N, T, 18, C) of N ranges of T = `n_frames` frames.

        Raises
        ------
        InputError
            If `n_frames` is not positive.
        IndexStateError
            If the file ends before a range does.
        """
        if n_frames < 1:
            raise InputError(f"a range of poses needs 1 frame or more; got {n_frames}")
        n_rows = len(first_frames)
        size = self._type.itemsize * n_frames
        shape = self._type["joints"].shape
        out = np.empty((n_rows * n_frames, shape[0] * shape[1]), dtype=np.float32)
        block = np.empty(min(n_rows, _BLOCK) * n_frames, dtype=self._type)
        scratch = np.empty((len(block), out.shape[1]), dtype=np.float32)
        raw = block.view(np.uint8)
        handle = self._file.fileno()
        offsets = (first_frames * self._type.itemsize).tolist()
        for start in range(0, n_rows, _BLOCK):
            some = offsets[start : start + _BLOCK]
            for slot, offset in enumerate(some):
                if os.preadv(handle, [raw[slot * size : (slot + 1) * size].data], offset) != size:
                    raise IndexStateError(f"{self._path} ends early; run: danceit index verify")
            n_some = len(some) * n_frames
            target = out[start * n_frames : start * n_frames + n_some]
            _decode_into(block[:n_some], target, scratch[:n_some])
        return out.reshape(n_rows, n_frames, *shape)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _encode_into(poses: Float32, records: npt.NDArray[np.void]) -> None:
    # Frames last, so that every step below runs along contiguous frames.
    values = np.ascontiguousarray(poses.astype(np.float32, copy=False).transpose(1, 2, 0))
    missing = np.isnan(values)
    low, high = np.fmin.reduce(values, axis=0), np.fmax.reduce(values, axis=0)
    centre = np.nan_to_num(low / 2 + high / 2)
    values -= centre
    values[missing] = 0.0
    step = np.abs(values).max(axis=(0, 1)) / np.float32(_LIMIT)
    # Below that float32 loses precision: a body of under 1e-30 px is a point.
    step[step < 1e-30] = 1.0
    values /= step
    np.rint(values, out=values)
    np.clip(values, -_LIMIT, _LIMIT, out=values)
    values[missing] = _MISSING
    records["centre"] = centre.T
    records["step"] = step
    records["joints"] = values.astype(np.int16).transpose(2, 0, 1)


def _decode_into(records: npt.NDArray[np.void], out: Float32, scratch: Float32) -> None:
    """Decode records (N,) into `out` (N, 18 C), using `scratch` of the same shape."""
    joints = records["joints"]
    counts = joints.reshape(out.shape)
    # A product with tiled identities repeats the centre for every joint, exactly, and
    # several times faster than broadcasting over an axis of two or three.
    spread = np.tile(np.eye(joints.shape[2], dtype=np.float32), joints.shape[1])
    np.matmul(np.ascontiguousarray(records["centre"]), spread, out=scratch)
    out[...] = counts
    out *= records["step"][:, None]
    out += scratch
    missing = counts == _MISSING
    if missing.any():
        np.copyto(out, np.nan, where=missing)
