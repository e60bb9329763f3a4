"""The engines that keep an index; further ones come by the entry-point group ``danceit.stores``."""

from pathlib import Path

from danceit.errors import IndexStateError, PluginError
from danceit.index.sources.remote import check_local
from danceit.index.store.contract import FragmentStore, StoreOptions
from danceit.index.store.manifest import engine_of
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


def open_store(
    location: Path, *, engine: str = "", device: str = "auto", options: StoreOptions | None = None
) -> FragmentStore:
    """Open the index at `location`, to be used as a context manager; see `FragmentStore.open`.

    Without `engine`, the one that wrote the index opens it. `options` hold more than the
    `device` where more is wanted.

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
    chosen = options or StoreOptions(device=device)
    store: FragmentStore = engine_at(location, engine).open(location, chosen)
    return store


def engine_at(location: Path, name: str = "") -> type[FragmentStore]:
    """Return the engine called `name`, else the one that wrote the index there, else `DEFAULT`."""
    engine: type[FragmentStore] = STORES.get(name or detect(location) or DEFAULT)
    return engine


def detect(location: Path) -> str:
    """Name of the engine that wrote the index at `location`; "" where that cannot be told.

    Every engine is asked (`FragmentStore.holds`), third parties' too. An engine that is not
    installed is named where danceit's manifest names it.

    Raises
    ------
    IndexStateError
        If two engines say that it is theirs.
    """
    location = Path(location)
    if not location.is_dir():
        return ""
    named = engine_of(location)
    if named in STORES.builtins:
        # Theirs is the manifest; nobody else needs to be loaded and asked.
        return named
    claims = [name for name in STORES.names() if name not in STORES.builtins]
    claims = [name for name in claims if _holds(name, location)]
    if len(claims) > 1:
        raise IndexStateError(
            f"the engines {' and '.join(claims)} both say that the index at {location} is theirs;"
            " name one with `store`, or uninstall one"
        )
    return claims[0] if claims else named


def _holds(name: str, location: Path) -> bool:
    try:
        engine: type[FragmentStore] = STORES.get(name)
    except PluginError:
        # It is told of where plug-ins are listed, and when it is asked for by name.
        return False
    return engine.holds(location)
