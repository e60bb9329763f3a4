"""A small person: the made-up dancer of `tests.render.filming`, prepared at 64 px."""

import shutil
from pathlib import Path

import pytest
import torch

from danceit.render.person.configuration import PersonConfig
from danceit.render.person.prepare import prepare
from danceit.render.person.target import Consent
from danceit.render.person.training import train
from tests.render.filming import write_video

TINY = PersonConfig(
    size=64, ngf=8, n_downsample=2, n_blocks=1, ndf=8, n_scales=2, face_ngf=8, face_downsample=1,
    face_blocks=1, face_px=16, steps=6, face_steps=4, batch=2, pixel_weight=20.0, ema=0.9,
    checkpoint_every=3,
)  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Sums in another order differ in the last digit, and loss curves are compared exactly."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("person")
    filmed = write_video(folder / "ada.mp4", n_frames=120, sway=12.0)
    prepare(filmed, folder / "ada", Consent("Ada", True), size=64)
    return folder / "ada"


@pytest.fixture(scope="session")
def trained(one_thread: None, prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "ada"
    shutil.copytree(prepared, folder)
    train(folder, TINY)
    return folder


@pytest.fixture
def person(prepared: Path, tmp_path: Path) -> Path:
    """A fresh copy, to be trained."""
    shutil.copytree(prepared, tmp_path / "ada")
    return tmp_path / "ada"
