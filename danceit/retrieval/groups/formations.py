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
_HURRY_PX = 1.4 * METRE_PX
"""And at most, where a section leaves less time: what people find a comfortable pace (Bohannon,
*Age and Ageing*, 1997: 1.3 to 1.5 m/s)."""
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
    the same one; the walk ends on the first count of the section. A section that is too short
    to walk on from it in time keeps the formation before.
    """
    first = formations[0].places
    ways = np.repeat(first[None], n_frames, axis=0)
    if len(formations) == 1:
        return ways, ()
    stands = _by_section(len(formations), counts, n_frames)
    if not stands:
        return ways, ("no sections are known of this song: its first formation stays",)
    stands, n_short = _long_enough(stands, formations)
    at = formations[stands[0].formation].places
    ways[:] = at
    for before, now in pairwise(stands):
        there = _assigned(at, formations[now.formation].places)
        leave = max(before.first, now.first - _walk_frames(at, there, _WALK_PX))
        share = (np.arange(now.first - leave) / (now.first - leave))[:, None, None]
        # Starts and ends gently; the same for all, as the theorem asks.
        share = share * share * (3 - 2 * share)
        ways[leave : now.first] = at + share * (there - at)
        ways[now.first :] = there
        at = there
    if not n_short:
        return ways, ()
    sections = "section is" if n_short == 1 else "sections are"
    return ways, (f"{n_short} {sections} too short to walk on from: the formation before stays",)


@dataclass(frozen=True)
class _Stand:
    """A formation, by its place among them, that stands from frame `first` on."""

    first: int
    formation: int


def _by_section(count: int, counts: Counts, n_frames: int) -> list[_Stand]:
    """Which formation stands when, by the song's sections; the first from the song's start."""
    order: dict[str, int] = {}
    found: list[_Stand] = []
    for section in counts.sections:
        formation = order.setdefault(section.label, len(order)) % count
        first = round(section.start_s * FPS) if found else 0
        if first < n_frames and (not found or found[-1].formation != formation):
            found.append(_Stand(first, formation))
    return found


def _long_enough(
    stands: Sequence[_Stand], formations: Sequence[Formation]
) -> tuple[list[_Stand], int]:
    """Those from which everybody can walk on in time, and how many are left out.

    Whatever stood before one that is left out stays; where nothing did, the next begins the song.
    """
    kept, n_short, place = list(stands), 0, 0
    while place < len(kept) - 1:
        here, there = kept[place : place + 2]
        places = formations[here.formation].places
        target = _assigned(places, formations[there.formation].places)
        if there.first - here.first >= _walk_frames(places, target, _HURRY_PX):
            place += 1
            continue
        del kept[place]
        n_short += 1
        if place == 0:
            kept[0] = _Stand(0, kept[0].formation)
        elif kept[place - 1].formation == kept[place].formation:
            del kept[place]
        # What stood before has more time now, and another way.
        place = max(0, place - 1)
    return kept, n_short


def _walk_frames(here: Float64, there: Float64, pace_px: float) -> int:
    """Frames that a walk between places (N, 2) takes at a mean pace, a second, or less."""
    way_px = float(np.linalg.norm(there - here, axis=1).max())
    return round(max(_LEAST_S, way_px / pace_px) * FPS)


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
