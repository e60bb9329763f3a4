import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from danceit.data import Dance
from danceit.errors import InputError
from danceit.render import RenderOptions, render
from danceit.render.person.building import load_trained
from danceit.render.person.guide import still
from danceit.render.person.metrics import flicker, psnr, restlessness, ssim
from danceit.render.person.painting import device_for, paint
from danceit.render.person.scene import PersonScene
from danceit.render.person.target import Target

PLAIN = RenderOptions(size=128, beats="none")


def test_a_video_of_a_person(trained: Path, dance: Dance, tmp_path: Path) -> None:
    out = tmp_path / "dance.mp4"
    options = replace(PLAIN, person=str(trained))
    render(dance, out, options=options)
    with av.open(str(out)) as container:
        assert "Synthetic video" in container.metadata["comment"]
        assert "Ada" in container.metadata["comment"]
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(shown) == 60
    scene = PersonScene([dance], options)
    assert np.abs(shown[0].astype(int) - scene.frame(0)).mean() < 8


def test_flat_dances_and_dances_with_depth_look_alike(
    trained: Path, dance: Dance, flat_dance: Dance
) -> None:
    scenes = [PersonScene([d], replace(PLAIN, person=str(trained))) for d in (dance, flat_dance)]
    for index in range(3):
        np.testing.assert_array_equal(scenes[0].frame(index), scenes[1].frame(index))


def test_the_note_is_small_visible_and_can_be_left_out(trained: Path, dance: Dance) -> None:
    noted = PersonScene([dance], replace(PLAIN, person=str(trained)))
    bare = PersonScene([dance], replace(PLAIN, person=str(trained), synthetic_note=False))
    different = np.argwhere((noted.frame(0) != bare.frame(0)).any(axis=2))
    # Letters of 12 pixels, in a picture of 128 no smaller than can be read.
    assert 100 < len(different) < 0.06 * 128 * 128
    assert 6 < np.ptp(different[:, 0]) < 18
    assert different[:, 0].max() < 24
    assert "Synthetic" in bare.tags["comment"]


def test_frames_asked_for_twice_are_the_same(trained: Path, dance: Dance) -> None:
    scene = PersonScene([dance], replace(PLAIN, person=str(trained), aspect="16:9"))
    first = scene.frame(0).copy()
    np.testing.assert_array_equal(scene.frame(0), first)
    scene.frame(1)
    np.testing.assert_array_equal(scene.frame(0), first)


def test_each_frame_is_painted_from_the_one_before(trained: Path) -> None:
    network, target = load_trained(trained), Target.load(trained)
    poses = list(target.joints[:3])
    painted = list(paint(network, poses, still(target.background)))
    assert [p.shape for p in painted] == [(64, 64, 3)] * 3
    alone = next(paint(network, poses[1:], still(target.background)))
    assert (alone != painted[1]).any()
    single = replace(network, config=replace(network.config, temporal=False))
    apart = list(paint(single, poses, still(target.background)))
    np.testing.assert_array_equal(apart[1], alone)


def test_what_cannot_be_shown_says_why(
    trained: Path, prepared: Path, dance: Dance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_person(folder: Path) -> RenderOptions:
        return replace(PLAIN, person=str(folder))

    with pytest.raises(InputError, match="one dance at a time; got 2"):
        PersonScene([dance, dance], with_person(trained))
    with pytest.raises(InputError, match="is not trained"):
        PersonScene([dance], with_person(prepared))
    with pytest.raises(InputError, match="is no person"):
        PersonScene([dance], with_person(tmp_path))
    with pytest.raises(InputError, match="footage or a person"):
        render(dance, tmp_path / "a.mp4", options=replace(with_person(trained), footage=True))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="no CUDA card here"):
        device_for("cuda")


def test_a_person_prepared_anew_at_another_size_must_be_trained_again(
    trained: Path, dance: Dance, tmp_path: Path, copied: Callable[[Path], Path]
) -> None:
    folder = copied(trained)
    stored = json.loads((folder / "person.json").read_text())
    (folder / "person.json").write_text(json.dumps({**stored, "size": 96}))
    with pytest.raises(InputError, match="trained at 64 px and prepared anew at 96"):
        PersonScene([dance], replace(PLAIN, person=str(folder)))


@pytest.fixture
def copied(tmp_path: Path) -> Callable[[Path], Path]:
    import shutil

    return lambda folder: Path(shutil.copytree(folder, tmp_path / "copy"))


def test_peak_signal_to_noise() -> None:
    black = np.zeros((2, 8, 8, 3), dtype=np.uint8)
    # An error of 16 levels everywhere: 20 log10(255 / 16) = 24.05 dB.
    np.testing.assert_allclose(psnr(black, black + 16), 24.0485, atol=1e-3)
    np.testing.assert_allclose(psnr(black, black), 100)


def test_structural_similarity_by_its_formula() -> None:
    rng = np.random.default_rng(0)
    first = rng.integers(0, 255, (1, 11, 11, 3), dtype=np.uint8)
    second = np.clip(first.astype(int) + rng.integers(-40, 40, first.shape), 0, 255).astype(
        np.uint8
    )
    assert ssim(first, first) == pytest.approx(1.0)
    # Flat pictures: only the luminance term (2 m n + C1) / (m^2 + n^2 + C1) is left.
    grey = [np.full((1, 16, 16, 3), level, dtype=np.uint8) for level in (100, 150)]
    c1 = (0.01 * 255) ** 2
    wanted = (2 * 100 * 150 + c1) / (100**2 + 150**2 + c1)
    assert ssim(*grey) == pytest.approx(wanted, abs=1e-6)
    assert 0 < ssim(first, second)[0] < 1


def test_flicker_is_one_for_the_real_video_and_grows_with_noise() -> None:
    rng = np.random.default_rng(0)
    real = np.cumsum(rng.integers(0, 5, (6, 8, 8, 3)), axis=0).astype(np.uint8)
    assert flicker(real, real) == pytest.approx(1.0)
    noisy = np.clip(real + rng.integers(0, 60, real.shape), 0, 255).astype(np.uint8)
    assert flicker(noisy, real) > 2
    assert restlessness(real[:1]) == 0.0
