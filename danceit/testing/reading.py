"""The half of the conformance suite that reads; one store serves all its tests."""
# ruff: noqa: D102 - a test's name is its documentation

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from danceit.counts import Counts
from danceit.data import N_JOINTS
from danceit.errors import InputError
from danceit.index.store.contract import (
    SPACES,
    By,
    FragmentBatch,
    FragmentStore,
    FragmentTable,
    Where,
)
from danceit.testing.material import (
    HOSTILE,
    LENGTHS,
    NAMES,
    POSE_WIDTH,
    SPEC,
    batch_of_dances,
    random_queries,
    save_fixed_encoder,
)

WHERES = (
    Where(),
    Where(n_frames=24),
    Where(n_frames=36),
    Where(style=("waltz",)),
    Where(style=("waltz", "rumba"), dancer=("Bo",)),
    Where(style=("",)),
    Where(licence=("CC0",), n_frames=48),
    Where(tempo_bpm=(100, 140)),
    Where(body=("upper",)),
    Where(body=("whole",), style=("waltz",)),
    Where(energy=(0.0, 60.0)),
    Where(energy=(1e9, 2e9)),
    Where(exclude_clips=("a", HOSTILE)),
    Where(only_clips=(HOSTILE,)),
    Where(only_clips=("silent",)),
    Where(only_clips=()),
    Where(style=(HOSTILE,)),
    Where(only_clips=("a", "e", "nobody"), exclude_clips=("e",), n_frames=24),
)


