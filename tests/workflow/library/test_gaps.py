"""What a library lacks, by songs of known beats and a library of known tempo, metre and energy."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from danceit.counts import Counts
from danceit.data import Music
from danceit.errors import InputError
from danceit.retrieval.planning import Plan
from danceit.retrieval.windows import windows_of_counts
from danceit.workflow.library import gaps as module
from danceit.workflow.library.gaps import (
    SongGaps,
    Wanted,
    WindowGap,
    _covered_s,
    _same_tempo,
    _Shelf,
    _window_gap,
    gaps,
    wanted_for,
)
from danceit.workflow.library.gaps_picture import COLOURS, draw_gaps


def song(bpm: float = 120.0, metre: int = 4, seconds: float = 32.0) -> Music:
    beats = np.arange(0.0, seconds, 60 / bpm)
    numbers = (np.arange(len(beats)) % metre + 1).astype(np.int32)
    counts = Counts(beats_s=beats, numbers=numbers, metre=metre)
    return Music(Path("song.wav"), "0", seconds, counts)


def gap_of(shelf: _Shelf, loudness: float = 0.5, music: Music | None = None) -> WindowGap:
    music = music or song()
    windows = windows_of_counts(music, 4)
    return _window_gap(windows[2], loudness, music, Plan(windows, 72, True), shelf)


def shelf(
    tempo: float, metre: float = 4.0, energy: np.ndarray | None = None, n: int = 20
) -> _Shelf:
    energy = np.linspace(0, 1, n) if energy is None else energy
    n = len(energy)
    there = np.ones(n, dtype=bool)
    styles = np.zeros(n, dtype=np.int64)
    return _Shelf(np.full(n, tempo), np.full(n, metre), energy, there, styles, ("waltz",))


@pytest.mark.parametrize("tempo", [120.0, 60.0, 240.0, 110.0, 0.0])
def test_a_tempo_or_its_half_or_double_is_good(tempo: float) -> None:
    found = gap_of(shelf(tempo))
    assert (found.lack, found.size, round(found.tempo_bpm), found.metre) == ("", "medium", 120, 4)
    # Of twenty evenly spread energies those within 0.3 of the middle.
    assert found.good == 12


@pytest.mark.parametrize(
    ("there", "loudness", "lack"),
    [
        (shelf(90.0), 0.5, "tempo"),
        (shelf(30.0), 0.5, "tempo"),
        (shelf(120.0, metre=3.0), 0.5, "metre"),
        (shelf(120.0, energy=np.full(9, 0.1)), 0.9, "energy"),
        (shelf(120.0, energy=np.full(2, 0.5)), 0.5, "number"),
    ],
)
def test_what_is_lacking_is_named(there: _Shelf, loudness: float, lack: str) -> None:
    assert gap_of(there, loudness).lack == lack


def test_where_only_upper_bodies_fit_a_whole_one_is_lacking() -> None:
    there = shelf(120.0, energy=np.linspace(0, 1, 21))
    calm = there.energy < 0.3
    assert gap_of(replace(there, whole=calm), loudness=0.9).lack == "whole"
    assert gap_of(replace(there, whole=calm), loudness=0.2).lack == ""
    # A library of upper bodies is danced with them.
    assert gap_of(replace(there, whole=np.zeros(21, dtype=bool))).lack == ""
    lines = wanted_for([SongGaps(Path("a.wav"), 126.0, 4, (window(0.0, "large", "whole"),))])
    assert lines[0].text == (
        "film 20 s at 126 BPM in 4, large movement, feet in the picture (for 1 window)"
    )


def test_movement_that_is_good_but_short_comes_back_and_that_is_said() -> None:
    windows = tuple(window(4.0 * i, "medium", "") for i in range(15))
    short = SongGaps(Path("a.wav"), 126.0, 4, windows, good_s=37.0)
    assert short.short_s == 23.0
    (line,) = wanted_for([short])
    assert line.text == "film 30 s at 126 BPM in 4, any movement (else moves come back)"
    assert wanted_for([replace(short, good_s=58.0)]) == ()


def test_fragments_that_overlap_count_once() -> None:
    table = SimpleNamespace(
        clip_id=np.array(["a", "a", "a", "b", "a"]),
        start_s=np.array([0.0, 1.0, 5.0, 0.0, 9.0]),
        end_s=np.array([2.0, 3.0, 6.0, 2.0, 11.0]),
    )
    good = np.array([True, True, True, True, False])
    assert _covered_s(table, good) == pytest.approx(3 + 1 + 2)


def test_each_style_is_told_by_the_windows_that_it_serves() -> None:
    there = shelf(120.0, energy=np.full(7, 0.5))
    style = np.array([0, 0, 1, 1, 1, 1, 1])
    mixed = replace(there, style=style, styles=("rumba", "waltz"))
    found = gap_of(mixed)
    assert (found.lack, found.styles) == ("", ("waltz",))
    assert SongGaps(Path("a.wav"), 120.0, 4, (found, found)).by_style == {"waltz": 2}
    lacking = SongGaps(Path("a.wav"), 126.0, 4, (window(0.0, "large", "tempo"),))
    lines = wanted_for([lacking], "jive")
    assert lines[0].text.startswith("film 20 s of jive at 126 BPM in 4, large movement")


def test_tempi_are_compared_up_to_one_octave() -> None:
    assert _same_tempo(np.array([100.0, 112.0, 113.0, 50.0, 200.0, 25.0]), 100.0).tolist() == [
        True, True, False, True, True, False,
    ]  # fmt: skip


def window(start_s: float, size: str, lack: str, tempo: float = 126.2) -> WindowGap:
    return WindowGap(start_s, start_s + 4.0, tempo, 4, size, 0, lack)


def test_windows_that_one_film_serves_are_one_line_of_the_list() -> None:
    windows = (
        *(window(4.0 * i, "large", "tempo", 126.0 + 0.05 * i) for i in range(7)),
        window(40.0, "small", "number"),
        window(44.0, "medium", ""),
    )
    wanted = wanted_for([SongGaps(Path("a.wav"), 126.0, 4, windows)])
    assert wanted == (
        Wanted(30, 126, 4, "large", 7),
        Wanted(20, 126, 4, "small", 1),
    )
    assert wanted[0].text == "film 30 s at 126 BPM in 4, large movement (for 7 windows)"


def test_a_picture_has_each_window_in_the_colour_of_what_it_lacks(tmp_path: Path) -> None:
    from PIL import Image

    windows = tuple(window(4.0 * i, "large", lack) for i, lack in enumerate(("", "tempo", "metre")))
    song_gaps = SongGaps(Path("a.wav"), 126.0, 4, windows)
    found = module.Gaps((song_gaps,), wanted_for([song_gaps]), {}, {}, {})
    draw_gaps(found, tmp_path / "gaps.png")
    shown = np.asarray(Image.open(tmp_path / "gaps.png").convert("RGB")).reshape(-1, 3)
    there = {f"#{r:02x}{g:02x}{b:02x}" for r, g, b in np.unique(shown, axis=0).tolist()}
    assert {COLOURS[""], COLOURS["tempo"], COLOURS["metre"]} <= there
    assert COLOURS["energy"] not in there
    with pytest.raises(InputError, match=r"is written as \.png, \.svg, \.pdf; got gaps\.txt"):
        draw_gaps(found, tmp_path / "gaps.txt")


def test_movement_without_a_tempo_is_told() -> None:
    assert module.Gaps((), (), {}, {}, {}).uncounted == ""
    assert "1.1 min have no tempo of their own" in module.Gaps((), (), {}, {}, {}, 1.1).uncounted


def test_without_a_song_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no song was given"):
        gaps([], tmp_path)
