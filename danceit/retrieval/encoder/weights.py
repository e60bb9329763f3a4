"""Weights on disk: safetensors beside JSON, read only after every size has been checked."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from danceit.errors import InputError
from danceit.files import replacing

if TYPE_CHECKING:
    from torch import Tensor

_MAX_JSON_BYTES = 1 << 20
_DTYPES = {"float32": "F32", "float64": "F64", "int64": "I64", "uint8": "U8", "bool": "BOOL"}


def digest(tensors: "Mapping[str, Tensor]", configuration: Mapping[str, Any]) -> str:
    """Hex SHA-256 (16 digits) of a configuration and named tensors, in order of name."""
    state = hashlib.sha256(json.dumps(configuration, sort_keys=True).encode())
    for name in sorted(tensors):
        values = tensors[name].detach().cpu().contiguous().numpy()
        state.update(f"{name}{values.dtype}{values.shape}".encode())
        state.update(values.tobytes())
    return state.hexdigest()[:16]


def read_json(path: Path) -> dict[str, Any]:
    """Read a small JSON object.

    Raises
    ------
    InputError
        If the file is missing, larger than 1 MiB, or not a JSON object.
    """
    try:
        if path.stat().st_size > _MAX_JSON_BYTES:
            raise InputError(f"{path} is larger than 1 MiB; that is no encoder's configuration")
        stored = json.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise InputError(f"cannot read {path}: {exc.strerror or exc}") from exc
    except (ValueError, RecursionError) as exc:
        raise InputError(f"{path} is not valid JSON: {exc}") from exc
    if not isinstance(stored, dict):
        raise InputError(f"{path} must hold a JSON object; got {type(stored).__name__}")
    return stored


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON object, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def write_tensors(path: Path, tensors: "Mapping[str, Tensor]", note: str = "") -> None:
    """Write tensors as safetensors, whole or not at all; `note` travels in the header."""
    from safetensors.torch import save_file

    with replacing(path) as temporary:
        plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        save_file(plain, temporary, metadata={"note": note})


def read_tensors(path: Path, expected: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
    """Read the tensors named in `expected`, whose shapes and types they must have.

    Nothing is allocated before the file's header has been compared with `expected`
    (whose tensors may be on the meta device).

    Raises
    ------
    InputError
        If the file is missing, damaged, or has missing, unexpected or misshapen tensors.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise InputError(f"no such file: {path}")
    try:
        with safe_open(path, framework="pt", device="cpu") as stored:
            names = set(stored.keys())
            _refuse(path, "missing", set(expected) - names)
            _refuse(path, "unexpected", names - set(expected))
            for name, tensor in expected.items():
                header = stored.get_slice(name)
                shape, dtype = list(header.get_shape()), header.get_dtype()
                wanted = _DTYPES[str(tensor.dtype).removeprefix("torch.")]
                if shape != list(tensor.shape) or dtype != wanted:
                    raise InputError(
                        f"{path}: '{name}' must be {wanted} {list(tensor.shape)}; "
                        f"got {dtype} {shape}"
                    )
            return {name: stored.get_tensor(name) for name in expected}
    except (SafetensorError, OSError) as exc:
        raise InputError(f"{path} is damaged or not a safetensors file: {exc}") from exc


def read_note(path: Path) -> str:
    """Read the note that `write_tensors` put into the header."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt", device="cpu") as stored:
            return str((stored.metadata() or {}).get("note", ""))
    except (SafetensorError, OSError) as exc:
        raise InputError(f"{path} is damaged or not a safetensors file: {exc}") from exc


def _refuse(path: Path, what: str, names: set[str]) -> None:
    if names:
        shown = ", ".join(sorted(names)[:3]) + (", ..." if len(names) > 3 else "")
        raise InputError(f"{path} has {what} tensors ({shown}): weights of another model?")
