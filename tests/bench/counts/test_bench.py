import json
import sys
from pathlib import Path

import numpy as np
import pytest

from danceit.audio import RATE
from danceit.audio.counts import beat_this
from danceit.bench.counts.bench import ALL, bench_counts
from danceit.bench.counts.references import annotated_songs
from danceit.bench.measures.tracking import MEASURES
from danceit.errors import InputError, MissingDependencyError, PluginError
from tests.audio.media import clicks, write_pcm


def put(folder: Path, name: str, period_s: float, *, annotated: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    beats_s = np.arange(0.3, 11.9, period_s)
    if annotated:
        rows = enumerate(beats_s)
        text = "".join(f"{beat:.3f}\t{place % 4 + 1}\n" for place, beat in rows)
        (folder / f"{name}.beats").write_text(text)
    return write_pcm(folder / f"{name}.wav", clicks(RATE, beats_s, 12.0), RATE)


def test_songs_are_annotated_beside_them_and_styled_by_their_folder(tmp_path: Path) -> None:
    put(tmp_path / "disco", "one", 0.5)
    put(tmp_path, "two", 0.6)
    put(tmp_path, "bare", 0.6, annotated=False)
    found = annotated_songs(tmp_path)
    assert [(song.name, song.style) for song in found] == [("one", "disco"), ("two", "")]


def test_annotations_in_a_folder_are_named_as_the_song_or_its_folder(tmp_path: Path) -> None:
    put(tmp_path / "data" / "DANCE_W_1", "audio", 0.5, annotated=False)
    put(tmp_path / "data", "two", 0.6, annotated=False)
    (tmp_path / "beats").mkdir()
    for name in ("DANCE_W_1", "two"):
        (tmp_path / "beats" / f"{name}.beats").write_text("0.3 1\n0.8 2\n")
    found = annotated_songs(tmp_path / "data", tmp_path / "beats")
    assert [(song.name, song.style) for song in found] == [("DANCE_W_1", "waltz"), ("two", "")]


def test_clicks_are_tracked_and_what_cannot_be_measured_is_named(tmp_path: Path) -> None:
    put(tmp_path / "disco", "one", 0.5)
    put(tmp_path / "waltz", "two", 0.6)
    broken = put(tmp_path, "broken", 0.5).with_suffix(".beats")
    broken.write_text("3 1\n1 2\n")
    out = tmp_path / "counts.json"
    run = bench_counts(tmp_path, trackers=("librosa",), out=out)
    assert [(means.style, means.n_songs) for means in run.means] == [
        (ALL, 2), ("disco", 1), ("waltz", 1),
    ]  # fmt: skip
    overall = run.means[0].intervals
    assert set(overall) == set(MEASURES)
    assert overall["beat_f"].mean > 0.9
    assert overall["downbeat_f"].mean == 0.0  # librosa knows no bars
    assert run.means[0].frames_per_s > 0
    assert len(run.failures) == 1
    assert "not in order of time" in run.failures[0]
    assert len(json.loads(out.read_text())["rows"]) == 2


def test_what_lies_beside_a_song_does_not_help_its_tracker(tmp_path: Path) -> None:
    song = put(tmp_path, "one", 0.5)
    song.with_suffix(".counts").write_text('{"format": 1, "level": -1}')
    (row,) = bench_counts(tmp_path, trackers=("librosa",)).rows
    assert row.tempo_bpm == pytest.approx(120.0, rel=0.02)


def test_a_tracker_that_is_not_installed_is_named_and_the_others_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "beat_this", None)
    beat_this._model.cache_clear()
    put(tmp_path, "one", 0.5)
    run = bench_counts(tmp_path, trackers=("librosa", "beat-this"))
    assert [row.tracker for row in run.rows] == ["librosa"]
    assert "pip install beat_this" in run.failures[0]
    with pytest.raises(MissingDependencyError, match="pip install beat_this"):
        bench_counts(tmp_path, trackers=("beat-this",))


def test_bad_input_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        bench_counts(tmp_path / "gone")
    put(tmp_path, "bare", 0.6, annotated=False)
    with pytest.raises(InputError, match=r"holds no annotated song: no \.beats"):
        bench_counts(tmp_path)
    put(tmp_path, "one", 0.5)
    with pytest.raises(PluginError, match="unknown tracker 'libroza'"):
        bench_counts(tmp_path, trackers=("libroza",))
