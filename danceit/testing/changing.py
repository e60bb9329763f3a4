"""The half of the conformance suite that writes; every test has its own store."""
# ruff: noqa: D102 - a test's name is its documentation

import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from danceit.errors import IndexStateError, InputError
from danceit.index.store.contract import (
    FragmentBatch,
    FragmentStore,
    MissingIndexError,
    StoreSpec,
    Where,
)
from danceit.testing.material import (
    NAMES,
    POSE_WIDTH,
    SPEC,
    batch_of_dances,
    random_queries,
    save_fixed_encoder,
)


class ChangingConformance:
    """Transactions; a subclass sets `engine`."""

    engine: ClassVar[type[FragmentStore]]

    @pytest.fixture
    def location(self, tmp_path: Path) -> Path:
        """Where the store is; its name is an odd one."""
        return tmp_path / 'it\'s "an" index; ü'

    @pytest.fixture
    def batch(self) -> FragmentBatch:
        """Six clips, one of them without music."""
        return batch_of_dances(NAMES, silent=("silent",))

    @pytest.fixture
    def store(self, location: Path, batch: FragmentBatch) -> Iterator[FragmentStore]:
        """A store that holds `batch`."""
        with self.created(location) as store:
            store.add(batch)
            store.commit()
            yield store

    def created(self, location: Path, spec: StoreSpec = SPEC) -> FragmentStore:
        """Begin an empty store."""
        return self.engine.create(location, spec, save_fixed_encoder)

    def test_changes_are_seen_by_nobody_until_they_are_committed(
        self, store: FragmentStore, location: Path
    ) -> None:
        before = len(store)
        with self.engine.open(location) as writer:
            writer.add(batch_of_dances(["new"], seed=1))
            assert writer.delete(["a"]) == 1
            assert len(store) == len(writer) == before
            with self.engine.open(location) as another:
                assert len(another) == before
            writer.commit()
            assert len(writer) == before
            assert "new" in writer.recordings()
            assert "a" not in writer.recordings()
        with self.engine.open(location) as after:
            assert "new" in after.recordings()

    def test_closing_forgets_what_was_not_committed(
        self, store: FragmentStore, location: Path
    ) -> None:
        with self.engine.open(location) as writer:
            writer.add(batch_of_dances(["new"], seed=1))
        with self.engine.open(location) as after:
            assert "new" not in after.recordings()
            assert after.verify() == ()

    def test_readers_keep_what_they_opened(self, store: FragmentStore, location: Path) -> None:
        queries = random_queries("pose")
        before = store.search(queries, 5, where=Where(n_frames=24))
        poses = store.poses(before.rows[0])
        with self.engine.open(location) as writer:
            writer.delete(NAMES[:4])
            writer.add(batch_of_dances(["new"], seed=1))
            writer.commit()
        after = store.search(queries, 5, where=Where(n_frames=24))
        np.testing.assert_array_equal(after.rows, before.rows)
        np.testing.assert_array_equal(store.poses(after.rows[0]), poses)
        assert store.search(queries, 5, where=Where(only_clips=("a",))).matching
        assert set(store.table(np.arange(len(store))).clip_id) == set(NAMES)

    def test_deleted_clips_are_gone_from_every_answer(
        self, store: FragmentStore, batch: FragmentBatch
    ) -> None:
        kept = [
            row for row in range(len(batch)) if batch.clips[batch.clip[row]].clip.clip_id != "a"
        ]
        assert store.delete(["a", "nobody"]) == 1
        store.commit()
        assert len(store) == len(kept)
        assert "a" not in set(store.table(np.arange(len(store))).clip_id)
        assert store.search(random_queries("pose"), 3, where=Where(only_clips=("a",))).matching == 0
        found = store.search(batch.pose_vectors[kept], 1)
        np.testing.assert_allclose(found.distances, 0, atol=1e-4)
        np.testing.assert_array_equal(store.vectors(found.rows[:, 0]), batch.pose_vectors[kept])
        assert store.verify() == ()

    def test_a_store_can_be_emptied_and_filled_again(
        self, store: FragmentStore, batch: FragmentBatch
    ) -> None:
        store.delete(NAMES)
        store.commit()
        assert len(store) == 0
        assert store.search(random_queries("pose"), 3).rows.shape == (3, 0)
        assert store.search(random_queries("pose"), 3).matching == 0
        assert store.matching(Where(style=("waltz",))).tolist() == []
        assert store.verify() == ()
        store.add(batch)
        store.commit()
        assert store.search(random_queries("pose"), 3).rows.shape == (3, 3)

    def test_an_empty_store_can_be_committed(self, location: Path) -> None:
        with self.created(location) as store:
            store.commit()
            assert store.search(random_queries("pose"), 3).rows.shape == (3, 0)
            assert store.recordings() == {}
            assert store.info().fragments == {}
            assert store.verify() == ()

    def test_a_clip_added_again_takes_the_place_of_the_first(
        self, store: FragmentStore, batch: FragmentBatch
    ) -> None:
        store.add(batch)
        store.commit()
        assert len(store) == len(batch)
        changed = batch_of_dances(["a"], seed=5, n_frames=48, style="tango")
        store.add(changed)
        store.commit()
        rows = store.matching(Where(only_clips=("a",)))
        assert store.table(rows).style.tolist() == ["tango"] * 3
        assert len(store) == len(batch) - 4
        assert store.verify() == ()

    def test_a_clip_may_be_added_once_in_a_transaction(self, store: FragmentStore) -> None:
        store.add(batch_of_dances(["new"], seed=1))
        with pytest.raises(InputError, match="clip new was added twice"):
            store.add(batch_of_dances(["new"], seed=2))

    def test_a_refused_batch_leaves_the_rest_of_the_transaction(self, store: FragmentStore) -> None:
        store.add(batch_of_dances(["new"], seed=1))
        with pytest.raises(InputError, match="3-D"):
            store.add(batch_of_dances(["deep"], seed=1, dims=3))
        store.commit()
        assert "new" in store.recordings()
        assert "deep" not in store.recordings()
        assert store.verify() == ()

    def test_vectors_of_another_width_are_refused(self, store: FragmentStore) -> None:
        batch = batch_of_dances(["new"], seed=1)
        wider = np.zeros((len(batch), POSE_WIDTH + 1), dtype=np.float32)
        with pytest.raises(InputError, match="pose vectors must have 8 dimensions; got 9"):
            store.add(replace(batch, pose_vectors=wider))

    def test_fragments_of_another_length_are_refused(self, location: Path) -> None:
        with (
            self.created(location, replace(SPEC, lengths=(24,))) as store,
            pytest.raises(InputError, match=r"\[24\] frames; got \[48\]"),
        ):
            store.add(batch_of_dances(["new"]))

    def test_there_is_one_writer(self, store: FragmentStore, location: Path) -> None:
        store.add(batch_of_dances(["first"], seed=1))
        with self.engine.open(location) as second:
            with pytest.raises(IndexStateError, match="written by another"):
                _write(second, "second")
            assert len(second) == len(store)
        store.commit()
        with self.engine.open(location) as after:
            assert "first" in after.recordings()
            assert "second" not in after.recordings()

    def test_a_writer_does_not_undo_what_it_has_not_seen(
        self, store: FragmentStore, location: Path
    ) -> None:
        with self.engine.open(location) as first:
            _write(first, "first")
        with pytest.raises(IndexStateError, match="since it was opened"):
            _write(store, "second")

    def test_creating_replaces_only_with_the_first_commit(
        self, store: FragmentStore, location: Path
    ) -> None:
        with self.created(location, replace(SPEC, encoder_id="another")) as fresh:
            fresh.add(batch_of_dances(["new"], seed=1))
            with self.engine.open(location) as still:
                assert still.spec.encoder_id == "fixed"
            fresh.commit()
            assert set(fresh.recordings()) == {"new"}
        with self.engine.open(location) as after:
            assert after.spec.encoder_id == "another"
            assert set(after.recordings()) == {"new"}

    def test_the_index_id_changes_with_the_contents_and_with_nothing_else(
        self, store: FragmentStore, location: Path
    ) -> None:
        before = store.index_id
        assert before == store.info().index_id
        store.begin()
        store.commit()
        assert store.index_id == before
        _write(store, "new")
        assert store.index_id not in ("", before)
        with self.engine.open(location) as after:
            assert after.index_id == store.index_id

    def test_an_engine_knows_the_folder_of_its_index(
        self, store: FragmentStore, location: Path, tmp_path: Path
    ) -> None:
        assert self.engine.holds(location)
        (tmp_path / "empty").mkdir()
        assert not self.engine.holds(tmp_path / "empty")
        assert not self.engine.holds(tmp_path / "not there")

    def test_what_is_discarded_is_no_longer_there_and_another_can_come(
        self, store: FragmentStore, location: Path, batch: FragmentBatch
    ) -> None:
        store.close()
        self.engine.discard(location)
        assert not self.engine.holds(location)
        with pytest.raises(MissingIndexError):
            self.engine.open(location)
        self.engine.discard(location)
        with self.created(location) as fresh:
            fresh.add(batch)
            fresh.commit()
            assert len(fresh) == len(batch)

    def test_the_encoder_stays_as_long_as_a_reader_has_the_store_open(
        self, store: FragmentStore, location: Path
    ) -> None:
        for name in ("first", "second"):
            with self.engine.open(location) as writer:
                _write(writer, name)
            assert (store.encoder / "config.json").is_file()
        with self.created(location, replace(SPEC, encoder_id="another")) as fresh:
            fresh.commit()
            assert (store.encoder / "config.json").is_file()

    def test_parts_that_others_write_are_added_once_and_with_the_transaction(
        self, store: FragmentStore, batch: FragmentBatch
    ) -> None:
        write = store.part_writer()
        if write is None:
            with pytest.raises(InputError, match="use add"):
                store.add_part("")
            return
        # As it comes to another machine.
        write = pickle.loads(pickle.dumps(write))
        first, again = batch_of_dances(["x", "y"], seed=7), batch_of_dances(["y"], seed=8)
        before = len(store)
        parts = [write([first]), write([again])]
        store.add_part(parts[0])
        with pytest.raises(InputError, match="clip y was added twice"):
            store.add_part(parts[1])
        assert len(store) == before
        store.commit()
        assert len(store) == before + len(first)
        found = store.search(first.pose_vectors, 1)
        np.testing.assert_array_equal(store.vectors(found.rows[:, 0]), first.pose_vectors)
        assert store.verify() == ()

    def test_rebuilding_changes_no_answer(self, store: FragmentStore, location: Path) -> None:
        before = store.search(random_queries("pose"), 9)
        with self.engine.rebuild(location) as after:
            hits = after.search(random_queries("pose"), 9)
            np.testing.assert_array_equal(hits.rows, before.rows)
            assert after.verify() == ()

    def test_what_is_not_there_cannot_be_opened(self, location: Path) -> None:
        with pytest.raises(MissingIndexError, match="no index at"):
            self.engine.open(location)


def _write(store: FragmentStore, name: str) -> None:
    store.add(batch_of_dances([name], seed=2))
    store.commit()
