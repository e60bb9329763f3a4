"""A composition put in words: each window's choice, why, and what else there was."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from danceit.data import Choice, RunnerUp
from danceit.retrieval.composing import Composition

KEPT = 8
"""Runners-up of each window that a dance file holds."""


@dataclass(frozen=True)
class WindowChoice:
    """One line of `danceit query`: times in s, `rank` from 0, costs as in `compose`."""

    window_start_s: float
    fragment_id: str
    clip_id: str
    source: str
    start_s: float
    end_s: float
    style: str
    licence: str
    distance: float
    target: float
    rank: int
    join_cost: float
    goes_on: bool
    why: str
    runners_up: tuple[RunnerUp, ...]


def choices(composition: Composition) -> list[WindowChoice]:
    """Return every window's choice in the order of the song."""
    ids = dict(zip(composition.rows.tolist(), composition.table.fragment_id, strict=True))
    seams = {int(seam) for seam in composition.dance.seams}
    listed = []
    for w, placement in enumerate(composition.dance.fragments):
        window, taken = composition.candidates[w], int(composition.path[w])
        goes_on = w > 0 and composition.first_frames[w] not in seams
        listed.append(
            WindowChoice(
                window_start_s=placement.window_start_s,
                fragment_id=placement.fragment_id,
                clip_id=placement.clip_id,
                source=placement.source,
                start_s=placement.start_s,
                end_s=placement.end_s,
                style=placement.style,
                licence=placement.licence,
                distance=placement.distance,
                target=float(window.targets[taken]),
                rank=placement.rank,
                join_cost=placement.join_cost,
                goes_on=goes_on,
                why=_why(w, taken, goes_on, len(window.rows)),
                runners_up=tuple(
                    RunnerUp(
                        str(ids[int(row)]), float(window.distances[i]), float(window.targets[i])
                    )
                    for i, row in enumerate(window.rows)
                    if i != taken
                ),
            )
        )
    return listed


def with_choices(composition: Composition, pinned: Sequence[int] = ()) -> Composition:
    """Return the same with why each window was chosen, and what else there was, in the dance.

    `pinned` are the windows that the user chose.
    """
    noted = tuple(
        Choice(
            why="you chose it" if w in pinned else choice.why,
            goes_on=choice.goes_on,
            found=len(choice.runners_up) + 1,
            target=choice.target,
            runners_up=choice.runners_up[:KEPT],
        )
        for w, choice in enumerate(choices(composition))
    )
    return replace(composition, dance=replace(composition.dance, choices=noted))


def composition_as_json(composition: Composition) -> str:
    """Everything of `choices`, with the song and its beats, as one JSON object."""
    return json.dumps(
        {
            "song": str(composition.music.path),
            "duration_s": composition.music.duration_s,
            "tempo_bpm": composition.music.tempo_bpm,
            "beats_s": [round(float(beat), 4) for beat in composition.music.beats_s],
            "windows": [asdict(choice) for choice in choices(composition)],
            "notes": list(composition.notes),
        },
        indent=2,
    )


def _why(window: int, rank: int, goes_on: bool, found: int) -> str:
    if goes_on:
        return "the source goes on from the fragment before"
    if window == 0 and rank == 0:
        return "the best match for the music; nothing comes before it"
    if rank == 0:
        return "the best match for the music"
    if window == 0:
        return f"match {rank + 1} of {found}: what comes next follows on it better"
    return f"match {rank + 1} of {found}: it follows on better than the ones before it in the list"
