"""How well songs that training never heard find their movement.

Songs are dealt into folds; each fold is asked by an encoder trained on the others. Two
questions are put to every method:

- *the true fragment*: windows of the held-out songs ask the held-out fragments, by
  movement alone. Reported are the rank of the fragment really danced (share of the N
  fragments; 0.5 is chance) and recall at 1, 5 and 10.
- *the style*: the same windows ask the library, the fragments of the training songs with
  their music, as a query does. Reported is the style precision of the five best.

Leaks: every split here is by recording, but dances share movement. Of one-second windows,
any two waltzes of the Tang dances have 30 to 70 % in common, so an encoder has seen most
of the movement (not the music) of a held-out waltz, and near-copies of a true fragment
compete with it for its rank. The first flatters, the second punishes; `danceit.bench`
measures both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from danceit.audio import features
from danceit.data import FPS, Clip, Float32, Float64, Int64
from danceit.retrieval import baselines
from danceit.retrieval.configuration import TrainingConfig
from danceit.retrieval.dataset import (
    Batch,
    FeatureReader,
    Part,
    Performance,
    gather,
    prepare,
    song_folds,
)
from danceit.retrieval.encoders import FragmentEncoder, pick_device
from danceit.retrieval.losses import LOSSES
from danceit.retrieval.options import QueryOptions
from danceit.retrieval.ranking import (
    Figure,
    Strings,
    best_threshold,
    correlation_accuracy,
    macro_figure,
    mean_figure,
    median_figure,
    recall_at,
    squared_distances,
    style_precision,
    true_ranks,
)
from danceit.retrieval.run import Progress, Run
from danceit.retrieval.training import hold_out

QUERY_FRAMES = 48
BEST = 5
"""Fragments whose style counts."""
RECALLS = (1, 5, 10)
DELAY_FRAMES = 72
"""How far the music of a delayed pair is moved: 3 s (DanceIt Fig. 7: a few seconds)."""
DEFAULT_AUDIO_WEIGHT = QueryOptions().audio_weight
"""Share of the audio-to-audio distance in a query's cost; see docs/retrieval.md."""


@dataclass(frozen=True)
class MethodScores:
    """One method, window by window.

    Attributes
    ----------
    ranks : float64 (Q,)
        Of the true fragment, from 0; NaN where the method cannot ask for movement.
    style_precision : float64 (Q,)
        Of the `BEST` library fragments; NaN where the song's style is unknown.
    """

    ranks: Float64
    style_precision: Float64


@dataclass(frozen=True)
class PairScores:
    """DanceIt's Table III row for one fold: mean squared distances and correlation accuracy."""

    train_distance: float
    test_distance: float
    train_accuracy: float
    test_accuracy: float
    threshold: float


@dataclass(frozen=True)
class RetrievalReport:
    """All folds together.

    Attributes
    ----------
    n_frames : int
        Fragment length.
    songs, styles : str (Q,)
        Recording and style of each window.
    pool : int64 (Q,)
        N, the held-out fragments it was ranked among.
    fold : int64 (Q,)
    methods : dict of str to MethodScores
        ``encoder`` (movement), ``encoder+audio`` (as a query weighs both), ``audio`` (the
        encoder's audio-to-audio space alone), and the baselines ``random``, ``tempo``,
        ``nearest audio`` and ``true pair`` (the true fragment itself asks).
    pairs : tuple of PairScores
        One a fold.
    best_steps : tuple of int
        When each fold's encoder was at its best.
    """

    n_frames: int
    songs: Strings
    styles: Strings
    pool: Int64
    fold: Int64
    methods: dict[str, MethodScores]
    pairs: tuple[PairScores, ...]
    best_steps: tuple[int, ...]

    def median_rank(self, method: str, rng: np.random.Generator) -> Figure:
        """Median over windows of rank / N. Smaller is better, 0.5 is chance."""
        return median_figure(self.methods[method].ranks / self.pool, self.songs, rng)

    def recall(self, method: str, k: int, rng: np.random.Generator) -> Figure:
        """Share of windows whose true fragment is among the first `k`. Larger is better."""
        return mean_figure(recall_at(self.methods[method].ranks, k), self.songs, rng)

    def style(self, method: str, rng: np.random.Generator) -> Figure:
        """Style precision at 5, macro over styles. Larger is better, 1 / styles is chance."""
        scores = self.methods[method].style_precision
        return macro_figure(scores, self.songs, self.styles, rng)

    def table(self, rng: np.random.Generator) -> str:
        """Everything as text, the paper's Table III row last."""
        lines = [
            f"{'method':16}{'median rank/N':>24}{'R@1':>7}{'R@5':>7}{'R@10':>7}{'style@5':>24}"
        ]
        for name, scores in self.methods.items():
            row = f"{name:16}"
            if np.isnan(scores.ranks).any():
                row += f"{'-':>24}" + f"{'-':>7}" * 3
            else:
                row += f"{self.median_rank(name, rng)!s:>24}"
                row += "".join(f"{recall_at(scores.ranks, k).mean():7.3f}" for k in RECALLS)
            style = self.style(name, rng)
            lines.append(row + f"{'-' if np.isnan(style.value) else str(style):>24}")
        means = [
            np.mean([getattr(pair, name) for pair in self.pairs])
            for name in ("train_distance", "test_distance", "train_accuracy", "test_accuracy")
        ]
        lines.append(
            "distance of matching pairs: train {:.3f}, test {:.3f}; "
            "correlation accuracy: train {:.3f}, test {:.3f}".format(*means)
        )
        return "\n".join(lines)


