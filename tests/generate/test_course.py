"""A course learns, goes on exactly where it was killed, stops early, and survives a bad step."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import Adam

from danceit.errors import InputError
from danceit.generate.course import LOG, STATE, Course, left_in_words
from danceit.generate.loss_plot import PLOT, plot_losses
from danceit.generate.setting import Pace
from danceit.progress import silent


class Line:
    """Learns y = 3 x by one weight."""

    name = "line"
    steps_an_epoch = 4.0

    def __init__(self, network: nn.Linear, pace: Pace, held_out: list[float] | None = None) -> None:
        self.network, self.pace = network, pace
        self.modules: Mapping[str, nn.Module] = {"line": network}
        self.optimisers = {"line_adam": Adam(network.parameters(), 0.1)}
        self.told = held_out
        self.break_at = 0
        self.taken = 0

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        self.taken += 1
        x = torch.from_numpy(rng.normal(size=(8, 1)).astype(np.float32)) + 0.1 * torch.randn(8, 1)
        loss = (self.network(x) - 3 * x).square().mean()
        (optimiser,) = self.optimisers.values()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return {"square": float("nan") if self.taken == self.break_at else float(loss.detach())}

    def check(self) -> float:
        if self.told is not None:
            return self.told.pop(0)
        return (self.network.weight.item() - 3) ** 2


def network() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(1, 1, bias=False)


def taken(folder: Path, pace: Pace, progress=silent) -> tuple[Course, nn.Linear]:
    with torch.random.fork_rng(devices=[]):
        line = network()
        course = Course(folder, "same", progress=progress)
        course.begin(line, restart=False)
        course.take("line", lambda: Line(line, pace))
    return course, line


def test_a_lesson_learns_and_logs_what_it_learns(tmp_path: Path) -> None:
    course, line = taken(tmp_path, Pace(60, 10, 5))
    assert line.weight.item() == pytest.approx(3, abs=0.2)
    assert course.taken["line"].step == 60
    assert course.taken["line"].epochs == 15
    lines = (tmp_path / LOG).read_text().splitlines()
    assert lines[0] == "lesson,step,figure,value"
    assert [row.split(",")[1:3] for row in lines[1:5]] == [
        ["10", "square"], ["10", "held out"], ["20", "square"], ["20", "held out"],
    ]  # fmt: skip
    plot_losses(tmp_path / LOG, tmp_path / PLOT)
    assert (tmp_path / PLOT).stat().st_size > 5000


def test_a_killed_course_goes_on_to_the_very_weights_of_one_that_was_not(tmp_path: Path) -> None:
    pace = Pace(30, 5, 9)
    _, whole = taken(tmp_path / "whole", pace)

    def kill(done: int, total: int, what: str = "") -> None:
        if done == 17:  # two steps after a checkpoint
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        taken(tmp_path / "cut", pace, kill)
    seen: list[int] = []
    course, line = taken(tmp_path / "cut", pace, lambda done, total, what="": seen.append(done))
    assert course.resumed
    assert seen == list(range(16, 31))
    assert torch.equal(line.weight, whole.weight)
    logs = [(tmp_path / name / LOG).read_text() for name in ("whole", "cut")]
    assert logs[0] == logs[1]
    finished, line = taken(tmp_path / "cut", pace)
    assert finished.taken["line"].step == 30
    assert torch.equal(line.weight, whole.weight)


def test_a_course_stops_early_with_its_best_weights(tmp_path: Path) -> None:
    line = network()
    kept = {}

    class Watched(Line):
        def check(self) -> float:
            score = super().check()
            kept.setdefault(score, self.network.weight.detach().clone())
            return score

    course = Course(tmp_path, "one")
    course.begin(line, restart=False)
    scores = [5.0, 2.0, 3.0, 4.0, 2.5]
    progress = course.take("line", lambda: Watched(line, Pace(100, 2, 3), scores))
    assert (progress.best_step, progress.step, progress.best) == (4, 10, 2.0)
    assert torch.equal(line.weight, kept[2.0])


def test_a_loss_that_is_no_number_ends_the_lesson_at_the_last_good_weights(tmp_path: Path) -> None:
    line = network()
    lesson = Line(line, Pace(20, 4, 9))
    lesson.break_at = 10
    course = Course(tmp_path, "one")
    course.begin(line, restart=False)
    progress = course.take("line", lambda: lesson)
    assert progress.best_step == 8
    assert progress.note.startswith("line: the loss was no number any more at step 10; the weights")
    assert torch.isfinite(line.weight).all()
    early = Line(network(), Pace(20, 4, 9))
    early.break_at = 2
    again = Course(tmp_path / "early", "one")
    again.begin(line, restart=False)
    with pytest.raises(InputError, match="before the first check: lower the learning rate"):
        again.take("line", lambda: early)


def test_weights_that_are_no_numbers_are_not_kept_though_their_loss_was_one(tmp_path: Path) -> None:
    line = network()

    class Bursting(Line):
        """The step itself breaks the weight, after its loss was taken."""

        def step(self, rng: np.random.Generator) -> dict[str, float]:
            parts = super().step(rng)
            if self.taken == 8:
                self.network.weight.data.fill_(float("nan"))
            return parts

    course = Course(tmp_path, "one")
    course.begin(line, restart=False)
    progress = course.take("line", lambda: Bursting(line, Pace(20, 4, 9)))
    assert (progress.step, progress.best_step) == (8, 4)
    assert "no number any more at step 8; the weights of step 4 are kept" in progress.note
    assert torch.isfinite(line.weight).all()


def test_without_songs_held_out_the_last_weights_are_kept(tmp_path: Path) -> None:
    line = network()
    course = Course(tmp_path, "one")
    course.begin(line, restart=False)
    nan = float("nan")
    progress = course.take("line", lambda: Line(line, Pace(12, 4, 9), [nan, nan, nan]))
    assert (progress.step, progress.best_step) == (12, 12)


def test_a_check_that_fails_once_is_not_the_best(tmp_path: Path) -> None:
    line = network()
    course = Course(tmp_path, "one")
    course.begin(line, restart=False)
    scores = [2.0, float("nan"), 3.0]
    progress = course.take("line", lambda: Line(line, Pace(12, 4, 9), scores))
    assert (progress.best_step, progress.best) == (4, 2.0)


def test_a_limit_in_minutes_ends_a_lesson(tmp_path: Path) -> None:
    course, _ = taken(tmp_path, Pace(100_000, 1, 100_000, minutes=1e-5))
    assert 0 < course.taken["line"].step < 100


def test_what_was_learnt_when_the_time_is_up_is_looked_at_and_kept(tmp_path: Path) -> None:
    # Far fewer steps than to the first check: not the weights that it began with.
    course, trained = taken(tmp_path, Pace(100_000, 50_000, 100_000, minutes=1e-3))
    standing = course.taken["line"]
    assert 0 < standing.best_step == standing.step < 50_000
    assert float(trained.weight.detach()) != float(network().weight.detach())


def test_another_run_and_a_damaged_one_are_refused(tmp_path: Path) -> None:
    taken(tmp_path, Pace(4, 2, 2))
    with pytest.raises(InputError, match="holds a run with other dances or options"):
        Course(tmp_path, "other").begin(network(), restart=False)
    Course(tmp_path, "other").begin(network(), restart=True)
    (tmp_path / STATE).write_bytes(b"nonsense")
    with pytest.raises(InputError, match="is damaged"):
        Course(tmp_path, "same").begin(network(), restart=False)


def test_a_log_without_losses_is_refused(tmp_path: Path) -> None:
    (tmp_path / LOG).write_text("a,b\n")
    with pytest.raises(InputError, match="not a training log"):
        plot_losses(tmp_path / LOG, tmp_path / PLOT)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-3, "under a minute left"), (59, "under a minute left"), (61, "1 min left at most"),
     (5400, "1.5 h left at most")],
)  # fmt: skip
def test_what_is_left_is_told_in_the_unit_that_fits(seconds: float, words: str) -> None:
    assert left_in_words(seconds) == words
