import os
import shutil
import wave
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from danceit.data import Float32, Int64
from danceit.errors import IndexStateError, InputError
from danceit.index.building.build import add, build
from danceit.index.building.options import BuildOptions
from danceit.index.fragments import FragmentGrid
from danceit.index.store.contract import FragmentStore, NewerIndexError, StoreOptions, Where
from danceit.index.store.engines import open_store
from danceit.testing import HOSTILE, FixedEmbedder
from danceit.workflow.keeping import readmit, rebuild, remove, verify
from tests.index.conftest import MakeRecording, info


@dataclass(frozen=True)
class CountingEmbedder(FixedEmbedder):
    """Counts the fragments it embeds."""

    dims: int = 2
    embedded: list[int] = field(default_factory=list)

    def embed_poses(self, poses: Float32) -> Float32:
        self.embedded.append(len(poses))
        return super().embed_poses(poses)


@pytest.fixture
def embedder() -> CountingEmbedder:
    return CountingEmbedder()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "index"


def contents(store: FragmentStore) -> dict[str, tuple[bytes, bytes]]:
    """Vectors and poses of every fragment by its id."""
    table = store.table(np.arange(len(store)))
    return {
        name: (store.vectors(rows).tobytes(), store.poses(rows).tobytes())
        for row, name in enumerate(table.fragment_id)
        for rows in [np.array([row])]
    }


def contents_at(index: Path) -> dict[str, tuple[bytes, bytes]]:
    with open_store(index) as store:
        assert store.verify() == ()
        return contents(store)


def click_track(path: Path, seconds: float = 6.0) -> None:
    """Two clicks a second, 16 bit mono."""
    samples = np.zeros(int(seconds * 8000), dtype="<i2")
    for start in range(0, len(samples), 4000):
        samples[start : start + 80] = 20000 * np.sin(np.arange(80))
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(8000)
        stream.writeframes(samples.tobytes())


def test_a_folder_becomes_an_index(data: Path, out: Path, embedder: CountingEmbedder) -> None:
    report = build(data, out, embedder)
    assert report.added == ("a.npz", "b.npz", "d.npz", "more/c.npz")
    assert (report.changed, report.unchanged, report.removed, report.failed) == ((), (), (), ())
    # 130 frames hold 5 fragments of 24, 2 of 48, 1 of 72 and 1 of 96 frames.
    assert (report.clips, report.fragments) == (4, 36)
    assert report.cleaning.frames_kept == report.cleaning.frames_in == 520
    with open_store(out) as store:
        rows = store.matching(Where(dancer=("Ann",), n_frames=48))
        table = store.table(rows)
        assert table.clip_id.tolist() == ["a.npz", "a.npz", "more/c.npz", "more/c.npz"]
        assert table.source[0] == str(data / "a.npz")
        assert (table.energy > 0).all()
        np.testing.assert_allclose(
            store.vectors(rows), embedder.embed_poses(store.poses(rows)), atol=1e-3
        )
        assert (store.encoder / "config.json").exists()
        assert store.info().missing == ()


def test_build_again_does_no_work(data: Path, out: Path, embedder: CountingEmbedder) -> None:
    first = build(data, out, embedder)
    embedder.embedded.clear()
    again = build(data, out, embedder)
    assert embedder.embedded == []
    assert again.unchanged == first.added
    assert again.index_id == first.index_id
    assert info(out).generation.startswith("generation-000001-")


def test_touching_and_moving_files_about_is_no_change(
    data: Path, out: Path, embedder: CountingEmbedder
) -> None:
    build(data, out, embedder)
    embedder.embedded.clear()
    os.utime(data / "a.npz", (1, 1))
    assert len(build(data, out, embedder).unchanged) == 4
    # Over a symbolic link or a detour it is the same folder.
    assert len(build(data / "more" / "..", out, embedder).unchanged) == 4
    assert embedder.embedded == []


