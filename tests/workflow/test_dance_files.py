"""What dance files are called."""

from pathlib import Path

import pytest

from danceit.workflow.dance_files import aligned_name


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("song.dance.npz", "song.aligned.dance.npz"),
        ("song.npz", "song.aligned.dance.npz"),
        ("song.aligned.dance.npz", "song.aligned-2.dance.npz"),
        ("song.aligned-2.dance.npz", "song.aligned-3.dance.npz"),
        ("my.aligned song.dance.npz", "my.aligned song.aligned.dance.npz"),
    ],
)
def test_an_aligned_dance_is_named_by_how_often_it_was(before: str, after: str) -> None:
    assert aligned_name(Path("here") / before) == Path("here") / after
