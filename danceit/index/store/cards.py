"""Moving FAISS indexes to CUDA cards and back; needs faiss-gpu and a card, else stays out of it.

`device` is ``auto`` (cards where there are any), ``cpu`` or ``cuda``. With several cards an
index is split between them. Vectors stay float32 there, so that distances are those of
the processor up to the order of summation; for the same reason FAISS's own kernels are
used where it was built with cuVS.
"""

from collections.abc import Callable
from typing import Any

from danceit.data import Float32
from danceit.errors import InputError, MissingDependencyError
from danceit.index.store.faiss_module import load_faiss

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


def train(index: Any, sample: Float32, device: str) -> None:
    """Train an index on vectors (N, D); the k-means of inverted lists runs on a card.

    The first card alone trains, whatever the kind of index: lists that cards had trained
    each for itself could not be put together.

    Raises
    ------
    InputError
        If ``cuda`` was asked for and the card fails, for want of memory perhaps.
    """
    faiss = load_faiss()
    inverted = faiss.try_extract_index_ivf(index)
    if inverted is None or not count_cards(device):
        index.train(sample)
        return
    try:
        inverted.clustering_index = _one_card(faiss, faiss.IndexFlatL2(inverted.d))
        index.train(sample)
    except RuntimeError as exc:
        if device == "cuda":
            raise InputError(f"the card could not train the index: {_reason(exc)}") from exc
        inverted.clustering_index = None
        index.train(sample)
    finally:
        inverted.clustering_index = None


def fill(index: Any, add: Callable[[Any], None], device: str) -> Any:
    """Add vectors to a trained index with inverted lists; return it, or its like.

    `add` adds them to the index that it is given. Finding the list of each vector is done
    on the cards, where they can hold this kind.

    Raises
    ------
    InputError
        If ``cuda`` was asked for and the cards fail, for want of memory perhaps.
    """
    faiss = load_faiss()
    inverted = faiss.try_extract_index_ivf(index)
    on_cards = index
    if inverted is not None and _is_flat(faiss, inverted.quantizer):
        on_cards = to_cards(index, device)
    if on_cards is not index:
        try:
            add(on_cards)
            return faiss.index_gpu_to_cpu(on_cards)
        except RuntimeError as exc:
            if device == "cuda":
                raise InputError(f"the card could not take the index: {_reason(exc)}") from exc
    # It is still as empty as before: what went to the cards was a copy.
    add(index)
    return index


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
        _compare_all_lists(faiss, index)
        if n_cards == 1:
            return _one_card(faiss, index)
        options = _plain(faiss.GpuMultipleClonerOptions())
        options.shard = True
        cards = list(range(n_cards))
        return faiss.index_cpu_to_gpu_multiple_py(_resources(faiss, n_cards), index, options, cards)
    except RuntimeError as exc:
        if device == "cuda":
            raise InputError(f"this kind of index cannot be on a card: {_reason(exc)}") from exc
        return index


def _one_card(faiss: Any, index: Any) -> Any:
    options = _plain(faiss.GpuClonerOptions())
    return faiss.index_cpu_to_gpu(_resources(faiss, 1)[0], 0, index, options)


def _plain(options: Any) -> Any:
    if hasattr(options, "use_cuvs"):
        options.use_cuvs = False
    return options


def _compare_all_lists(faiss: Any, index: Any) -> None:
    """Find the nearest lists by comparing all: a card has no graph, and needs none for that."""
    inverted = faiss.try_extract_index_ivf(index)
    if inverted is None or _is_flat(faiss, inverted.quantizer):
        return
    graph = faiss.downcast_index(inverted.quantizer)
    flat = faiss.IndexFlatL2(inverted.d)
    flat.add(graph.reconstruct_n(0, graph.ntotal))
    inverted.quantizer = flat
    if inverted.own_fields:
        # Python frees both from here on.
        inverted.own_fields = False
        graph.this.own(True)


def _is_flat(faiss: Any, quantizer: Any) -> bool:
    return isinstance(faiss.downcast_index(quantizer), faiss.IndexFlat)


def _reason(error: RuntimeError) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]


_RESOURCES: list[Any] = []


def _resources(faiss: Any, n_cards: int) -> list[Any]:
    # One set a card for all indexes of the process: each takes a share of its memory.
    while len(_RESOURCES) < n_cards:
        _RESOURCES.append(faiss.StandardGpuResources())
    return _RESOURCES[:n_cards]