def test_only_what_changed_is_done_again(
    data: Path, out: Path, embedder: CountingEmbedder, make_recording: MakeRecording
) -> None:
    build(data, out, embedder)
    before = contents_at(out)
    embedder.embedded.clear()
    make_recording(data, "b", 20, style="tango")
    make_recording(data, "new", 5)
    (data / "d.npz").unlink()
    report = build(data, out, embedder)
    assert report.added == ("new.npz",)
    assert report.changed == ("b.npz",)
    assert report.unchanged == ("a.npz", "more/c.npz")
    assert report.removed == ("d.npz",)
    assert sum(embedder.embedded) == 2 * 9
    after = contents_at(out)
    assert {name for name in before if before[name] == after.get(name)} == {
        name for name in before if name.startswith(("a.npz", "more/c.npz"))
    }
    # An index that grew holds what one built at once holds.
    build(data, out.with_name("fresh"), embedder)
    assert contents_at(out.with_name("fresh")) == after


def test_a_change_within_the_same_tick_of_the_clock_is_seen(
    data: Path, out: Path, embedder: CountingEmbedder, make_recording: MakeRecording
) -> None:
    build(data, out, embedder)
    status = (data / "a.npz").stat()
    make_recording(data, "a", 9, dancer="Ann", style="waltz")
    os.utime(data / "a.npz", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert build(data, out, embedder).changed == ("a.npz",)


def test_another_encoder_or_other_lengths_do_all_again(
    data: Path, out: Path, embedder: CountingEmbedder
) -> None:
    build(data, out, embedder)
    report = build(
        data, out, embedder, BuildOptions(grid=FragmentGrid(lengths=(24, 36), stride=12))
    )
    assert len(report.added) == 4
    assert report.warnings == ("the encoder or the settings are others: all was done again",)
    with open_store(out) as store:
        assert store.info().fragments == {24: 4 * 9, 36: 4 * 8}
    assert len(build(data, out, replace(embedder, encoder_id="new")).added) == 4
    with open_store(out) as store:
        assert store.spec.encoder_id == "new"


def test_a_bad_recording_is_named_and_the_rest_goes_on(
    data: Path, out: Path, embedder: CountingEmbedder
) -> None:
    (data / "bad.npz").write_bytes(b"PK\3\4 not a zip file")
    np.savez(data / "lost.npz", poses=np.full((50, 18, 2), np.nan), fps=24.0)
    (data / "notes.txt").write_text("hello")
    report = build(data, out, embedder)
    assert len(report.added) == 4
    assert [failure.recording_id for failure in report.failed] == ["bad.npz", "lost.npz"]
    assert all("\n" not in failure.reason for failure in report.failed)
    assert report.unrecognised == (data / "notes.txt",)


def test_a_recording_that_went_bad_leaves(
    data: Path, out: Path, embedder: CountingEmbedder
) -> None:
    build(data, out, embedder)
    (data / "a.npz").write_bytes(b"overwritten")
    report = build(data, out, embedder)
    assert [failure.recording_id for failure in report.failed] == ["a.npz"]
    with open_store(out) as store:
        assert "a.npz" not in store.recordings()


def test_nothing_to_index_leaves_the_index_alone(
    tmp_path: Path, data: Path, out: Path, embedder: CountingEmbedder
) -> None:
    build(data, out, embedder)
    before = contents_at(out)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="is empty"):
        build(tmp_path / "empty", out, embedder)
    (tmp_path / "empty" / "a.txt").write_text("hello")
    with pytest.raises(InputError, match="no dance was recognised"):
        build(tmp_path / "empty", out, embedder)
    for path in data.rglob("*.npz"):
        path.write_bytes(b"")
    with pytest.raises(InputError, match=r"nothing in .* could be indexed: 4 recordings failed"):
        build(data, out, embedder)
    with pytest.raises(InputError, match="no such file or folder"):
        build(tmp_path / "nowhere", out, embedder)
    assert contents_at(out) == before


def test_an_index_inside_the_data_is_no_part_of_it(data: Path, embedder: CountingEmbedder) -> None:
    for _ in range(2):
        report = build(data, data / "danceit-index", embedder)
        assert len(report.added) + len(report.unchanged) == 4
        assert (report.failed, report.unrecognised) == ((), ())


