"""The bench of retrieval: encoders and baselines on songs that training never heard.

Songs are dealt into folds; each fold is asked by an encoder trained on the others, once
for every loss, feature set and point of the grid. The rows are these variants, each with
its movement (``encoder``) and with its movement and sound together, and the baselines.
How much of every test dance the training dances repeat is measured first, and stated.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from danceit.bench.cells import Cell, RunFolder, slug
from danceit.bench.material import Material, read_material
from danceit.bench.measures.ranking import Strings, recall_at
from danceit.bench.measures.statistics import Interval, bootstrap_macro, bootstrap_windows
from danceit.bench.named_figures import (
    NamedFigures,
    find_named_figures,
    read_named_figures,
    tempo_statement,
)
from danceit.bench.reports.summary import BenchRun, Intervals
from danceit.bench.retrieval.asking import BASELINES, AllCopies, Answers, answer, place_of
from danceit.bench.retrieval.copies import copies_between
from danceit.bench.retrieval.fold import Fold, PairScores
from danceit.bench.retrieval.protocols import Leak, leak_of, refuse_indexed
from danceit.bench.retrieval.training_bar import TrainingBar
from danceit.bench.retrieval.variants import RetrievalOptions, Variant, list_variants
from danceit.data import FPS, Clip, Float64
from danceit.errors import DanceitError
from danceit.retrieval.encoder.dataset import Performance, performances_of, song_folds
from danceit.retrieval.encoder.encoders import FragmentEncoder, pick_device
from danceit.retrieval.encoder.run import Run
from danceit.retrieval.encoder.training import hold_out

TABLES = {
    "Songs that training never heard": (
        "median_rank",
        "recall_1",
        "recall_5",
        "recall_10",
        "figure_5",
        "style_5",
    ),
    "Pairs, as in DanceIt's Table III": (
        "train_distance",
        "test_distance",
        "accuracy",
        "beat_accuracy",
    ),
}
COMPARED = ("median_rank", "recall_10", "style_5")


@dataclass(frozen=True)
class _Trained:
    train: Sequence[Performance]
    asking: Sequence[Performance]
    encoder: FragmentEncoder


@dataclass(frozen=True)
class _Asked:
    """All folds of one variant at one length, window by window."""

    songs: Strings
    styles: Strings
    methods: Mapping[str, Answers]
    pairs: tuple[PairScores, ...]


@dataclass
class _Table:
    """Rows in the order in which they were measured, with their cells and intervals."""

    rows: list[str] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    found: Intervals = field(default_factory=dict)

    def add(self, row: str, asked: _Asked, method: str, seed: int) -> None:
        """Measure a row."""
        self.rows.append(row)
        self.found[row] = _measured(asked, method, seed)
        self.cells += _cells(asked, method, row)

    def add_failed(self, row: str, error: str) -> None:
        """Take note of a row that could not be measured."""
        self.rows.append(row)
        self.found[row] = {}
        self.cells.append(Cell("ask", row, "all songs", {}, error))


def bench_retrieval(
    data: Path,
    out: Path,
    options: RetrievalOptions | None = None,
    *,
    figures: Path | None = None,
    progress: bool = True,
) -> BenchRun:
    """Train and ask every variant on every fold; trainings go on where they were stopped.

    Parameters
    ----------
    data : Path
        Folder of dances with their songs.
    out : Path
        Run folder.
    options : RetrievalOptions, optional
    figures : Path, optional
        Annotated figures; by default ``figures.json`` anywhere in `data`.
    progress : bool

    Raises
    ------
    InputError
        If an option or the data cannot be used, or a test dance is among the training
        dances and neither `no_leak` nor `allow_leak` is set.
    """
    options = options or RetrievalOptions()
    material = read_material(data, dims=options.dims)
    clips = [dance.clip for dance in material.dances if dance.clip.audio_path is not None]
    variants = list_variants(options, clips)
    folder = RunFolder(out, resume=options.resume)
    tracks = read_named_figures(figures) if figures else find_named_figures(data)
    copies = copies_between(clips, folder.path, progress=progress)
    leak = leak_of(copies)
    refuse_indexed(leak, allowed=options.allow_leak or options.no_leak)
    table, taken_out = _Table(), copies if options.no_leak else None
    bar = TrainingBar(len(variants) * options.folds, options.training.steps, shown=progress)
    for number, variant in enumerate(variants):
        try:
            trained = _train(clips, variant, options, folder, bar)
            for n_frames in options.lengths:
                asked = _ask(trained, n_frames, tracks, taken_out, options)
                for row, method in _rows(variant, n_frames, options, asked, first=number == 0):
                    table.add(row, asked, method, options.seed)
        except DanceitError as exc:
            table.add_failed(variant.name, str(exc))
    bar.close()
    return _report(folder, table, material, _notes(material, clips, options, leak, tracks))


def _report(folder: RunFolder, table: _Table, material: Material, notes: Iterable[str]) -> BenchRun:
    ends = tuple(row for row in table.rows if row.startswith(("true pair", "random")))
    ordered = [*sorted(ends, reverse=True), *(row for row in table.rows if row not in ends)]
    failed = [f"{cell.method}: {cell.error}" for cell in table.cells if cell.error]
    return BenchRun(
        out=folder.path,
        title="Retrieval",
        cells=tuple(table.cells),
        rows=tuple(ordered),
        baseline=next((row for row in ordered if row.startswith("nearest audio")), ordered[0]),
        tables=TABLES,
        compared=COMPARED,
        ends=ends,
        found=table.found,
        notes=tuple(notes),
        failures=tuple([*material.problems, *failed]),
    )


def _train(
    clips: Sequence[Clip],
    variant: Variant,
    options: RetrievalOptions,
    folder: RunFolder,
    bar: TrainingBar,
) -> list[_Trained]:
    """Train one encoder a fold, or go on with what an earlier run left."""
    config = variant.config
    performances = performances_of(clips, config.encoder, tempi=config.tempi)
    rng = np.random.default_rng(options.seed)
    identity = repr((config, [(clip.clip_id, clip.n_frames) for clip in clips], options.folds))
    name = f"{slug(variant.name)}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}"
    trained = []
    for number, held in enumerate(song_folds(performances, options.folds, rng)):
        train = [item for i, item in enumerate(performances) if i not in held]
        place = folder.path / "trainings" / name / f"fold{number}"
        place.mkdir(parents=True, exist_ok=True)
        split, device = hold_out(train, config)[0], pick_device(options.device)
        run = Run(train, split, config, folder=place, device=device)
        run.start(restart=not options.resume)
        run.go_on(bar.of(variant.name, number))
        trained.append(_Trained(train, [performances[i] for i in held], run.encoder))
    return trained


def _ask(
    trained: Sequence[_Trained],
    n_frames: int,
    tracks: Mapping[str, NamedFigures],
    copies: AllCopies | None,
    options: RetrievalOptions,
) -> _Asked:
    """Ask every fold at one length."""
    rng = np.random.default_rng(options.seed)
    answers, folds = [], []
    for one in trained:
        fold = Fold.of(one.train, one.asking, one.encoder, n_frames)
        asking = place_of(fold.asking, one.asking, tracks)
        library = place_of(fold.library, one.train, tracks)
        answers.append(answer(fold, asking, library, copies, options.audio_weight, rng))
        folds.append(fold)
    return _Asked(
        songs=np.concatenate([fold.songs for fold in folds]),
        styles=np.concatenate([fold.styles for fold in folds]),
        methods={
            name: Answers(
                *(
                    np.concatenate([getattr(each[name], field) for each in answers])
                    for field in ("ranks", "first", "style", "figure")
                )
            )
            for name in answers[0]
        },
        pairs=tuple(fold.pairs() for fold in folds),
    )


def _rows(
    variant: Variant, n_frames: int, options: RetrievalOptions, asked: _Asked, *, first: bool
) -> Iterator[tuple[str, str]]:
    """Name and method of each row that a variant gives; baselines once a length."""
    length = f", {n_frames / FPS:g} s" if len(options.lengths) > 1 else ""
    for method in asked.methods:
        if method not in BASELINES:
            yield f"{variant.name}: {method}{length}", method
        elif first:
            yield f"{method}{length}", method


def _measured(asked: _Asked, method: str, seed: int) -> dict[str, Interval]:
    """Every measure of one row; the median over windows, style over styles."""
    answers, songs = asked.methods[method], asked.songs
    found = {}
    if np.isfinite(answers.ranks).all():
        found["median_rank"] = bootstrap_windows(answers.ranks, songs, "median", seed=seed)
        for k in (1, 5, 10):
            hits = recall_at(answers.first, k)
            found[f"recall_{k}"] = bootstrap_windows(hits, songs, "mean", seed=seed)
    if np.isfinite(answers.figure).any():
        found["figure_5"] = bootstrap_windows(answers.figure, songs, "mean", seed=seed)
    if np.isfinite(answers.style).any():
        found["style_5"] = bootstrap_macro(answers.style, songs, asked.styles, seed=seed)
    if method == "encoder":
        pairs = {
            "train_distance": [pair.train_distance for pair in asked.pairs],
            "test_distance": [pair.test_distance for pair in asked.pairs],
            "accuracy": [pair.test_accuracy for pair in asked.pairs],
            "beat_accuracy": [pair.beat_accuracy for pair in asked.pairs],
        }
        nan = float("nan")
        found |= {k: Interval(float(np.mean(v)), nan, nan, len(v)) for k, v in pairs.items()}
    return found


def _cells(asked: _Asked, method: str, row: str) -> Iterator[Cell]:
    """One cell a song: its own median, recalls and precision, to be compared in pairs."""
    answers = asked.methods[method]
    for song in dict.fromkeys(asked.songs.tolist()):
        own = asked.songs == song
        values = {"style_5": _mean(answers.style[own]), "figure_5": _mean(answers.figure[own])}
        if np.isfinite(answers.ranks[own]).all():
            values["median_rank"] = float(np.median(answers.ranks[own]))
            for k in (1, 5, 10):
                values[f"recall_{k}"] = float(recall_at(answers.first[own], k).mean())
        yield Cell("ask", row, song, {k: v for k, v in values.items() if np.isfinite(v)})


def _notes(
    material: Material,
    clips: Sequence[Clip],
    options: RetrievalOptions,
    leak: Leak,
    tracks: Mapping[str, NamedFigures],
) -> Iterator[str]:
    n_songs = len({clip.recording_id for clip in clips})
    yield (
        f"{n_songs} songs in {options.folds} folds, seed {options.seed}: every song is asked by an "
        "encoder that was trained on songs of other folds; intervals are 95 % over songs"
    )
    yield leak.statement("the dances to other songs")
    if options.no_leak:
        yield (
            "near-copies of a test dance were taken out of its candidates; the "
            "encoders have still seen that movement in training, to other music"
        )
    else:
        yield "near-copies were left among the candidates; a run without leaks takes them out"
    agreement = tempo_statement(material.tempi_bpm, tracks)
    if agreement:
        yield agreement


def _mean(values: Float64) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
