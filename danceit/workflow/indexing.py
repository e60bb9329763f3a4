"""From a folder of dances to an encoder and an index, in one call each."""

import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from danceit.bench.retrieval.held_out import held_out_table
from danceit.data import Clip
from danceit.errors import IndexStateError
from danceit.index.building.build import add, build
from danceit.index.building.cluster import RayWorkers, ray_workers
from danceit.index.building.contents import ContentHashes
from danceit.index.building.options import BuildOptions, Told
from danceit.index.building.reading import Readings, read_all
from danceit.index.building.report import BuildReport
from danceit.index.building.withdrawn import WORK
from danceit.index.fragments import FragmentGrid
from danceit.index.sources.remote import check_local, fetched
from danceit.index.sources.settings import ReadSettings
from danceit.index.store.contract import NewerIndexError
from danceit.index.store.engines import detect, open_store
from danceit.index.store.manifest import take_lock
from danceit.index.synthetic import make_library
from danceit.progress import Progress
from danceit.retrieval.encoder.configuration import TrainingConfig
from danceit.retrieval.encoder.dataset import TooLittleSoundError
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.encoder.training import TrainingReport, train

ENCODER_IN_INDEX = "training"
"""Folder inside an index where an encoder is trained when none is given."""

FEW = 12
"""Recordings up to which there is little to learn from, so that learning is kept short."""
LITTLE = TrainingConfig(steps=100, batch=64, check_every=20)
"""As the demo learns from its nine dancers; more only learns them by heart."""
BRIEFLY = (
    f"learned for {LITTLE.steps} steps only: {FEW} recordings and fewer hold no more; with more of "
    "them, `retrain` learns in full"
)
NO_SOUND = (
    "these dances have too little sound to learn from: what fits music is learned from songs and "
    "dances that danceit makes itself; tempo, counts and energy will fit, style hardly; "
    "`encoder` takes a library that has sound"
)
_BUILDING = f"{WORK}/build.lock"

ON_COUNTS = BuildOptions(grid=FragmentGrid(grid="counts"))
"""How a library is indexed unless one asks for another grid: fragments start on beats."""


@dataclass(frozen=True)
class Built:
    """What `build_index` did.

    Attributes
    ----------
    report : BuildReport
    trained : TrainingReport or None
        None where an encoder was at hand; without a table.
    seconds : float
        Wall time of all of it: poses, reading, training and indexing.
    """

    report: BuildReport
    trained: TrainingReport | None
    seconds: float

    briefly: bool = False
    """Whether there was too little to learn from for long."""
    note: str = ""
    """What the user should know of what was learned."""


def train_encoder(
    data: Path,
    out: Path,
    config: TrainingConfig | None = None,
    *,
    dims: int | None = None,
    restart: bool = False,
    device: str = "auto",
    settings: ReadSettings | None = None,
    told: Told | None = None,
) -> TrainingReport:
    """Train encoders on a folder of dances and ask the songs that were held out.

    A run that was stopped carries on.
    """
    told = told or Told()
    data = fetched(data, progress=told.reading)
    read = read_all(data, dims=dims, settings=settings, told=told.reading, watching=told.watching)
    report = _trained(
        read.clips, config, out, restart=restart, device=device, progress=told.training
    )
    seed = (config or TrainingConfig()).seed
    return replace(report, table=held_out_table(read.clips, report, seed=seed))


def build_index(
    data: Path,
    out: Path,
    options: BuildOptions | None = None,
    *,
    encoder: Path | None = None,
    config: TrainingConfig | None = None,
    seed: int = 0,
    retrain: bool = False,
    ray: str = "",
    told: Told | None = None,
) -> Built:
    """Make the index at `out` hold what is in `data`, training an encoder first if need be.

    The encoder is, in this order: `encoder`; that of the index at `out`, unless `retrain`;
    a new one, trained on `data`. What the index has from other folders stays, and is
    embedded anew by a new encoder.

    Parameters
    ----------
    data, out : Path
        `data` may be in an object store, as ``s3://bucket/dances``.
    options : BuildOptions, optional
        Fragments, engine, how recordings are read; `ON_COUNTS` where none are given. The
        device of `options.store` is also where encoders run; on a cluster, ``cuda`` gives each
        task a card.
    encoder : Path, optional
        Folder of an encoder, or an index, whose own is taken.
    config : TrainingConfig, optional
        How to train. Where there is none, for long, or `LITTLE` if there are no more than `FEW`
        recordings.
    seed : int
        Of a training without `config`.
    retrain : bool
        Train anew although the index has an encoder.
    ray : str
        Address of a Ray cluster that does the work; see `ray_workers` in
        `danceit.index.building.cluster`.
    told : Told, optional
        Who is told of progress.
    """
    started = time.monotonic()
    check_local(out)
    options, told = options or ON_COUNTS, told or Told()
    device = options.store.device
    with _alone(out), _workers(ray, device) as workers:
        # Once for training and indexing.
        data = fetched(data, fetch=workers.fetch if workers else None, progress=told.indexing)
        learned = readings = None
        embedder = _encoder_at_hand(out, encoder, device, retrain=retrain)
        if embedder is None:
            readings = _readings(data, out / WORK, options, told)
            learned = _learned(
                readings,
                config,
                out / ENCODER_IN_INDEX,
                seed=seed,
                restart=retrain,
                device=device,
                progress=told.training,
            )
            embedder = learned.encoder
        report = build(data, out, embedder, options, readings=readings, workers=workers, told=told)
    seconds = time.monotonic() - started
    if learned is None:
        return Built(report, None, seconds)
    return Built(report, learned.trained, seconds, learned.briefly, learned.note)


