"""What a library lacks for some songs: windows without a good candidate, and what to film for them.

A fragment is good for a window of a song if it can be danced there without being bent: its tempo,
or half or double of it, is within `STRETCH` of the window's, its metre is the window's where
both are known, and it moves about as much, for a dance, as the song is loud there, for a song
(ranks from 0 to 1, as a query weighs them). A window with fewer than `FEWEST` good fragments
repeats itself or is bent, and one with upper bodies alone, in a library that has whole ones, shows
somebody without legs among those that have them. Where all that is good for a song lasts less than
the song, moves come back, however good they are. Style is the dancer's to choose: for each it is
said how many windows it would serve by itself.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from danceit import audio
from danceit.data import FPS, Bool, Float64, Int64, Music
from danceit.errors import InputError
from danceit.index.store.contract import FragmentStore, FragmentTable, Where
from danceit.index.store.engines import open_store
from danceit.progress import Progress, silent
from danceit.retrieval.fitting import loudness_ranks
from danceit.retrieval.options import QueryOptions
from danceit.retrieval.planning import Plan, plan
from danceit.retrieval.windows import Window

STRETCH = 1.12
"""Ratio of tempi up to which movement is stretched without looking so (docs/retrieval.md)."""
APART = 0.3
"""Difference of ranks up to which movement is as large as the music is loud."""
FEWEST = 3
"""Good fragments that a window needs for a choice."""
SIZES = ("small", "medium", "large")
LACKS = ("tempo", "metre", "energy", "number", "whole")
"""What no fragment has, asked in this order; ``number``: some fit, but under `FEWEST`;
``whole``: enough fit, but of upper bodies alone."""
LEAST_S, STEP_S, MOST_S = 20, 10, 120
"""Seconds to film of one kind: a dance needs a beginning, and nobody films two minutes on end."""
LEAST_SHORT_S = 5.0
"""Seconds of a song that may be danced by what was danced before, without a word."""
_SAMPLED = 50_000
"""Fragments that are looked at; of more, so many evenly spread."""


_Fit = tuple[str, Bool]


@dataclass(frozen=True)
class WindowGap:
    """One window of a song and what there is for it.

    Attributes
    ----------
    start_s, end_s : float
    tempo_bpm : float
        0 where nothing is counted.
    metre : int
        0 where not known.
    size : str
        Of `SIZES`: the movement that its loudness asks for.
    good : int
        Fragments that are good for it.
    lack : str
        Of `LACKS`; empty where there are enough.
    styles : tuple of str
        Those that have enough by themselves; "" is an unknown one.
    """

    start_s: float
    end_s: float
    tempo_bpm: float
    metre: int
    size: str
    good: int
    lack: str
    styles: tuple[str, ...] = ()


@dataclass(frozen=True)
class SongGaps:
    """A song, window by window, and the seconds of movement that are good somewhere in it."""

    song: Path
    tempo_bpm: float
    metre: int
    windows: tuple[WindowGap, ...]
    good_s: float = math.inf

    @property
    def short_s(self) -> float:
        """Seconds that would have to come back, beside those of windows that lack something."""
        needed_s = sum(window.end_s - window.start_s for window in self.windows if not window.lack)
        return max(0.0, needed_s - self.good_s)

    @property
    def lacking(self) -> tuple[WindowGap, ...]:
        """Windows without a good choice."""
        return tuple(window for window in self.windows if window.lack)

    @property
    def by_style(self) -> dict[str, int]:
        """Windows that each style serves by itself, the best first."""
        return dict(Counter(style for w in self.windows for style in w.styles).most_common())


@dataclass(frozen=True)
class Wanted:
    """A line of the shopping list: what to film, and how much of it.

    `windows` is 0 where nothing is wrong with what is there but that it comes back.
    """

    seconds: int
    tempo_bpm: int
    metre: int
    size: str
    windows: int
    style: str = ""
    whole: bool = False

    @property
    def text(self) -> str:
        """Such as ``film 30 s at 126 BPM in 4, large movement (for 7 windows)``."""
        tempo = f" at {self.tempo_bpm} BPM" if self.tempo_bpm else ""
        metre = f" in {self.metre}" if self.metre else ""
        windows = f"for {self.windows} window{'' if self.windows == 1 else 's'}"
        if not self.windows:
            windows = "else moves come back"
        style = f" of {self.style}" if self.style else ""
        whole = ", feet in the picture" if self.whole else ""
        return (
            f"film {self.seconds} s{style}{tempo}{metre}, {self.size} movement{whole} ({windows})"
        )


@dataclass(frozen=True)
class Gaps:
    """What a library lacks.

    Attributes
    ----------
    songs : tuple of SongGaps
    wanted : tuple of Wanted
        What helps most first.
    minutes_by_style, minutes_by_body, minutes_by_metre : dict of str to float
        Of the library; "" is unknown.
    minutes_uncounted : float
        Of the library, danced to no music that could be counted.
    """

    songs: tuple[SongGaps, ...]
    wanted: tuple[Wanted, ...]
    minutes_by_style: dict[str, float]
    minutes_by_body: dict[str, float]
    minutes_by_metre: dict[str, float]
    minutes_uncounted: float = 0.0

    @property
    def uncounted(self) -> str:
        """What it means that some of the library has no tempo; empty where all has."""
        if self.minutes_uncounted < 0.05:
            return ""
        return (
            f"{self.minutes_uncounted:.1f} min have no tempo of their own, as no music to count is "
            "heard in them: they are taken to fit any song; film with the music on"
        )


@dataclass(frozen=True)
class _Shelf:
    """What is there, fragment by fragment (N,).

    Tempo and metre, 0 where unknown, energy rank, whether the body is whole, and the number of
    its style among `styles`.
    """

    tempo_bpm: Float64
    metre: Float64
    energy: Float64
    whole: Bool
    style: Int64
    styles: tuple[str, ...]


def gaps(
    songs: Sequence[Path],
    index: Path,
    options: QueryOptions | None = None,
    *,
    told: Progress = silent,
) -> Gaps:
    """Compare songs with a library.

    Parameters
    ----------
    songs : sequence of Path
    index : Path
    options : QueryOptions, optional
        Length, style, dancer, licence and body that would be asked for.

    Raises
    ------
    DanceitError
        If a song or the index cannot be read, or nothing passes the filters.
    """
    if not songs:
        raise InputError("no song was given: name one or more")
    options = options or QueryOptions()
    found = []
    with open_store(index, device="cpu") as store:
        for done, song in enumerate(songs):
            told(done, len(songs), song.name)
            found.append(_song_gaps(song, store, options))
        told(len(songs), len(songs), "")
        table = _some(store, Where())
        scale = store.info().frames / FPS / 60 / max(float(table.n_frames.sum()), 1.0)
    return Gaps(
        songs=tuple(found),
        wanted=wanted_for(found, options.style),
        minutes_by_style=_minutes(table.style.tolist(), table, scale),
        minutes_by_body=_minutes(table.body.tolist(), table, scale),
        minutes_by_metre=_minutes(
            [str(metre) if metre else "" for metre in table.metre.tolist()], table, scale
        ),
        minutes_uncounted=float(table.n_frames[~(table.tempo_bpm > 0)].sum()) * scale,
    )


def wanted_for(songs: Sequence[SongGaps], style: str = "") -> tuple[Wanted, ...]:
    """Put windows that the same film, of a style if one is asked for, would serve together.

    The most seconds first.
    """
    served: dict[tuple[int, int, str, bool], list[WindowGap]] = {}
    for song in songs:
        for window in song.lacking:
            whole = window.lack == "whole"
            key = _tempo_class(window.tempo_bpm), window.metre, window.size, whole
            served.setdefault(key, []).append(window)
    wanted = []
    for (_, metre, size, whole), windows in served.items():
        needed_s = sum(window.end_s - window.start_s for window in windows)
        tempo = round(float(np.median([window.tempo_bpm for window in windows])))
        to_film = Wanted(_to_film(needed_s), tempo, metre, size, len(windows), style, whole)
        wanted.append((needed_s, to_film))
    for song in songs:
        if song.short_s >= LEAST_SHORT_S:
            seconds, tempo = _to_film(song.short_s), round(song.tempo_bpm)
            wanted.append((song.short_s, Wanted(seconds, tempo, song.metre, "any", 0, style)))
    return tuple(line for _, line in sorted(wanted, key=lambda item: -item[0]))


def _tempo_class(tempo_bpm: float) -> int:
    """Tempi of one class are danced alike; 0 where nothing is counted."""
    return round(math.log(tempo_bpm, STRETCH)) if tempo_bpm > 0 else 0


def _to_film(needed_s: float) -> int:
    return min(MOST_S, max(LEAST_S, STEP_S * math.ceil(needed_s / STEP_S)))


def _song_gaps(song: Path, store: FragmentStore, options: QueryOptions) -> SongGaps:
    music = audio.listen(song)
    planned = plan(music, store.spec, options)
    where = Where(
        style=(options.style,) if options.style else (),
        dancer=(options.dancer,) if options.dancer else (),
        licence=(options.licence,) if options.licence else (),
        body=() if options.body == "any" else (options.body,),
        n_frames=planned.n_frames,
    )
    table = _some(store, where)
    if not len(table):
        raise InputError(
            f"the index holds no fragment of {planned.n_frames / FPS:g} s like that to be compared"
            f" with {song}"
        )
    shelf = _shelf_of(table)
    energy = audio.loudness(song)
    loudness = loudness_ranks(energy, planned)
    windows, good = [], np.zeros(len(table), dtype=bool)
    for window, rank in zip(planned.windows, loudness.tolist(), strict=True):
        windows.append(_window_gap(window, rank, music, planned, shelf))
        kinds = _fits(window, rank, _tempo(window, music, planned), shelf)
        good |= np.logical_and.reduce([fits for _, fits in kinds])
    return SongGaps(
        song, music.tempo_bpm, music.counts.metre, tuple(windows), _covered_s(table, good)
    )


def _covered_s(table: FragmentTable, good: Bool) -> float:
    """Seconds of the sources in which some good fragment lies: they overlap one another."""
    covered = 0.0
    clips = np.asarray(table.clip_id)[good]
    starts, ends = table.start_s[good], table.end_s[good]
    for clip in np.unique(clips):
        own = clips == clip
        order = np.argsort(starts[own])
        reached = -math.inf
        for start, end in zip(starts[own][order].tolist(), ends[own][order].tolist(), strict=True):
            covered += max(0.0, end - max(start, reached))
            reached = max(reached, end)
    return covered


def _shelf_of(table: FragmentTable) -> _Shelf:
    order = np.argsort(np.argsort(table.energy)) / max(1, len(table) - 1)
    whole: Bool = np.array([body != "upper" for body in table.body.tolist()], dtype=bool)
    styles, style = np.unique(table.style.astype(str), return_inverse=True)
    return _Shelf(
        tempo_bpm=table.tempo_bpm.astype(np.float64),
        metre=table.metre.astype(np.float64),
        energy=order.astype(np.float64),
        whole=whole,
        style=style.astype(np.int64),
        styles=tuple(styles.tolist()),
    )


def _window_gap(
    window: Window, loudness: float, music: Music, planned: Plan, shelf: _Shelf
) -> WindowGap:
    tempo = _tempo(window, music, planned)
    good = np.ones(len(shelf.energy), dtype=bool)
    lack = ""
    for name, fits in _fits(window, loudness, tempo, shelf):
        good &= fits
        if not good.any() and not lack:
            lack = name
    count = int(good.sum())
    if not lack and count < FEWEST:
        lack = "number"
    if not lack and shelf.whole.any() and not (good & shelf.whole).any():
        lack = "whole"
    of_style = np.bincount(shelf.style[good], minlength=len(shelf.styles))
    return WindowGap(
        start_s=max(0.0, window.start_s),
        end_s=min(window.end_s, music.duration_s),
        tempo_bpm=tempo,
        metre=window.metre,
        size=SIZES[min(2, int(3 * loudness))],
        good=count,
        lack=lack,
        styles=tuple(
            name for name, n in zip(shelf.styles, of_style.tolist(), strict=True) if n >= FEWEST
        ),
    )


def _tempo(window: Window, music: Music, planned: Plan) -> float:
    counted = planned.on_counts and window.counts > 0
    return 60.0 * window.counts / window.duration_s if counted else music.tempo_bpm


def _fits(window: Window, loudness: float, tempo_bpm: float, shelf: _Shelf) -> list[_Fit]:
    """Which fragments (N,) fit a window, by each thing that may be lacking."""
    metre = (shelf.metre == window.metre) | (shelf.metre == 0) | (window.metre == 0)
    return [
        ("tempo", _same_tempo(shelf.tempo_bpm, tempo_bpm)),
        ("metre", metre),
        ("energy", np.abs(shelf.energy - loudness) <= APART),
    ]


def _same_tempo(tempos_bpm: Float64, wanted_bpm: float) -> "np.typing.NDArray[np.bool_]":
    """Which tempi (N,) are the wanted one, its half or its double; unknown ones are any."""
    if wanted_bpm <= 0:
        return np.ones(len(tempos_bpm), dtype=bool)
    known = np.where(tempos_bpm > 0, tempos_bpm, wanted_bpm)
    octaves = np.log2(known / wanted_bpm)
    off = np.abs(octaves - np.clip(np.round(octaves), -1, 1))
    fits: np.typing.NDArray[np.bool_] = off <= math.log2(STRETCH)
    return fits


def _some(store: FragmentStore, where: Where) -> FragmentTable:
    rows = store.matching(where)
    if len(rows) > _SAMPLED:
        rows = rows[np.linspace(0, len(rows) - 1, _SAMPLED).astype(np.int64)]
    return store.table(rows)


def _minutes(values: list[str], table: FragmentTable, scale: float) -> dict[str, float]:
    """Minutes of the library by value, the most first; `scale` is minutes a fragment's frame."""
    total: Counter[str] = Counter()
    for value, frames in zip(values, table.n_frames.tolist(), strict=True):
        total[value] += frames
    return {value: frames * scale for value, frames in total.most_common()}
