"""People told apart: tracks through the detections of a video, the main one first.

Detectors name people anew in every frame. Detections are chained to tracks by distance
from where each was going; the main dancer is the track with the largest confident box (box area x
mean confidence, summed over the frames). Where that track has ended or not begun, another of
similar size goes on: it is most often the same dancer found again after a gap, and where
it is not, cleaning cuts at the jump. Of what is left the next is made in the same way, so that
two who cross are two; who of them dances is judged by cleaning.

Where a film lies beside the keypoints its pictures say where it was cut. Where none does, the
people do: all at once they are elsewhere or of another size, and stay so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from danceit.data import N_JOINTS, Float32, Float64, Int64, Performer
from danceit.index.poses.footage.cuts import cuts_in, near, shots_between
from danceit.index.sources.media import as_shown

EACH_FOLLOWED = "each was followed"
"""What is said of several people in one picture."""
REACH = 0.35
"""Mean joint movement between two frames up to which it is the same person, in box diagonals."""
PATIENCE = 24
"""Frames for which a lost person is waited for."""
SIMILAR = 0.5
"""Share of the main track's median box that another needs to stand in for it."""
BESIDE = 0.1
"""Share of it that somebody needs to be followed beside the main dancer: a third of the height."""
FOLLOWED = 4
"""Most people of a recording that are followed."""
FEWEST = 20
"""Fewest frames of somebody beside the main dancer; a clip takes a second."""

ELSE_LARGER = 1.6
"""Ratio of the sizes of two boxes from which they are not one person's in frames that follow."""
HELD = 3
"""Frames for which people must go on before and after, for it to be a cut."""
_CUTS_NAMED = 5


@dataclass(frozen=True)
class Followed:
    """Those who were followed through the frames of keypoints.

    Attributes
    ----------
    poses : float32 (T, 18, 2)
        Of the main person.
    sure : float32 (T,)
        Mean confidence of the joints seen.
    others : tuple of Performer
    notes : tuple of str
        The cuts, and how many people there are.
    cuts_s : tuple of float
        Seconds at which another shot begins.
    """

    poses: Float32
    sure: Float32
    others: tuple[Performer, ...]
    notes: tuple[str, ...]
    cuts_s: tuple[float, ...]


@dataclass
class _Track:
    frames: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    people: list[Float64] = field(default_factory=list)

    def add(self, frame: int, number: int, person: Float64) -> None:
        self.frames.append(frame)
        self.numbers.append(number)
        self.people.append(person)

    @property
    def weights(self) -> Float64:
        return np.array([_weight(person) for person in self.people])

    def expected(self, frame: int) -> Float64:
        """Joints (18, 2) where they would be if the body went on as in the last two frames."""
        last = self.people[-1][:, :2]
        gap = frame - self.frames[-1]
        if len(self.frames) < 2 or self.frames[-1] - self.frames[-2] > 1 or gap > PATIENCE // 4:
            return last
        step = last - self.people[-2][:, :2]
        known = np.isfinite(step).all(axis=1)
        return last + gap * np.median(step[known], axis=0) if known.any() else last


def people_in(detections: Sequence[Sequence[Float64]]) -> tuple[Int64, ...]:
    """Which detection of each frame is whose, -1 where they are not seen: (T,) each, main first.

    Parameters
    ----------
    detections : sequence of sequence of float64 (18, 3)
        For each frame the people in it: x, y, confidence; NaN for joints not found.
    """
    tracks = sorted(_tracks(detections), key=lambda track: -float(track.weights.sum()))
    found: list[Int64] = []
    least = 0.0
    while tracks and len(found) < FOLLOWED:
        needed = SIMILAR * float(np.median(tracks[0].weights))
        chosen = np.full(len(detections), -1, dtype=np.int64)
        left = []
        for track in tracks:
            if (chosen[track.frames] >= 0).any() or float(np.median(track.weights)) < needed:
                left.append(track)
            else:
                chosen[track.frames] = track.numbers
        if not found:
            least = BESIDE * needed / SIMILAR
            found.append(chosen)
        elif needed / SIMILAR >= least and (chosen >= 0).sum() >= FEWEST:
            found.append(chosen)
        tracks = left
    return tuple(found)


def joints_of(detections: Sequence[Sequence[Float64]], chosen: Int64) -> Float64:
    """Joints (T, 18, 3) of one person of `people_in`; NaN where not seen."""
    joints = np.full((len(detections), N_JOINTS, 3), np.nan)
    for frame in np.flatnonzero(chosen >= 0).tolist():
        joints[frame] = detections[frame][chosen[frame]]
    return joints


def main_person(detections: Sequence[Sequence[Float64]]) -> Float64:
    """Joints (T, 18, 3) of the main dancer: x, y, confidence; NaN where not seen."""
    found = people_in(detections)
    nobody = np.full(len(detections), -1, dtype=np.int64)
    return joints_of(detections, found[0] if found else nobody)


