"""One person out of several: tracks through the detections of a video, and the main one.

Detectors name people anew in every frame. Detections are chained to tracks by distance;
the dancer is the track with the largest confident box (box area x mean confidence,
summed over the frames). Where that track has ended or not begun, another of
similar size goes on: it is most often the same dancer found again after a gap, and where
it is not, cleaning cuts at the jump.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from danceit.data import N_JOINTS, Float32, Float64
from danceit.index.poses.footage.cuts import cuts_in, near, shots_between

REACH = 0.35
"""Mean joint movement between two frames up to which it is the same person, in box diagonals."""
PATIENCE = 24
"""Frames for which a lost person is waited for."""
SIMILAR = 0.5
"""Share of the main track's median box that another needs to stand in for it."""


_CUTS_NAMED = 5


@dataclass
class _Track:
    frames: list[int] = field(default_factory=list)
    people: list[Float64] = field(default_factory=list)

    def add(self, frame: int, person: Float64) -> None:
        self.frames.append(frame)
        self.people.append(person)

    @property
    def weights(self) -> Float64:
        return np.array([_weight(person) for person in self.people])


def main_person(detections: Sequence[Sequence[Float64]]) -> Float64:
    """Joints (T, 18, 3) of the dancer: x, y, confidence; NaN where not seen.

    Parameters
    ----------
    detections : sequence of sequence of float64 (18, 3)
        For each frame the people in it, NaN for joints not found.
    """
    chosen = np.full((len(detections), N_JOINTS, 3), np.nan)
    tracks = sorted(_tracks(detections), key=lambda track: -float(track.weights.sum()))
    if not tracks:
        return chosen
    needed = SIMILAR * float(np.median(tracks[0].weights))
    taken = np.zeros(len(detections), dtype=bool)
    for track in tracks:
        if taken[track.frames].any() or float(np.median(track.weights)) < needed:
            continue
        chosen[track.frames] = track.people
        taken[track.frames] = True
    return chosen


def followed(
    detections: Sequence[Sequence[Float64]], times_s: Float64, video: Path | None
) -> tuple[Float32, tuple[str, ...]]:
    """Poses (T, 18, 2) of the main person of each shot of the film beside them, and its cuts.

    Shots differ in how near they show whom, and nothing goes on from one into the next.

    Raises
    ------
    InputError
        If the film cannot be decoded.
    """
    cuts_s = cuts_in(video)
    poses = np.concatenate(
        [main_person(detections[shot])[..., :2] for shot in shots_between(times_s, cuts_s)]
    )
    poses[near(times_s, cuts_s)] = np.nan
    return poses.astype(np.float32), cut_notes(cuts_s)


def cut_notes(cuts_s: Float64) -> tuple[str, ...]:
    """Name the cuts to another shot; nothing where there are none."""
    if not len(cuts_s):
        return ()
    some = ", ".join(f"{cut_s:.1f} s" for cut_s in cuts_s[:_CUTS_NAMED].tolist())
    more = ", ..." if len(cuts_s) > _CUTS_NAMED else ""
    return (f"{len(cuts_s)} cuts to another shot, at {some}{more}",)


def followed_note(detections: Sequence[Sequence[Float64]]) -> tuple[str, ...]:
    """Say so where several people are seen at once; nothing where one is."""
    most = max((len(people) for people in detections), default=0)
    return (f"up to {most} people at once: the main one was followed",) if most > 1 else ()


def _tracks(detections: Sequence[Sequence[Float64]]) -> list[_Track]:
    done: list[_Track] = []
    alive: list[_Track] = []
    for frame, people in enumerate(detections):
        lost = [track for track in alive if frame - track.frames[-1] > PATIENCE]
        done += lost
        alive = [track for track in alive if track not in lost]
        pairs = sorted(
            (distance, index, number)
            for index, track in enumerate(alive)
            for number, person in enumerate(people)
            if (distance := _distance(track, frame, person)) < 1.0
        )
        used_tracks: set[int] = set()
        used_people: set[int] = set()
        for _, index, number in pairs:
            if index not in used_tracks and number not in used_people:
                alive[index].add(frame, people[number])
                used_tracks.add(index)
                used_people.add(number)
        for number, person in enumerate(people):
            if number not in used_people and np.isfinite(person[:, 0]).any():
                alive.append(_Track([frame], [person]))
    return done + alive


def _distance(track: _Track, frame: int, person: Float64) -> float:
    """Mean movement of the joints seen in both, over what is allowed; infinite without any."""
    before = track.people[-1]
    moved = np.linalg.norm(person[:, :2] - before[:, :2], axis=1)
    moved = moved[np.isfinite(moved)]
    size = max(_diagonal(before), _diagonal(person))
    if not moved.size or size == 0.0:
        return np.inf
    # A person unseen for some frames may have gone further, but not to any place.
    allowed = REACH * size * min(1.0 + 0.1 * (frame - track.frames[-1] - 1), 2.0)
    return float(moved.mean() / allowed)


def _weight(person: Float64) -> float:
    seen = np.isfinite(person[:, 0])
    width, height = np.ptp(person[seen, :2], axis=0)
    return float(width * height * person[seen, 2].mean())


def _diagonal(person: Float64) -> float:
    seen = np.isfinite(person[:, 0])
    return float(np.hypot(*np.ptp(person[seen, :2], axis=0)))
