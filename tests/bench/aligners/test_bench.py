import re
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest

from danceit.align.linear import LinearAligner
from danceit.bench.aligners import jobs as aligner_jobs
from danceit.bench.aligners.bench import AlignerOptions, bench_aligners, song_files
from danceit.bench.aligners.plots import find_moment
from danceit.bench.material import random_dance
from danceit.bench.measures import distribution, movement
from danceit.bench.reports.report import terminal, write_report
from danceit.bench.reports.summary import best_rows, intervals_of, paired, values_of
from danceit.counts import Counts
from danceit.data import Clip, Dance, Music
from danceit.errors import InputError, PluginError
from danceit.index.building.build import build
from danceit.index.building.options import BuildOptions
from danceit.index.fragments import FragmentGrid
from danceit.retrieval.encoder.configuration import EncoderConfig
from danceit.retrieval.encoder.encoders import FragmentEncoder
from tests.bench.conftest import walk

METHODS = AlignerOptions(
    methods=("none", "linear", "linear+beat"), gap_lengths=(4, 8), warp_limits=(1.25, None)
)


@pytest.fixture(scope="module")
def songs(library):
    """The query song and, as a second one, a song of the library."""
    return [library.query_song, next(library.folder.glob("*waltz*.[wfo]*"))]


@pytest.fixture(scope="module")
def run(library, songs, tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    return bench_aligners(library.folder, songs, out, METHODS, progress=False)


def test_every_method_is_measured_on_every_song(run, songs):
    assert run.failures == ()
    assert run.rows == ("real dances", "random", "none", "linear", "linear+beat")
    for method in METHODS.methods:
        s_ba = values_of(run, method)["s_ba"]
        assert sorted(s_ba) == sorted(song.stem for song in songs)
    assert len(values_of(run, "real dances")["mdd_hands"]) == 3


def test_methods_stand_where_they_must_on_what_is_certain(run):
    found = intervals_of(run)
    # No aligner on the same random dance is the random dance.
    assert found["none"]["s_ba"] == found["random"]["s_ba"]
    assert found["none"]["seam_px_mean"] == found["random"]["seam_px_mean"]
    assert found["linear"]["seam_px_mean"].mean < found["none"]["seam_px_mean"].mean
    assert found["linear"]["gap_px_8"].mean < found["none"]["gap_px_8"].mean
    assert found["linear"]["gap_px_8"] == found["linear+beat"]["gap_px_8"]
    assert found["linear"]["warp_max"].mean == pytest.approx(1.0)
    assert 1 < found["linear+beat"]["warp_max"].mean < 1.6
    assert best_rows(run, found, "gap_px_8") == {"linear", "linear+beat"}


def test_the_sweep_keeps_to_its_limits(run):
    swept = {cell.method: cell.values["warp_max"] for cell in run.cells if cell.kind == "sweep"}
    assert set(swept) == {"linear+beat @ 1.25", "linear+beat @ none"}
    assert swept["linear+beat @ 1.25"] < 1.3


def test_methods_are_compared_on_the_same_dance(run):
    lines = {(line.row, line.key): line.comparison for line in paired(run)}
    difference = lines["linear", "seam_px_mean"]
    assert difference.difference < 0
    assert difference.n == 2
    assert ("random", "s_ba") not in lines
    dances = [
        Dance.load(aligner_jobs.dance_file(run.out, "song", method)) for method in METHODS.methods
    ]
    assert len({tuple(f.fragment_id for f in dance.fragments) for dance in dances}) == 1


def test_the_report_is_whole_and_needs_no_network(run):
    written = write_report(run)
    page = written.page.read_text()
    assert not re.search(r"(src|href|url)\s*[=(]", page)
    assert "<script" not in page
    assert page.count("<svg") >= 8
    assert "NaN" not in page
    assert "What papers report" in page
    text = written.markdown.read_text()
    for method in run.rows:
        assert f"| {method} |" in text
    assert "78.8" in text
    assert "linear+beat" in terminal(run)


def test_results_are_one_row_a_value(run):
    written = write_report(run)
    rows = duckdb.read_parquet(str(written.results))
    one = duckdb.sql(
        "SELECT value FROM rows WHERE kind = 'align' AND row = 'linear' AND song = 'song' "
        "AND measure = 's_ba'"
    ).fetchall()
    assert one == [(values_of(run, "linear")["s_ba"]["song"],)]
    assert len(rows) == sum(len(cell.values) for cell in run.cells)


def test_an_interrupted_run_goes_on_where_it_stopped(library, songs, run, tmp_path, monkeypatch):
    done = []
    measured = aligner_jobs.evaluate_dance

    def interrupting(*arguments):
        done.append(1)
        if len(done) == 3:
            raise KeyboardInterrupt
        return measured(*arguments)

    monkeypatch.setattr(aligner_jobs, "evaluate_dance", interrupting)
    with pytest.raises(KeyboardInterrupt):
        bench_aligners(library.folder, songs, tmp_path, METHODS, progress=False)
    again = bench_aligners(library.folder, songs, tmp_path, METHODS, progress=False)
    # Two songs, a random dance and three methods for each: eight in all, two done before.
    assert len(done) == 3 + 6
    timed = ("frames_per_s",)
    for one, other in zip(run.cells, again.cells, strict=True):
        assert (one.kind, one.method, one.song) == (other.kind, other.method, other.song)
        for key in set(one.values) - set(timed):
            assert other.values[key] == pytest.approx(one.values[key], nan_ok=True)


def test_a_method_that_fails_on_one_song_takes_nothing_along(library, songs, tmp_path, monkeypatch):
    aligned = LinearAligner.align

    def failing(self, dance, music):
        if music.path.stem == "song":
            raise ValueError("no luck with this one")
        return aligned(self, dance, music)

    monkeypatch.setattr(LinearAligner, "align", failing)
    options = replace(METHODS, methods=("none", "linear"))
    run = bench_aligners(library.folder, songs, tmp_path, options, progress=False)
    assert run.failures == ("linear on song: ValueError: no luck with this one",)
    assert list(values_of(run, "linear")["s_ba"]) == [songs[1].stem]
    assert len(values_of(run, "none")["s_ba"]) == 2
    written = write_report(run)
    for told in (terminal(run), written.markdown.read_text(), written.page.read_text()):
        assert "no luck with this one" in told
        assert "linear (failed on 1)" in told


def test_a_song_under_two_windows_is_told_and_the_rest_goes_on(library, songs, tmp_path):
    options = replace(METHODS, methods=("none",), length_s=4.0)
    short = songs[0]
    import soundfile

    samples, rate = soundfile.read(short)
    cut = tmp_path / "cut.wav"
    soundfile.write(cut, samples[: 7 * rate], rate)
    run = bench_aligners(library.folder, [cut, short], tmp_path / "run", options, progress=False)
    assert run.failures == (
        f"random on cut: {cut} lasts 7.0 s, under two windows of 4 s",
        f"none on cut: {cut} lasts 7.0 s, under two windows of 4 s",
    )
    assert list(values_of(run, "none")["s_ba"]) == ["song"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fps": 30.0}, "at 24 fps; got 30"),
        ({"seconds": 9.0}, "another song's dance"),
        ({"beats_s": np.zeros(0)}, "the song has no beats"),
    ],
)
def test_a_dance_that_does_not_fit_its_song_is_named(change, message):
    song = Music(Path("song.wav"), "0" * 64, 10.0, Counts.of_beats(np.arange(0.5, 10, 0.5)))
    motion = walk(240, dims=3).astype(np.float32)
    clips = [Clip(name, name, motion, Path(name)) for name in "ab"]
    dance = random_dance(song, clips, 48, np.random.default_rng(0))
    dance = replace(dance, fps=change.get("fps", 24.0))
    song = replace(
        song,
        duration_s=change.get("seconds", 10.0),
        counts=Counts.of_beats(change.get("beats_s", song.beats_s)),
    )
    with pytest.raises(InputError, match=message):
        aligner_jobs.evaluate_dance(dance, song, movement.profile([motion]))