def followed(
    detections: Sequence[Sequence[Float64]], times_s: Float64, video: Path | None
) -> Followed:
    """Follow the people of each shot of the film beside the keypoints, or that they are of.

    Shots differ in how near they show whom, and nothing goes on from one into the next. Keypoints
    are taken to lie in pixels of the film as stored, poses are given in those that are shown.

    Raises
    ------
    InputError
        If the film cannot be decoded.
    """
    factors, stretched = as_shown(video)
    if stretched:
        wider = np.append(factors, 1.0)
        detections = [[person * wider for person in people] for people in detections]
    cuts_s = cuts_in(video) if video else cuts_among(detections, times_s)
    shots = shots_between(times_s, cuts_s)
    people = [people_in(detections[shot]) for shot in shots]
    performers = []
    for person in range(max(1, max(map(len, people), default=1))):
        joints = np.full((len(detections), N_JOINTS, 3), np.nan)
        for shot, some in zip(shots, people, strict=True):
            if person < len(some):
                joints[shot] = joints_of(detections[shot], some[person])
        joints[near(times_s, cuts_s)] = np.nan
        performers.append(Performer(joints[..., :2].astype(np.float32), sureness(joints[..., 2])))
    main, *others = performers
    sure = main.sure if main.sure is not None else np.ones(len(detections), np.float32)
    notes = (*stretched, *cut_notes(cuts_s), *_crowd_note(detections))
    return Followed(main.poses, sure, tuple(others), notes, tuple(cuts_s.tolist()))


def cuts_among(detections: Sequence[Sequence[Float64]], times_s: Float64) -> Float64:
    """Seconds (B,) at which everybody is suddenly elsewhere, and goes on there."""
    there = [frame for frame, people in enumerate(detections) if people]
    found = []
    for n in range(1, len(there) - HELD + 1):
        earlier, later = there[max(0, n - HELD) : n], there[n : n + HELD]
        last, first = detections[earlier[-1]], detections[later[0]]
        if _goes_on(last, first) or later[-1] - earlier[0] > 2 * HELD:
            continue  # nor is it a cut where who was not seen for a while may have walked there
        if any(_goes_on(last, detections[frame]) for frame in later[1:]):
            continue
        if all(_goes_on(detections[frame], last) for frame in earlier[:-1]) and all(
            _goes_on(first, detections[frame]) for frame in later[1:]
        ):
            found.append(float(times_s[later[0]]))
    return np.array(found, dtype=np.float64)


def _goes_on(before: Sequence[Float64], now: Sequence[Float64]) -> bool:
    """Whether anybody is about where somebody was, and about as large."""
    return any(
        _distance(_Track([0], [0], [one]), 1, other) < 1.0
        and 1 / ELSE_LARGER < _diagonal(other) / max(_diagonal(one), 1e-6) < ELSE_LARGER
        for one in before
        for other in now
    )


def sureness(confidence: Float64) -> Float32:
    """Mean confidence (T,) of the joints (T, J) seen in each frame; NaN where none is."""
    known = np.isfinite(confidence)
    count = known.sum(axis=1)
    total = np.where(known, np.clip(confidence, 0.0, 1.0), 0.0).sum(axis=1)
    mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return mean.astype(np.float32)


def cut_notes(cuts_s: Float64) -> tuple[str, ...]:
    """Name the cuts to another shot; nothing where there are none."""
    if not len(cuts_s):
        return ()
    some = ", ".join(f"{cut_s:.1f} s" for cut_s in cuts_s[:_CUTS_NAMED].tolist())
    more = ", ..." if len(cuts_s) > _CUTS_NAMED else ""
    return (f"{len(cuts_s)} cuts to another shot, at {some}{more}",)


def _crowd_note(detections: Sequence[Sequence[Float64]]) -> tuple[str, ...]:
    """Say so where several people are seen at once; nothing where one is."""
    most = max((len(people) for people in detections), default=0)
    return (f"up to {most} people at once: {EACH_FOLLOWED}",) if most > 1 else ()


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
                alive[index].add(frame, number, people[number])
                used_tracks.add(index)
                used_people.add(number)
        for number, person in enumerate(people):
            if number not in used_people and np.isfinite(person[:, 0]).any():
                alive.append(_Track([frame], [number], [person]))
    return done + alive


def _distance(track: _Track, frame: int, person: Float64) -> float:
    """Mean movement of the joints seen in both, over what is allowed; infinite without any.

    Counted from where the track was or from where it was going, whatever is nearer.
    """
    before = track.people[-1]
    size = max(_diagonal(before), _diagonal(person))
    moves = []
    for place in (before[:, :2], track.expected(frame)):
        moved = np.linalg.norm(person[:, :2] - place, axis=1)
        moved = moved[np.isfinite(moved)]
        moves += [float(moved.mean())] if moved.size else []
    if not moves or size == 0.0:
        return np.inf
    # A person unseen for some frames may have gone further, but not to any place.
    allowed = REACH * size * min(1.0 + 0.1 * (frame - track.frames[-1] - 1), 2.0)
    return min(moves) / allowed


def _weight(person: Float64) -> float:
    seen = np.isfinite(person[:, 0])
    width, height = np.ptp(person[seen, :2], axis=0)
    return float(width * height * person[seen, 2].mean())


def _diagonal(person: Float64) -> float:
    seen = np.isfinite(person[:, 0])
    return float(np.hypot(*np.ptp(person[seen, :2], axis=0)))
