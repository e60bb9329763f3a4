import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danceit.bench.retrieval import fingerprint
from danceit.data import mirrored
from danceit.errors import InputError
from danceit.index.cleaning.cleaning import clean
from danceit.index.sources import scan
from tests.bench.conftest import walk


def copied(motion, *, turn=0.0, shift=0.0, stretch=1.0, scale=1.0):
    """The same take in another print: turned, moved, resampled, scaled."""
    times = shift + np.arange(int((len(motion) - 2) / stretch)) * stretch
    frames = np.arange(len(motion))
    made = np.stack(
        [np.interp(times, frames, column) for column in motion.reshape(len(motion), -1).T], axis=1
    ).reshape(-1, *motion.shape[1:])
    cos, sin = np.cos(turn), np.sin(turn)
    x, z = made[..., 0].copy(), made[..., 2].copy()
    made[..., 0], made[..., 2] = x * cos - z * sin, x * sin + z * cos
    return scale * made + 50.0


@settings(max_examples=15, deadline=None)
@given(st.floats(-3.1, 3.1), st.floats(0, 0.99), st.floats(0.97, 1.03), st.floats(0.85, 1.2))
def test_a_take_is_found_in_any_other_print(turn, shift, stretch, scale):
    take = walk(240, dims=3)
    other = copied(take, turn=turn, shift=shift, stretch=stretch, scale=scale)
    assert fingerprint.find_copies(take[30:150], {"other": other}).share() == 1.0


def test_only_the_shared_part_counts_and_its_place_is_told():
    test = walk(240, dims=3)
    library = walk(480, seed=5, dims=3)
    library[200:320] = copied(test, turn=1.0)[:120]
    found = fingerprint.find_copies(test, {"library": library, "other": walk(300, 9, 3)})
    # Windows start every 12 frames up to 216; those up to 96 lie in the first 120 frames.
    assert found.share() == pytest.approx(9 / 19)
    assert found.shares() == {"library": pytest.approx(9 / 19), "other": 0.0}
    marked = np.flatnonzero(found.frames("library", 480))
    assert (marked[0], marked[-1]) == (200, 319)


def test_other_movement_of_the_same_kind_is_no_copy():
    scores = fingerprint.evaluate(walk(240, 1, 3), {"other": walk(480, 2, 3)})
    assert scores == {"copied": 0.0, "copied_from_one": 0.0, "dances_shared_with": 0.0}


def test_mirrored_movement_is_other_movement():
    take = walk(240, dims=3).astype(np.float32)
    assert fingerprint.find_copies(take, {"mirror": mirrored(take)}).share() == 0.0


def test_a_copy_in_two_dimensions():
    take = walk(240)
    assert fingerprint.find_copies(take[:100], {"same": take + 3.0}).share() == 1.0


def test_missing_joints_are_left_out_of_the_comparison():
    take = walk(240, dims=3)
    other = take.copy()
    other[60:90, 4] = np.nan
    assert fingerprint.find_copies(take, {"other": other}).share() == 1.0


def test_an_empty_library_holds_nothing():
    assert fingerprint.find_copies(walk(60, dims=3), {}).share() == 0.0


def test_shared_takes_of_the_real_dances_are_found(real_data):
    """The data's notes measure 47 % between R_8 and R_9; C_2 shares nothing with them."""
    motion = {}
    for name in ("DANCE_R_8", "DANCE_R_9", "DANCE_C_2"):
        (found,) = [f for f in scan(real_data / "dances").found if f.path.name == name]
        clips = clean(found.read()).clips
        motion[name] = max((clip.poses for clip in clips), key=len)
    copies = fingerprint.find_copies(
        motion["DANCE_R_8"], {name: motion[name] for name in ("DANCE_R_9", "DANCE_C_2")}
    )
    shares = copies.shares()
    assert 0.3 < shares["DANCE_R_9"] < 0.7
    assert shares["DANCE_C_2"] < 0.02


@pytest.mark.parametrize(
    ("test", "library", "message"),
    [
        (walk(20), {}, "at least 24 frames"),
        (walk(60), {"a": walk(60, dims=3)}, "2-D against 3-D"),
        (walk(60), {"a": np.zeros((60, 18))}, "library dance a must have shape"),
    ],
)
def test_each_bad_input_is_named(test, library, message):
    with pytest.raises(InputError, match=message):
        fingerprint.evaluate(test, library)
