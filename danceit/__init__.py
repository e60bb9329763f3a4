"""danceit: music-to-dance retrieval over a library of real movement.

    import danceit

    dance = danceit.query("song.mp3", index="danceit-index", k=5)
    danceit.render(danceit.align(dance, "inertial"), "song.mp4")

Everything here is imported when it is first used. `danceit.align` and `danceit.render` are
packages as well as functions: the packages can be called, and hold their own parts as ever.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

__version__ = "0.1.0"

_FACE = {
    **dict.fromkeys(
        ("query", "dance", "group", "search", "build_index", "train"), "danceit.workflow.face"
    ),
    **dict.fromkeys(("Dance", "Clip", "Music"), "danceit.data"),
}
_CALLED = ("align", "render")
"""Packages that are also functions of the face."""

__all__ = [
    "query", "align", "render", "dance", "group", "search", "build_index", "train",
    "Dance", "Clip", "Music",
]  # fmt: skip


class CallablePackage(ModuleType):
    """A package that, called, is the function of the face that bears its name."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Call that function."""
        name = self.__name__.rpartition(".")[2]
        return getattr(import_module("danceit.workflow.face"), name)(*args, **options)


def make_callable(package: str) -> None:
    """Let a package be called; it says so itself when it is imported."""
    sys.modules[package].__class__ = CallablePackage


def __getattr__(name: str) -> Any:
    if name in _FACE:
        return getattr(import_module(_FACE[name]), name)
    if name in _CALLED:
        return import_module(f"danceit.{name}")
    raise AttributeError(f"module 'danceit' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
