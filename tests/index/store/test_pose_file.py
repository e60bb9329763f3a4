from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from danceit.data import Float32
from danceit.errors import IndexStateError, InputError
from danceit.index.store.pose_file import PoseFile, decode, encode, record_type


@given(
    st.sampled_from([2, 3]).flatmap(
        lambda dims: npst.arrays(
            np.float32,
            (5, 18, dims),
            elements=st.floats(-4000, 4000, width=32) | st.just(np.nan),
        )
    )
)
def test_every_coordinate_errs_by_less_than_a_65000th_of_the_body(poses: Float32) -> None:
    found = decode(encode(poses))
    np.testing.assert_array_equal(np.isnan(found), np.isnan(poses))
    high = np.where(np.isnan(poses), -np.inf, poses).max(axis=(1, 2))
    low = np.where(np.isnan(poses), np.inf, poses).min(axis=(1, 2))
    extent = np.where(low <= high, high - low, 0.0)
    # float32 itself resolves 0.00024 px at 4000 px from the origin.
    allowed = extent / 65534 + 0.001
    error = np.nan_to_num(np.abs(found - poses)).max(axis=(1, 2))
    assert (error <= allowed).all()


def test_a_body_on_the_canvas_errs_by_under_a_hundredth_of_a_pixel() -> None:
    rng = np.random.default_rng(0)
    poses = rng.uniform(0, 512, size=(500, 18, 3)).astype(np.float32)
    assert np.abs(decode(encode(poses)) - poses).max() < 0.01
    # Far away from the canvas too, where float16 would be off by a pixel.
    assert np.abs(decode(encode(poses + 2000)) - (poses + 2000)).max() < 0.01


def test_encoding_leaves_the_poses_alone() -> None:
    poses = np.random.default_rng(0).normal(size=(9, 18, 2)).astype(np.float32)
    before = poses.copy()
    encode(poses)
    np.testing.assert_array_equal(poses, before)


@pytest.mark.parametrize("dims", [2, 3])
def test_ranges_are_read_in_the_order_asked_for(tmp_path: Path, dims: int) -> None:
    poses = np.random.default_rng(0).uniform(0, 512, size=(300, 18, dims)).astype(np.float32)
    poses[::7, 3] = np.nan
    path = tmp_path / "poses.bin"
    path.write_bytes(encode(poses).tobytes())
    assert path.stat().st_size == 300 * record_type(dims).itemsize
    file = PoseFile(path, dims)
    # More ranges than are decoded together, in no order, some of them twice.
    first = np.random.default_rng(1).integers(0, 277, size=100)
    found = file.read(first, 24)
    wanted = np.stack([poses[start : start + 24] for start in first])
    np.testing.assert_allclose(found, wanted, atol=0.01)
    assert file.read(np.empty(0, np.int64), 24).shape == (0, 24, 18, dims)
    with pytest.raises(InputError, match="1 frame or more"):
        file.read(first, 0)
    with pytest.raises(IndexStateError, match="ends early"):
        file.read(np.array([290]), 24)
    file.close()
