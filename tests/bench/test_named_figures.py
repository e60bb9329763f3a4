import json

import numpy as np
import pytest

from danceit.bench import named_figures as figures
from danceit.errors import InputError

ROW = {
    "name": "D_1",
    "start_pos": 25,
    "end_pos": 275,
    "movements": ["A", "B"],
    "durations": [4, 12],
}


def written(tmp_path, *rows):
    path = tmp_path / "figures.json"
    path.write_text(json.dumps(rows))
    return path


def test_figures_lie_where_their_beats_put_them(tmp_path):
    track = figures.read_named_figures(written(tmp_path, ROW))["D_1"]
    # 16 beats in 10 s from second 1 on.
    assert track.tempo_bpm == pytest.approx(96.0)
    np.testing.assert_allclose(track.edges_s, [1.0, 3.5, 11.0])
    assert track.at(1.0, 3.0) == "A"
    assert track.at(3.0, 5.0) == "B"
    assert track.at(0.0, 0.9) == ""


def test_a_tempo_is_compared_up_to_octaves(tmp_path):
    track = figures.read_named_figures(written(tmp_path, ROW))["D_1"]
    scores = figures.evaluate(track, 48.0)
    assert (scores["tempo_ratio"], scores["octave_ratio"]) == (0.5, 1.0)
    assert np.isnan(figures.evaluate(track, 0.0)["tempo_ratio"])


def test_agreement_with_people_is_counted_up_to_octaves(tmp_path):
    tracks = figures.find_named_figures(written(tmp_path, ROW, {**ROW, "name": "D_2"}).parent)
    told = figures.tempo_statement({"dances/D_1": 192.0, "D_2": 110.0, "other": 96.0}, tracks)
    assert "for 1 of 2 dances" in told
    assert figures.tempo_statement({"other": 96.0}, tracks) == ""


def test_fragments_of_the_same_figure_are_relevant():
    assert figures.relevance(["A", ""], ["A", "B", ""]).tolist() == [
        [True, False, False],
        [False, False, False],
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"durations": [4]}, "D_1 has 2 figures but 1 lengths"),
        ({"durations": [4, 0]}, "without length"),
        ({"end_pos": 25}, "without length"),
        ({"name": None}, "lacks name"),
    ],
)
def test_each_bad_row_is_named(tmp_path, change, message):
    row = {key: value for key, value in {**ROW, **change}.items() if value is not None}
    with pytest.raises(InputError, match=message):
        figures.read_named_figures(written(tmp_path, row))


def test_a_file_that_is_no_list_is_named(tmp_path):
    path = tmp_path / "figures.json"
    path.write_text("{}")
    with pytest.raises(InputError, match="must hold a list"):
        figures.read_named_figures(path)
    with pytest.raises(InputError, match="not a readable list"):
        figures.read_named_figures(tmp_path / "absent.json")


def test_the_annotation_of_the_real_dances(real_data):
    tracks = figures.read_named_figures(real_data / "dances" / "figures.json")
    folders = {path.name for path in (real_data / "dances").glob("DANCE_*")}
    assert folders <= set(tracks)
    # Waltz and rumba are danced at 84 to 98 beats a minute (the data's own notes).
    for name in folders:
        if not name.startswith("DANCE_C"):
            assert 83 < tracks[name].tempo_bpm < 98
