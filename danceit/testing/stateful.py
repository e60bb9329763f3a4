"""Any order of adding, deleting, publishing, reopening and dying, against a plain dict.

`StoreMachine` is a rule-based state machine of Hypothesis; a subclass sets `engine`::

    class MyMachine(StoreMachine):
        engine = MyStore

    TestMyMachine = MyMachine.TestCase

A crash is a real one: another process takes the open transaction's changes and is killed at
a rename, a flush or a removal, whichever Hypothesis counts to. Afterwards the index holds
what it held before or all of what was to be.
"""
# ruff: noqa: D102 - a rule's name is its documentation

import multiprocessing
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from danceit.data import Float32
from danceit.errors import InputError
from danceit.index.store.contract import FragmentBatch, FragmentStore
from danceit.testing.material import HOSTILE, SPEC, batch_of_dances, save_fixed_encoder

CLIPS = ("a", "b", "c", HOSTILE)
_SEEDS = st.integers(0, 3)
_DEADLY = ("replace", "rename", "fsync", "link", "unlink", "mkdir")
"""Calls of `os` at which a process can be killed: what stands between them is seen by nobody."""
_LAST_CALL = 40
"""A commit of the engines here makes some thirty of these calls."""

Model = dict[str, int]
"""The seed of each clip that is there; it makes the clip with its fragments and vectors."""


@dataclass(frozen=True)
class Changes:
    """A transaction: what is to go, and what is to come."""

    added: Model = field(default_factory=dict)
    deleted: frozenset[str] = frozenset()

    def on(self, before: Mapping[str, int]) -> Model:
        """Contents after the transaction is published."""
        kept = {name: seed for name, seed in before.items() if name not in self.deleted}
        return kept | self.added


def made(name: str, seed: int) -> FragmentBatch:
    """One clip; with an odd seed it has no music."""
    return batch_of_dances([name], seed=seed, n_frames=60, silent=[name] if seed % 2 else [])


class StoreMachine(RuleBasedStateMachine):
    """A store, a reader that may hold an older state, and a dict of what must be there."""

    engine: ClassVar[type[FragmentStore]]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="danceit-store-"))
        self.location = self.folder / "an index"
        self.published: Model = {}
        self.changes = Changes()
        self.store: FragmentStore | None = None
        self.reader: FragmentStore | None = None
        self.seen: Model = {}

    @initialize()
    def an_empty_store_is_published(self) -> None:
        self.store = self.engine.create(self.location, SPEC, save_fixed_encoder)
        self.store.commit()

    @rule(name=st.sampled_from(CLIPS), seed=_SEEDS)
    def add(self, name: str, seed: int) -> None:
        batch = made(name, seed)
        if name in self.changes.added:
            with pytest.raises(InputError, match="added twice"):
                self._open.add(batch)
            return
        self._open.add(batch)
        self.changes = Changes(self.changes.added | {name: seed}, self.changes.deleted)

    @rule(name=st.sampled_from((*CLIPS, "nobody")))
    def delete(self, name: str) -> None:
        if name in self.changes.added:
            with pytest.raises(InputError, match="same transaction"):
                self._open.delete([name])
            return
        there = name in self.published and name not in self.changes.deleted
        assert self._open.delete([name]) == int(there)
        self.changes = Changes(self.changes.added, self.changes.deleted | {name})

    @rule()
    def publish(self) -> None:
        before = self._open.index_id
        self._open.commit()
        changed = bool(self.changes.added or self.changes.deleted & self.published.keys())
        self.published = self.changes.on(self.published)
        self.changes = Changes()
        check_contents(self._open, self.published)
        assert changed or self._open.index_id == before

    @rule()
    def reopen(self) -> None:
        self._open.close()
        self.store = self.engine.open(self.location)
        self.changes = Changes()
        check_contents(self._open, self.published)

    @rule()
    def rebuild(self) -> None:
        self._open.close()
        self.store = self.engine.rebuild(self.location)
        self.changes = Changes()
        check_contents(self._open, self.published)

    @rule(dies_at=st.integers(0, _LAST_CALL))
    def crash(self, dies_at: int) -> None:
        # The transaction moves to a process of its own, whose death frees the lock.
        self._open.close()
        given = (self.engine, self.location, self.changes, dies_at)
        died = _run(_change_and_die, given)
        wanted = self.changes.on(self.published)
        self.store = self.engine.open(self.location)
        there = {clip for entry in self._open.recordings().values() for clip in entry.clip_ids}
        if not died or (there == wanted.keys() and _holds(self._open, wanted)):
            self.published = wanted
        self.changes = Changes()
        check_contents(self._open, self.published)

    @rule()
    def a_reader_opens(self) -> None:
        if self.reader is not None:
            self.reader.close()
        self.reader = self.engine.open(self.location)
        self.seen = dict(self.published)

    @precondition(lambda self: self.reader is not None)
    @rule()
    def the_reader_reads_what_it_opened(self) -> None:
        assert self.reader is not None
        check_fragments(self.reader, self.seen)
        assert (self.reader.encoder / "config.json").is_file()

    @invariant()
    def nothing_is_seen_before_it_is_published(self) -> None:
        if self.store is not None:
            n_fragments = sum(len(made(*clip)) for clip in self.published.items())
            assert len(self.store) == n_fragments
            assert self.engine.holds(self.location)

    def teardown(self) -> None:
        """Check everything once more, and leave nothing behind."""
        try:
            if self.store is not None:
                self.store.close()
                with self.engine.open(self.location) as store:
                    check_contents(store, self.published)
        finally:
            if self.reader is not None:
                self.reader.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _open(self) -> FragmentStore:
        assert self.store is not None
        return self.store


