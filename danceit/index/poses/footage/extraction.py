"""What an estimator sees in a video, kept in the cache part by part.

Parts of about a minute lie in a folder named by the file's hash and the estimator's id. A
run that was stopped goes on after the last whole part; memory stays flat whatever the
video's length. Nothing is judged here: people, confidences and signatures are kept as
they came, so that later rules cost no new extraction.
"""

import hashlib
import io
import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from danceit.data import N_JOINTS, Float32, Float64, Int64
from danceit.errors import DanceitError, InputError
from danceit.files import cache_dir, read_sealed, sha256_of_file, write_sealed
from danceit.index.poses.estimators import Estimator, Session
from danceit.index.poses.footage.decoding import Losses, Still, pictures
from danceit.index.poses.footage.shots import CUT, Signature, difference, signature
from danceit.progress import Progress, silent

VERSION = 3
"""Raised with every change that makes earlier extractions, or their files, differ."""
PART_PICTURES = 1500
_LOG = logging.getLogger(__name__)
_REPORT_EVERY = 8
_COMPLETE = "complete"


@dataclass(frozen=True)
class Footage:
    """What was seen in a video of T pictures, N people in all.

    Attributes
    ----------
    times_s : float64 (T,)
        From the stream's start, increasing.
    counts : int64 (T,)
        People in each picture; they sum to N.
    image : float32 (N, 18, 3)
        Pixels of a picture of `width` x `height`, and confidence.
    world : float32 (N, 18, 3)
        Metres around the hips, or NaN.
    signatures : uint8 (T, 132)
        See `shots`.
    n_lost : int
        Pictures that could not be decoded.
    lost_s : tuple of (float, float)
        Seconds from and to which the file has none, damaged or cut off.
    """

    times_s: Float64
    counts: Int64
    image: Float32
    world: Float32
    signatures: Signature
    width: int
    height: int
    n_lost: int = 0
    lost_s: tuple[tuple[float, float], ...] = ()


def footage_folder(path: Path, estimator: Estimator) -> Path:
    """Folder in the cache for a video and an estimator."""
    state = path.stat()
    content = _content_hash(path, state.st_mtime_ns, state.st_size)
    key = hashlib.sha256(f"{estimator.estimator_id}\0{VERSION}".encode()).hexdigest()[:16]
    return cache_dir() / "video" / f"{content}-{key}"


def is_complete(folder: Path) -> bool:
    """Whether a video was extracted to its end."""
    return (folder / _COMPLETE).is_file()


def load_footage(folder: Path) -> Footage | None:
    """Read a complete extraction; None where there is none, or, told in the log, it is damaged.

    Raises
    ------
    InputError
        If it is there and cannot be read.
    """
    complete = _kept(folder / _COMPLETE)
    if complete is None:
        return None
    meta = json.loads(complete)
    parts = _whole_parts(folder, meta["parts"])
    if len(parts) < meta["parts"]:
        return None
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    lost_s = tuple((float(start), float(end)) for start, end in meta["lost_s"])
    return Footage(
        **joined,
        width=meta["width"],
        height=meta["height"],
        n_lost=int(meta["n_lost"]),
        lost_s=lost_s,
    )


def extract(path: Path, estimator: Estimator, folder: Path, told: Progress = silent) -> None:
    """Run the estimator over a video and keep what it sees in `folder`.

    `told` is told of the pictures; how many there are in all nobody knows.

    Raises
    ------
    DanceitError
        If the video or the estimator's model cannot be read.
    """
    if is_complete(folder):
        if load_footage(folder) is not None:
            return
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        done = _whole_parts(folder)
        n_done, last_s = sum(len(part["times_s"]) for part in done), -np.inf
        if done:
            last_s = float(done[-1]["times_s"][-1])
            told(n_done, 0)
        losses = Losses()
        everything = _of_one_size(pictures(path, estimator.longest_px, losses))
        stills = (still for still in everything if still.time_s > last_s)
        number, size = len(done), (0, 0)
        for part in _parts(stills, estimator, n_done, told):
            size = part.size
            _write_part(part, _part(folder, number))
            number += 1
        if size == (0, 0):
            size = _size_of(path, estimator)
        meta = {
            "parts": number,
            "width": size[0],
            "height": size[1],
            "path": str(path),
            "n_lost": losses.n_pictures,
            "lost_s": losses.stretches,
        }
        write_sealed(folder / _COMPLETE, json.dumps(meta).encode())
    except DanceitError:
        with suppress(OSError):
            folder.rmdir()  # only if nothing was kept
        raise


