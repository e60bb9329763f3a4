"""Chains of aligners as a bench names them: ``none``, ``tsd+beat``, ``linear+beat:max_warp=2``.

The parts of a chain are texts as `danceit.align.make_aligner` reads them, joined by ``+``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace

from danceit.align import Aligner, Filler, align, make_aligner
from danceit.align.spatial import Fill
from danceit.bench.measures.gaps import held
from danceit.data import Dance, Float32, Music
from danceit.errors import InputError

DEFAULT_METHODS = ("none", "linear", "tsd", "inertial", "learned", "tsd+beat", "inertial+warp")
WARP_LIMITS: tuple[float | None, ...] = (1.1, 1.25, 1.5, 2.0, None)
"""Stretch limits that S_BA is drawn against; None is no limit."""


@dataclass(frozen=True)
class Method:
    """One chain of aligners under the name it is reported by."""

    name: str
    chain: tuple[Aligner, ...]

    def align(self, dance: Dance, music: Music) -> Dance:
        """Apply the chain; see `danceit.align.align`."""
        return align(dance, music, self.chain)

    @property
    def fills(self) -> str:
        """Name of the chain's spatial parts, which alone fill gaps; empty where it has none."""
        parts = zip(self.name.split("+"), self.chain, strict=True)
        # Whoever leaves gaps to another aligner shares its row.
        return "+".join(
            str(getattr(part, "filled_by", text))
            for text, part in parts
            if isinstance(part, Filler)
        )

    @property
    def fill(self) -> Fill:
        """The chain's spatial parts one after the other; without one, the cut stays."""
        fillers = [part.fill for part in self.chain if isinstance(part, Filler)]
        return _Fills(tuple(fillers)) if fillers else held

    @property
    def limits_warp(self) -> bool:
        """Whether some part takes a stretch limit."""
        return any(_has_limit(part) for part in self.chain)

    def with_limit(self, limit: float | None) -> "Method":
        """Return the chain with another stretch limit."""
        chain = tuple(
            replace(part, max_warp=limit) if _has_limit(part) else part  # type: ignore[type-var]
            for part in self.chain
        )
        return Method(self.name, chain)


@dataclass(frozen=True)
class _Fills:
    parts: tuple[Fill, ...]

    def __call__(self, poses: Float32, start: int, stop: int) -> Float32:
        for part in self.parts:
            poses = part(poses, start, stop)
        return poses


def read_methods(texts: Sequence[str]) -> tuple[Method, ...]:
    """Build the chains that texts describe, all before the first is used.

    Raises
    ------
    InputError, PluginError
        If a name or an option is unknown, a chain is named twice, or none is given.
    """
    if not texts:
        raise InputError("a bench of aligners needs at least one method")
    methods = []
    for text in texts:
        parts = [part.strip() for part in re.split(r"\+(?=\s*[a-zA-Z])", text)]
        methods.append(Method("+".join(parts), tuple(make_aligner(part) for part in parts)))
    names = [method.name for method in methods]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"the method '{name}' is named twice")
    return tuple(methods)


def _has_limit(part: object) -> bool:
    return is_dataclass(part) and "max_warp" in {option.name for option in fields(part)}
