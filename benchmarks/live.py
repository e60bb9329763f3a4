"""How a live dance compares with one whose song is known, and whether it comes in time.

    python benchmarks/live.py DANCES BEATS INDEX ['DANCE_W_*'] [--seconds 90]
    python benchmarks/live.py DANCES BEATS INDEX --joined DANCE_W_1+DANCE_C_4 ...
    python benchmarks/live.py --page INDEX SONG [--minutes 10]

The first dances to each song of DANCES (folders with an `audio.mp3`), given block by block and
as quickly as it goes, without its own recording in the index, and prints means over songs
beside the offline dance of the same index: beats that were counted (those that were fixed,
`lead_s` before they sounded) and moves, both judged by BEATS, a `NAME.beats` (seconds, number in
the bar) for each. Of speed it prints the share of the song's own length that everything took,
and the longest that frames had to wait for the block that they were due with.

The second dances to two real songs, one behind the other: the first up to a 1 near `JOINED_S`,
the other from a 1 of its own near `FROM_S` on, so that bars go on and tempo, metre and sound
change at once. It prints beat F by BEATS before the change and for some stretches after it, and
the seconds after which four beats in a row were right.

The last plays a song, over and over, into a page in Chromium (playwright), in real time, and
prints how many frames the page did not have when they were due.
"""

import argparse
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import mir_eval
import numpy as np
from timing import Without, measured, reference

from danceit.align import DEFAULT_METHODS, align
from danceit.audio.decoding import RATE, read_sound
from danceit.audio.live.streams import BLOCK, Pace, Played
from danceit.bench.measures.seams import warp
from danceit.counts import Counts
from danceit.data import FPS, Dance, DanceSong, Float64
from danceit.index.store.engines import open_store
from danceit.render.options import RenderOptions
from danceit.retrieval.composing import compose
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.live.performer import Performer
from danceit.workflow.live.recording import danced
from danceit.workflow.live.session import await_page, opened_session, served

SKIPPED_S = 8.0
"""Seconds at the beginning of which no beats are judged: mir_eval leaves out five."""


JOINED_S, FROM_S, AFTER_S = 30.0, 20.0, 30.0
"""Near which second the first song ends, the other begins, and seconds of that."""
STRETCHES_S = ((-12.0, 0.0), (0.0, 4.0), (4.0, 8.0), (8.0, 30.0))
"""Seconds from the change over which beats are judged."""
IN_A_ROW = 4


class Live:
    """One song danced live."""

    def __init__(self, samples: Any, store: Any, encoder: Any) -> None:
        performer = Performer(store, encoder)
        shown, self.announced, head_s = [], {}, 0.0
        self.first_s, self.waits, took = float("nan"), [], 0.0
        for start in range(0, len(samples) - BLOCK, BLOCK):
            began = time.perf_counter()
            performer.hear(samples[start : start + BLOCK])
            shown += performer.dance()
            self.waits.append(time.perf_counter() - began)
            performer.plan()
            took += time.perf_counter() - began
            followed = performer.followed
            now_s = (start + BLOCK) / RATE
            if followed.counting and not np.isfinite(self.first_s):
                self.first_s = now_s
            fixed_s = now_s + performer.live.lead_s
            self._note(followed.counts, head_s, fixed_s)
            head_s = fixed_s
        self.share = took / (len(samples) / RATE)
        n_frames = int(len(samples) / RATE * FPS)
        self.dance = danced(shown, performer, None, min(n_frames, performer.n_frames))

    def _note(self, counts: Counts, start_s: float, end_s: float) -> None:
        """Beats as they were when their time was fixed."""
        inside = (counts.beats_s >= start_s) & (counts.beats_s < end_s)
        beats = zip(counts.beats_s[inside], counts.numbers[inside], strict=True)
        for beat_s, number in beats:
            if beat_s - max(self.announced, default=-1.0) > 0.1:
                self.announced[float(beat_s)] = int(number)

    @property
    def beats(self) -> tuple[Float64, Float64]:
        """Beats and 1s."""
        beats_s = np.array(sorted(self.announced))
        return beats_s, beats_s[[self.announced[one] == 1 for one in beats_s.tolist()]]


