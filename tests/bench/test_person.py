import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from danceit.bench.person import (
    BACKGROUND,
    HEADER,
    NEAREST,
    PAINTED,
    PLAIN,
    WARPED,
    baselines,
    bench_person,
    table_rows,
)
from danceit.render.person.metrics import psnr
from danceit.render.person.prepare import prepare
from danceit.render.person.target import Consent, Target
from danceit.render.person.training import train
from tests.render.filming import write_video
from tests.render.person.alexnet import write_weights
from tests.render.person.conftest import TINY


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("person")
    filmed = write_video(folder / "ada.mp4", n_frames=120, sway=12.0)
    prepare(filmed, folder / "ada", Consent("Ada", True), size=64)
    train(folder / "ada", replace(TINY, steps=3, face_steps=3))
    return folder / "ada"


def test_every_method_is_measured_on_the_unseen_fifth(person: Path, tmp_path: Path) -> None:
    result = bench_person(person, tmp_path / "bench")
    assert [row.method for row in result.rows] == [PAINTED, PLAIN, NEAREST, WARPED, BACKGROUND]
    assert result.n_frames == len(Target.load(person).validation)
    assert all(len(cells) == len(HEADER) for cells in table_rows(result))
    stored = json.loads((tmp_path / "bench" / "person.json").read_text())
    assert stored["rows"][0]["psnr_db"] == pytest.approx(result.rows[0].psnr_db)
    from PIL import Image

    with Image.open(result.sheet) as sheet:
        assert sheet.size == (8 * 64, 7 * 64)
    # Three steps teach nothing, and that is what the bench must say.
    assert NEAREST in result.beaten_by
    by_name = {row.method: row for row in result.rows}
    assert by_name[BACKGROUND].flicker == 0.0


def test_lpips_is_measured_where_its_weights_are_given(person: Path, tmp_path: Path) -> None:
    files = write_weights(tmp_path, ".safetensors")
    rows = {row.method: row for row in bench_person(person, tmp_path, lpips=files, limit=4).rows}
    values = {method: row.lpips for method, row in rows.items()}
    assert all(value is not None and value > 0 for value in values.values())
    assert table_rows(bench_person(person, tmp_path, limit=2))[0][-1] == "-"


def test_the_nearest_frame_of_a_training_pose_is_that_frame(person: Path) -> None:
    target = Target.load(person)
    shown = baselines(target, target.joints[10:14])
    np.testing.assert_array_equal(shown[NEAREST], target.frames[10:14])
    # Carried nowhere, the person stays; around it stands the background.
    assert (
        psnr(shown[WARPED], target.frames[10:14]).min()
        > psnr(shown[BACKGROUND], target.frames[10:14]).max()
    )


def test_warping_brings_the_nearest_frame_to_the_pose(person: Path) -> None:
    target = Target.load(person)
    # As if the sway to one side had never been filmed: the nearest frames are off.
    near = replace(target, joints=np.array(target.joints))
    near.joints[: target.about.n_train] += np.float32([3.0, 0.0])
    shifted = np.roll(np.asarray(target.frames), 3, axis=2)
    shown = baselines(replace(near, frames=shifted), target.joints[[20, 21, 22]])
    real = target.frames[[20, 21, 22]]
    assert psnr(shown[WARPED], real).mean() > psnr(shown[NEAREST], real).mean()


def test_an_untrained_person_cannot_be_measured(person: Path, tmp_path: Path) -> None:
    from danceit.errors import InputError

    shutil.copytree(person, tmp_path / "ada")
    (tmp_path / "ada" / "painter.safetensors").unlink()
    with pytest.raises(InputError, match="is not trained"):
        bench_person(tmp_path / "ada", tmp_path / "bench")
