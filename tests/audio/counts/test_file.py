import json
from pathlib import Path

import numpy as np
import pytest

from danceit.audio.counts.file import beside, read_counts, write_counts
from danceit.counts import Counts, Section
from danceit.errors import InputError


def written(folder: Path, text: str, name: str = "song.beats") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_time_and_number_by_tab_or_blank(tmp_path: Path) -> None:
    counts = read_counts(written(tmp_path, "# by hand\n0.5\t3\n1.0 1\n\n1.5  2\n2.0\t3\n2.5 1\n"))
    assert counts.beats_s.tolist() == [0.5, 1.0, 1.5, 2.0, 2.5]
    assert counts.numbers.tolist() == [3, 1, 2, 3, 1]
    assert (counts.metre, counts.tracker, counts.confidence) == (3, "file", 1.0)


def test_times_alone_are_beats_without_bars(tmp_path: Path) -> None:
    counts = read_counts(written(tmp_path, "0.5\n1\n1.5\n"))
    assert counts.numbers.tolist() == [0, 0, 0]
    assert (counts.metre, counts.bar_confidence) == (0, 0.0)


def test_the_metre_is_that_of_most_bars(tmp_path: Path) -> None:
    numbers = [1, 2, 3, 4, 1, 2, 1, 2, 3, 4, 1]
    text = "".join(f"{time} {number}\n" for time, number in enumerate(numbers))
    assert read_counts(written(tmp_path, text)).metre == 4


def test_labels_of_audacity_are_beats_and_sections(tmp_path: Path) -> None:
    text = "0.5\t0.5\t1\n0.5\t2.5\tfirst verse\n1.0\t1.0\t2\n1.5\t1.5\t\n2.0\t2.0\t1\n"
    counts = read_counts(written(tmp_path, text, "song.labels.txt"))
    assert counts.beats_s.tolist() == [0.5, 1.0, 1.5, 2.0]
    assert counts.numbers.tolist() == [1, 2, 0, 1]
    assert counts.sections == (Section(0.5, 2.5, "first verse"),)


@pytest.mark.parametrize("columns", [False, True])
def test_jams(tmp_path: Path, columns: bool) -> None:
    # The schema of Humphrey et al., JAMS, ISMIR 2014; version 0.1 kept a list for each column.
    beats = [{"time": t, "duration": 0.0, "value": v, "confidence": None}
             for t, v in ((0.0, 1), (0.5, 2), (1.0, None), (1.5, 1))]  # fmt: skip
    data = {key: [row[key] for row in beats] for key in beats[0]} if columns else beats
    parts = [{"time": 0.0, "duration": 1.5, "value": "A", "confidence": 1.0}]
    jams = {
        "annotations": [
            {"namespace": "chord", "data": []},
            {"namespace": "beat", "data": data},
            {"namespace": "segment_open", "data": parts},
        ]
    }
    counts = read_counts(written(tmp_path, json.dumps(jams), "song.jams"))
    assert counts.beats_s.tolist() == [0.0, 0.5, 1.0, 1.5]
    assert counts.numbers.tolist() == [1, 2, 0, 1]
    assert counts.sections == (Section(0.0, 1.5, "A"),)


def test_parts_are_in_the_order_of_the_song_however_they_are_listed(tmp_path: Path) -> None:
    text = "5\t9\tB\n0.5\t5\tA\n0.5\t0.5\t1\n1\t1\t2\n"
    labels = [section.label for section in read_counts(written(tmp_path, text)).sections]
    assert labels == ["A", "B"]


def test_a_beat_at_second_1_that_is_a_1_is_no_label(tmp_path: Path) -> None:
    # First and last row could be labels without a text; the second could not.
    counts = read_counts(written(tmp_path, "1 1\n1.5 2\n2 3\n2.5 4\n3 1\n3.5 2\n4 4\n"))
    assert counts.numbers.tolist() == [1, 2, 3, 4, 1, 2, 4]


def test_beat_positions_of_jams(tmp_path: Path) -> None:
    rows = [
        {"time": t, "duration": 0, "confidence": 1, "value": {"position": p, "num_beats": 3}}
        for t, p in ((0.0, 3), (0.7, 1), (1.4, 2))
    ]
    text = json.dumps({"annotations": [{"namespace": "beat_position", "data": rows}]})
    assert read_counts(written(tmp_path, text, "song.jams")).numbers.tolist() == [3, 1, 2]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    for numbers, metre in (([4, 1, 2, 3, 4, 1], 4), ([0] * 6, 0)):
        counts = Counts(np.arange(6) * 0.51 + 0.123, np.array(numbers, np.int32), metre)
        write_counts(counts, tmp_path / "song.beats")
        again = read_counts(tmp_path / "song.beats")
        np.testing.assert_allclose(again.beats_s, counts.beats_s, atol=5e-4)
        assert again.numbers.tolist() == numbers
        assert again.metre == metre


def test_the_file_beside_a_song_has_its_stem(tmp_path: Path) -> None:
    song = tmp_path / "my.song.mp3"
    assert beside(song) is None
    for name in ("my.song.labels.txt", "my.song.jams", "my.song.beats"):
        path = written(tmp_path, "", name)
        assert beside(song) == path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds 0 beats; expected a line a beat"),
        ("# nothing\n\n", "holds 0 beats"),
        ("1.0 1\n", "holds 1 beats"),
        ("1.0 1\n0.5 2\n", "not in order of time: 0.5 s comes after 1 s"),
        ("1.0 1\n1.0 2\n", "not in order"),
        ("-0.5 1\n1.0 2\n", "before the song begins"),
        ("1.0 1\n12.0 2\n", "the song ends at 10.0 s: of another song"),
        ("1.0 1\ntwo 2\n", "line 2: 'two 2'; expected"),
        ("1.0 1\n2.0 2.5\n", "line 2"),
        ("1.0 1\nnan 2\n", "line 2"),
        ("1.0 1\n2.0 -1\n", "line 2"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        read_counts(written(tmp_path, text), 10.0)
    assert "\n" not in str(raised.value)


def test_files_that_are_not_text_or_not_jams(tmp_path: Path) -> None:
    (tmp_path / "song.beats").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(InputError, match="not a text file"):
        read_counts(tmp_path / "song.beats")
    with pytest.raises(InputError, match="not a JAMS file"):
        read_counts(written(tmp_path, "[1, 2]", "song.jams"))
    with pytest.raises(InputError, match="holds 0 beats"):
        read_counts(written(tmp_path, '{"annotations": []}', "song.jams"))