def test_nothing_is_written_where_nothing_was_found(
    tmp_path: Path, out: Path, embedder: CountingEmbedder
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError):
        build(tmp_path / "empty", out, embedder)
    assert not out.exists()


def test_two_and_three_dimensions_do_not_mix(
    data: Path, out: Path, embedder: CountingEmbedder, make_recording: MakeRecording
) -> None:
    make_recording(data, "deep", 5, dims=3)
    report = build(data, out, embedder)
    assert [failure.recording_id for failure in report.failed] == ["deep.npz"]
    assert "`dims=2` projects it" in report.failed[0].reason
    assert build(data, out, embedder, BuildOptions(dims=2)).added == ("deep.npz",)
    with pytest.raises(InputError, match=r"`dims` is 3, but the encoder takes 2-D poses"):
        build(data, out, embedder, BuildOptions(dims=3))
    deep = build(data, out.with_name("deep"), FixedEmbedder(dims=3))
    assert deep.added == ("deep.npz",)
    assert "train one with `dims=2`" in deep.failed[0].reason


def test_fragments_know_their_own_music(
    data: Path, out: Path, embedder: CountingEmbedder, make_recording: MakeRecording
) -> None:
    click_track(data / "song.wav")
    make_recording(data, "heard", 5, audio=data / "song.wav", start_s=1.5)
    build(data, out, embedder)
    with open_store(out) as store:
        heard = store.matching(Where(only_clips=("heard.npz",)))
        assert store.info().with_audio == len(heard) == 8
        rows = store.matching(Where(only_clips=("heard.npz",), n_frames=48))
        table = store.table(rows)
        assert table.start_s.tolist() == [1.5, 3.5]
        assert table.audio[0] == str(data / "song.wav")
        from danceit.audio import features, listen

        assert table.tempo_bpm[0] == listen(data / "song.wav").tempo_bpm
        song = features(data / "song.wav", "mfcc")
        asked = embedder.describe_windows(song, np.array([36, 84]), 48)
        hits = store.search(asked, 1, by="audio", where=Where(n_frames=48))
        np.testing.assert_array_equal(hits.rows[:, 0], rows)
        np.testing.assert_allclose(hits.distances, 0, atol=1e-2)
    (data / "song.wav").write_bytes(b"silence")
    report = build(data, out, embedder)
    assert [failure.recording_id for failure in report.failed] == ["heard.npz"]


def test_odd_names_are_only_names(
    tmp_path: Path, out: Path, embedder: CountingEmbedder, make_recording: MakeRecording
) -> None:
    folder = tmp_path / HOSTILE.replace("/", "")
    name = HOSTILE.replace("/", "")
    make_recording(folder, name, 1, style=HOSTILE, dancer="'); DROP TABLE clips; --")
    report = build(folder, out.with_name(name), embedder)
    assert report.added == (f"{name}.npz",)
    with open_store(out.with_name(name)) as store:
        assert store.table(store.matching(Where(style=(HOSTILE,)))).style[0] == HOSTILE
        assert store.verify() == ()


def test_names_that_are_not_text_are_refused(
    data: Path, out: Path, embedder: CountingEmbedder
) -> None:
    shutil.copy(data / "a.npz", os.fsencode(data) + b"/\xff.npz")
    report = build(data, out, embedder)
    assert len(report.added) == 4
    assert "is not text" in report.failed[0].reason


