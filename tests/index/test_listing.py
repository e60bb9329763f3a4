"""What an index holds, line by line."""

import numpy as np
import pytest

from danceit.data import Int64
from danceit.index.listing import listed
from danceit.index.store.contract import Where


class _Table:
    """What `listed` reads of a `FragmentTable`."""

    fragment_id = np.array(["a#1:0+24", "a#1:24+48", "a#2:0+24", "b:48+24"], dtype=object)
    clip_id = np.array(["a#1", "a#1", "a#2", "b"], dtype=object)
    recording_id = np.array(["a", "a", "a", "b"], dtype=object)
    source = np.array(["/d/a", "/d/a", "/d/a", "/d/b"], dtype=object)
    style = np.array(["waltz", "waltz", "waltz", "rumba"], dtype=object)
    dancer = np.array([""] * 4, dtype=object)
    tempo_bpm = np.array([90.0, 90.0, 90.0, 0.0])
    body = np.array(["whole", "upper", "upper", "whole"], dtype=object)
    sure = np.array([1.0, 0.5, 0.9, 1.0])
    start_s = np.array([1.0, 2.0, 30.0, 2.0])
    end_s = np.array([2.0, 4.0, 31.0, 3.0])

    def __len__(self) -> int:
        return len(self.clip_id)


class _Store:
    """Two recordings, of two clips and of one."""

    def matching(self, where: Where) -> Int64:
        assert where == Where()
        return np.arange(4)

    def table(self, rows: Int64) -> _Table:
        return _Table()


@pytest.mark.parametrize(
    ("kind", "names", "parts", "spans"),
    [
        ("recordings", ["a", "b"], [2, 1], [(1, 31), (2, 3)]),
        ("clips", ["a#1", "a#2", "b"], [2, 1, 1], [(1, 4), (30, 31), (2, 3)]),
        (
            "fragments",
            ["a#1:0+24", "a#1:24+48", "a#2:0+24", "b:48+24"],
            [0] * 4,
            [(1, 2), (2, 4), (30, 31), (2, 3)],
        ),
    ],
)
def test_recordings_clips_and_fragments_are_listed_where_they_are(
    kind: str, names: list[str], parts: list[int], spans: list[tuple[float, float]]
) -> None:
    rows = listed(_Store(), kind)
    assert [row.name for row in rows] == names
    assert [row.parts for row in rows] == parts
    assert [(row.start_s, row.end_s) for row in rows] == spans
    assert rows[-1].style == "rumba"
    bodies = {"recordings": ["both", "whole"], "clips": ["both", "upper", "whole"]}
    if kind in bodies:
        assert [row.body for row in rows] == bodies[kind]
        assert rows[0].sure == pytest.approx(0.8 if kind == "recordings" else 0.75)


def test_only_names_with_a_part_are_listed() -> None:
    assert [row.name for row in listed(_Store(), "clips", "#2")] == ["a#2"]
    assert listed(_Store(), "recordings", "nobody") == []
