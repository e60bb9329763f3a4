"""Keeping an index: taking out, checking, mending, describing.

What the commands `danceit index remove`, `readmit`, `verify`, `rebuild` and `info` call.
Without `store`, the engine that wrote the index is asked.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from danceit.errors import IndexStateError, InputError
from danceit.index.building.withdrawn import WORK, Withdrawn
from danceit.index.store.contract import FragmentStore, StoreInfo, StoreOptions, Where
from danceit.index.store.engines import engine_at, open_store
from danceit.plugins import nearest_spelling
from danceit.workflow.migrating.migration import FOLDER


def remove(
    index: Path,
    *,
    recordings: Iterable[str] = (),
    dancers: Iterable[str] = (),
    store: str = "",
) -> tuple[str, ...]:
    """Take recordings, or all of some dancers, out of an index for good.

    They are gone from every answer and from the files of the index when this returns,
    and later builds leave them out (`readmit` undoes that). So are copies that migrating to
    another encoder left beside it: they could not take its place any more.

    Returns
    -------
    tuple of str
        Ids of the recordings that were taken out.

    Raises
    ------
    InputError
        If a recording or a dancer is not in the index, or none is named.
    IndexStateError
        If copies cannot be removed.
    """
    index = Path(index)
    people = frozenset(dancers)
    with open_store(index, engine=store, device="cpu") as opened:
        names = frozenset(recordings) | _recordings_of(opened, people)
        known = opened.recordings()
        if not names:
            raise InputError("name a recording or a dancer to be taken out")
        if unknown := sorted(names - known.keys()):
            hint = nearest_spelling(unknown[0], known)
            raise InputError(f"there is no recording '{unknown[0]}' in {index}{hint}")
        opened.begin()
        before = Withdrawn.read(index)
        Withdrawn(before.recordings | names, before.dancers | people).write(index)
        opened.delete([clip for name in sorted(names) for clip in known[name].clip_ids])
        opened.commit()
        for copies in (WORK, FOLDER):
            _cleared(index / copies)
    return tuple(sorted(names))


def _cleared(folder: Path) -> None:
    """Remove a folder that may hold copies of what was taken out; say so where it stays."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        pass
    except OSError as exc:
        raise IndexStateError(
            f"{folder} may still hold what was taken out ({exc.strerror or exc}): remove it"
        ) from exc


def readmit(index: Path, *, recordings: Iterable[str] = (), dancers: Iterable[str] = ()) -> None:
    """Let later builds take in again what `remove` took out.

    Recordings are named one by one, also those that left with their dancer.

    Raises
    ------
    InputError
        If a name was not taken out.
    """
    names, people = frozenset(recordings), frozenset(dancers)
    before = Withdrawn.read(index)
    if unknown := sorted((names - before.recordings) | (people - before.dancers)):
        raise InputError(f"'{unknown[0]}' was not taken out of {index}")
    Withdrawn(before.recordings - names, before.dancers - people).write(index)


def verify(index: Path, *, store: str = "") -> tuple[str, ...]:
    """Check every file of an index; return the problems, one line each.

    Raises
    ------
    MissingDependencyError
        If the engine is not installed.
    """
    try:
        with open_store(index, engine=store, device="cpu") as opened:
            return opened.verify()
    except IndexStateError as exc:
        return (str(exc),)


def rebuild(
    index: Path,
    *,
    store: str = "",
    options: StoreOptions | None = None,
) -> StoreInfo:
    """Make the search indexes again from the truth; see `FragmentStore.rebuild`."""
    index = Path(index)
    with engine_at(index, store).rebuild(index, options) as opened:
        return opened.info()


def _recordings_of(store: FragmentStore, dancers: frozenset[str]) -> frozenset[str]:
    if unknown := sorted(dancers - store.info().dancers.keys()):
        raise InputError(f"there is no dancer '{unknown[0]}' in the index")
    if not dancers:
        return frozenset()
    rows = store.matching(Where(dancer=tuple(sorted(dancers))))
    return frozenset(store.table(rows).recording_id.tolist())
