"""`beat` and `warp`: limits are kept, beats are reached, and the chain is the best one."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danceit.align import align
from danceit.align import warp as warp_module
from danceit.align.beat import prominence
from danceit.align.easing import EASE, eased
from danceit.align.travel import Travel, travel
from danceit.bench.measures.beats import s_ba
from danceit.data import FPS, Dance, Float32, Float64, Int64
from danceit.errors import InputError
from danceit.movement import beat_windows
from tests.align.material import dance_of, music_for, walk

TEMPORAL = ["beat", "warp"]


def bursts(at: Float64, n_frames: int, width: float = 2.0) -> Float32:
    """A body that leaps at some times (frames) and hardly moves between."""
    t = np.arange(n_frames)[:, None]
    where = np.sum(1 / (1 + np.exp(-(t - 0.5 - at[None, :] + 0.5) / (width / 2))), axis=1)
    poses = np.zeros((n_frames, 18, 2), np.float32)
    poses[:, :, 0] = (60 * where + 0.2 * np.arange(n_frames))[:, None]
    return poses


def restless(n_frames: int, seed: int) -> Float32:
    """Movement whose speed rises and falls irregularly about three times a second."""
    rng = np.random.default_rng(seed)
    marks = np.arange(0, n_frames + 4, 4)
    speed = np.interp(np.arange(n_frames), marks, rng.uniform(1, 20, len(marks)))
    along = rng.normal(size=(1, 18, 2))
    return (np.cumsum(speed)[:, None, None] * along / np.abs(along)).astype(np.float32)


def paces(dance: Dance) -> Float64:
    within = np.diff(dance.source_index) == 0
    return np.diff(dance.source_s)[within] * FPS


def beats_every(frames: float, n_frames: int, first: float = 11) -> tuple[float, ...]:
    return tuple((np.arange(first, n_frames - 2, frames) / FPS).tolist())


@pytest.mark.parametrize("name", TEMPORAL)
def test_without_beats_nothing_changes(name: str) -> None:
    dance = dance_of(walk(90), (40,))
    aligned = align(dance, music_for(90), [name])
    np.testing.assert_array_equal(aligned.joints, dance.joints)
    np.testing.assert_array_equal(aligned.source_s, dance.source_s)
    assert aligned.steps[-1].method == name


@pytest.mark.parametrize("name", TEMPORAL)
def test_a_limit_of_one_changes_nothing(name: str) -> None:
    dance = dance_of(restless(90, 0))
    aligned = align(dance, music_for(90, beats_every(12, 90)), [f"{name}:max_warp=1"])
    np.testing.assert_allclose(aligned.joints, dance.joints, atol=1e-3)


@pytest.mark.parametrize("name", TEMPORAL)
@pytest.mark.parametrize("anchor", ["peak", "rest"])
@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    limit=st.sampled_from([1.1, 1.25, 1.5, 2.0]),
    spacing=st.floats(7, 19),
    first=st.floats(0.6, 30),
)
def test_the_warp_keeps_its_limits_and_its_ends(
    name: str, anchor: str, seed: int, limit: float, spacing: float, first: float
) -> None:
    dance = dance_of(restless(140, seed))
    before = dance.joints.copy()
    music = music_for(140, beats_every(spacing, 140, first))
    aligned = align(dance, music, [f"{name}:max_warp={limit},anchor={anchor}"])
    np.testing.assert_array_equal(dance.joints, before)
    assert paces(aligned).min() >= 1 / limit - 1e-6
    assert paces(aligned).max() <= limit + 1e-6
    for end in (0, -1):
        np.testing.assert_allclose(aligned.joints[end], before[end], atol=1e-3)
        assert aligned.source_s[end] == pytest.approx(dance.source_s[end])


@pytest.mark.parametrize("name", TEMPORAL)
def test_missing_joints_stay_missing(name: str) -> None:
    dance = dance_of(walk(120))
    aligned = align(dance, music_for(120, beats_every(13, 120)), [name])
    assert not np.array_equal(aligned.joints, dance.joints)
    np.testing.assert_array_equal(np.isnan(aligned.joints), np.isnan(dance.joints))


@pytest.mark.parametrize(
    "name", ["beat:max_warp=none", "beat:max_warp=2", "warp:max_warp=1.5", "warp:max_warp=2"]
)
def test_leaps_near_the_beats_are_put_on_them(name: str) -> None:
    rng = np.random.default_rng(0)
    beats = np.arange(14, 230, 14)
    dance = dance_of(bursts(beats + rng.uniform(-2.2, 2.2, size=len(beats)), 240))
    beats_s = beats / FPS
    assert s_ba(dance.joints, beats_s).exact < 0.5
    aligned = align(dance, music_for(240, tuple(beats_s)), [name])
    assert s_ba(aligned.joints, beats_s).exact == 1.0


@pytest.mark.parametrize("stretched", [0.87, 1.15])
def test_a_known_stretch_is_undone(stretched: float) -> None:
    # Leaps every 14 frames, played too fast or too slow: the warp finds the pace again.
    beats = np.arange(14, 470, 14)
    dance = dance_of(bursts(beats * stretched, 480))
    # At the end the warp is back at plain time, which takes a while without beats.
    beats_s = beats[:14] / FPS
    aligned = align(dance, music_for(480, tuple(beats_s)), ["warp:max_shift_s=3"])
    assert s_ba(aligned.joints, beats_s).exact >= 0.95
    shown = (aligned.source_s - aligned.source_s[0]) * FPS
    np.testing.assert_allclose(shown[beats[4:14]], beats[4:14] * stretched, atol=1.5)


@pytest.mark.parametrize(("name", "share"), [("beat", 0.55), ("warp", 0.8)])
def test_rests_are_put_on_beats_where_asked(name: str, share: float) -> None:
    dance = dance_of(restless(400, 3))
    beats_s = np.array(beats_every(13, 400))
    aligned = align(dance, music_for(400, tuple(beats_s)), [f"{name}:anchor=rest,max_warp=2"])
    moved = np.abs(np.diff(aligned.joints[:, 0, 0], prepend=aligned.joints[0, 0, 0]))
    frames = np.floor(beats_s * FPS + 0.5).astype(int)
    windows = beat_windows(frames, 400)
    hits = [
        int(np.argmin(moved[max(a, 1) : b])) + max(a, 1) == f
        for f, (a, b) in zip(frames, windows, strict=True)
    ]
    assert np.mean(hits) > share


@pytest.mark.parametrize("seed", range(3))
def test_more_freedom_reaches_more_beats(seed: int) -> None:
    dance = dance_of(restless(600, seed))
    beats_s = np.array(beats_every(12.5, 600))
    music = music_for(600, tuple(beats_s))
    scores = [
        s_ba(align(dance, music, [f"warp:max_warp={limit}"]).joints, beats_s).exact
        for limit in ("1", "1.1", "1.25", "1.5", "none")
    ]
    assert scores[0] < 0.35
    assert scores[2] >= 0.8
    assert scores[-1] >= 0.97
    assert all(later >= earlier - 0.03 for earlier, later in itertools.pairwise(scores))


def shown_by(travelled: Travel, limit: float, beats: Int64, n_frames: int, steps: int) -> Float64:
    """Warp of the chain under test, on a grid of `steps` half frames to each side."""
    return warp_module._Chain(travelled, limit, "peak", steps).solve(beats, n_frames)


def worth_of(
    travelled: Travel,
    limit: float,
    beats: Int64,
    n_frames: int,
    offsets: tuple[int, ...],
    pace: tuple[int, ...],
) -> float:
    """Worth of one chain, spelt out beat by beat; -inf where it is not allowed."""
    held = [1.0, *(np.linspace(1, limit, warp_module._PACES)[list(pace)]).tolist(), 1.0]
    knots = [0.0, *(beats - 0.5).tolist(), n_frames - 1.0]
    at = [0.0, *(knot + 0.5 * o for knot, o in zip(knots[1:-1], offsets, strict=True)), knots[-1]]
    warp, bend = np.zeros(n_frames), 0.0
    for i in range(len(knots) - 1):
        frames = np.arange(int(np.ceil(knots[i])), int(np.floor(knots[i + 1])) + 1)
        times = np.array([knots[i], *frames, knots[i + 1]])
        run, rise = knots[i + 1] - knots[i], at[i + 1] - at[i]
        ease = min(EASE, run / 2)
        out = eased(times - knots[i], ease)
        into = eased(np.array(run), ease) - eased(knots[i + 1] - times, ease)
        steady = (rise - held[i] * out[-1] - held[i + 1] * into[-1]) / (run - out[-1] - into[-1])
        shown = at[i] + steady * (times - knots[i] - out - into) + held[i] * out
        shown += held[i + 1] * into
        gaps = np.diff(times)
        pace_here = np.diff(shown)[gaps > 0] / gaps[gaps > 0]
        if pace_here.min() < 1 / limit - 1e-9 or pace_here.max() > limit + 1e-9:
            return -np.inf
        bend += ((pace_here - 1) ** 2 * gaps[gaps > 0]).sum() + 2 * (np.diff(pace_here) ** 2).sum()
        warp[frames] = shown[1:-1]
    steps = np.diff(travelled.until(warp), prepend=0.0)
    total = -warp_module._BEND * bend
    half = 0.5 + eased(np.array(0.5), EASE) * (np.array(held[1:-1]) - 1)
    for i, (beat, (start, stop)) in enumerate(
        zip(beats.tolist(), beat_windows(beats, n_frames).tolist(), strict=True)
    ):
        here = travelled.until(np.array([at[i + 1]]))[0]
        left = travelled.until(at[i + 1] + half[i]) - travelled.until(warp[beat - 1])
        right = travelled.until(warp[beat]) - travelled.until(at[i + 1] - half[i])
        assert here > 0
        start = max(start, 1)
        levels = []
        for mine, others in (
            (left, steps[start:beat]),
            (right, steps[beat + 1 : stop]),
        ):
            ahead = np.inf if not others.size else mine / max(others.max(), 1e-6)
            levels.append(int((ahead > warp_module._MARGINS).sum()))
        total += warp_module._WORTH[min(levels)]
    return float(total)


@pytest.mark.parametrize("seed", range(4))
def test_the_chain_equals_brute_force(seed: int) -> None:
    n_frames, limit, reach = 24, 1.5, 2
    beats = np.array([8, 15])
    travelled = travel(restless(n_frames, seed), np.zeros(0, dtype=np.int64))
    best = max(
        worth_of(travelled, limit, beats, n_frames, offsets, pace)
        for offsets in itertools.product(range(-reach, reach + 1), repeat=2)
        for pace in itertools.product(range(warp_module._PACES), repeat=2)
    )
    warp = shown_by(travelled, limit, beats, n_frames, reach)
    found = max(
        worth
        for offsets in itertools.product(range(-reach, reach + 1), repeat=2)
        for pace in itertools.product(range(warp_module._PACES), repeat=2)
        if np.isfinite(worth := worth_of(travelled, limit, beats, n_frames, offsets, pace))
        and np.abs(warp[7] + warp[8] - 2 * (7.5 + 0.5 * offsets[0])) < 0.6
        and np.abs(warp[14] + warp[15] - 2 * (14.5 + 0.5 * offsets[1])) < 0.6
    )
    assert found == pytest.approx(best, abs=1e-6)


def test_prominence_by_hand() -> None:
    steps = np.array([[1.0, 4.0, 2.0], [3.0, 1.0, 2.0]])
    np.testing.assert_allclose(prominence(steps, 1, "peak"), [2, 1 / 3])
    np.testing.assert_allclose(prominence(steps, 1, "rest"), [0.25, 2])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("warp:max_warp=0.9", "warp: `max_warp` must be from 1 to 4, or none; got 0.9"),
        ("warp:max_shift_s=0", "max_shift_s must be over 0 and at most 10; got 0.0"),
        ("warp:anchor=hop", "must be peak or rest; got 'hop'"),
    ],
)
def test_bad_options(text: str, message: str) -> None:
    from danceit.align import make_aligner

    with pytest.raises(InputError, match=message):
        make_aligner(text)


def test_long_stretches_without_beats_cost_little_and_stay_plain() -> None:
    dance = dance_of(restless(5000, 0))
    beats_s = np.concatenate([np.arange(2000, 2100, 12), np.arange(3000, 3100, 12)]) / FPS
    aligned = align(dance, music_for(5000, tuple(beats_s)), ["warp:max_warp=1.5"])
    assert s_ba(aligned.joints, beats_s).exact >= 0.85
    shown = (aligned.source_s - dance.source_s) * FPS
    assert np.abs(shown[:1900]).max() <= 16.0
    assert np.abs(np.diff(paces(aligned))[100:1800]).max() < 0.01