class TestSeveralFolders:
    def test_what_was_added_stays_when_the_first_folder_is_built_again(
        self,
        tmp_path: Path,
        data: Path,
        out: Path,
        embedder: CountingEmbedder,
        make_recording: MakeRecording,
    ) -> None:
        build(data, out, embedder)
        make_recording(tmp_path / "other", "e", 6)
        report = add(tmp_path / "other", out, embedder)
        assert (report.added, report.removed) == (("e.npz",), ())
        assert len(build(data, out, embedder).unchanged) == 4
        with open_store(out) as store:
            assert "e.npz" in store.recordings()
        assert add(tmp_path / "other", out, embedder).unchanged == ("e.npz",)

    def test_another_recording_of_the_same_name_is_not_confused(
        self,
        tmp_path: Path,
        data: Path,
        out: Path,
        embedder: CountingEmbedder,
        make_recording: MakeRecording,
    ) -> None:
        build(data, out, embedder)
        before = contents_at(out)
        make_recording(tmp_path / "other", "a", 6)
        make_recording(tmp_path / "other", "e", 7)
        report = add(tmp_path / "other", out, embedder)
        assert report.added == ("e.npz",)
        assert "the index has another recording 'a.npz'" in report.failed[0].reason
        after = contents_at(out)
        assert {name: after[name] for name in before} == before

    def test_a_folder_that_moved_is_followed(
        self, tmp_path: Path, data: Path, out: Path, embedder: CountingEmbedder
    ) -> None:
        build(data, out, embedder)
        before = contents_at(out)
        data.rename(tmp_path / "moved")
        assert set(info(out).missing) == {
            str(data / name) for name in ("a.npz", "b.npz", "d.npz", "more/c.npz")
        }
        report = build(tmp_path / "moved", out, embedder)
        assert len(report.changed) == 4
        assert info(out).missing == ()
        assert contents_at(out) == before

    def test_another_encoder_is_refused(
        self, data: Path, out: Path, embedder: CountingEmbedder
    ) -> None:
        build(data, out, embedder)
        with pytest.raises(IndexStateError, match="made by encoder fixed, not by new"):
            add(data, out, replace(embedder, encoder_id="new"))
        with pytest.raises(IndexStateError, match="no index at"):
            add(data, out / "nowhere", embedder)


class TestRemoving:
    def test_a_dancer_who_withdraws_is_gone_from_answers_files_and_later_builds(
        self, data: Path, out: Path, embedder: CountingEmbedder, make_recording: MakeRecording
    ) -> None:
        build(data, out, embedder)
        with open_store(out) as store:
            rows = store.matching(Where(dancer=("Ann",)))
            vectors = store.vectors(rows)
            asked = store.vectors(rows[:3])
        assert remove(out, dancers=["Ann"]) == ("a.npz", "more/c.npz")
        with open_store(out) as store:
            assert set(store.recordings()) == {"b.npz", "d.npz"}
            assert store.search(asked, 100).matching == 18
            assert store.info().dancers == {"": 9, "Bo": 9}
            assert store.verify() == ()
        kept = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
        assert not any(vector.tobytes() in kept for vector in vectors)
        assert b"more/c.npz:" not in kept
        make_recording(data, "also", 8, dancer="Ann")
        report = build(data, out, embedder)
        assert report.withdrawn == ("a.npz", "more/c.npz", "also.npz")
        assert set(report.unchanged) == {"b.npz", "d.npz"}
        assert info(out).dancers == {"": 9, "Bo": 9}

    def test_what_was_taken_out_can_be_let_in_again(
        self, data: Path, out: Path, embedder: CountingEmbedder
    ) -> None:
        build(data, out, embedder)
        before = contents_at(out)
        assert remove(out, recordings=["a.npz"]) == ("a.npz",)
        assert build(data, out, embedder).withdrawn == ("a.npz",)
        readmit(out, recordings=["a.npz"])
        assert build(data, out, embedder).added == ("a.npz",)
        assert contents_at(out) == before
        with pytest.raises(InputError, match=r"'a\.npz' was not taken out"):
            readmit(out, recordings=["a.npz"])

    def test_unknown_names_are_refused(
        self, data: Path, out: Path, embedder: CountingEmbedder
    ) -> None:
        build(data, out, embedder)
        with pytest.raises(InputError, match="no recording 'nobody'"):
            remove(out, recordings=["a.npz", "nobody"])
        with pytest.raises(InputError, match="no dancer 'Zoe'"):
            remove(out, dancers=["Zoe"])
        with pytest.raises(InputError, match="name a recording or a dancer"):
            remove(out)
        assert len(info(out).dancers) == 3

    def test_a_damaged_list_of_who_withdrew_stops_the_build(
        self, data: Path, out: Path, embedder: CountingEmbedder
    ) -> None:
        build(data, out, embedder)
        remove(out, dancers=["Ann"])
        (out / "withdrawn.json").write_text("{")
        with pytest.raises(IndexStateError, match="who withdrew is not known"):
            build(data, out, embedder)


