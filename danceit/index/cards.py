"""Moving FAISS indexes to CUDA cards and back; needs faiss-gpu and a card, else stays out of it.

`device` is ``auto`` (cards where there are any), ``cpu`` or ``cuda``. With several cards an
index is split between them. Vectors stay float32 there, so that distances are those of
the processor up to the order of summation.
"""

from typing import Any

from danceit.errors import InputError, MissingDependencyError
from danceit.index.faiss_module import load_faiss

DEVICES = ("auto", "cpu", "cuda")
MOST_NEIGHBOURS = 2048
"""Largest k, and largest nprobe, that FAISS allows on a card."""


def count_cards(device: str) -> int:
    """Cards to be used.

    Raises
    ------
    InputError
        If the device is unknown.
    MissingDependencyError
        If ``cuda`` is asked for and there is no card, or FAISS cannot use it.
    """
    if device not in DEVICES:
        raise InputError(f"unknown device '{device}'; known: {', '.join(DEVICES)}")
    if device == "cpu":
        return 0
    faiss = load_faiss()
    n_cards = int(faiss.get_num_gpus()) if hasattr(faiss, "StandardGpuResources") else 0
    if device == "cuda" and not n_cards:
        cause = "no card was found"
        if not hasattr(faiss, "StandardGpuResources"):
            cause = "this FAISS was built without CUDA; pip install 'danceit[gpu]'"
        raise MissingDependencyError(f"FAISS cannot search on a card: {cause}")
    return n_cards


def to_cards(index: Any, device: str) -> Any:
    """Copy an index to the cards, or return it as it is.

    Kinds that FAISS keeps on the processor only stay there, unless ``cuda`` was asked for.

    Raises
    ------
    InputError
        If ``cuda`` was asked for and this kind of index cannot be there.
    """
    n_cards = count_cards(device)
    if not n_cards:
        return index
    faiss = load_faiss()
    try:
        if n_cards == 1:
            return faiss.index_cpu_to_gpu(_resources(faiss), 0, index)
        options = faiss.GpuMultipleClonerOptions()
        options.shard = True
        return faiss.index_cpu_to_all_gpus(index, co=options)
    except RuntimeError as exc:
        if device == "cuda":
            reason = str(exc).strip().splitlines()[-1]
            raise InputError(f"this kind of index cannot be on a card: {reason}") from exc
        return index


def from_cards(index: Any) -> Any:
    """Copy an index back to the processor, or return it as it is."""
    faiss = load_faiss()
    if not hasattr(faiss, "StandardGpuResources"):
        return index
    return faiss.index_gpu_to_cpu(index)


_RESOURCES: list[Any] = []


def _resources(faiss: Any) -> Any:
    # One set for all indexes of the process: each takes a share of the card's memory.
    if not _RESOURCES:
        _RESOURCES.append(faiss.StandardGpuResources())
    return _RESOURCES[0]
