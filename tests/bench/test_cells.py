import math

import pytest

from danceit.bench.cells import RunFolder, run_jobs, slug
from danceit.errors import InputError


def counted(calls, values):
    def work():
        calls.append(1)
        return values

    return work


def test_a_cell_is_measured_once_and_then_taken_over(tmp_path):
    calls = []
    for _ in range(2):
        cell = RunFolder(tmp_path).measure(
            "align", "tsd", "song", {"dance": "abc"}, counted(calls, {"s_ba": 0.5, "pfc": math.nan})
        )
    assert calls == [1]
    assert cell.values["s_ba"] == 0.5
    assert math.isnan(cell.values["pfc"])


@pytest.mark.parametrize("change", ["inputs", "method", "resume", "file"])
def test_what_changed_is_measured_again(tmp_path, change):
    calls = []
    folder, method, inputs = RunFolder(tmp_path), "tsd", {"dance": "abc"}
    folder.measure("align", method, "song", inputs, counted(calls, {"s_ba": 0.5}))
    if change == "inputs":
        inputs = {"dance": "abd"}
    elif change == "method":
        method = "linear"
    elif change == "resume":
        folder = RunFolder(tmp_path, resume=False)
    needs = [tmp_path / "absent.dance.npz"] if change == "file" else []
    folder.measure("align", method, "song", inputs, counted(calls, {"s_ba": 0.6}), needs)
    assert calls == [1, 1]


def test_a_failure_is_told_and_tried_again(tmp_path):
    def fails():
        raise ZeroDivisionError("a third party's mistake")

    cell = RunFolder(tmp_path).measure("align", "odd", "song", {}, fails)
    assert cell.error == "ZeroDivisionError: a third party's mistake"
    assert (
        RunFolder(tmp_path).measure("align", "odd", "song", {}, lambda: {"s_ba": 1.0}).error == ""
    )


def test_an_interrupt_stops_the_run_and_leaves_what_was_done(tmp_path):
    folder = RunFolder(tmp_path)

    def interrupted():
        raise KeyboardInterrupt

    jobs = [
        lambda: folder.measure("align", "a", "song", {}, lambda: {"s_ba": 1.0}),
        lambda: folder.measure("align", "b", "song", {}, interrupted),
    ]
    with pytest.raises(KeyboardInterrupt):
        run_jobs(jobs, progress=False)
    assert folder.done("align", "a", "song", {}) is not None
    assert folder.done("align", "b", "song", {}) is None


def test_a_damaged_cell_is_measured_again(tmp_path):
    folder = RunFolder(tmp_path)
    folder.measure("align", "a", "song", {}, lambda: {"s_ba": 1.0})
    folder.file_of("align", "a", "song", {}).write_text('{"values": ')
    assert folder.done("align", "a", "song", {}) is None


def test_a_run_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(InputError, match="cannot write into"):
        RunFolder(tmp_path / "taken")


def test_names_become_file_names():
    assert slug("tsd+beat:max_warp=1.25") == "tsd+beat-max_warp=1.25"
    assert "/" not in slug("../up: and away")