@dataclass
class _Part:
    """Pictures being gathered."""

    size: tuple[int, int] = (0, 0)
    times_s: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    image: list[Float32] = field(default_factory=list)
    world: list[Float32] = field(default_factory=list)
    signatures: list[Signature] = field(default_factory=list)


def _of_one_size(stills: Iterator[Still]) -> Iterator[Still]:
    """Give on pictures that are as large as the first, those of parts that were kept among them."""
    first: tuple[int, int] | None = None
    for still in stills:
        height, width = still.picture.shape[:2]
        first = first or (width, height)
        if first != (width, height):
            raise InputError(
                f"the picture changes its size midway, from {first[0]} x {first[1]} to "
                f"{width} x {height}: several videos in one file?"
            )
        yield still


def _parts(
    stills: Iterator[Still], estimator: Estimator, n_done: int, told: Progress
) -> Iterator[_Part]:
    """Look at pictures, gathered in parts; `n_done` have been looked at before."""
    session: Session | None = None
    part = _Part()
    before: Signature | None = None
    try:
        for still in stills:
            mark = signature(still.picture)
            if session is not None and before is not None and difference(before, mark) > CUT:
                # The next shot shows others, elsewhere: following on would only mislead.
                session.close()
                session = None
            session = session or estimator.open()
            before = mark
            _see(part, still, session, mark)
            n_done += 1
            if n_done % _REPORT_EVERY == 0:
                told(n_done, 0)
            if len(part.times_s) >= PART_PICTURES:
                yield part
                part = _Part()
    finally:
        if session is not None:
            session.close()
    if part.times_s:
        yield part
    told(n_done, 0)


def _see(part: _Part, still: Still, session: Session, mark: Signature) -> None:
    people = session.people(still.picture, still.time_s)
    height, width = still.picture.shape[:2]
    part.size = (width, height)
    part.times_s.append(still.time_s)
    part.counts.append(len(people.image))
    part.image.append(people.image)
    part.world.append(people.world)
    part.signatures.append(mark)


def _write_part(part: _Part, target: Path) -> None:
    nobody = np.empty((0, N_JOINTS, 3), dtype=np.float32)
    packed = io.BytesIO()
    np.savez(
        packed,
        times_s=np.array(part.times_s, dtype=np.float64),
        counts=np.array(part.counts, dtype=np.int64),
        image=np.concatenate([nobody, *part.image]).astype(np.float32),
        world=np.concatenate([nobody, *part.world]).astype(np.float32),
        signatures=np.stack(part.signatures),
    )
    write_sealed(target, packed.getvalue())


def _kept(source: Path) -> bytes | None:
    """What a file of the cache holds; None where it is not there, or, told in the log, damaged."""
    try:
        content = read_sealed(source)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise InputError(
            f"cannot read {source}, what was seen in a video: {exc.strerror or exc}"
        ) from exc
    if content is None:
        _LOG.warning("warning: %s is damaged: what it held of a video is looked for again", source)
    return content


def _whole_parts(folder: Path, most: int | None = None) -> list[dict[str, Any]]:
    """Parts up to the first that is not there or damaged: what comes after is done again."""
    parts: list[dict[str, Any]] = []
    while most is None or len(parts) < most:
        content = _kept(_part(folder, len(parts)))
        if content is None:
            break
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            parts.append({name: stored[name] for name in stored.files})
    return parts


def _part(folder: Path, number: int) -> Path:
    return folder / f"part-{number:05d}.npz"


def _size_of(path: Path, estimator: Estimator) -> tuple[int, int]:
    height, width = next(pictures(path, estimator.longest_px)).picture.shape[:2]
    return width, height


@lru_cache(maxsize=1024)
def _content_hash(path: Path, _mtime_ns: int, _size: int) -> str:
    # Asked for by the look ahead and again on reading; the file's state is part of the key.
    return sha256_of_file(path)
