"""Aligners by name: the built-in table, ``name:option=value`` texts, chains, and their record.

Third parties register a frozen dataclass under the entry-point group
``danceit.aligners``; its fields become options, and its steps are recorded, without further
work.
"""

import dataclasses
import math
import types
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from danceit.align.protocols import Aligner
from danceit.data import Dance, Music
from danceit.errors import InputError, PluginError
from danceit.plugins import Registry, nearest_spelling

ALIGNERS = Registry(
    "danceit.aligners",
    "aligner",
    {
        "none": "danceit.align.none:NoAligner",
        "linear": "danceit.align.linear:LinearAligner",
        "tsd": "danceit.align.tsd:TsdAligner",
        "hermite": "danceit.align.hermite:HermiteAligner",
        "minjerk": "danceit.align.minjerk:MinJerkAligner",
        "inertial": "danceit.align.inertial:InertialAligner",
        "learned": "danceit.align.learned:LearnedAligner",
        "fill": "danceit.align.fill:FillAligner",
        "beat": "danceit.align.beat:BeatAligner",
        "warp": "danceit.align.warp:WarpAligner",
        "counts": "danceit.align.counts:CountsAligner",
    },
)
DEFAULT_METHODS = ("inertial", "counts")
"""The chain of a dance where none is named: seams no larger than real dances' own movement, and
every dancer's own timing kept (docs/aligners.md)."""
_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")


def make_aligner(text: str) -> Aligner:
    """Build the aligner that `text` describes.

    Parameters
    ----------
    text : str
        ``name`` or ``name:option=value,option=value``; values are read by the type of
        the option. A true/false option may be given by its name alone, and ``none``
        stands for no limit where an option allows it.

    Raises
    ------
    PluginError
        If no such aligner is installed, or what is installed is not one.
    InputError
        If an option is unknown (the nearest spelling is given), given twice, not of its
        type, or out of range.

    Examples
    --------
    >>> make_aligner("linear:anywhere,window_frames=12")
    LinearAligner(window_frames=12, threshold_px=10.0, anywhere=True)
    """
    name, rest = _name_in(text), text.partition(":")[2]
    cls = ALIGNERS.get(name)
    if not (dataclasses.is_dataclass(cls) and isinstance(cls, type) and hasattr(cls, "align")):
        raise PluginError(
            f"the aligner '{name}' must be a dataclass with an align method; got {cls!r}"
        )
    return cast(Aligner, cls(**_options(name, cls, rest)))


def align(dance: Dance, music: Music, methods: Sequence[str | Aligner]) -> Dance:
    """Apply aligners one after the other.

    Parameters
    ----------
    dance : Dance
        Never changed.
    music : Music
        The song that `dance` is for.
    methods : sequence of str or Aligner
        In order; texts are read by `make_aligner`, all of them before the first is applied.

    Returns
    -------
    Dance
        Same number of frames, each step recorded in ``steps``.

    Raises
    ------
    InputError
        If the dance and the music differ in length by more than a frame, or as `make_aligner`.
    PluginError
        If an aligner changes the number of frames.
    """
    aligners = [
        (_name_in(each), make_aligner(each)) if isinstance(each, str) else (_name_of(each), each)
        for each in methods
    ]
    if abs(dance.n_frames - music.n_frames) > 1:
        raise InputError(
            f"the dance has {dance.n_frames} frames, but {music.path} ({music.duration_s:.1f} s) "
            f"needs {music.n_frames}: another song's dance?"
        )
    for name, aligner in aligners:
        aligned = aligner.align(dance, music)
        if aligned.n_frames != dance.n_frames:
            raise PluginError(
                f"the aligner {type(aligner).__name__} returned {aligned.n_frames} frames "
                f"for a dance of {dance.n_frames}; aligners must keep the length"
            )
        # One step an aligner, whatever it wrote down itself.
        own = dataclasses.replace(aligned, steps=dance.steps)
        dance = own.with_step("align", name, _options_given(aligner))
    return dance


def _name_in(text: str) -> str:
    """Name of the aligner that a text describes."""
    return text.partition(":")[0].strip()


