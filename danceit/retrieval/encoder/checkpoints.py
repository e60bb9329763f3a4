"""Where a training run stands, on disk: one safetensors file, its JSON in the header.

One file, so that weights and counters can never be of different steps.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from danceit.errors import InputError
from danceit.files import replacing
from danceit.retrieval.encoder import weights
from danceit.retrieval.encoder.encoders import CONFIG_FILE

if TYPE_CHECKING:
    from torch import Tensor

STATE_FILE = "training.safetensors"
_GROUPS = ("weights", "average", "best", "moments")


@dataclass(frozen=True)
class Pieces:
    """Everything a run needs to go on.

    `weights` are what is learned, `average` what follows it and `best` that at its best,
    `moments` the optimiser's, `random_state` torch's generator, `rng` numpy's, and `state`
    the counters.
    """

    weights: "dict[str, Tensor]"
    average: "dict[str, Tensor]"
    best: "dict[str, Tensor]"
    moments: "dict[str, Tensor]"
    random_state: "Tensor"
    state: dict[str, Any]
    rng: dict[str, Any]


def write(folder: Path, fingerprint: str, pieces: Pieces) -> None:
    """Write a checkpoint into `folder`, which is made if need be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise InputError(f"cannot write {folder}: {exc.strerror or exc}") from exc
    note = {"fingerprint": fingerprint, "state": pieces.state, "rng": pieces.rng}
    weights.write_tensors(folder / STATE_FILE, _flat(pieces), json.dumps(note))


def read(folder: Path, fingerprint: str, like: Pieces) -> Pieces | None:
    """Read the checkpoint in `folder`; None where there is none.

    Parameters
    ----------
    folder : Path
    fingerprint : str
        Of the run that wants to go on.
    like : Pieces
        Names and shapes to expect.

    Raises
    ------
    InputError
        If it is damaged or of another run, or an encoder stands there without its run.
    """
    path = folder / STATE_FILE
    if not path.is_file():
        if (folder / CONFIG_FILE).exists():
            raise InputError(f"{folder} already holds an encoder; choose another folder or restart")
        return None
    try:
        note = json.loads(weights.read_note(path))
        found = str(note["fingerprint"])
    except (ValueError, KeyError, TypeError) as exc:
        raise InputError(f"{path} is not a training run's checkpoint: {exc}") from exc
    if found != fingerprint:
        raise InputError(
            f"{folder} holds a run with other clips or options; choose another folder or restart"
        )
    tensors = weights.read_tensors(path, _flat(like))
    groups = {
        group: {
            name.removeprefix(f"{group}."): tensor
            for name, tensor in tensors.items()
            if name.startswith(f"{group}.")
        }
        for group in _GROUPS
    }
    return Pieces(
        **groups, random_state=tensors["random"], state=dict(note["state"]), rng=dict(note["rng"])
    )


def write_log(path: Path, columns: Sequence[str], rows: Sequence[Sequence[float]]) -> None:
    """Write the log as CSV, anew each time, so that it never runs ahead of the checkpoint."""
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows([f"{value:.6g}" for value in row] for row in rows)


def _flat(pieces: Pieces) -> "Mapping[str, Tensor]":
    flat = {
        f"{group}.{name}": tensor
        for group in _GROUPS
        for name, tensor in getattr(pieces, group).items()
    }
    return {**flat, "random": pieces.random_state}