def evaluate_retrieval(
    clips: Sequence[Clip],
    config: TrainingConfig | None = None,
    *,
    folds: int = 4,
    n_frames: int = QUERY_FRAMES,
    rng: np.random.Generator,
    folder: Path | None = None,
    progress: Callable[[int, int], Progress] | None = None,
    device: str = "auto",
    audio_weight: float = DEFAULT_AUDIO_WEIGHT,
    read_features: FeatureReader | None = None,
) -> RetrievalReport:
    """Train on all folds but one, ask with the songs of that one, for each fold.

    Parameters
    ----------
    clips : sequence of Clip
    config : TrainingConfig, optional
        Early stopping is on songs held out of the training folds, never on the test's.
    folds : int
    n_frames : int
        Length of the fragments asked with and for.
    rng : numpy.random.Generator
        Deals the songs into folds and breaks ties.
    folder : Path, optional
        Keeps each fold's run, so that an evaluation that was stopped goes on.
    progress : callable, optional
        Given fold and folds, returns what is told each `Milestone`.
    device : str
    audio_weight : float
        Of ``encoder+audio``.
    read_features : callable, optional
        Replaces `danceit.audio.features`.

    Raises
    ------
    InputError
        If there are fewer songs than folds, or too few to train on.
    """
    config = config or TrainingConfig()
    loss = LOSSES.get(config.loss)
    config = replace(config, encoder=replace(config.encoder, normalised=loss.normalised))
    performances = prepare(clips, config.encoder, tempi=config.tempi, read_features=read_features)
    answers = []
    for number, held in enumerate(song_folds(performances, folds, rng)):
        run_folder = folder / f"fold{number}" if folder else None
        train = [item for i, item in enumerate(performances) if i not in held]
        run = Run(
            train, hold_out(train, config)[0], config, folder=run_folder, device=pick_device(device)
        )
        run.start()
        run.go_on(progress(number, folds) if progress else None)
        asking = [performances[i] for i in held]
        fold = Fold.of(train, asking, run.encoder, n_frames, read_features)
        scores = fold.scores(audio_weight, rng)
        answers.append(Answer(fold.songs, fold.styles, scores, fold.pairs(), run.state.best_step))
    return combined(answers, n_frames)


@dataclass(frozen=True)
class Answer:
    """One fold's part of the report."""

    songs: Strings
    styles: Strings
    methods: dict[str, MethodScores]
    pairs: PairScores
    best_step: int


@dataclass(frozen=True)
class Side:
    """Fragments of some songs as one encoder embeds them.

    `poses`, `audio` are (N, D), `sound` (N, A), `timbre` (N, 26), `tempo_bpm` (N,);
    `delayed` (N, D) is the music `DELAY_FRAMES` later.
    """

    batch: Batch
    songs: Strings
    styles: Strings
    poses: Float32
    audio: Float32
    delayed: Float32
    sound: Float32
    timbre: Float64
    tempo_bpm: Float64

    @classmethod
    def of(
        cls,
        performances: Sequence[Performance],
        encoder: FragmentEncoder,
        n_frames: int,
        read_features: FeatureReader | None = None,
    ) -> "Side":
        """Embed all non-overlapping fragments of `n_frames` and their music."""
        parts = [Part(i, 0, item.n_frames) for i, item in enumerate(performances)]
        batch = gather(performances, parts, n_frames)
        read = read_features or features
        audio, delayed, tempo, timbre = [], [], [], []
        for which in dict.fromkeys(batch.performance.tolist()):
            take = performances[which].takes[0]
            starts = batch.start[batch.performance == which] + take.first
            last = len(take.heard.frames) - 1
            later = np.where(
                starts + DELAY_FRAMES <= last,
                starts + DELAY_FRAMES,
                np.maximum(starts - DELAY_FRAMES, 0),
            )
            audio.append(encoder.embed_heard(take.heard, np.minimum(starts, last), n_frames))
            delayed.append(encoder.embed_heard(take.heard, later, n_frames))
            mfcc = read(performances[which].audio_path, "mfcc")
            rows = np.minimum(starts[:, None] + np.arange(n_frames), len(mfcc) - 1)
            timbre.append(baselines.timbre_statistics(mfcc[rows]))
            beat = take.heard.beat_frames
            tempo.append(np.full(len(starts), 60 * FPS / beat if beat else 0.0))
        return cls(
            batch=batch,
            songs=np.array([performances[i].recording_id for i in batch.performance]),
            styles=np.array([performances[i].style for i in batch.performance]),
            poses=encoder.embed_poses(batch.poses),
            audio=np.concatenate(audio),
            delayed=np.concatenate(delayed),
            sound=encoder.describe_heard(batch.around),
            timbre=np.concatenate(timbre),
            tempo_bpm=np.concatenate(tempo),
        )