def _name_of(aligner: Aligner) -> str:
    """Name under which an aligner's class is registered, else that of the class."""
    cls = type(aligner)
    target = f"{cls.__module__}:{cls.__qualname__}"
    registered = {place: name for name, place in ALIGNERS.builtins.items()}
    if target not in registered:
        registered |= {point.value: point.name for point in entry_points(group=ALIGNERS.group)}
    return registered.get(target, cls.__name__)


def _options_given(aligner: Aligner) -> dict[str, Any]:
    """Every option of an aligner with its value."""
    given = cast(Any, aligner)
    return dict(dataclasses.asdict(given)) if dataclasses.is_dataclass(type(aligner)) else {}


def options_of(aligner: Aligner) -> frozenset[str]:
    """Names of the options that an aligner has."""
    return frozenset(field.name for field in dataclasses.fields(cast(Any, aligner)))


def with_options(aligner: Aligner, options: Mapping[str, Any]) -> Aligner:
    """Return an aligner with those of `options` that it has; None is a value like others."""
    own = {name: value for name, value in options.items() if name in options_of(aligner)}
    return cast(Aligner, dataclasses.replace(cast(Any, aligner), **own))


def with_texts(aligner: Aligner, texts: Mapping[str, str]) -> Aligner:
    """Return an aligner with those options that it has, read as `make_aligner` reads them."""
    types_by_name = get_type_hints(type(aligner))
    read = {
        name: _value(_name_of(aligner), name, text, types_by_name[name])
        for name, text in texts.items()
        if name in options_of(aligner)
    }
    return with_options(aligner, read)


def _options(name: str, cls: type[Any], text: str) -> dict[str, Any]:
    """Read ``option=value,...`` by the fields of the dataclass `cls`."""
    types_by_name = get_type_hints(cls)
    known = {field.name: types_by_name[field.name] for field in dataclasses.fields(cls)}
    values: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        key = key.replace("-", "_")
        if key not in known:
            raise InputError(_unknown_option(name, key, list(known)))
        if key in values:
            raise InputError(f"option '{key}' of aligner '{name}' is given twice")
        if not equals and known[key] is not bool:
            raise InputError(f"option '{key}' of aligner '{name}' needs a value: {key}=...")
        values[key] = _value(name, key, value if equals else "true", known[key])
    return values


def _unknown_option(name: str, key: str, known: list[str]) -> str:
    if not known:
        return f"aligner '{name}' has no options; got '{key}'"
    hint = nearest_spelling(key, known)
    return f"aligner '{name}' has no option '{key}'; known: {', '.join(known)}{hint}"


def _value(name: str, key: str, text: str, wanted: Any) -> Any:
    """Convert `text` to the type `wanted` of an option."""
    expected = _describe(wanted)
    problem = f"option `{key}` of aligner '{name}' must be {expected}; got '{text}'"
    if get_origin(wanted) in (Union, types.UnionType):
        if type(None) in get_args(wanted) and text.lower() == "none":
            return None
        (wanted,) = (each for each in get_args(wanted) if each is not type(None))
    if get_origin(wanted) is Literal:
        choices = {str(choice): choice for choice in get_args(wanted)}
        if text not in choices:
            raise InputError(problem)
        return choices[text]
    if wanted is bool:
        if text.lower() not in _TRUE + _FALSE:
            raise InputError(problem)
        return text.lower() in _TRUE
    try:
        value = wanted(text)
    except (ValueError, TypeError) as exc:
        raise InputError(problem) from exc
    if isinstance(value, float) and math.isnan(value):
        raise InputError(problem)
    return value


def _describe(wanted: Any) -> str:
    """Name the type of an option as a user would."""
    if get_origin(wanted) in (Union, types.UnionType):
        return " or ".join(_describe(each) for each in get_args(wanted))
    if get_origin(wanted) is Literal:
        return " or ".join(str(choice) for choice in get_args(wanted))
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    return "none" if wanted is type(None) else names.get(wanted, getattr(wanted, "__name__", "?"))
