"""What an index holds, line by line: its recordings, their clips, the fragments of these."""

from dataclasses import dataclass

import numpy as np

from danceit.data import Int64
from danceit.index.store.contract import FragmentStore, FragmentTable, Where


@dataclass(frozen=True)
class Listed:
    """A recording, a clip or a fragment.

    Attributes
    ----------
    name : str
        By which it is pinned, banned, inspected or removed.
    parts : int
        Clips of a recording, fragments of a clip; 0 of a fragment.
    start_s, end_s : float
        Seconds of the recording's media that it spans.
    style, dancer : str
    tempo_bpm : float
        Of its music; 0 where that is not known.
    source : str
        Path of the recording.
    body : str
        ``whole``, ``upper``, or ``both``.
    sure : float
        Of the poses, 0 to 1, in the mean.
    """

    name: str
    parts: int
    start_s: float
    end_s: float
    style: str
    dancer: str
    tempo_bpm: float
    source: str
    body: str
    sure: float


def listed(store: FragmentStore, kind: str = "recordings", part: str = "") -> list[Listed]:
    """List the recordings, clips or fragments that can be found in a store.

    Parameters
    ----------
    kind : "recordings", "clips" or "fragments"
    part : str
        Only those in whose names this occurs.
    """
    table = store.table(store.matching(Where()))
    if kind == "fragments":
        rows = [_of(table, np.array([i]), str(table.fragment_id[i]), 0) for i in range(len(table))]
    else:
        own = table.clip_id if kind == "clips" else table.recording_id
        inner = table.fragment_id if kind == "clips" else table.clip_id
        names, places = np.unique(own.astype(str), return_inverse=True)
        groups = np.split(np.argsort(places, kind="stable"), np.cumsum(np.bincount(places))[:-1])
        rows = [
            _of(table, group, str(name), len(set(inner[group].tolist())))
            for name, group in zip(names, groups, strict=True)
        ]
    found = [row for row in rows if part in row.name]
    return sorted(found, key=lambda row: (row.source, row.start_s, row.end_s, row.name))


def _of(table: FragmentTable, group: Int64, name: str, parts: int) -> Listed:
    first = int(group[0])
    bodies = set(table.body[group].astype(str).tolist())
    return Listed(
        name=name,
        parts=parts,
        start_s=float(table.start_s[group].min()),
        end_s=float(table.end_s[group].max()),
        style=str(table.style[first]),
        dancer=str(table.dancer[first]),
        tempo_bpm=float(table.tempo_bpm[first]),
        source=str(table.source[first]),
        body=bodies.pop() if len(bodies) == 1 else "both",
        sure=float(table.sure[group].mean()),
    )
