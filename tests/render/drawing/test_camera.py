import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danceit.data import FPS, Float32
from danceit.errors import InputError
from danceit.render.drawing.camera import REACH, Camera, View, follow, world
from tests.render.conftest import swaying

VIEW = View(0.0, 0.0, 512.0, 466.0)


def filmed(joints: Float32) -> tuple[Camera, np.ndarray]:
    camera = follow([joints], [VIEW], FPS)[0]
    return camera, camera.project(world(joints), slice(None))[0]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([2, 3]))
def test_every_joint_is_in_the_picture_wherever_the_dancer_runs(seed: int, dims: int) -> None:
    rng = np.random.default_rng(seed)
    joints = swaying(120, dims)
    # Up to 40 px a frame, about 4 m/s: faster than anyone dances.
    joints += np.cumsum(rng.uniform(-40, 40, size=(120, 1, dims)), axis=0).astype(np.float32)
    joints[:, 4] += rng.uniform(-150, 150, size=(120, dims)).astype(np.float32)
    _, xy = filmed(joints)
    assert (xy > 0).all()
    assert (xy < (VIEW.width, VIEW.height)).all()


def test_the_camera_never_jerks_even_where_the_dancer_does() -> None:
    joints = swaying(240)
    joints[120:, :, 0] += 200
    joints[100:105, 4] -= 150
    camera, _ = filmed(joints)
    # The dancer jumps 200 px in a frame; the aim's change of speed stays under 3 px a frame.
    assert np.abs(np.diff(camera.aim, n=2, axis=0)).max() < 3
    assert np.abs(np.diff(camera.focal) / camera.focal[1:]).max() < 0.02


def test_a_dancer_on_the_spot_is_seen_by_a_camera_that_stands() -> None:
    camera, xy = filmed(np.repeat(swaying(1), 48, axis=0))
    assert np.ptp(camera.aim, axis=0).max() < 1e-6
    assert np.ptp(camera.focal) < 1e-9
    height = xy[0, 10, 1] - xy[0, 0, 1]
    assert 0.55 * VIEW.height < height < 0.85 * VIEW.height


def test_who_is_never_seen_below_the_hips_is_seen_from_as_near_as_they_were_filmed() -> None:
    whole = np.repeat(swaying(1), 48, axis=0)
    upper = whole.copy()
    upper[:, [9, 10, 12, 13]] = np.nan
    heights = []
    for joints in (whole, upper):
        _, xy = filmed(joints)
        assert (xy[np.isfinite(xy)] > 0).all()
        heights.append(xy[0, 8, 1] - xy[0, 0, 1])
    assert heights[1] > 1.5 * heights[0]


def test_a_dance_without_depth_is_only_scaled() -> None:
    joints = swaying(30, dims=2)
    camera, xy = filmed(joints)
    shape = (joints - joints[:, :1]) * (camera.focal / 1512)[:, None, None]
    np.testing.assert_allclose(xy - xy[:, :1], shape, atol=1e-3)


def test_nearer_is_larger() -> None:
    camera, _ = filmed(swaying(24))
    away = np.array([0.0, 0.0, 100.0])
    points = np.stack([camera.aim[:1] - away, camera.aim[:1] + away], axis=1)
    scale = camera.project(points, slice(0, 1))[1][0]
    assert scale[0] > scale[1]


def test_a_detectors_slip_does_not_open_the_view() -> None:
    steady = swaying(48)
    slipped = steady.copy()
    slipped[20, 7, 0] += 3 * REACH
    usual, with_slip = filmed(steady)[0], filmed(slipped)[0]
    assert with_slip.focal.min() > 0.5 * usual.focal.min()


def test_two_dancers_are_seen_at_one_scale() -> None:
    views = [View(0, 0, 256, 466), View(256, 0, 256, 466)]
    wide = swaying(48)
    wide[10:20, 4, 0] -= 120
    left, right = follow([swaying(48), wide], views, FPS)
    np.testing.assert_array_equal(left.focal, right.focal)


def test_frames_without_a_body_are_bridged() -> None:
    joints = swaying(60)
    joints[20:30] = np.nan
    camera, _ = filmed(joints)
    assert np.isfinite(camera.aim).all()
    assert np.isfinite(camera.focal).all()


def test_nothing_to_film_is_an_error() -> None:
    with pytest.raises(InputError, match="every joint of every frame"):
        follow([np.full((10, 18, 3), np.nan, dtype=np.float32)], [VIEW], FPS)
