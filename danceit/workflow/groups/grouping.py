"""Several dancers to one song: a dance file for each, aligned and on one stage."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from danceit.align import DEFAULT_METHODS, Aligner
from danceit.dance_file import dance_path
from danceit.index.store.engines import open_store
from danceit.progress import Progress, silent
from danceit.render import check_out
from danceit.retrieval.candidates import check_song
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.groups.grouping import Group, GroupOptions, compose_group
from danceit.retrieval.options import QueryOptions
from danceit.workflow.dance_files import DANCE_SUFFIX, numbered
from danceit.workflow.line import DanceOptions, aligners, drawn


@dataclass(frozen=True)
class Grouped:
    """A group and the files of its dancers, in the same order."""

    group: Group
    files: tuple[Path, ...]


def query_group(
    song: Path,
    index: Path,
    group: GroupOptions,
    options: QueryOptions | None = None,
    *,
    methods: Sequence[str] = (),
    out: Path | None = None,
    device: str = "auto",
) -> Grouped:
    """Choose, align and place the dances of a group and write ``OUT.dancerN.dance.npz`` each.

    Parameters
    ----------
    methods : sequence of str
        Aligners, as for `danceit.workflow.line.align_file`; empty for the default chain. A
        group is aligned before its dancers are put on one stage.
    out : Path, optional
        Default: ``SONG.dance.npz`` in the current folder, which names the files.
    """
    target = dance_path(out or Path.cwd() / f"{song.stem}{DANCE_SUFFIX}")
    chain = aligners(methods or DEFAULT_METHODS, {})
    return _saved(group_song(song, index, group, options or QueryOptions(), chain, device), target)


def dance_group(
    song: Path,
    index: Path,
    out: Path,
    group: GroupOptions,
    options: DanceOptions | None = None,
    *,
    progress: Progress = silent,
) -> tuple[Grouped, tuple[str, ...]]:
    """Choose, align, place and draw a group; the dance files are written beside the picture.

    Returns
    -------
    Grouped, tuple of str
        The group, and what the user should know.
    """
    check_out(out, song)
    options = options or DanceOptions()
    made = group_song(song, index, group, options.query, options.chain(), options.device)
    notes = drawn(made.dances, out, song, options.look, progress)
    return _saved(made, out.with_name(f"{out.stem}{DANCE_SUFFIX}")), (*made.notes, *notes)


def group_song(
    song: Path,
    index: Path,
    group: GroupOptions,
    options: QueryOptions,
    chain: Sequence[Aligner],
    device: str,
) -> Group:
    """Choose, align and place the dances of a group; nothing is written."""
    check_song(song, options)
    with open_store(index, device=device) as store:
        encoder = FragmentEncoder.load(store.encoder, device=device)
        return compose_group(song, store, encoder, options, group, chain)


def _saved(made: Group, target: Path) -> Grouped:
    """Write a group's dances beside one another, each numbered."""
    files = tuple(numbered(target, i + 1) for i in range(len(made.dances)))
    for dance, file in zip(made.dances, files, strict=True):
        dance.save(file)
    return Grouped(made, files)
