"""Reading ``.npz`` files that somebody else wrote, or that a disk damaged.

Members are read whole, so that their checksums are compared; no more is unpacked than a
bound allows, and no header is believed before the bytes that it announces are there.
"""

import io
import zipfile
from collections.abc import Container
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.errors import InputError

_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Those that numpy writes."""


def read_npz(
    path: Path, names: Container[str], most_bytes: int, what: str = "an .npz file"
) -> dict[str, npt.NDArray[Any]]:
    """Read arrays of a ``.npz`` file.

    Parameters
    ----------
    names : container of str
        Arrays to read; others are left unread.
    most_bytes : int
        Bound on what is unpacked.
    what : str
        What was expected, for messages.

    Returns
    -------
    dict of str to array
        Those of `names` that the file has; not writable.

    Raises
    ------
    InputError
        If the file is missing, damaged, larger than the bound or holds pickled objects.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder; expected {what}")
    if not path.is_file():
        raise InputError(f"no such file: {path}")
    arrays: dict[str, npt.NDArray[Any]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            listed = archive.infolist()
            strange = [each.filename for each in listed if not each.filename.endswith(".npy")]
            if strange:  # numpy names all alike: the list of what is there was overwritten
                raise ValueError(f"{strange[0]!r:.40} in it is no array")
            members = [each for each in listed if _name(each) in names]
            unpacked = sum(member.file_size for member in members)
            if unpacked > most_bytes:
                raise InputError(
                    f"{path} would unpack to {unpacked} bytes; at most {most_bytes} are read"
                )
            for member in members:
                if _name(member) in arrays:
                    raise ValueError(f"{member.filename} is there twice")
                arrays[_name(member)] = _read(archive, member, path)
    except (InputError, PermissionError):
        raise
    except Exception as exc:  # zipfile, zlib and struct raise a dozen kinds for damaged bytes
        cut = "; cut off, by a full disk or an interrupted copy?" if _is_cut(path) else ""
        raise InputError(f"{path} is not a readable .npz file: {_line(exc)}{cut}") from exc
    return arrays


def read_npy(path: Path) -> npt.NDArray[Any]:
    """Read a plain array from a ``.npy`` file; its header is not believed but compared.

    Raises
    ------
    Exception
        Whatever numpy and Python's parser raise for damaged bytes.
    """
    return _array(path.read_bytes())


def _is_cut(path: Path) -> bool:
    """Whether a file begins as an archive does and does not end as one."""
    with path.open("rb") as stream:
        return stream.read(4) == b"PK\3\4" and not zipfile.is_zipfile(path)


def _name(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> npt.NDArray[Any]:
    if member.compress_type not in _PACKINGS:
        raise ValueError(f"{member.filename} is packed in a way that numpy does not write")
    # All that is promised and no more: then zipfile compares the checksum.
    with archive.open(member) as stream:
        content = stream.read(member.file_size)
    try:
        return _array(content)
    except Exception as exc:  # headers are parsed as Python: tokenize, ast and numpy raise
        raise InputError(f"{path}: {member.filename} is not a plain array: {_line(exc)}") from exc


def _array(content: bytes) -> npt.NDArray[Any]:
    """View the array in the bytes of a ``.npy`` file; what its header claims is not allocated."""
    stream = io.BytesIO(content)
    npy: Any = np.lib.format  # without types in numpy before 2.3
    version = npy.read_magic(stream)
    if version == (1, 0):
        shape, fortran, dtype = npy.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, fortran, dtype = npy.read_array_header_2_0(stream)
    else:
        raise ValueError(f"version {version} of the array format")
    if dtype.hasobject:
        raise ValueError("pickled objects are never loaded")
    count = int(np.prod(np.asarray(shape, dtype=object))) if shape else 1
    held = len(content) - stream.tell()
    if count * dtype.itemsize != held:
        raise ValueError(f"{shape} of {dtype} announced, {held} bytes held")
    array: npt.NDArray[Any] = np.frombuffer(content, dtype, count, stream.tell())
    return array.reshape(shape, order="F" if fortran else "C")


def _line(exc: Exception) -> str:
    return " ".join(str(exc).split()) or type(exc).__name__
