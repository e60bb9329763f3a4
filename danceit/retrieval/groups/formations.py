"""Where the dancers of a group stand, and how they walk from one formation to the next.

Places are (x, z) on the floor in canvas pixels, x to the right and z away as the audience sees
it, about the middle of the stage; the file of formations is in metres. From one formation to
the next everybody walks straight and all at once, to the places that make the sum of squared
ways least: if both keep their dancers `SPACED` apart, nobody comes nearer on the way than that
over √2 (Turpin, Michael and Kumar, *CAPT*, 2014, theorem 3.3), which is `APART_PX`.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np

from danceit.counts import Counts
from danceit.data import BODY_PX, FPS, Float64, Int64
from danceit.errors import InputError
from danceit.plugins import unknown_name

METRE_PX = BODY_PX / 1.5
"""From the nose to the ankle an adult measures about 1.5 m."""
APART_PX = 0.9 * METRE_PX
"""Least distance between the middles of two dancers' hips."""
SPACED = float(np.sqrt(2.0)) * APART_PX
"""And in a formation that stands."""
SPACING_PX = 1.5 * METRE_PX
"""Between neighbours in the formations that have names: arms may be stretched out."""
FEWEST, MOST = 2, 12
"""Dancers of a group: as many as one picture shows."""
NAMED = ("line", "v", "circle")
_WALK_PX = 0.8 * METRE_PX
"""Mean speed of walking to another place, a second: a stroll."""
_LEAST_S = 2.0
_COLUMNS = ("formation", "dancer", "x", "z")


@dataclass(frozen=True)
class Formation:
    """Where N dancers stand: `places` (N, 2) in px, the first dancer's first."""

    name: str
    places: Float64


def formations_of(text: str, dancers: int, *, deep: bool) -> tuple[Formation, ...]:
    """Formations by their names, or from a file of them.

    Parameters
    ----------
    text : str
        ``line``, ``v``, ``circle``, several with commas between, or a file ``.csv``.
    dancers : int
    deep : bool
        Whether the dances have depth; without it everybody stands in one line.

    Raises
    ------
    InputError
        If a name or file is unknown, or a formation is none of so many dancers.
    """
    if not FEWEST <= dancers <= MOST:
        raise InputError(f"a group has from {FEWEST} to {MOST} `dancers`; got {dancers}")
    if text.lower().endswith(".csv"):
        found = _read(Path(text), dancers)
    else:
        found = tuple(_named(name.strip(), dancers) for name in text.split(","))
    for formation in found:
        _check(formation, deep=deep)
    return found


def walked(
    formations: Sequence[Formation], counts: Counts, n_frames: int
) -> tuple[Float64, tuple[str, ...]]:
    """Where everybody stands in each frame, (T, N, 2), and what the user should know.

    With several formations the song's sections take them in turn, those with the same label
    the same one; the walk ends on the first count of the section.
    """
    first = formations[0].places
    ways = np.repeat(first[None], n_frames, axis=0)
    if len(formations) == 1:
        return ways, ()
    starts, chosen = _by_section(len(formations), counts)
    if not starts:
        return ways, ("no sections are known of this song: its first formation stays",)
    at, free = formations[chosen[0]].places, 0
    ways[:] = at
    for (_, before), (start_s, now) in pairwise(zip(starts, chosen, strict=True)):
        if before == now:
            continue
        there = _assigned(at, formations[now].places)
        arrival = min(n_frames, round(start_s * FPS))
        way_px = float(np.linalg.norm(there - at, axis=1).max())
        lasts = round(max(_LEAST_S, way_px / _WALK_PX) * FPS)
        leave = max(free, arrival - lasts)
        if arrival > leave:
            share = (np.arange(arrival - leave) / (arrival - leave))[:, None, None]
            # Starts and ends gently; the same for all, as the theorem asks.
            share = share * share * (3 - 2 * share)
            ways[leave:arrival] = at + share * (there - at)
        ways[arrival:] = there
        at, free = there, arrival
    return ways, ()