def test_a_newer_index_is_not_overwritten(
    data: Path, out: Path, embedder: CountingEmbedder
) -> None:
    out.mkdir()
    (out / "manifest.json").write_text('{"format": 99}')
    with pytest.raises(NewerIndexError, match="upgrade danceit"):
        build(data, out, embedder)
    assert (out / "manifest.json").read_text() == '{"format": 99}'


def test_a_damaged_index_is_built_anew(data: Path, out: Path, embedder: CountingEmbedder) -> None:
    build(data, out, embedder)
    before = contents_at(out)
    with next(out.glob("*/poses.bin")).open("r+b") as stream:
        stream.truncate(100)
    assert any("poses.bin" in problem for problem in verify(out))
    report = build(data, out, embedder)
    assert len(report.added) == 4
    assert "was damaged and was built anew" in report.warnings[0]
    assert contents_at(out) == before


def test_the_kind_of_search_can_be_chosen_and_changed(
    data: Path, out: Path, embedder: CountingEmbedder
) -> None:
    build(data, out, embedder, BuildOptions(store=StoreOptions(factory="IVF4,Flat")))
    # Of the longer lengths there are fewer vectors than lists, or just as many.
    assert info(out).search["pose 24"].startswith("IVF4,Flat, nprobe")
    embedder.embedded.clear()
    assert (
        len(
            build(
                data, out, embedder, BuildOptions(store=StoreOptions(factory="IVF2,Flat"))
            ).unchanged
        )
        == 4
    )
    assert info(out).search["pose 24"].startswith("IVF2,Flat")
    assert len(build(data, out, embedder).unchanged) == 4
    assert info(out).search["pose 24"].startswith("IVF2,Flat")
    assert embedder.embedded == []
    assert rebuild(out).search["pose 24"].startswith("IVF2,Flat")
    assert rebuild(out, options=StoreOptions(factory="auto")).search["pose 24"] == "Flat"
    with pytest.raises(InputError, match="does not know the factory 'Quick'"):
        build(data, out, embedder, BuildOptions(store=StoreOptions(factory="Quick")))
    with pytest.raises(InputError, match="recall must be between 0 and 1"):
        build(data, out, embedder, BuildOptions(store=StoreOptions(recall=99)))
    assert info(out).search["pose 24"] == "Flat"


def test_out_must_be_writable(data: Path, tmp_path: Path, embedder: CountingEmbedder) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write an index at"):
        build(data, tmp_path / "file", embedder)


@dataclass(frozen=True)
class BrokenEmbedder(FixedEmbedder):
    dims: int = 2

    def embed_poses(self, poses: Float32) -> Float32:
        return super().embed_poses(poses) * np.float32(np.nan)


def test_an_encoder_that_gives_nan_is_named(data: Path, out: Path) -> None:
    with pytest.raises(InputError, match="pose vectors must be finite"):
        build(data, out, BrokenEmbedder())


@dataclass(frozen=True)
class DeafEmbedder(FixedEmbedder):
    dims: int = 2

    def describe_windows(self, features: Float32, starts: Int64, n_frames: int) -> Float32:
        return np.zeros((len(starts), 3), np.float32)


def test_the_audio_space_has_its_own_width(data: Path, out: Path) -> None:
    build(data, out, DeafEmbedder())
    with open_store(out) as store:
        assert store.vectors(np.array([0]), "audio").shape == (1, 3)
        assert store.search(np.zeros((2, 3), np.float32), 5, by="audio").matching == 0
