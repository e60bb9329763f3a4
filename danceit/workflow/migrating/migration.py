"""Moving an index to another encoder: embed beside it, compare, publish when told, go back.

Within the index's folder, ``migration/next`` is a whole index of the same fragments by the
other encoder and ``migration/before`` the one that publishing superseded. Either can be asked as
any index is. The index itself changes in the one step in which its engine publishes, so a
kill at any moment leaves the one or the other, whole. Fragments keep their ids: pins, bans and
dance files stay valid.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from danceit.errors import IndexStateError, InputError
from danceit.index.store.contract import FragmentStore, MissingIndexError, StoreOptions
from danceit.index.store.engines import detect, engine_at, open_store
from danceit.progress import Progress, silent
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.workflow.migrating.carrying import Embedding, carry
from danceit.workflow.migrating.comparing import Comparison, compare

FOLDER, NEXT, BEFORE = "migration", "next", "before"


@dataclass(frozen=True)
class Migrated:
    """What `migrate` made and how it compares.

    Attributes
    ----------
    next : Path
        The index by the other encoder, which can be asked before it is published.
    comparison : Comparison or None
        None where there is no music to ask with.
    notes : tuple of str
        What the user should know, such as songs that are gone.
    """

    next: Path
    comparison: Comparison | None
    notes: tuple[str, ...]


def migrate(
    index: Path, encoder: Path, *, device: str = "auto", progress: Progress = silent
) -> Migrated:
    """Embed an index's fragments by another encoder, beside it, and compare both.

    The index goes on answering and is not changed. Where the same was done before, it is only
    compared again.

    Raises
    ------
    InputError
        If the encoder is the index's own, or takes other poses.
    IndexStateError
        If there is no index, or another process is writing beside it.
    """
    index = Path(index)
    new = FragmentEncoder.load(encoder, device=device)
    with open_store(index, device=device) as store:
        if new.encoder_id == store.spec.encoder_id:
            raise InputError(f"{index} was made by encoder {new.encoder_id} already")
        if new.dims != store.spec.dims:
            raise InputError(
                f"the index is {store.spec.dims}-D and the encoder takes {new.dims}-D: "
                "build the index again"
            )
        old = FragmentEncoder.load(store.encoder, device=device)
        place = index / FOLDER / NEXT
        embedding = Embedding(new, store.spec)
        if not _is_of(place, store, new.encoder_id):
            carry(
                store,
                engine_at(index, detect(index)),
                place,
                new.save,
                new.encoder_id,
                redo=embedding,
                options=StoreOptions(device),
                progress=progress,
            )
        notes = [f"not heard: {song}: {why}" for song, why in embedding.unheard.items()]
        comparison = None
        with open_store(place, device=device) as beside:
            try:
                comparison = compare(store, old, beside, new)
            except InputError as exc:
                notes.append(str(exc))
    return Migrated(place, comparison, tuple(notes))


def publish(index: Path, *, device: str = "auto", progress: Progress = silent) -> str:
    """Let the index by the other encoder answer; what answered is kept for `back`.

    Returns
    -------
    str
        Id of the encoder that answers now.

    Raises
    ------
    InputError
        If nothing was embedded, or the index has changed since.
    """
    cause = "embed it first, by giving the new `encoder`"
    return _exchanged(Path(index), NEXT, BEFORE, cause, device, progress)


def back(index: Path, *, device: str = "auto", progress: Progress = silent) -> str:
    """Let the index answer that was superseded; what answered is kept for `publish`.

    Raises
    ------
    InputError
        If nothing was superseded, or the index has changed since.
    """
    return _exchanged(Path(index), BEFORE, NEXT, "nothing was published", device, progress)


def _exchanged(
    index: Path, take: str, keep: str, cause: str, device: str, progress: Progress
) -> str:
    """Publish what lies at `take`, keeping what answers now at `keep`."""
    engine = engine_at(index, detect(index))
    options = StoreOptions(device)
    with open_store(index, device=device) as now:
        try:
            other = open_store(index / FOLDER / take, device=device)
        except MissingIndexError as exc:
            raise InputError(f"{index} has nothing to take its place: {cause}") from exc
        with other:
            encoder_id = other.spec.encoder_id
            if encoder_id != now.spec.encoder_id:
                _check_same(index, now, other)
                kept = index / FOLDER / keep
                if not _is_of(kept, now, now.spec.encoder_id):
                    own = FragmentEncoder.load(now.encoder, device="cpu")
                    carry(now, engine, kept, own.save, own.encoder_id, options=options)
                own = FragmentEncoder.load(other.encoder, device="cpu")
                carry(
                    other,
                    engine,
                    index,
                    own.save,
                    encoder_id,
                    confirm=lambda: _check_published(index, now),
                    options=options,
                    progress=progress,
                )
    # Killed before this, the next call finds that it was published and only clears up.
    shutil.rmtree(index / FOLDER / take, ignore_errors=True)
    return encoder_id


def _is_of(place: Path, store: FragmentStore, encoder_id: str) -> bool:
    """Whether the same fragments by this encoder lie there, whole."""
    try:
        with open_store(place, device="cpu") as other:
            return other.spec.encoder_id == encoder_id and not _changed(store, other)
    except IndexStateError:
        return False


def _check_same(index: Path, now: FragmentStore, other: FragmentStore) -> None:
    if changed := _changed(now, other):
        raise InputError(
            f"{index} has changed since ({', '.join(changed[:3])}): embed it again, "
            "by giving the `encoder`"
        )


def _check_published(index: Path, now: FragmentStore) -> None:
    """Nobody has written to the index since it was opened; the writers' lock is held."""
    with open_store(index, device="cpu") as latest:
        if latest.index_id != now.index_id:
            raise IndexStateError(f"{index} was written by another process meanwhile; try again")


def _changed(store: FragmentStore, other: FragmentStore) -> list[str]:
    """Recordings that are not the same in both; those without a fragment are not carried."""
    here, there = store.recordings(), other.recordings()
    changed = [
        name
        for name, entry in there.items()
        if name not in here or here[name].file_hash != entry.file_hash
    ]
    if not changed and len(store) != len(other):
        changed = sorted(here.keys() - there.keys()) or ["its fragments"]
    return changed
