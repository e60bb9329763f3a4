"""Named, interchangeable parts: sources, aligners, renderers, stores.

Built-ins are a plain table of lazy import strings, third parties register under an
entry-point group of the same name. Nothing is imported until it is asked for; a
plug-in that cannot be imported is a warning in `listing` and an error on use.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from danceit.errors import PluginError


@dataclass(frozen=True)
class PluginInfo:
    """One line of `danceit plugins`; `problem` is empty for a plug-in that loads.

    `remark` is what whoever uses it should know, such as a licence.
    """

    group: str
    name: str
    target: str
    provider: str
    problem: str = ""
    remark: str = ""


@dataclass(frozen=True)
class Registry:
    """The plug-ins of one group, built-in and third-party.

    Attributes
    ----------
    group : str
        Entry-point group, such as ``danceit.aligners``.
    noun : str
        What one plug-in is called in messages, such as ``aligner``.
    builtins : dict[str, str]
        Name to ``module:attribute``.
    remarks : mapping of str to str
        What whoever uses a built-in should know, by name.
    """

    group: str
    noun: str
    builtins: dict[str, str]
    remarks: Mapping[str, str] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Names that can be asked for: built-ins in table order, then third parties sorted."""
        return [*self.builtins, *sorted({point.name for point in self._third_party()})]

    def get(self, name: str) -> Any:
        """Import and return the object registered as `name`.

        Raises
        ------
        PluginError
            If the name is unknown (the known ones and the nearest spelling are
            given), registered twice (both providers are named), or fails to import.
        """
        points = [point for point in self._third_party() if point.name == name]
        providers = [_provider(point) for point in points]
        if name in self.builtins:
            providers.insert(0, "danceit")
        if len(providers) > 1:
            raise PluginError(
                f"the {self.noun} '{name}' is registered twice, "
                f"by {' and '.join(providers)}; uninstall one of them"
            )
        if not providers:
            raise PluginError(unknown_name(self.noun, name, self.names()))
        try:
            return _import(self.builtins[name]) if name in self.builtins else points[0].load()
        except Exception as exc:
            raise PluginError(
                f"the {self.noun} '{name}' from {providers[0]} cannot be loaded: {exc}"
            ) from exc

    def listing(self) -> list[PluginInfo]:
        """Every plug-in of the group with its provider and, where it fails, the problem."""
        rows = [(name, target, "danceit") for name, target in self.builtins.items()]
        rows += [(point.name, point.value, _provider(point)) for point in self._third_party()]
        return [self._describe(*row) for row in rows]

    def _describe(self, name: str, target: str, provider: str) -> PluginInfo:
        remark = self.remarks.get(name, "") if provider == "danceit" else ""
        problem = ""
        try:
            self.get(name)
        except PluginError as exc:
            problem = str(exc)
        return PluginInfo(self.group, name, target, provider, problem, remark)

    def _third_party(self) -> list[EntryPoint]:
        return list(entry_points(group=self.group))


def unknown_name(noun: str, name: str, known: Sequence[str]) -> str:
    """One line for a name that is not known: what is, and the nearest spelling."""
    return f"unknown {noun} '{name}'; known: {', '.join(known)}{nearest_spelling(name, known)}"


def nearest_spelling(name: str, known: Iterable[str]) -> str:
    """End of a line about a name that is not known: the nearest that is, or nothing."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def _import(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)


def _provider(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.value