def judged(name: str, folder: Path, beats_s: Float64, ones_s: Float64, end_s: float) -> Any:
    """Beat and downbeat F, and CMLt, by a reference."""
    known = reference(folder, name)
    known_s, numbers = known.beats_s, known.numbers
    inside = (known_s >= SKIPPED_S) & (known_s < end_s)
    known_s, known_ones = known_s[inside], known_s[inside & (numbers == 1)]

    def f(a: Float64, b: Float64) -> float:
        return float(mir_eval.beat.f_measure(a, b[(b >= SKIPPED_S) & (b < end_s)]))

    kept = beats_s[(beats_s >= SKIPPED_S) & (beats_s < end_s)]
    return {
        "beat F": f(known_s, beats_s),
        "CMLt": float(mir_eval.beat.continuity(known_s, kept)[1]),
        "downbeat F": f(known_ones, ones_s),
    }


def compare(dances: Path, folder: Path, index: Path, pattern: str, seconds: float) -> None:
    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    with open_store(index, device="cpu") as opened:
        encoder = FragmentEncoder.load(opened.encoder, device="cpu")
        known = {Path(name).name: entry.clip_ids for name, entry in opened.recordings().items()}
        for song in sorted(path for path in dances.glob(pattern) if path.name in known):
            store: Any = Without(opened, known[song.name])
            path = song / "audio.mp3"
            samples = read_sound(path).samples[: round(seconds * RATE)]
            end_s = len(samples) / RATE
            live = Live(samples, store, encoder)
            made = compose(path, store, encoder)
            offline = align(made.dance, made.music, DEFAULT_METHODS)
            counts = made.music.counts
            for kind, dance, beats in (
                ("live", live.dance, live.beats),
                ("offline", offline, (counts.beats_s, counts.downbeats_s)),
            ):
                first = shortened(dance, end_s)
                row = measured(first, song.name, folder, opened)
                row["largest stretch"] = stretched(first)
                rows[kind].append({**judged(song.name, folder, *beats, end_s), **row})
            rows["time"].append(
                {
                    "first count, s": live.first_s,
                    "share of the song's length": live.share,
                    "longest wait, s": max(live.waits[20:]),
                }
            )
            tell(rows)


def change(dances: Path, folder: Path, index: Path, pairs: list[str]) -> None:
    """Print how changes from song to song are followed."""
    told: list[list[float]] = []
    names = [f"F {start:g} to {end:g} s" for start, end in STRETCHES_S] + ["right after, s"]
    print(f"{'':36}" + "".join(f"{name:>16}" for name in names))
    with open_store(index, device="cpu") as opened:
        encoder = FragmentEncoder.load(opened.encoder, device="cpu")
        known = {Path(name).name: entry.clip_ids for name, entry in opened.recordings().items()}
        for pair in pairs:
            both = pair.split("+")
            own = tuple(clip for name in both for clip in known.get(name, ()))
            samples, beats_s, at_s, tempi = joined(dances, folder, both)
            live = Live(samples, Without(opened, own), encoder)
            told.append(followed(live.beats[0], beats_s, at_s))
            values = "".join(f"{value:16.2f}" for value in told[-1])
            print(f"{pair:26}{tempi[0]:4.0f} to {tempi[1]:3.0f}{values}", flush=True)
    means = "".join(f"{value:16.2f}" for value in np.nanmean(told, axis=0))
    print(f"{f'mean of {len(told)}':36}{means}")


def joined(dances: Path, folder: Path, pair: list[str]) -> tuple[Any, Float64, float, list[float]]:
    """Sound, beats, second of the change, tempi of two songs of which the second follows."""
    parts, beats, tempi, at_s = [], [], [], 0.0
    for name, first_s, last_s in zip(
        pair, (0.0, FROM_S), (JOINED_S, FROM_S + AFTER_S), strict=True
    ):
        known = reference(folder, name)
        beats_s, ones_s = known.beats_s, known.downbeats_s
        start_s = ones_s[ones_s >= first_s][0] if first_s else 0.0
        end_s = ones_s[ones_s <= last_s][-1]
        samples = read_sound(dances / name / "audio.mp3").samples
        parts.append(samples[round(start_s * RATE) : round(end_s * RATE)])
        inside = (beats_s >= start_s - 1e-6) & (beats_s < end_s - 1e-6)
        beats.append(beats_s[inside] - start_s + at_s)
        tempi.append(60.0 / float(np.median(np.diff(beats[-1]))))
        change_s, at_s = at_s, at_s + end_s - start_s
    return np.concatenate(parts), np.concatenate(beats), change_s, tempi