def check_contents(store: FragmentStore, wanted: Mapping[str, int]) -> None:
    """Check that a store holds these clips and no others, and finds its parts sound."""
    assert store.verify() == ()
    there = {clip for entry in store.recordings().values() for clip in entry.clip_ids}
    assert there == wanted.keys()
    check_fragments(store, wanted)


def check_fragments(store: FragmentStore, wanted: Mapping[str, int]) -> None:
    """Check the vectors and the poses of every fragment against how they were made."""
    rows = np.arange(len(store))
    table = store.table(rows) if len(rows) else None
    found = {name: place for place, name in enumerate(table.fragment_id)} if table else {}
    batches = [made(*clip) for clip in wanted.items()]
    assert len(found) == len(rows) == sum(len(batch) for batch in batches)
    for batch in batches:
        clip = batch.clips[0].clip
        for place in range(len(batch)):
            start, length = int(batch.start_frame[place]), int(batch.n_frames[place])
            row = np.array([found[f"{clip.clip_id}:{start}+{length}"]])
            np.testing.assert_array_equal(store.vectors(row)[0], batch.pose_vectors[place])
            np.testing.assert_array_equal(store.vectors(row, "audio")[0], _audio(batch, place))
            poses = store.poses(row)[0]
            np.testing.assert_allclose(poses, clip.poses[start : start + length], atol=0.01, rtol=0)


def _audio(batch: FragmentBatch, place: int) -> Float32:
    vector: Float32 = batch.audio_vectors[place]
    return vector


def _holds(store: FragmentStore, wanted: Mapping[str, int]) -> bool:
    try:
        check_fragments(store, wanted)
    except AssertionError:
        return False
    return True


def _change_and_die(
    engine: type[FragmentStore], location: Path, changes: Changes, dies_at: int
) -> None:
    """Publish changes, and be killed at the call of this number, if there are so many."""
    store = engine.open(location)
    left = dies_at

    def deadly(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*given: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*given, **named)

        return wrapped

    for name in _DEADLY:
        setattr(os, name, deadly(getattr(os, name)))
    store.delete(sorted(changes.deleted))
    for clip in changes.added.items():
        store.add(made(*clip))
    store.commit()
    store.close()


def _run(work: Callable[..., None], given: tuple[Any, ...]) -> bool:
    """Run in a process of its own; return whether it was killed."""
    # Forked from a server that has done nothing yet: threads of a library do not survive a fork.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["danceit.testing.stateful"])
    process = context.Process(target=work, args=given)
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL), f"the writer ended with {process.exitcode}"
    return process.exitcode != 0
