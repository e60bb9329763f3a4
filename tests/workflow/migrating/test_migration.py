"""Another encoder for a small index: beside it, in its place, back again, and killed on the way."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from danceit.errors import InputError
from danceit.index.building.build import build
from danceit.index.store.contract import FragmentTable, Where
from danceit.index.store.engines import engine_at, open_store
from danceit.index.synthetic import SyntheticLibrary
from danceit.retrieval.constraints import Constraints
from danceit.retrieval.encoder.configuration import EncoderConfig
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.options import QueryOptions
from danceit.workflow.changing import change
from danceit.workflow.keeping import remove, verify
from danceit.workflow.line import query
from danceit.workflow.migrating.carrying import Embedding, carry
from danceit.workflow.migrating.migration import back, migrate, publish
from tests.retrieval.test_composing import encoder, library

__all__ = ["encoder", "library"]  # fixtures


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another encoder, which hears other features in another number of dimensions."""
    import torch

    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("new") / "encoder"
    FragmentEncoder.create(EncoderConfig(feature_set="mfcc", embedding=8)).save(folder)
    return folder


@pytest.fixture(scope="module")
def built(
    library: SyntheticLibrary, encoder: FragmentEncoder, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("built") / "index"
    build(library.folder, folder, encoder)
    return folder


@pytest.fixture
def index(built: Path, tmp_path: Path) -> Path:
    """A copy of the index for each test."""
    return Path(shutil.copytree(built, tmp_path / "index"))


def told(index: Path) -> tuple[str, list[str]]:
    """The encoder that answers, and all fragments."""
    with open_store(index, device="cpu") as store:
        ids = store.table(store.matching(Where())).fragment_id.tolist()
        return store.spec.encoder_id, sorted(ids)


def test_carried_by_the_same_encoder_a_store_is_the_same(
    built: Path, encoder: FragmentEncoder, tmp_path: Path
) -> None:
    """Vectors embedded anew are those that were stored, so nothing is lost on the way."""
    with open_store(built, device="cpu") as store:
        redo = Embedding(encoder, store.spec)
        carry(store, engine_at(built), tmp_path / "x", encoder.save, encoder.encoder_id, redo=redo)
        rows = store.matching(Where())
        table = store.table(rows)
        with open_store(tmp_path / "x", device="cpu") as other:
            there = other.table(other.matching(Where()))
            order = np.argsort(there.fragment_id.astype(str))
            here = np.argsort(table.fragment_id.astype(str))
            # Whatever a table of fragments comes to hold has to be carried too.
            for name in {field.name for field in fields(FragmentTable)} - {"rows", "counts"}:
                one, other_one = getattr(there, name)[order], getattr(table, name)[here]
                assert one.tolist() == pytest.approx(other_one.tolist()), name
            texts = [[one.as_text() for one in some.counts] for some in (there, table)]
            assert [texts[0][i] for i in order] == [texts[1][i] for i in here]
            for by in ("pose", "audio"):
                np.testing.assert_allclose(
                    other.vectors(there.rows[order], by), store.vectors(rows[here], by), atol=2e-3
                )
            some = Where(n_frames=48)
            np.testing.assert_allclose(
                other.poses(other.matching(some)), store.poses(store.matching(some)), atol=0.02
            )
    assert verify(tmp_path / "x") == ()
    assert redo.unheard == {}


def test_nothing_changes_until_it_is_published_and_back_undoes_it(
    index: Path, new: Path, encoder: FragmentEncoder
) -> None:
    before = told(index)
    made = migrate(index, new, device="cpu")
    assert told(index) == before
    newer = FragmentEncoder.load(new, device="cpu").encoder_id
    assert told(made.next) == (newer, before[1])
    assert made.comparison is not None
    assert (made.comparison.before.encoder_id, made.comparison.after.encoder_id) == (
        encoder.encoder_id,
        newer,
    )
    assert 0 <= made.comparison.shared_by_music <= 1
    assert publish(index, device="cpu") == newer
    assert told(index) == (newer, before[1])
    assert verify(index) == ()
    assert back(index, device="cpu") == encoder.encoder_id
    assert told(index) == before
    assert publish(index, device="cpu") == newer


def test_the_same_encoder_beside_itself_answers_alike(
    index: Path, encoder: FragmentEncoder, built: Path
) -> None:
    from danceit.workflow.migrating.comparing import compare

    with open_store(index, device="cpu") as store, open_store(built, device="cpu") as other:
        found = compare(store, encoder, other, encoder)
    assert (found.shared_by_music, found.shared_by_movement) == (1.0, 1.0)
    assert found.before == found.after
    assert found.n_windows > 10


def test_pins_bans_and_dances_stay_valid(
    index: Path, new: Path, library: SyntheticLibrary, tmp_path: Path
) -> None:
    song, out = library.query_song, tmp_path / "x.dance.npz"
    made = query(song, index, QueryOptions(), out=out, device="cpu").composition.dance
    pinned, banned = made.fragments[0].fragment_id, made.fragments[1].fragment_id
    migrate(index, new, device="cpu")
    publish(index, device="cpu")
    wanted = Constraints.parsed([f"5={pinned}"], [banned], [])
    after = change(song, index, wanted, before=out, out=out, device="cpu")
    shown = [placed.fragment_id for placed in after.edited.composition.dance.fragments]
    assert shown[2] == pinned
    assert banned not in shown
    # All that nothing was asked of stays, although another encoder made the index.
    assert shown[-1] == made.fragments[-1].fragment_id or len(shown) <= 7


def test_an_index_that_changed_meanwhile_is_not_superseded(
    index: Path, new: Path, encoder: FragmentEncoder, library: SyntheticLibrary
) -> None:
    migrate(index, new, device="cpu")
    with open_store(index, device="cpu") as store:
        name, entry = next(iter(store.recordings().items()))
        store.delete(entry.clip_ids)
        store.commit()
    with pytest.raises(InputError, match=f"has changed since \\({name}\\)"):
        publish(index, device="cpu")
    assert told(index)[0] == encoder.encoder_id
    assert len(migrate(index, new, device="cpu").notes) == 0
    publish(index, device="cpu")
    with pytest.raises(InputError, match="nothing to take its place: embed it first"):
        publish(index, device="cpu")


def test_who_is_taken_out_is_in_no_copy_beside_the_index_either(index: Path, new: Path) -> None:
    migrate(index, new, device="cpu")
    publish(index, device="cpu")
    with open_store(index, device="cpu") as store:
        name = next(iter(store.recordings()))
    before = index / "migration" / "before"
    with open_store(before, device="cpu") as kept:
        assert name in kept.recordings()
    remove(index, recordings=[name])
    assert not before.exists()
    with pytest.raises(InputError, match="nothing was published"):
        back(index, device="cpu")


def test_what_cannot_be_migrated_is_refused(
    index: Path, encoder: FragmentEncoder, tmp_path: Path
) -> None:
    import torch

    encoder.save(tmp_path / "same")
    with pytest.raises(InputError, match=f"made by encoder {encoder.encoder_id} already"):
        migrate(index, tmp_path / "same", device="cpu")
    torch.manual_seed(0)
    FragmentEncoder.create(EncoderConfig(dims=2)).save(tmp_path / "flat")
    with pytest.raises(InputError, match="the index is 3-D and the encoder takes 2-D"):
        migrate(index, tmp_path / "flat", device="cpu")
    with pytest.raises(InputError, match="nothing was published"):
        back(index, device="cpu")


KILLED = """
import os, signal, sys
from pathlib import Path
from danceit.index.store.manifest import Manifest
from danceit.workflow.migrating import migration

index, encoder, fault = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
write = Manifest.write

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

def dying(place, before):
    def wrapped(self, path):
        if path.parent != place:
            return write(self, path)
        if not before:
            write(self, path)
        die()
    return wrapped

if fault == "before next":
    Manifest.write = dying(index / "migration" / "next", True)
migration.migrate(index, encoder, device="cpu")
place = index / "migration" / "before" if fault == "keeping" else index
Manifest.write = dying(place, fault != "after publishing")
migration.publish(index, device="cpu")
"""


@pytest.mark.parametrize(
    "fault", ["before next", "keeping", "before publishing", "after publishing"]
)
def test_killed_at_any_moment_one_of_both_answers_and_it_can_be_done_again(
    index: Path, new: Path, encoder: FragmentEncoder, fault: str
) -> None:
    before = told(index)
    command = [sys.executable, "-c", KILLED, str(index), str(new), fault]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert run.returncode == -signal.SIGKILL, run.stderr
    newer = FragmentEncoder.load(new, device="cpu").encoder_id
    answers = told(index)
    assert answers[1] == before[1]
    assert answers[0] == (newer if fault == "after publishing" else encoder.encoder_id)
    assert verify(index) == ()
    if fault == "before next":
        migrate(index, new, device="cpu")
    assert publish(index, device="cpu") == newer
    assert back(index, device="cpu") == encoder.encoder_id
    assert told(index) == before
