"""What the page of a live dance fetches: the frames, counts and sound since it last asked.

The loop that dances puts them in, the server's threads take them out; the last `KEPT_S` are
kept, so that a page that is loaded anew goes on at once.
"""

from collections.abc import Mapping, Sequence
from threading import Event, Lock
from typing import Any

from danceit.audio.decoding import RATE
from danceit.audio.live.following import Followed
from danceit.counts import Counts
from danceit.data import FPS, Float32, Placement
from danceit.errors import InputError
from danceit.render.page.live import Chase, frames_as_json, sound_as_text
from danceit.retrieval.live.performer import Shown

KEPT_S = 20.0
_BEATS_S = (6.0, 6.0)
"""Seconds before and after now of which beats are told."""


class Feed:
    """Frames and sound on their way to the page.

    Attributes
    ----------
    started : Event
        Set when a page wants to see it.
    drawn, late : int
        Frames that the page drew, and those of them that were not there when they were due.
    gaps : int
        Times that the page's sound had to wait.
    """

    def __init__(self) -> None:
        self.started, self.finished = Event(), Event()
        self.drawn = self.late = self.gaps = 0
        self._lock = Lock()
        self._chase = Chase()
        self._first = 0
        self._joints: list[Float32] = []
        self._aims: list[tuple[float, float, float]] = []
        self._placed: list[int] = []
        self._seams: list[int] = []
        self._sound: list[Float32] = []
        self._sound_first = 0
        self._names: list[str] = []
        self._followed = Followed(0.0, Counts.none())
        self._over = False

    def put(
        self,
        shown: Sequence[Shown],
        block: Float32,
        followed: Followed,
        placements: Sequence[Placement],
    ) -> None:
        """Take frames that are fixed, and a block (n,) that was heard."""
        with self._lock:
            self._followed = followed
            self._sound.append(block)
            for part in shown:
                for joints, placed in zip(part.joints, part.source_index.tolist(), strict=True):
                    self._joints.append(joints)
                    self._aims.append(self._chase.aim(joints))
                    self._placed.append(placed)
                self._seams += part.seams.tolist()
            for placed_ in placements[len(self._names) :]:
                self._names.append(_name(placed_))
            self._forget()

    def end(self) -> None:
        """Say that nothing more comes."""
        with self._lock:
            self._over = True

    def answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Tell what came since: frames from ``frame`` on, samples from ``sample`` on.

        Raises
        ------
        InputError
            If these are no numbers.
        """
        frame, sample = _number(asked, "frame"), _number(asked, "sample")
        with self._lock:
            self.drawn = max(self.drawn, _number(asked, "drawn"))
            self.late = max(self.late, _number(asked, "late"))
            self.gaps = max(self.gaps, _number(asked, "gaps"))
            end = self._first + len(self._joints)
            if self._over and frame >= end:
                self.finished.set()
            # Who asks for what is gone, or has never asked, goes on with what is newest.
            new = range(max(frame - self._first, 0), len(self._joints))
            first = self._first + new.start
            placed = self._placed[new.start :]
            return {
                "first": first,
                **frames_as_json(self._joints[new.start :], self._aims[new.start :]),
                "placed": placed,
                "seams": [seam for seam in self._seams if seam >= first],
                "names": {str(i): self._names[i] for i in sorted(set(placed))},
                "next": self._names[-1] if self._names else "",
                **self._counted(),
                "now_s": self._followed.now_s,
                "over": self._over,
                "sound": self._heard(sample),
            }

    def _heard(self, sample: int) -> dict[str, Any]:
        """Blocks that begin at a sample or after it; from `sample` below 0 on none."""
        end = self._sound_first + sum(map(len, self._sound))
        if sample < 0:
            return {"first": end, "text": ""}
        at, some, first = self._sound_first, [], end
        for block in self._sound:
            if at >= sample:
                first = min(first, at)
                some.append(block)
            at += len(block)
        return {"first": first, "text": sound_as_text(some)}

    def _counted(self) -> dict[str, Any]:
        counts, now_s = self._followed.counts, self._followed.now_s
        near = (counts.beats_s > now_s - _BEATS_S[0]) & (counts.beats_s < now_s + _BEATS_S[1])
        return {
            "beats_s": [round(float(beat), 3) for beat in counts.beats_s[near]],
            "numbers": counts.numbers[near].tolist(),
            "metre": counts.metre,
            "tempo_bpm": round(counts.tempo_bpm, 1),
            "counting": self._followed.counting,
            "silent": self._followed.silent,
        }

    def _forget(self) -> None:
        surplus = len(self._joints) - round(KEPT_S * FPS)
        if surplus > 0:
            del self._joints[:surplus], self._aims[:surplus], self._placed[:surplus]
            self._first += surplus
            self._seams = [seam for seam in self._seams if seam >= self._first]
        while sum(map(len, self._sound)) > KEPT_S * RATE:
            self._sound_first += len(self._sound.pop(0))


def _number(asked: Mapping[str, Any], name: str) -> int:
    value = asked.get(name, 0)
    if type(value) is not int or not -1 <= value < 1 << 40:
        raise InputError(f"`{name}` must be a whole number; got {value!r}")
    return value


def _name(placed: Placement) -> str:
    return f"{placed.clip_id} · {placed.style}" if placed.style else placed.clip_id
