"""Trend and season: periods are found, seasons predicted, and Algorithm 1 is as printed."""

import numpy as np
import pytest

from danceit.align.hermite import HermiteAligner
from danceit.align.linear import LinearAligner
from danceit.align.tsd import TsdAligner, misalignment, repetition, smallest_season
from danceit.errors import InputError
from tests.align.material import walk


def error(filler: object, poses: np.ndarray, start: int, stop: int) -> float:
    filled = filler.fill(poses, start, stop)  # type: ignore[attr-defined]
    off = np.linalg.norm(filled[start:stop] - poses[start:stop], axis=-1)
    return float(np.nanmean(off))


@pytest.mark.parametrize("period", [9.0, 12.0, 16.0])
def test_a_movement_that_repeats_is_drawn_by_its_season(period: float) -> None:
    poses = walk(140, period=period)
    gap = (64, 64 + int(1.5 * period))
    trend, season = error(HermiteAligner(), poses, *gap), error(TsdAligner(), poses, *gap)
    assert season < 0.25 * trend
    assert season < 0.2 * error(LinearAligner(), poses, *gap)


def test_a_movement_that_does_not_repeat_is_drawn_by_its_trend() -> None:
    rng = np.random.default_rng(0)
    poses = np.cumsum(np.cumsum(rng.normal(size=(140, 18, 2)), axis=0), axis=0).astype(np.float32)
    np.testing.assert_array_equal(
        TsdAligner().fill(poses, 60, 72), HermiteAligner().fill(poses, 60, 72)
    )


@pytest.mark.parametrize("period", [8, 13, 20])
def test_the_period_is_estimated_beside_the_gap(period: int) -> None:
    t = np.arange(100)[:, None]
    columns = np.sin(2 * np.pi * (t / period + np.array([0.0, 0.2, 0.7]))) + 0.02 * t
    columns[45:55] = 1e9
    found, repeats = repetition(columns, 45, 55)
    assert found % period == 0
    assert repeats > 0.95
    assert repetition(columns[:8], 3, 5) == (0, -1.0)


def test_misalignment_by_hand() -> None:
    # Two windows of 2 frames: 0 | 1 4 | 6 9 | 9 with lines 0, 2, 4, 6 and 4, 17/3, 22/3, 9.
    poses = np.array([0, 1, 4, 6, 9, 9], np.float32).reshape(-1, 1, 1)
    expected = [1 - 2, 4 - 4, 6 - 17 / 3, 9 - 22 / 3]
    np.testing.assert_allclose(misalignment(poses, 2)[:, 0, 0], expected, atol=1e-6)


def test_the_smallest_period_under_the_volatility_is_taken() -> None:
    t = np.arange(48)
    d = np.stack([20 * np.sin(2 * np.pi * t / 6), 20 * np.sin(2 * np.pi * t / 8)], axis=1)
    season, period = smallest_season(d, 5.0)
    np.testing.assert_array_equal(period, [6, 8])
    np.testing.assert_allclose(season, d, atol=0.5)
    # Whatever is quiet enough already needs no longer a period than the first.
    np.testing.assert_array_equal(smallest_season(0.1 * d, 5.0)[1], [2, 2])


def test_as_printed_it_runs_on_before_the_gap_alone() -> None:
    poses = walk(100)
    paper = TsdAligner(variant="paper")
    filled = paper.fill(poses, 50, 58)
    after = poses.copy()
    after[59:] += 500
    np.testing.assert_array_equal(paper.fill(after, 50, 58)[50:58], filled[50:58])
    # Without reference windows the misalignment is nothing.
    line = LinearAligner()
    np.testing.assert_allclose(paper.fill(poses[45:], 5, 13), line.fill(poses[45:], 5, 13))


def test_as_printed_repeated_arcs_are_continued() -> None:
    # Arcs that fit the reference windows: the misalignment of each is the same.
    arc = np.sin(np.pi * np.arange(9) / 9) * 30
    path = np.concatenate([np.tile(arc[:8], 6), [0.0]])
    poses = np.zeros((49, 2, 2), np.float32)
    poses[:, :, 0] = path[:, None]
    paper = TsdAligner(variant="paper", reference_frames=24)
    assert error(paper, poses, 33, 41) < 0.6 * error(LinearAligner(), poses, 33, 41)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variant": "new"}, "variant must be estimated or paper; got 'new'"),
        ({"reference_frames": 3}, "reference_frames must be at least 4; got 3"),
        ({"volatility_px": 0.0}, "volatility_px must be positive"),
    ],
)
def test_bad_options(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        TsdAligner(**options)  # type: ignore[arg-type]
