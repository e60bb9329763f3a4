"""The engines that keep an index; further ones come by the entry-point group ``danceit.stores``."""

from pathlib import Path

from danceit.index.store import FragmentStore
from danceit.plugins import Registry

STORES = Registry("danceit.stores", "store", {"local": "danceit.index.local_store:LocalStore"})


def open_store(location: Path, *, engine: str = "local", device: str = "auto") -> FragmentStore:
    """Open the index at `location`, to be used as a context manager; see `FragmentStore.open`.

    Raises
    ------
    IndexStateError
        If it is missing, damaged, or of a newer format.
    PluginError
        If the engine is unknown.
    """
    store: FragmentStore = STORES.get(engine).open(Path(location), device=device)
    return store
