from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from danceit.data import Recording
from danceit.errors import InputError
from danceit.index.cleaning.lag import CLEAR, correlate, estimate_lag, in_step
from danceit.index.sources.npz import SOURCE
from danceit.index.sources.settings import ReadSettings
from danceit.index.synthetic import make_library


@pytest.fixture(scope="module")
def dance(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A dance made in step with its song, as if the song were a video's own sound."""
    library = make_library(tmp_path_factory.mktemp("lag"), seed=5, songs_per_style=1, seconds=20)
    disco = next(path for path in library.recordings if "disco" in path.name)
    recording = SOURCE.read(disco)
    return replace(recording, video_path=recording.audio_path)


@pytest.mark.parametrize("late_s", [-0.15, -0.08, 0.0, 0.08, 0.2])
def test_a_known_lag_is_found(dance: Recording, late_s: float) -> None:
    found = estimate_lag(replace(dance, times_s=dance.times_s + late_s))
    assert found is not None
    assert found.seconds == pytest.approx(late_s, abs=0.03)
    assert found.confidence >= CLEAR


def test_a_clear_lag_of_a_videos_own_sound_is_put_right_and_told(dance: Recording) -> None:
    late = replace(dance, times_s=dance.times_s + 0.2)
    result = in_step(late, ReadSettings().lag)
    np.testing.assert_allclose(result.times_s, dance.times_s, atol=0.03)
    assert "put right; `lag=off` leaves it" in result.notes[-1]
    # In step, it is left alone.
    np.testing.assert_array_equal(in_step(dance, "auto").times_s, dance.times_s)


def test_a_lag_is_reported_and_nothing_moved(dance: Recording) -> None:
    late = replace(dance, times_s=dance.times_s + 0.2)
    result = in_step(late, "report")
    np.testing.assert_array_equal(result.times_s, late.times_s)
    assert "`lag=auto`" in result.notes[-1]
    assert "+0.2" in result.notes[-1]


def test_seconds_are_taken_off_as_given(dance: Recording) -> None:
    result = in_step(dance, "0.08")
    np.testing.assert_allclose(dance.times_s - result.times_s, 0.08)


def test_switched_off_nothing_is_moved_or_said(dance: Recording) -> None:
    late = replace(dance, times_s=dance.times_s + 0.2)
    assert in_step(late, "off") is late


@pytest.mark.parametrize("lag", ["auto", "report"])
def test_recordings_that_were_put_to_their_song_are_left_alone(dance: Recording, lag: str) -> None:
    laid = replace(dance, video_path=None, times_s=dance.times_s + 0.2)
    assert in_step(laid, lag) is laid


def test_asked_for_all_those_too_are_put_right(dance: Recording) -> None:
    laid = replace(dance, video_path=None, times_s=dance.times_s + 0.2)
    np.testing.assert_allclose(in_step(laid, "all").times_s, dance.times_s, atol=0.03)


def test_movement_at_random_is_found_out() -> None:
    rng = np.random.default_rng(1)
    confident = [
        correlate(rng.random(48 * 40), 0, rng.random(48 * 40)).confidence >= CLEAR
        for _ in range(60)
    ]
    assert np.mean(confident) < 0.1


def test_too_short_to_tell(dance: Recording) -> None:
    short = replace(dance, poses=dance.poses[:60], times_s=dance.times_s[:60])
    assert estimate_lag(short) is None
    assert estimate_lag(replace(dance, audio_path=None)) is None


@pytest.mark.parametrize("lag", ["soon", "nan", "7", ""])
def test_a_lag_must_be_seconds(lag: str) -> None:
    with pytest.raises(InputError, match="`lag` must be auto, all, report, off or seconds"):
        ReadSettings(lag=lag)


def test_a_dance_without_any_joint_seen_for_long(dance: Recording) -> None:
    poses = dance.poses.copy()
    poses[:, 2:14] = np.nan
    assert estimate_lag(replace(dance, poses=poses, path=Path("x"))) is None
