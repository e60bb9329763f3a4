"""What people wish for in a dance, in their words, as options of a query."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from danceit.errors import InputError
from danceit.plugins import unknown_name
from danceit.retrieval.options import USUAL_VARIETY, VARIETY, QueryOptions

MOVES: Mapping[str, float] = {"short": 1.0, "medium": 2.0, "long": 4.0}
"""Seconds that a move lasts before another may follow."""
ENERGY: Mapping[str, float] = {"even": 0.0, "music": 0.5, "strong": 2.0}
"""How much quiet parts of the song ask for small movement and loud ones for large."""


BODIES = ("any", "whole", "upper")


@dataclass(frozen=True)
class Wishes:
    """What a dance is to be like.

    Attributes
    ----------
    style, dancer, licence : str
        Only from these; empty for all.
    body : str
        One of `BODIES`: what of a dancer is to be seen.
    moves : str
        A key of `MOVES`.
    variety : str
        A key of `danceit.retrieval.options.VARIETY`.
    energy : str
        A key of `ENERGY`.
    alike : bool
        Whether choruses are danced alike.
    seed : int
        Which of the dances that fit: 0 is the best, every other number another one.

    Raises
    ------
    InputError
        If a value is outside what is listed here.
    """

    style: str = ""
    dancer: str = ""
    licence: str = ""
    body: str = "any"
    moves: str = "medium"
    variety: str = USUAL_VARIETY
    energy: str = "music"
    alike: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        known: Collection[str]
        for name, known in (
            ("body", BODIES), ("moves", MOVES), ("variety", VARIETY), ("energy", ENERGY),
        ):  # fmt: skip
            wished = getattr(self, name)
            if not isinstance(wished, str) or wished not in known:
                raise InputError(unknown_name(name, str(wished), list(known)))
        for name in ("style", "dancer", "licence"):
            if not isinstance(getattr(self, name), str):
                raise InputError(f"{name} must be a name; got {getattr(self, name)!r}")
        if not isinstance(self.seed, int) or not 0 <= self.seed < 1 << 31:
            raise InputError(f"`seed` must be a whole number from 0 on; got {self.seed!r}")

    @classmethod
    def of(cls, asked: object) -> "Wishes":
        """Read wishes from JSON; what is not named is as usual, what is not known left out.

        Raises
        ------
        InputError
            If it is no JSON object, or as the constructor.
        """
        if not isinstance(asked, Mapping):
            raise InputError("wishes must be a JSON object")
        known = {each.name for each in fields(cls)}
        values: dict[str, Any] = {name: value for name, value in asked.items() if name in known}
        if "alike" in values:
            values["alike"] = bool(values["alike"])
        return cls(**values)

    @property
    def as_json(self) -> dict[str, Any]:
        """Plain values, as `of` reads them."""
        return asdict(self)

    @property
    def options(self) -> QueryOptions:
        """The query that finds what is wished for."""
        varied: dict[str, Any] = dict(VARIETY[self.variety])
        return QueryOptions(
            length_s=MOVES[self.moves],
            style=self.style,
            dancer=self.dancer,
            licence=self.licence,
            body=self.body,
            energy_weight=ENERGY[self.energy],
            structure="repeat" if self.alike else "free",
            seed=self.seed,
            **varied,
        )