def _readings(data: Path, work: Path, options: BuildOptions, told: Told) -> Readings:
    """Read all that is to be trained on, and remember what its files were."""
    hashes = ContentHashes(work)
    readings = read_all(
        data,
        dims=options.dims,
        settings=options.reading,
        hashes=hashes,
        told=told.reading,
        watching=told.watching,
    )
    hashes.save()
    return readings


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Build with nobody else building at `out`; of a build that made nothing, leave nothing.

    The lock that a store takes comes after minutes of reading and training.
    """
    lock = out / _BUILDING
    handle = take_lock(out, _BUILDING)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(handle)
        with suppress(OSError):  # they hold something
            lock.parent.rmdir()
            out.rmdir()


@dataclass(frozen=True)
class _Learned:
    """An encoder and how it came about; `trained` is None where it learned from no dance here."""

    encoder: FragmentEncoder
    trained: TrainingReport | None
    briefly: bool
    note: str


def _learned(
    readings: Readings,
    config: TrainingConfig | None,
    out: Path,
    *,
    seed: int,
    restart: bool,
    device: str,
    progress: Progress,
) -> _Learned:
    """Train on dances that were read, or on made-up ones where they have too little sound."""
    briefly = config is None and sum(bool(one.cleaned.clips) for one in readings.read) <= FEW
    little = replace(LITTLE, seed=seed)
    usual = config or (little if briefly else TrainingConfig(seed=seed))
    try:
        report = _trained(
            readings.clips, usual, out, restart=restart, device=device, progress=progress
        )
    except TooLittleSoundError:
        with TemporaryDirectory() as folder:
            dances = make_library(Path(folder)).folder
            clips = read_all(dances, dims=readings.clips[0].dims).clips
            made = _trained(clips, little, out, restart=True, device=device, progress=progress)
        return _Learned(made.encoder, None, briefly=True, note=NO_SOUND)
    return _Learned(report.encoder, report, briefly, BRIEFLY if briefly else "")


def _encoder_at_hand(
    out: Path, encoder: Path | None, device: str, *, retrain: bool
) -> FragmentEncoder | None:
    """Load the encoder given, or that of the index at `out`; None where one is to be trained."""
    if encoder is not None and detect(encoder):
        with open_store(encoder, device="cpu") as store:
            return FragmentEncoder.load(store.encoder, device=device)
    if encoder is not None:
        return FragmentEncoder.load(encoder, device=device)
    if retrain:
        return None
    try:
        # While the store is open, the folder of its encoder stays.
        with open_store(out, device="cpu") as store:
            return FragmentEncoder.load(store.encoder, device=device)
    except NewerIndexError:
        raise
    except IndexStateError:
        # `build` makes such an index anew and says so.
        return None


def _workers(ray: str, device: str) -> AbstractContextManager[RayWorkers | None]:
    """Connect to a cluster where an address is given."""
    return ray_workers(ray, gpus=float(device == "cuda")) if ray else nullcontext()


def _trained(
    clips: tuple[Clip, ...],
    config: TrainingConfig | None,
    out: Path,
    *,
    restart: bool,
    device: str,
    progress: Progress,
) -> TrainingReport:
    """Train with the dimensions of the clips."""
    out.mkdir(parents=True, exist_ok=True)
    config = config or TrainingConfig()
    fitted = replace(config, encoder=replace(config.encoder, dims=clips[0].dims))
    return train(clips, fitted, out=out, progress=progress, device=device, restart=restart)


def add_to_index(
    data: Path,
    index: Path,
    options: BuildOptions | None = None,
    *,
    ray: str = "",
    told: Told | None = None,
) -> BuildReport:
    """Add the dances in `data` to an index with the encoder that it has; nothing leaves it."""
    options = options or BuildOptions()
    device = options.store.device
    with open_store(index, engine=options.engine, device="cpu") as store:
        embedder = FragmentEncoder.load(store.encoder, device=device)
    with _alone(index), _workers(ray, device) as workers:
        return add(data, index, embedder, options, workers=workers, told=told)
