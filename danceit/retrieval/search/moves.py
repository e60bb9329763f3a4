"""What is looked for: a stretch of movement, of a clip of an index or brought from elsewhere."""

import re
from dataclasses import dataclass

import numpy as np

from danceit.clock import seconds_of
from danceit.data import FPS, Float32, Int64
from danceit.errors import InputError
from danceit.index.store.contract import FragmentStore, FragmentTable, Where
from danceit.plugins import nearest_spelling

_TIMES = re.compile(r"(?P<name>.+)@(?P<from>[\d:.]+)-(?P<to>[\d:.]+)")
_FRAGMENT = re.compile(r"(?P<clip>.+):(?P<start>\d+)\+(?P<length>\d+)")


@dataclass(frozen=True)
class Move:
    """Movement to be found again.

    Attributes
    ----------
    name : str
        As the user named it.
    poses : float32 (T, 18, C)
        Canvas pixels at 24 frames a second.
    clip_id : str
        Of the index that it is a stretch of; empty where it was brought from elsewhere.
    start_s : float
        Seconds into its media.
    """

    name: str
    poses: Float32
    clip_id: str = ""
    start_s: float = 0.0

    @property
    def duration_s(self) -> float:
        """How long it lasts."""
        return len(self.poses) / FPS


@dataclass(frozen=True)
class Asked:
    """What ``NAME@FROM-TO`` says, in seconds or m:ss; without times, the whole of NAME.

    Raises
    ------
    InputError
        If the end does not come after the start.
    """

    name: str
    start_s: float | None = None
    end_s: float | None = None

    @classmethod
    def parsed(cls, text: str) -> "Asked":
        """Read it."""
        found = _TIMES.fullmatch(text)
        if found is None:
            if not text.strip():
                raise InputError("`like` is empty; give CLIP@12.0-14.0, FILE.bvh or FILE.mp4@3-5")
            return cls(text)
        start_s, end_s = (seconds_of(found[name], text) for name in ("from", "to"))
        if end_s <= start_s:
            raise InputError(f"{text}: the end must come after the start")
        return cls(found["name"], start_s, end_s)


def move_in(store: FragmentStore, asked: Asked) -> Move | None:
    """Return a move of the index itself: a fragment, a clip, or a stretch of one.

    None where the index has no fragment, clip or recording of that name.

    Raises
    ------
    InputError
        If the clip does not hold the whole stretch.
    """
    found = _FRAGMENT.fullmatch(asked.name)
    if found is not None and asked.start_s is None:
        rows = store.matching(Where(only_clips=(found["clip"],), n_frames=int(found["length"])))
        table = store.table(rows)
        here = np.flatnonzero(table.start_frame == int(found["start"]))
        if not len(here):
            return None
        at = int(here[0])
        poses = store.poses(rows[at : at + 1])[0]
        return Move(asked.name, poses, str(table.clip_id[at]), float(table.start_s[at]))
    clips: tuple[str, ...] = (asked.name,)
    rows = store.matching(Where(only_clips=clips))
    if not len(rows):
        known = store.recordings()
        # The last part of a name is enough where it is that of one recording.
        named = [name for name in known if asked.name in (name, name.rpartition("/")[2])]
        if len(named) != 1:
            return None
        clips = known[named[0]].clip_ids
    stretches = [_Stretch.of(store, clip) for clip in clips]
    for stretch in stretches:
        if stretch is not None and stretch.holds(asked):
            return stretch.move(store, asked)
    there = ", ".join(f"{one.start_s:.1f}-{one.end_s:.1f} s" for one in stretches if one)
    raise InputError(
        f"the index has {asked.name} from {there or 'nowhere'}; "
        f"got {asked.start_s or 0:g}-{asked.end_s or 0:g} s"
    )


def unknown_move(store: FragmentStore, name: str) -> InputError:
    """Return the error that says what is nearest to a name that nothing bears."""
    known = store.recordings()
    names = [*known, *(clip for entry in known.values() for clip in entry.clip_ids)]
    hint = nearest_spelling(name, names)
    return InputError(f"'{name}' is neither a file nor a clip or fragment of the index{hint}")


@dataclass(frozen=True)
class _Stretch:
    """The frames of a clip that its fragments cover."""

    clip_id: str
    table: FragmentTable
    clip_start_s: float
    n_frames: int

    @classmethod
    def of(cls, store: FragmentStore, clip_id: str) -> "_Stretch | None":
        rows = store.matching(Where(only_clips=(clip_id,)))
        if not len(rows):
            return None
        table = store.table(rows)
        clip_start_s = float(table.start_s[0]) - int(table.start_frame[0]) / FPS
        return cls(clip_id, table, clip_start_s, int((table.start_frame + table.n_frames).max()))

    @property
    def start_s(self) -> float:
        return float(self.table.start_s.min())

    @property
    def end_s(self) -> float:
        return self.clip_start_s + self.n_frames / FPS

    def holds(self, asked: Asked) -> bool:
        if asked.start_s is None or asked.end_s is None:
            return True
        almost = 0.5 / FPS
        return self.start_s - almost <= asked.start_s and asked.end_s <= self.end_s + almost

    def move(self, store: FragmentStore, asked: Asked) -> Move:
        first, stop = int(self.table.start_frame.min()), self.n_frames
        if asked.start_s is not None and asked.end_s is not None:
            first = max(first, round((asked.start_s - self.clip_start_s) * FPS))
            stop = min(stop, round((asked.end_s - self.clip_start_s) * FPS))
        poses = self._poses(store, first, max(stop, first + 1))
        return Move(asked.name, poses, self.clip_id, self.clip_start_s + first / FPS)

    def _poses(self, store: FragmentStore, first: int, stop: int) -> Float32:
        """Put frames together from the fragments that lie over them."""
        table = self.table
        starts, ends = table.start_frame, table.start_frame + table.n_frames
        over = (starts < stop) & (ends > first)
        poses: Float32 = np.empty((0,), dtype=np.float32)
        covered = np.zeros(stop - first, dtype=bool)
        for length in np.unique(table.n_frames[over]).tolist():
            picked: Int64 = np.flatnonzero(over & (table.n_frames == length))
            for at, some in zip(picked, store.poses(table.rows[picked]), strict=True):
                if not poses.size:
                    poses = np.full((stop - first, *some.shape[1:]), np.nan, dtype=np.float32)
                begin = int(starts[at]) - first
                inside = slice(max(begin, 0), min(begin + length, stop - first))
                poses[inside] = some[inside.start - begin : inside.stop - begin]
                covered[inside] = True
        if not covered.all():
            gap_s = self.clip_start_s + (first + int(np.argmin(covered))) / FPS
            raise InputError(f"no fragment of {self.clip_id} shows it at {gap_s:.2f} s")
        return poses
