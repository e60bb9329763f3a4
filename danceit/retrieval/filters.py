"""What a query's options let through, and what to say where nothing passes."""

from collections.abc import Sequence
from difflib import get_close_matches

from danceit.index.store.contract import FragmentStore, Where
from danceit.retrieval.options import QueryOptions

_NAMES = 8
"""Most names that a message lists."""


def asked_for(options: QueryOptions, n_frames: int) -> Where:
    """Filter for fragments of a length that the options allow."""
    return Where(
        style=_only(options.style),
        dancer=_only(options.dancer),
        licence=_only(options.licence),
        body=() if options.body == "any" else (options.body,),
        n_frames=n_frames,
    )


def _only(name: str) -> tuple[str, ...]:
    return (name,) if name else ()


def nothing_found(options: QueryOptions, store: FragmentStore) -> str:
    """Say what was asked for in vain, and what there is where a name is not of the index."""
    info = store.info()
    known = {"style": info.styles, "dancer": info.dancers, "licence": info.licences}
    asked = {name: getattr(options, name) for name in known if getattr(options, name)}
    for name, value in asked.items():
        names = [str(there) for there in known[name] if there]
        if value not in names:
            near = get_close_matches(value.lower(), [there.lower() for there in names], n=1)
            meant = [there for there in names if there.lower() in near][:1]
            hint = f"; did you mean '{meant[0]}'?" if meant else ""
            return f"the index has no {name} '{value}'; it has {_some(names) or 'none noted'}{hint}"
    asked |= {"where": f'"{options.where}"'} if options.where else {}
    if options.body != "any":
        asked["body"] = options.body
    filters = " ".join(f"`{name}={value}`" for name, value in asked.items())
    return f"the index holds no fragment of {options.length_s:g} s{filters and f' with {filters}'}"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMES])
    return shown + (f" and {len(names) - _NAMES} more" if len(names) > _NAMES else "")