def followed(beats_s: Float64, known_s: Float64, at_s: float) -> list[float]:
    """Beat F of each stretch, and seconds until `IN_A_ROW` known beats in a row were right."""
    found = []
    for start_s, end_s in STRETCHES_S:
        inside = [b[(b >= at_s + start_s) & (b < at_s + end_s)] for b in (known_s, beats_s)]
        found.append(float(mir_eval.beat.f_measure(*inside)))
    after_s = known_s[known_s >= at_s]
    right = np.abs(after_s[:, None] - beats_s).min(axis=1) <= 0.07
    rows = np.convolve(right, np.ones(IN_A_ROW), mode="valid") >= IN_A_ROW
    return [*found, float(after_s[rows.argmax()] - at_s) if rows.any() else float("nan")]


def stretched(dance: Dance) -> float:
    """Largest local stretch of what is laid on counts: waiting goes back and forth."""
    laid = np.array([len(placed.beats_s) > 0 for placed in dance.fragments])[dance.source_index]
    runs = np.split(np.arange(dance.n_frames), np.flatnonzero(np.diff(laid)) + 1)
    return max(
        warp(dance.source_index[run], dance.source_s[run], FPS).largest
        for run in runs
        if laid[run[0]] and len(run) > 1
    )


def shortened(dance: Dance, end_s: float) -> Dance:
    """The first seconds of a dance."""
    stop = min(dance.n_frames, int(end_s * FPS))
    inside = dance.beats_s < end_s
    return Dance(
        joints=dance.joints[:stop],
        seams=dance.seams[dance.seams < stop],
        beats_s=dance.beats_s[inside],
        numbers=dance.numbers[inside],
        source_index=dance.source_index[:stop],
        source_s=dance.source_s[:stop],
        fragments=dance.fragments,
        song=DanceSong(Path("song")),
    )


def tell(rows: dict[str, list[dict[str, float]]]) -> None:
    print(f"\n{len(rows['live'])} songs, means {'live':>20} {'offline':>10}")
    for measure in rows["live"][0]:
        live, offline = (np.nanmean([row[measure] for row in rows[k]]) for k in ("live", "offline"))
        print(f"    {measure:24} {live:10.2f} {offline:10.2f}")
    for measure in rows["time"][0]:
        values = [row[measure] for row in rows["time"]]
        print(
            f"    {measure:28} mean {np.mean(values):6.2f}  largest {np.max(values):6.2f}",
            flush=True,
        )


class OverAndOver(Played):
    """A file that is played again and again."""

    def blocks(self) -> Any:
        """Play it."""

        def again() -> Any:
            while True:
                yield from Played(self.path, Pace(sleep=lambda _: None)).blocks()

        return self.pace.paced(again())


def show(index: Path, song: Path, minutes: float) -> None:
    from threading import Thread

    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.browser import chromium

    with opened_session(OverAndOver(song), index, device="cpu") as session:
        told: list[Any] = []

        def dance() -> None:
            await_page(session)
            told.append(session.run())

        with served(session, RenderOptions(), 0) as server, chromium() as browser:
            dancing = Thread(target=dance, daemon=True)
            dancing.start()
            page = browser.new_page()
            page.goto(server.url)
            page.click("#start")
            began = time.monotonic()
            while time.monotonic() - began < 60 * minutes:
                page.wait_for_timeout(10_000)
            state = page.evaluate("danceit.state")
            session.stop()
            dancing.join()
    print(f"{song.name}, {minutes:g} min in Chromium: {state['late']} of {state['drawn']} frames "
          f"late, sound waited {state['gaps']} times; longest wait for a block's frames "
          f"{told[0].slowest_s:.2f} s; {told[0].moves} moves")  # fmt: skip


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("given", nargs="+")
    asked.add_argument("--page", action="store_true")
    asked.add_argument("--joined", nargs="+", metavar="SONG+SONG")
    asked.add_argument("--seconds", type=float, default=90.0)
    asked.add_argument("--minutes", type=float, default=10.0)
    said = asked.parse_args()
    if said.page:
        index, song = map(Path, said.given)
        show(index, song, said.minutes)
    else:
        dances, folder, index = map(Path, said.given[:3])
        if said.joined:
            change(dances, folder, index, said.joined)
            return
        pattern = said.given[3] if len(said.given) > 3 else "*"
        compare(dances, folder, index, pattern, said.seconds)


if __name__ == "__main__":
    main()
