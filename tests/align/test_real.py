"""On real dances: gaps are filled as the docs say, seams shrink, beats are reached."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from danceit.align import DEFAULT_METHODS, Filler, align, make_aligner
from danceit.bench.measures.beats import s_ba
from danceit.data import FPS, Clip, Float32
from danceit.index.cleaning.cleaning import clean
from danceit.index.sources import scan
from danceit.movement import largest_step
from tests.align.material import dance_of, music_for

NAMES = ("DANCE_C_2", "DANCE_R_3", "DANCE_W_1", "DANCE_W_20")
GAPS = (4, 8, 12, 16, 24)


@pytest.fixture(scope="module")
def clips(real_data: Path) -> list[Clip]:
    """One clip each of four ballroom dances, 3-D."""
    return [
        clean(found.read()).clips[0]
        for name in NAMES
        for found in scan(real_data / "dances" / name).found
    ]


@pytest.fixture(scope="module")
def concatenated(clips: list[Clip]) -> tuple[Float32, tuple[int, ...]]:
    """Half a minute of two-second fragments of all four, one after the other at random."""
    rng = np.random.default_rng(0)
    parts = []
    for _ in range(15):
        poses = clips[rng.integers(len(clips))].poses
        start = int(rng.integers(len(poses) - 48))
        part = poses[start : start + 48]
        root = np.nanmean(part[0, [8, 11]], axis=0)
        parts.append(part - root * np.float32([1, 0, 1]))
    return np.concatenate(parts), tuple(range(48, 15 * 48, 48))


def gaps(clips: list[Clip], gap: int) -> Iterator[tuple[Float32, int, int]]:
    for clip in clips:
        for start in np.linspace(60, clip.n_frames - 100, 6).astype(int).tolist():
            yield clip.poses, start, start + gap


def gap_error(name: str, clips: list[Clip], gap: int) -> float:
    filler = make_aligner(name)
    assert isinstance(filler, Filler)
    errors = []
    for poses, start, stop in gaps(clips, gap):
        hidden = poses.copy()
        hidden[start:stop] = np.nan
        off = filler.fill(hidden, start, stop)[start:stop] - poses[start:stop]
        errors.append(np.nanmean(np.linalg.norm(off, axis=-1)))
    return float(np.mean(errors))


@pytest.mark.parametrize("name", ["hermite", "inertial", "minjerk", "tsd", "learned"])
def test_a_gap_of_eight_frames_is_filled_at_half_the_error_of_a_line(
    name: str, clips: list[Clip]
) -> None:
    assert gap_error(name, clips, 8) < 0.5 * gap_error("linear", clips, 8)


@pytest.mark.parametrize("name", ["learned", DEFAULT_METHODS[0]])
def test_what_the_dance_repeats_halves_the_error_at_every_length(
    name: str, clips: list[Clip]
) -> None:
    for gap in GAPS:
        assert gap_error(name, clips, gap) < 0.5 * gap_error("linear", clips, gap)


@pytest.mark.parametrize("name", ["linear", "tsd", "tsd:variant=paper", "hermite", "inertial"])
def test_every_seam_over_ten_pixels_shrinks(
    name: str, concatenated: tuple[Float32, tuple[int, ...]]
) -> None:
    dance = dance_of(*concatenated)
    before = largest_step(dance.joints)[dance.seams]
    after = largest_step(align(dance, music_for(dance.n_frames), [name]).joints)[dance.seams]
    assert (before > 10).all()
    assert (after < before).all()


def test_no_seam_stands_out_of_real_movement(
    clips: list[Clip], concatenated: tuple[Float32, tuple[int, ...]]
) -> None:
    dance = dance_of(*concatenated)
    aligned = align(dance, music_for(dance.n_frames), ["inertial"])
    seams = largest_step(aligned.joints)[dance.seams]
    real = np.concatenate([largest_step(clip.poses)[1:] for clip in clips])
    for share in (50, 75, 95, 100):
        assert np.percentile(seams, share) < np.percentile(real, share)


@pytest.mark.parametrize(
    ("chain", "least"),
    [
        ("tsd+beat:max_warp=none", 0.9),
        ("inertial+warp", 0.65),
        ("inertial+warp:max_warp=none", 0.97),
    ],
)
def test_movement_peaks_reach_the_beats(
    chain: str, least: float, concatenated: tuple[Float32, tuple[int, ...]]
) -> None:
    beats_s = np.arange(0.7, 29.5, 60 / 112)
    dance = dance_of(*concatenated, tuple(beats_s))
    assert s_ba(dance.joints, beats_s).exact < 0.25
    aligned = align(dance, music_for(dance.n_frames, tuple(beats_s)), chain.split("+"))
    assert s_ba(aligned.joints, beats_s).exact >= least
    paces = np.diff(aligned.source_s)[np.diff(aligned.source_index) == 0] * FPS
    limit = 1.25 if chain == "inertial+warp" else 4.0
    assert paces.max() <= limit + 1e-6
    assert paces.min() >= 1 / limit - 1e-6