def test_pieces_with_a_lost_joint_do_not_cost_the_set_its_score():
    motions = [walk(360, seed, dims=3).astype(np.float32) for seed in range(3)]
    whole = distribution.set_features(motions)
    motions[1][130:140, 4] = np.nan
    motions[2][:, 14:] = 256.0  # a source with eyes and ears among others without
    np.testing.assert_array_equal(distribution.set_features(motions), np.delete(whole, 4, axis=0))
    assert distribution.set_features([motions[0][:50]]).size == 0


def test_songs_are_files_or_folders(library, tmp_path):
    assert library.query_song in song_files([library.query_song.parent])
    with pytest.raises(InputError, match="no such song"):
        song_files([tmp_path / "absent.mp3"])
    with pytest.raises(InputError, match="holds no audio file"):
        song_files([tmp_path])


@pytest.mark.parametrize(("methods", "error"), [(("lineer",), PluginError), ((), InputError)])
def test_a_bad_method_is_named_before_any_work(library, tmp_path, methods, error):
    out = tmp_path / "run"
    with pytest.raises(error):
        bench_aligners(library.folder, [], out, AlignerOptions(methods=methods), progress=False)
    assert not out.exists()


@pytest.fixture(scope="module")
def index(library, tmp_path_factory):
    out = tmp_path_factory.mktemp("index") / "index"
    small = EncoderConfig(hidden=4, channels=(4,), around=4, feature_set="mfcc")
    build(
        library.folder,
        out,
        FragmentEncoder.create(small),
        BuildOptions(grid=FragmentGrid(lengths=(24,))),
    )
    return out


def test_dances_are_retrieved_where_there_is_an_index(library, songs, index, tmp_path):
    options = replace(METHODS, methods=("none",), length_s=1.0)
    run = bench_aligners(library.folder, songs[:1], tmp_path, options, index=index, progress=False)
    assert run.failures == ()
    dance = Dance.load(aligner_jobs.dance_file(tmp_path, "song", "none"))
    assert dance.encoder_id
    assert any("3 of the 3 real dances are in that index" in note for note in run.notes)


def test_an_indexed_song_is_refused_unless_allowed(library, songs, index, tmp_path):
    options = replace(METHODS, methods=("none",), length_s=1.0)
    with pytest.raises(InputError, match=r"the index holds a dance to .*`allow_leak`"):
        bench_aligners(library.folder, songs, tmp_path, options, index=index, progress=False)
    allowed = replace(options, allow_leak=True)
    run = bench_aligners(library.folder, songs, tmp_path, allowed, index=index, progress=False)
    assert len(values_of(run, "none")["s_ba"]) == 2


def test_every_method_is_shown_at_the_same_seam(run):
    moment = find_moment(run)
    assert moment is not None
    base, own = moment.dances[run.baseline], moment.seams[run.baseline]
    for method, dance in moment.dances.items():
        seam = moment.seams[method]
        assert seam in dance.seams
        for frame, same in ((seam, own), (seam - 1, own - 1)):
            assert dance.source_index[frame] == base.source_index[same]