def _by_section(count: int, counts: Counts) -> tuple[list[float], list[int]]:
    """Starts of the song's sections and the formation of each."""
    order: dict[str, int] = {}
    starts, chosen = [], []
    for section in counts.sections:
        place = order.setdefault(section.label, len(order))
        starts.append(section.start_s)
        chosen.append(place % count)
    return starts, chosen


def _assigned(here: Float64, there: Float64) -> Float64:
    """Places (N, 2) of the next formation in the order of the dancers who take them."""
    from scipy.optimize import linear_sum_assignment

    squares = ((here[:, None] - there[None]) ** 2).sum(axis=-1)
    taken: Int64 = linear_sum_assignment(squares)[1]
    return np.asarray(there[taken], dtype=np.float64)


def _named(name: str, n: int) -> Formation:
    i = np.arange(n, dtype=np.float64)
    if name == "line":
        places = np.stack([i - (n - 1) / 2, np.zeros(n)], axis=1)
    elif name == "v":
        # The first stands in front; the others go out and back by turns, left and right.
        rank = np.ceil(i / 2)
        side = np.where(i % 2 == 1, -1.0, 1.0)
        places = 0.75 * np.stack([side * rank, rank - rank.mean()], axis=1)
    elif name == "circle":
        if n < 3:
            raise InputError(f"a circle takes 3 `dancers` or more; got {n}")
        angle = 2 * np.pi * i / n
        radius = 0.5 / np.sin(np.pi / n)
        places = radius * np.stack([np.sin(angle), -np.cos(angle)], axis=1)
    else:
        raise InputError(
            unknown_name("formation", name, list(NAMED)) + "; or a file of formations, .csv"
        )
    return Formation(name, SPACING_PX * places)


def _read(path: Path, dancers: int) -> tuple[Formation, ...]:
    """Read ``formation,dancer,x,z`` rows, in metres."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream))
    except FileNotFoundError as exc:
        raise InputError(f"there is no file of formations at {path}") from exc
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise InputError(f"cannot read {path}: {exc}") from exc
    wanted = ", ".join(_COLUMNS)
    if not rows or not set(_COLUMNS) <= set(rows[0]):
        got = ", ".join(str(name) for name in rows[0]) if rows else "nothing"
        raise InputError(f"{path} must have the columns {wanted}; got {got}")
    found: dict[str, dict[int, tuple[float, float]]] = {}
    for line, row in enumerate(rows, start=2):
        try:
            number, x, z = int(row["dancer"]), float(row["x"]), float(row["z"])
        except (TypeError, ValueError) as exc:
            raise InputError(f"{path}, line {line}: dancer, x and z must be numbers") from exc
        if not (np.isfinite([x, z]).all() and abs(x) <= 50 and abs(z) <= 50):
            raise InputError(f"{path}, line {line}: a place must lie within 50 m of the middle")
        places = found.setdefault(str(row["formation"]), {})
        if number in places:
            raise InputError(f"{path}, line {line}: dancer {number} stands there already")
        places[number] = (x, z)
    for name, places in found.items():
        if sorted(places) != list(range(1, dancers + 1)):
            raise InputError(
                f"{path}: formation '{name}' has {len(places)} places, numbered "
                f"{min(places)} to {max(places)}; {dancers} `dancers` need 1 to {dancers}"
            )
    return tuple(
        Formation(name, METRE_PX * np.array([places[i + 1] for i in range(dancers)]))
        for name, places in found.items()
    )


def _check(formation: Formation, *, deep: bool) -> None:
    places = formation.places
    if not deep and np.ptp(places[:, 1]) > 0:
        raise InputError(
            f"the formation '{formation.name}' needs depth, and the index is in 2-D: use line"
        )
    for a, b in combinations(range(len(places)), 2):
        apart = float(np.linalg.norm(places[a] - places[b]))
        if apart < SPACED - 1e-6:
            raise InputError(
                f"formation '{formation.name}': dancers {a + 1} and {b + 1} stand "
                f"{apart / METRE_PX:.2f} m apart; give {SPACED / METRE_PX:.2f} m or more"
            )
