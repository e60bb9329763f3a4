"""Changing the dance in a file: what pins, bans and locks ask for."""

from dataclasses import dataclass
from pathlib import Path

from danceit.dance_file import dance_path
from danceit.errors import InputError
from danceit.index.store.engines import open_store
from danceit.retrieval.candidates import check_song
from danceit.retrieval.constraints import Constraints
from danceit.retrieval.editing import Edited, Editor, options_of
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.options import QueryOptions
from danceit.workflow.dance_files import DANCE_SUFFIX, loaded


@dataclass(frozen=True)
class Changed:
    """A changed dance, the file it was made from (None: there was none) and that written."""

    edited: Edited
    before: Path | None
    out: Path


def change(
    song: Path,
    index: Path,
    constraints: Constraints,
    *,
    before: Path | None = None,
    options: QueryOptions | None = None,
    out: Path | None = None,
    device: str = "auto",
) -> Changed:
    """Change the dance that a query wrote; without one, make one under the constraints.

    Parameters
    ----------
    before : Path, optional
        The dance; default: the one that a query of this song wrote in this folder, if it is
        there. Its own options are used.
    options : QueryOptions, optional
        For a new dance; one that is there must have been made with the same.
    out : Path, optional
        Default: where the query writes, ``SONG.dance.npz`` in the current folder.

    Raises
    ------
    InputError
        As `Editor.solve`.
    """
    target = dance_path(out or Path.cwd() / f"{song.stem}{DANCE_SUFFIX}")
    found = before or (target if target.exists() else None)
    dance = None if found is None else loaded(found)
    used = (options or QueryOptions()) if dance is None else options_of(dance)
    if options is not None and options != used:
        raise InputError(
            f"{found} was made with other options of the query; leave them out to change it, "
            "or query again without `pins`, `bans` and `locks`"
        )
    check_song(song, used)
    with open_store(index, device=device) as store:
        encoder = FragmentEncoder.load(store.encoder, device=device)
        edited = Editor(song, store, encoder, used).solve(constraints, dance)
    edited.composition.dance.save(target)
    return Changed(edited, found, target)
