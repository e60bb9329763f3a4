"""The engines that keep an index; further ones come by the entry-point group ``danceit.stores``."""

import json
from pathlib import Path

from danceit.index.sources.remote import check_local
from danceit.index.store.contract import FragmentStore
from danceit.index.store.manifest import NAME, PREFIX, number_of
from danceit.plugins import Registry

STORES = Registry(
    "danceit.stores",
    "store",
    {
        "local": "danceit.index.store.local.store:LocalStore",
        "lance": "danceit.index.store.lance.store:LanceStore",
    },
)
DEFAULT = "local"


def open_store(location: Path, *, engine: str = "", device: str = "auto") -> FragmentStore:
    """Open the index at `location`, to be used as a context manager; see `FragmentStore.open`.

    Without `engine`, the one that wrote the index opens it.

    Raises
    ------
    InputError
        If it is to be in an object store.
    IndexStateError
        If it is missing, damaged, or of a newer format.
    PluginError
        If the engine is unknown.
    """
    location = Path(location)
    check_local(location)
    name = engine or detect(location) or DEFAULT
    store: FragmentStore = STORES.get(name).open(location, device=device)
    return store


def detect(location: Path) -> str:
    """Name of the engine that wrote the index at `location`; "" where that cannot be told.

    Where the manifest is lost or damaged, the copy in the newest generation is asked.
    """
    folders = sorted(Path(location).glob(f"{PREFIX}*"), key=lambda one: -number_of(one.name))
    for folder in (Path(location), *folders):
        try:
            engine = json.loads((folder / NAME).read_text(encoding="utf-8"))["engine"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
        if isinstance(engine, str):
            return engine
    return ""
