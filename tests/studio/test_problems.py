"""What is told of files that no dance could be taken from."""

from pathlib import Path

import pytest

from danceit.index.building.reading import nothing_left
from danceit.index.cleaning.report import REASONS, CleaningReport
from danceit.studio.problems import nothing_at_all, problem

FOLDER = Path("/home/ann/summer.danceit/dropped")
NAME = "2026-01-01/phone/tap.mp4"


@pytest.mark.parametrize("fault", REASONS)
def test_every_fault_of_cleaning_is_told_in_plain_words(fault: str) -> None:
    least = next(reason for reason in REASONS if reason != fault)
    report = CleaningReport(NAME, 100, 0, {least: 20, fault: 80})
    told = problem(NAME, nothing_left(report, FOLDER / NAME), FOLDER)
    assert told.startswith("tap.mp4: ")
    assert told.endswith("film one dancer from head to feet, for a few seconds at least")
    assert "%" not in told
    assert "danceit" not in told
    other = problem(NAME, nothing_left(CleaningReport(NAME, 9, 0, {least: 9})), FOLDER)
    assert told != other


def test_another_reason_is_told_without_where_the_file_lies() -> None:
    reason = f"{FOLDER / NAME}: cannot be read as sound or video: Invalid data"
    assert problem(NAME, reason, FOLDER) == (
        "tap.mp4: cannot be read as sound or video: Invalid data"
    )
    error = nothing_at_all([(NAME, reason), ("a.bvh", "it has no joints")], FOLDER)
    assert str(error) == (
        "No dance could be taken from these files. tap.mp4: cannot be read as sound or video: "
        "Invalid data. a.bvh: it has no joints."
    )
