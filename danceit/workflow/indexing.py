"""From a folder of dances to an encoder and an index, in one call each."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from danceit.bench.retrieval.held_out import held_out_table
from danceit.data import FRAGMENT_LENGTHS, Clip
from danceit.errors import DanceitError, IndexStateError, InputError
from danceit.index.building.build import BuildReport, Failure, Progress, add, build
from danceit.index.building.cluster import RayWorkers, ray_workers
from danceit.index.cleaning.cleaning import clean
from danceit.index.sources import read_ahead, scan
from danceit.index.sources.remote import check_local, fetched
from danceit.index.sources.settings import ReadSettings
from danceit.index.store.contract import NewerIndexError, StoreOptions
from danceit.index.store.engines import open_store
from danceit.retrieval.encoder.configuration import TrainingConfig
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.encoder.run import Progress as Watch
from danceit.retrieval.encoder.training import TrainingReport, train

ENCODER_IN_INDEX = "training"
"""Folder inside an index where an encoder is trained when none is given."""


@dataclass(frozen=True)
class Library:
    """The cleaned clips of a data folder, and the recordings that could not be read."""

    clips: tuple[Clip, ...]
    failed: tuple[Failure, ...]


@dataclass(frozen=True)
class Built:
    """What `build_index` did; `trained` is None where an encoder was at hand."""

    report: BuildReport
    trained: TrainingReport | None


def read_library(
    data: Path,
    *,
    dims: int | None = None,
    settings: ReadSettings | None = None,
    progress: Progress | None = None,
    watching: Progress | None = None,
) -> Library:
    """Read and clean every recording of a folder; a bad one is named and left out.

    `watching` is told of the frames of videos in which poses are looked for, before all else.

    Raises
    ------
    InputError
        If nothing in the folder can be read, or it mixes 2-D and 3-D and `dims` is not given.
    """
    found = scan(data, settings).found
    clips: list[Clip] = []
    hopeless = read_ahead(found, watching)
    failed = [Failure(name, reason) for name, reason in hopeless.items()]
    found = tuple(item for item in found if item.recording_id not in hopeless)
    for done, item in enumerate(found):
        if progress:
            progress(done, len(found), item.recording_id)
        try:
            clips += clean(item.read(dims), dims=dims).clips
        except DanceitError as exc:
            failed.append(Failure(item.recording_id, str(exc)))
    if progress:
        progress(len(found), len(found), "")
    if not clips:
        first = f"; the first: {failed[0].reason}" if failed else ""
        raise InputError(f"no dance could be read from {data}{first}")
    if len({clip.dims for clip in clips}) > 1:
        raise InputError(
            f"{data} mixes 2-D and 3-D dances, which cannot share an index; --dims 2 projects all"
        )
    return Library(tuple(clips), tuple(failed))


def train_encoder(
    data: Path,
    out: Path,
    config: TrainingConfig | None = None,
    *,
    dims: int | None = None,
    restart: bool = False,
    device: str = "auto",
    settings: ReadSettings | None = None,
    reading: Progress | None = None,
    watching: Progress | None = None,
    watch: Watch | None = None,
) -> TrainingReport:
    """Train encoders on a folder of dances; a run that was stopped carries on."""
    data = fetched(data, progress=reading)
    library = read_library(data, dims=dims, settings=settings, progress=reading, watching=watching)
    return _trained(library, config, out, restart=restart, device=device, watch=watch)


def build_index(
    data: Path,
    out: Path,
    *,
    encoder: Path | None = None,
    lengths: Iterable[int] = FRAGMENT_LENGTHS,
    stride: int | None = None,
    dims: int | None = None,
    config: TrainingConfig | None = None,
    retrain: bool = False,
    store: str = "",
    ray: str = "",
    device: str = "auto",
    factory: str = "",
    recall: float = 0.0,
    settings: ReadSettings | None = None,
    reading: Progress | None = None,
    watching: Progress | None = None,
    watch: Watch | None = None,
    building: Progress | None = None,
) -> Built:
    """Make the index at `out` hold what is in `data`, training an encoder first if need be.

    The encoder is, in this order: `encoder`; that of the index at `out`, unless `retrain`;
    a new one, trained on `data`.

    Parameters
    ----------
    data, out : Path
        `data` may be in an object store, as ``s3://bucket/dances``.
    encoder : Path, optional
        Folder of an encoder.
    lengths : iterable of int
        Fragment lengths in frames.
    stride : int, optional
        Frames between fragments; without it they do not overlap.
    dims : int, optional
        2 projects 3-D dances, so that they can share an index with 2-D ones.
    config : TrainingConfig, optional
        How to train.
    retrain : bool
        Train anew although the index has an encoder.
    store : str
        Engine, ``local`` or ``lance``; without it that of the index, or ``local``.
    ray : str
        Address of a Ray cluster that does the work; see `ray_workers` in
        `danceit.index.building.cluster`.
    device : str
        ``auto``, ``cpu`` or ``cuda``; on a cluster, ``cuda`` gives each task a card.
    factory, recall
        How the engine searches; see `danceit.index.store.contract.FragmentStore.open`.
    settings : ReadSettings, optional
        How recordings are read: the estimator of poses in video, the lag of its sound.
    reading, watching, building : callable, optional
        Told of progress: done, in all, what.
    watch : callable, optional
        Told of every epoch.
    """
    check_local(out)
    with _workers(ray, device) as workers:
        # Once for training and indexing.
        data = fetched(data, fetch=workers.fetch if workers else None, progress=building)
        trained = None
        inside = _published_encoder(out)
        if encoder is not None:
            embedder = FragmentEncoder.load(encoder, device=device)
        elif inside is not None and not retrain:
            embedder = FragmentEncoder.load(inside, device=device)
        else:
            library = read_library(
                data, dims=dims, settings=settings, progress=reading, watching=watching
            )
            work = out / ENCODER_IN_INDEX
            work.mkdir(parents=True, exist_ok=True)
            trained = _trained(library, config, work, restart=retrain, device=device, watch=watch)
            embedder = trained.encoder
        report = build(
            data,
            out,
            embedder,
            lengths=lengths,
            stride=stride,
            dims=dims,
            store=store,
            options=StoreOptions(device, factory, recall),
            settings=settings,
            workers=workers,
            progress=building,
            watching=watching,
        )
    return Built(report, trained)


def _workers(ray: str, device: str) -> AbstractContextManager[RayWorkers | None]:
    """Connect to a cluster where an address is given."""
    return ray_workers(ray, gpus=float(device == "cuda")) if ray else nullcontext()


def _trained(
    library: Library,
    config: TrainingConfig | None,
    out: Path,
    *,
    restart: bool,
    device: str,
    watch: Watch | None,
) -> TrainingReport:
    """Train with the dimensions of the clips and ask the songs that were held out."""
    config = config or TrainingConfig()
    fitted = replace(config, encoder=replace(config.encoder, dims=library.clips[0].dims))
    report = train(library.clips, fitted, out=out, progress=watch, device=device, restart=restart)
    return replace(report, table=held_out_table(library.clips, report, seed=config.seed))


def add_to_index(
    data: Path,
    index: Path,
    *,
    dims: int | None = None,
    ray: str = "",
    device: str = "auto",
    settings: ReadSettings | None = None,
    building: Progress | None = None,
    watching: Progress | None = None,
) -> BuildReport:
    """Add the dances in `data` to an index with the encoder that it has; nothing leaves it."""
    with open_store(index) as store:
        folder = store.info().encoder
    embedder = FragmentEncoder.load(folder, device=device)
    with _workers(ray, device) as workers:
        return add(
            data,
            index,
            embedder,
            dims=dims,
            device=device,
            settings=settings,
            workers=workers,
            progress=building,
            watching=watching,
        )


def _published_encoder(out: Path) -> Path | None:
    """Encoder of the index at `out`; None where there is no index, or a damaged one."""
    try:
        with open_store(out, device="cpu") as store:
            return store.info().encoder
    except NewerIndexError:
        raise
    except IndexStateError:
        # `build` makes such an index anew and says so.
        return None