class ReadingConformance:
    """What is found and read; a subclass sets `engine`."""

    engine: ClassVar[type[FragmentStore]]

    @pytest.fixture
    def batch(self) -> FragmentBatch:
        """Six clips, one of them without music."""
        return batch_of_dances(NAMES, silent=("silent",))

    @pytest.fixture(scope="class")
    @classmethod
    def shared(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FragmentStore]:
        """A store that holds the batch and is not changed."""
        location = tmp_path_factory.mktemp("shared") / "index"
        with cls.engine.create(location, SPEC, save_fixed_encoder) as store:
            store.add(batch_of_dances(NAMES, silent=("silent",)))
            store.commit()
        with cls.engine.open(location) as store:
            yield store

    @pytest.mark.parametrize("by", SPACES)
    @pytest.mark.parametrize("where", WHERES, ids=str)
    def test_search_finds_what_comparing_everything_finds(
        self, shared: FragmentStore, by: By, where: Where
    ) -> None:
        rows = shared.matching(where)
        vectors = shared.vectors(rows, by)
        rows, vectors = rows[~np.isnan(vectors[:, 0])], vectors[~np.isnan(vectors[:, 0])]
        queries = random_queries(by)
        true = ((queries[:, None].astype(float) - vectors[None]) ** 2).sum(axis=2)
        order = np.argsort(true, axis=1)[:, :4]
        hits = shared.search(queries, 4, by=by, where=where)
        assert hits.matching == len(rows)
        assert hits.rows.dtype == np.int64
        assert hits.distances.dtype == np.float32
        np.testing.assert_array_equal(hits.rows, rows[order])
        np.testing.assert_allclose(
            hits.distances, np.take_along_axis(true, order, axis=1), rtol=1e-4, atol=1e-5
        )

    @pytest.mark.parametrize("where", WHERES, ids=str)
    def test_filters_keep_what_their_fields_say(self, shared: FragmentStore, where: Where) -> None:
        everything = shared.table(np.arange(len(shared)))
        kept = [row for row in range(len(shared)) if _allows(where, everything, row)]
        assert shared.matching(where).tolist() == kept

    def test_k_is_cut_to_what_matches_and_never_padded(self, shared: FragmentStore) -> None:
        everything = shared.search(random_queries("pose"), 10_000)
        assert everything.rows.shape == (3, len(shared))
        assert everything.matching == len(shared)
        for row in everything.rows:
            assert sorted(row.tolist()) == list(range(len(shared)))

    def test_fewer_neighbours_are_the_first_of_more(self, shared: FragmentStore) -> None:
        queries = random_queries("pose")
        for where in WHERES[:4]:
            most = shared.search(queries, 12, where=where)
            for k in range(1, most.rows.shape[1]):
                fewer = shared.search(queries, k, where=where)
                np.testing.assert_array_equal(fewer.rows, most.rows[:, :k])

    def test_fragments_without_music_are_never_found_by_audio(self, shared: FragmentStore) -> None:
        hits = shared.search(random_queries("audio"), 10_000, by="audio")
        assert "silent" not in set(shared.table(hits.rows[0]).clip_id)
        assert np.isnan(
            shared.vectors(shared.matching(Where(only_clips=("silent",))), "audio")
        ).all()
        assert len(
            shared.search(random_queries("pose"), 3, where=Where(only_clips=("silent",))).rows[0]
        )

    def test_no_query_is_answered_by_no_hits(self, shared: FragmentStore) -> None:
        hits = shared.search(np.empty((0, POSE_WIDTH), dtype=np.float32), 3)
        assert hits.rows.shape == (0, 3)

    @pytest.mark.parametrize("k", [0, -1])
    def test_k_must_be_positive(self, shared: FragmentStore, k: int) -> None:
        with pytest.raises(InputError, match="k must be 1 or more"):
            shared.search(random_queries("pose"), k)

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_queries_must_be_finite(self, shared: FragmentStore, value: float) -> None:
        queries = random_queries("pose")
        queries[1, 2] = value
        with pytest.raises(InputError, match="must be finite"):
            shared.search(queries, 3)

    def test_queries_must_have_the_width_of_their_space(self, shared: FragmentStore) -> None:
        with pytest.raises(InputError, match=r"must have shape \(Q, 5\)"):
            shared.search(random_queries("pose"), 3, by="audio")
        with pytest.raises(InputError, match=r"must have shape \(Q, 8\)"):
            shared.search(random_queries("pose")[0], 3)

    def test_the_table_says_what_was_added(
        self, shared: FragmentStore, batch: FragmentBatch
    ) -> None:
        table = shared.table(np.arange(len(shared)))
        assert len(table) == len(batch)
        for row in range(len(batch)):
            entry = batch.clips[int(batch.clip[row])]
            start, length = int(batch.start_frame[row]), int(batch.n_frames[row])
            found = table.record(_row_of(table, f"{entry.clip.clip_id}:{start}+{length}"))
            wanted = {
                "clip_id": entry.clip.clip_id,
                "recording_id": entry.clip.recording_id,
                "source": str(entry.clip.path),
                "audio": "",
                "start_s": pytest.approx(entry.clip.start_s + start / 24),
                "end_s": pytest.approx(entry.clip.start_s + (start + length) / 24),
                "style": entry.clip.style,
                "dancer": entry.clip.dancer,
                "licence": entry.clip.licence,
                "tempo_bpm": entry.tempo_bpm,
                "body": entry.clip.body,
                "sure": entry.clip.sure,
                "energy": pytest.approx(batch.energy[row]),
                "file_hash": entry.file_hash,
                "metre": 3 if entry.counts else 0,
                "number": (start // 12 + 1) % 3 + 1 if entry.counts else 0,
                "n_counts": length // 12 if entry.counts else 0,
            }
            assert {name: found[name] for name in wanted} == wanted
            counts = table.counts[_row_of(table, f"{entry.clip.clip_id}:{start}+{length}")]
            own = entry.counts or Counts.none()
            np.testing.assert_allclose(counts.beats_s, own.beats_s, atol=1e-4)

    def test_rows_may_repeat_and_come_in_any_order(self, shared: FragmentStore) -> None:
        rows = np.array([5, 0, 5, 2])
        table = shared.table(rows)
        assert table.rows.tolist() == [5, 0, 5, 2]
        single = [shared.table(np.array([row])).fragment_id[0] for row in rows]
        assert table.fragment_id.tolist() == single
        np.testing.assert_array_equal(shared.vectors(rows)[0], shared.vectors(rows)[2])

    def test_no_rows_have_an_empty_table(self, shared: FragmentStore) -> None:
        nothing = np.empty(0, dtype=np.int64)
        table = shared.table(nothing)
        assert {len(getattr(table, field.name)) for field in fields(table)} == {0}
        assert shared.vectors(nothing).shape == (0, POSE_WIDTH)

    @pytest.mark.parametrize("row", [-1, 10_000])
    def test_rows_outside_the_store_are_refused(self, shared: FragmentStore, row: int) -> None:
        for ask in (shared.table, shared.poses, shared.vectors):
            with pytest.raises(InputError, match="rows outside the index"):
                ask(np.array([0, row]))

    def test_poses_come_back_within_a_hundredth_of_a_pixel(
        self, shared: FragmentStore, batch: FragmentBatch
    ) -> None:
        for length in LENGTHS:
            rows = shared.matching(Where(n_frames=length))
            table, poses = shared.table(rows), shared.poses(rows)
            assert poses.shape == (len(rows), length, N_JOINTS, SPEC.dims)
            assert poses.dtype == np.float32
            for position, clip_id in enumerate(table.clip_id):
                clip = next(entry.clip for entry in batch.clips if entry.clip.clip_id == clip_id)
                start = int(table.start_frame[position])
                # equal_nan: what was missing is missing, and nothing else is.
                np.testing.assert_allclose(
                    poses[position], clip.poses[start : start + length], atol=0.01, rtol=0
                )

    def test_poses_are_of_one_length(self, shared: FragmentStore) -> None:
        with pytest.raises(InputError, match=r"one length; got \[24, 48\]"):
            shared.poses(np.arange(len(shared)))

    def test_vectors_come_back_as_they_were(
        self, shared: FragmentStore, batch: FragmentBatch
    ) -> None:
        table = shared.table(np.arange(len(shared)))
        for row in range(len(batch)):
            clip_id = batch.clips[int(batch.clip[row])].clip.clip_id
            place = _row_of(table, f"{clip_id}:{batch.start_frame[row]}+{batch.n_frames[row]}")
            for by, wanted in (("pose", batch.pose_vectors), ("audio", batch.audio_vectors)):
                found = shared.vectors(np.array([place]), by)  # type: ignore[arg-type]
                np.testing.assert_array_equal(found[0], wanted[row])

    def test_recordings_name_their_clips_and_contents(self, shared: FragmentStore) -> None:
        found = shared.recordings()
        assert found.keys() == {name.split("#")[0] for name in NAMES}
        assert found["b"].clip_ids == ("b#1", "b#2")
        assert found["a"].file_hash == "hash of a"
        assert found["a"].source == Path("/dances/a")

    def test_info_counts(self, shared: FragmentStore) -> None:
        info = shared.info()
        assert (info.recordings, info.clips, info.frames) == (5, 6, 720)
        assert info.fragments == {24: 30, 48: 12}
        assert info.with_audio == 35
        assert info.styles == {"waltz": 14, "rumba": 14, "": 14}
        assert info.spec == shared.spec == SPEC
        assert str(Path("/dances/a")) in info.missing

    def test_a_sound_store_verifies(self, shared: FragmentStore) -> None:
        assert shared.verify() == ()

    def test_the_encoder_is_kept(self, shared: FragmentStore) -> None:
        assert json.loads((shared.encoder / "config.json").read_text())["encoder_id"] == "fixed"


def _row_of(table: FragmentTable, fragment_id: str) -> int:
    return int(np.flatnonzero(table.fragment_id == fragment_id)[0])


def _allows(where: Where, table: FragmentTable, row: int) -> bool:
    value = table.record(row)
    return (
        all(
            not wanted or value[name] in wanted
            for name, wanted in (
                ("style", where.style),
                ("dancer", where.dancer),
                ("licence", where.licence),
                ("body", where.body),
            )
        )
        and (where.n_frames is None or value["n_frames"] == where.n_frames)
        and (
            where.tempo_bpm is None
            or where.tempo_bpm[0] <= value["tempo_bpm"] <= where.tempo_bpm[1]
        )
        and (where.energy is None or where.energy[0] <= value["energy"] <= where.energy[1])
        and value["clip_id"] not in where.exclude_clips
        and (where.only_clips is None or value["clip_id"] in where.only_clips)
    )
