"""Generators over files: train one on a folder of dances, let it dance, find its dance again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from danceit import audio
from danceit.dance_file import dance_path
from danceit.data import Dance
from danceit.generate.protocol import GeneratorReport
from danceit.generate.registry import GENERATORS, load_generator, options_of
from danceit.index.building.options import Told
from danceit.index.building.reading import read_all
from danceit.index.sources.remote import fetched
from danceit.index.store.engines import open_store
from danceit.retrieval.candidates import check_song
from danceit.retrieval.choices import with_choices
from danceit.retrieval.composing import Composition, compose
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.options import QueryOptions
from danceit.workflow.dance_files import DANCE_SUFFIX


@dataclass(frozen=True)
class Generated:
    """A dance that was made up, and the file it was written to."""

    dance: Dance
    out: Path


@dataclass(frozen=True)
class Snapped:
    """What was chosen from an index after an idea, and the file written."""

    composition: Composition
    out: Path


def train_generator(
    name: str,
    data: Path,
    out: Path,
    texts: Sequence[str] = (),
    *,
    restart: bool = False,
    device: str = "auto",
    told: Told | None = None,
) -> GeneratorReport:
    """Train a generator on a folder of dances; a run that was stopped carries on.

    Parameters
    ----------
    name : str
        Of `GENERATORS`.
    texts : sequence of str
        ``option=value`` each; `danceit.generate.registry.options_of`.
    """
    options = options_of(name, texts)
    told = told or Told()
    data = fetched(data, progress=told.reading)
    library = read_all(data, told=told.reading, watching=told.watching)
    report: GeneratorReport = GENERATORS.get(name).train(
        library.clips, options, out=out, device=device, restart=restart, progress=told.training
    )
    left = tuple(f"left out {each.recording_id}: {each.reason}" for each in library.failed)
    return replace(report, notes=(*left, *report.notes))


def generate_dance(
    song: Path, folder: Path, *, seed: int = 0, out: Path | None = None, device: str = "auto"
) -> Generated:
    """Let a trained generator dance to a song and write it as a dance file.

    Without `out` the file is ``SONG.dance.npz`` in the current folder.
    """
    target = dance_path(out or Path.cwd() / f"{song.stem}{DANCE_SUFFIX}")
    music = audio.listen(song)
    dance = load_generator(folder, device).generate(music, seed)
    dance.save(target)
    return Generated(dance, target)


def snap_dance(
    song: Path,
    folder: Path,
    index: Path,
    *,
    seed: int = 0,
    options: QueryOptions | None = None,
    out: Path | None = None,
    device: str = "auto",
) -> Snapped:
    """Let a generator dance, and find what it made up again in an index's real movement."""
    target = dance_path(out or Path.cwd() / f"{song.stem}{DANCE_SUFFIX}")
    music = audio.listen(song)
    idea = load_generator(folder, device).generate(music, seed)
    composition = found_again(song, idea, index, options, device=device)
    composition.dance.save(target)
    return Snapped(composition, target)


def query_idea(
    song: Path,
    idea: Path,
    index: Path,
    options: QueryOptions | None = None,
    *,
    out: Path | None = None,
    device: str = "auto",
) -> Snapped:
    """Choose real movement that is like a dance file, window by window."""
    target = dance_path(out or Path.cwd() / f"{song.stem}{DANCE_SUFFIX}")
    composition = found_again(song, Dance.load(idea), index, options, device=device)
    composition.dance.save(target)
    return Snapped(composition, target)


def found_again(
    song: Path, idea: Dance, index: Path, options: QueryOptions | None, *, device: str
) -> Composition:
    """Compose after an idea; the steps that led to the idea stand before those of the query."""
    check_song(song, options or QueryOptions())
    with open_store(index, device=device) as store:
        encoder = FragmentEncoder.load(store.info().encoder, device=device)
        composition = with_choices(compose(song, store, encoder, options, idea=idea))
    dance = replace(composition.dance, steps=(*idea.steps, *composition.dance.steps))
    return replace(composition, dance=dance)