@dataclass(frozen=True)
class Fold:
    """An encoder, the library it was trained on, and the songs that ask."""

    library: Side
    asking: Side

    @property
    def songs(self) -> Strings:
        """Recording of each asking window."""
        return self.asking.songs

    @property
    def styles(self) -> Strings:
        """Style of each asking window's song."""
        return self.asking.styles

    @classmethod
    def of(
        cls,
        train: Sequence[Performance],
        held: Sequence[Performance],
        encoder: FragmentEncoder,
        n_frames: int,
        read_features: FeatureReader | None = None,
    ) -> "Fold":
        """Embed both sides."""
        library = Side.of(train, encoder, n_frames, read_features)
        return cls(library, Side.of(held, encoder, n_frames, read_features))

    def scores(self, audio_weight: float, rng: np.random.Generator) -> dict[str, MethodScores]:
        """Put both questions to every method."""
        ask, held, library = self.asking, self.asking, self.library
        movement = squared_distances(ask.audio, library.poses)
        sound = squared_distances(ask.sound, library.sound)
        timbre = baselines.timbre_distances(ask.timbre, library.timbre)
        by_movement = squared_distances(ask.audio, held.poses)
        beat = baselines.movement_tempo(held.batch.poses)
        nothing = np.zeros_like(by_movement)
        questions = {
            "encoder": (by_movement, movement),
            "encoder+audio": (None, fused(movement, sound, audio_weight)),
            "audio": (None, sound),
            "random": (nothing, np.zeros_like(movement)),
            "tempo": (
                baselines.octaves_apart(ask.tempo_bpm, beat),
                baselines.octaves_apart(ask.tempo_bpm, library.tempo_bpm),
            ),
            "nearest audio": (
                baselines.borrowed(timbre, library.batch.poses, held.batch.poses),
                timbre,
            ),
            "true pair": (
                squared_distances(held.poses, held.poses),
                squared_distances(held.poses, library.poses),
            ),
        }
        match = np.arange(len(ask.songs))
        return {
            name: MethodScores(
                np.full(len(match), np.nan) if to_held is None else true_ranks(to_held, match),
                style_precision(to_library, library.styles, ask.styles, BEST, rng),
            )
            for name, (to_held, to_library) in questions.items()
        }

    def pairs(self) -> PairScores:
        """Table III: matching and delayed pairs, the threshold fitted on the training songs."""
        distances = {
            name: (
                ((side.audio - side.poses) ** 2).sum(axis=1).astype(np.float64),
                ((side.delayed - side.poses) ** 2).sum(axis=1).astype(np.float64),
            )
            for name, side in (("train", self.library), ("test", self.asking))
        }
        threshold = best_threshold(*distances["train"])
        return PairScores(
            train_distance=float(distances["train"][0].mean()),
            test_distance=float(distances["test"][0].mean()),
            train_accuracy=correlation_accuracy(*distances["train"], threshold),
            test_accuracy=correlation_accuracy(*distances["test"], threshold),
            threshold=threshold,
        )


def fused(movement: Float64, sound: Float64, audio_weight: float) -> Float64:
    """Weighted mean of both distances (Q, N), each divided by its median, as a query does it."""
    near = movement / max(float(np.median(movement)), 1e-9)
    alike = sound / max(float(np.median(sound)), 1e-9)
    return (1 - audio_weight) * near + audio_weight * alike


def combined(answers: Sequence[Answer], n_frames: int) -> RetrievalReport:
    """One report of all folds' answers."""
    sizes = [len(answer.songs) for answer in answers]
    return RetrievalReport(
        n_frames=n_frames,
        songs=np.concatenate([answer.songs for answer in answers]),
        styles=np.concatenate([answer.styles for answer in answers]),
        pool=np.repeat(sizes, sizes).astype(np.int64),
        fold=np.repeat(np.arange(len(answers)), sizes).astype(np.int64),
        methods={
            name: MethodScores(
                np.concatenate([answer.methods[name].ranks for answer in answers]),
                np.concatenate([answer.methods[name].style_precision for answer in answers]),
            )
            for name in answers[0].methods
        },
        pairs=tuple(answer.pairs for answer in answers),
        best_steps=tuple(answer.best_step for answer in answers),
    )
