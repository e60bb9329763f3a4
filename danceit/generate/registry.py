"""Generators by name, their options from texts, and trained ones from their folders.

Third parties register a class that keeps `danceit.generate.protocol.Generator` under the
entry-point group ``danceit.generators``.
"""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from danceit.errors import InputError
from danceit.generate.folder import described
from danceit.generate.protocol import Generator
from danceit.plugins import Registry, nearest_spelling

GENERATORS = Registry(
    "danceit.generators",
    "generator",
    {
        "lee": "danceit.generate.lee.generator:LeeGenerator",
        "ren": "danceit.generate.ren.generator:RenGenerator",
        "lstm": "danceit.generate.baselines.generator:LstmGenerator",
        "mocogan": "danceit.generate.baselines.generator:MocoganGenerator",
    },
)

_TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def load_generator(folder: Path, device: str = "auto") -> Generator:
    """Read a trained generator of whatever kind.

    Raises
    ------
    InputError
        If the folder is none, damaged, or made by another version.
    PluginError
        If its kind is not installed.
    """
    name = described(Path(folder)).name
    generator: Generator = GENERATORS.get(name).load(Path(folder), device)
    return generator


def options_of(name: str, texts: Sequence[str]) -> Any:
    """Options of a generator's training from texts ``option=value``.

    Raises
    ------
    InputError
        If one is unknown (the nearest spelling is given), given twice, or not of its type.
    """
    options = GENERATORS.get(name).options_class
    defaults = options()
    known = {field.name: getattr(defaults, field.name) for field in fields(options)}
    values: dict[str, Any] = {}
    for text in texts:
        key, equals, value = (part.strip() for part in text.partition("="))
        key = key.replace("-", "_")
        if key not in known:
            raise InputError(
                f"generator '{name}' has no option '{key}'; known: {', '.join(known)}"
                f"{nearest_spelling(key, known)}"
            )
        if not equals or not value:
            raise InputError(f"option '{key}' of generator '{name}' needs a value: {key}=...")
        if key in values:
            raise InputError(f"option '{key}' of generator '{name}' is given twice")
        values[key] = _read(name, key, value, known[key])
    return options(**values)


def _read(name: str, key: str, text: str, default: Any) -> Any:
    kind = type(default)
    if kind is bool and text.lower() in _TRUTH:
        return _TRUTH[text.lower()]
    if kind in (int, float, str):
        try:
            return kind(text)
        except ValueError:
            pass
    wanted = {bool: "true or false", int: "a whole number", float: "a number"}.get(kind, "a text")
    raise InputError(f"option '{key}' of generator '{name}' must be {wanted}; got '{text}'")
