"""Tensors and a JSON note in one safetensors file, published whole or not at all."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.optim import Adam

from danceit.errors import InputError
from danceit.files import replacing

NOTE = "danceit"


def write_tensors(path: Path, tensors: Mapping[str, Tensor], note: Mapping[str, Any]) -> None:
    """Write beside `path`, then rename: a kill or a full disk leaves the last good file.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    try:
        with replacing(path) as temporary:
            save_file(plain, str(temporary), metadata={NOTE: json.dumps(note)})
    except (SafetensorError, OSError) as exc:
        raise InputError(
            f"cannot write {path}: {exc}; the checkpoint before it is still whole"
        ) from exc


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `write_tensors` wrote.

    Raises
    ------
    InputError
        If the file is damaged or not one of ours.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as stored:
            note = json.loads((stored.metadata() or {})[NOTE])
            return {name: stored.get_tensor(name) for name in stored.keys()}, note  # noqa: SIM118
    except (SafetensorError, OSError, KeyError, ValueError) as exc:
        raise InputError(f"{path} is damaged: {exc}") from exc


def read_note(path: Path) -> dict[str, Any]:
    """Read the note that `write_tensors` wrote, without the tensors.

    Raises
    ------
    InputError
        If the file is damaged or not one of ours.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="np") as stored:
            return dict(json.loads((stored.metadata() or {})[NOTE]))
    except (SafetensorError, OSError, KeyError, ValueError, TypeError) as exc:
        raise InputError(f"{path} is damaged: {exc}") from exc


def flat_state(
    modules: Mapping[str, nn.Module], optimisers: Mapping[str, Adam]
) -> dict[str, Tensor]:
    """Weights of modules and moments of their optimisers under one name each."""
    flat = {
        f"{part}/{name}": tensor
        for part, module in modules.items()
        for name, tensor in module.state_dict().items()
    }
    for part, optimiser in optimisers.items():
        for place, state in optimiser.state_dict()["state"].items():
            for name, tensor in state.items():
                flat[f"{part}/{place}/{name}"] = tensor
    return flat


def restore_state(
    flat: Mapping[str, Tensor], modules: Mapping[str, nn.Module], optimisers: Mapping[str, Adam]
) -> None:
    """Put back what `flat_state` took.

    Raises
    ------
    InputError
        If names or shapes do not fit.
    """
    try:
        for part, module in modules.items():
            module.load_state_dict({name: flat[f"{part}/{name}"] for name in module.state_dict()})
        for part, optimiser in optimisers.items():
            state: dict[int, dict[str, Tensor]] = {}
            for key, tensor in flat.items():
                owner, _, rest = key.partition("/")
                if owner == part:
                    place, _, name = rest.partition("/")
                    state.setdefault(int(place), {})[name] = tensor
            optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
    except (KeyError, RuntimeError, ValueError) as exc:
        line = str(exc).splitlines()[0]
        raise InputError(f"the checkpoint does not fit these networks: {line}") from exc


def append_log(path: Path, columns: Sequence[str], row: Sequence[float | int | str]) -> None:
    """Add a row to a CSV file, with its header where it is new."""
    is_new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        if is_new:
            writer.writerow(columns)
        writer.writerow([f"{value:.6g}" if isinstance(value, float) else value for value in row])


def cut_log(path: Path, lesson: str, step: int) -> None:
    """Drop the rows of a log that are later than a checkpoint, before a run goes on from it.

    Rows are dropped from the first one on that is none, as a kill or a bad disk leaves them.
    """
    if not path.exists():
        return
    try:
        with path.open(newline="", encoding="utf-8", errors="replace") as stream:
            header, *rows = list(csv.reader(stream)) or [[]]
    except csv.Error:
        header, rows = [], []
    kept: list[list[str]] = []
    for row in rows:
        if len(row) != len(header) or len(row) < 2 or not row[1].isdecimal():
            break
        # Lessons follow one another: one that begins after the checkpoint's is later than it.
        later_lesson = row[0] != lesson and any(earlier[0] == lesson for earlier in kept)
        if later_lesson or (row[0] == lesson and int(row[1]) > step):
            break
        kept.append(row)
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([header, *kept])


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file of anyone's, whatever stands in its header.

    Raises
    ------
    InputError
        If it is missing, damaged, or no safetensors file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise InputError(f"no such file: {path}")
    try:
        return dict(load_file(str(path)))
    except (SafetensorError, OSError) as exc:
        raise InputError(f"{path} is damaged or no safetensors file: {exc}") from exc
