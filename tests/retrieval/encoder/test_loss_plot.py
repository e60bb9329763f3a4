"""The loss plot shows what the log holds, and refuses what is no log."""

from pathlib import Path

import pytest
from PIL import Image

from danceit.errors import InputError
from danceit.retrieval.encoder.loss_plot import plot_loss
from danceit.retrieval.encoder.run import LOG_COLUMNS


def write_log(path: Path, last_loss: float) -> None:
    lines = [",".join(LOG_COLUMNS)]
    for step in (25, 50, 75):
        lines += [f"{step},{frames},{last_loss},2.5,0.3,0.32" for frames in (24, 48, 72, 96)]
    path.write_text("\n".join(lines))


def test_the_plot_is_a_picture_that_follows_the_log(tmp_path: Path) -> None:
    for name, loss in (("a", 1.0), ("b", 2.0), ("c", 2.0)):
        write_log(tmp_path / f"{name}.csv", loss)
        plot_loss(tmp_path / f"{name}.csv", tmp_path / f"{name}.png")
    pictures = [Image.open(tmp_path / f"{name}.png").convert("RGB") for name in "abc"]
    assert pictures[0].size == (840, 720)
    assert pictures[0].tobytes() != pictures[1].tobytes() == pictures[2].tobytes()


def test_what_is_no_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        plot_loss(tmp_path / "none.csv", tmp_path / "out.png")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="must have step, frames"):
        plot_loss(tmp_path / "other.csv", tmp_path / "out.png")
    (tmp_path / "words.csv").write_text("step\nmany\n")
    with pytest.raises(InputError, match="not a training log"):
        plot_loss(tmp_path / "words.csv", tmp_path / "out.png")
