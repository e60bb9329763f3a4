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

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from danceit.bench.measures.ranking import (
    Strings,
    recall_at,
    style_precision,
    true_ranks,
)
from danceit.bench.measures.statistics import Interval, bootstrap_macro, bootstrap_windows
from danceit.bench.retrieval.fold import Fold, PairScores
from danceit.data import Float64, Int64
from danceit.retrieval.options import QueryOptions

QUERY_FRAMES = 48
BEST = 5
"""Fragments whose style counts."""
RECALLS = (1, 5, 10)
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

    def median_rank(self, method: str, *, seed: int = 0) -> Interval:
        """Median over windows of rank / N. Smaller is better, 0.5 is chance."""
        ranks = self.methods[method].ranks / self.pool
        return bootstrap_windows(ranks, self.songs, "median", seed=seed)

    def style(self, method: str, *, seed: int = 0) -> Interval:
        """Style precision at 5, macro over styles. Larger is better, 1 / styles is chance."""
        scores = self.methods[method].style_precision
        return bootstrap_macro(scores, self.songs, self.styles, seed=seed)

    def table(self, *, seed: int = 0) -> str:
        """Everything as text, the paper's Table III row last."""
        lines = [
            f"{'method':16}{'median rank/N':>24}{'R@1':>7}{'R@5':>7}{'R@10':>7}{'style@5':>24}"
        ]
        for name, scores in self.methods.items():
            row = f"{name:16}"
            if np.isnan(scores.ranks).any():
                row += f"{'-':>24}" + f"{'-':>7}" * 3
            else:
                row += f"{_told(self.median_rank(name, seed=seed)):>24}"
                row += "".join(f"{recall_at(scores.ranks, k).mean():7.3f}" for k in RECALLS)
            lines.append(row + f"{_told(self.style(name, seed=seed)):>24}")
        means = [
            np.mean([getattr(pair, name) for pair in self.pairs])
            for name in ("train_distance", "test_distance", "train_accuracy", "test_accuracy")
        ]
        lines.append(
            "distance of matching pairs: train {:.3f}, test {:.3f}; "
            "correlation accuracy: train {:.3f}, test {:.3f}".format(*means)
        )
        beat = np.mean([pair.beat_accuracy for pair in self.pairs])
        if np.isfinite(beat):
            lines.append(
                f"nearer to its own movement than to that of a beat later: {beat:.0%} "
                "of windows (chance 50%)"
            )
        return "\n".join(lines)


@dataclass(frozen=True)
class Answer:
    """One fold's part of the report."""

    songs: Strings
    styles: Strings
    methods: dict[str, MethodScores]
    pairs: PairScores
    best_step: int

    @classmethod
    def of(
        cls, fold: Fold, audio_weight: float, rng: np.random.Generator, best_step: int
    ) -> "Answer":
        """Put both questions to every method."""
        match = np.arange(len(fold.songs))
        library, wanted = fold.library.styles, fold.styles
        methods = {
            name: MethodScores(
                np.full(len(match), np.nan) if to_unseen is None else true_ranks(to_unseen, match),
                style_precision(to_library, library, wanted, BEST, rng),
            )
            for name, (to_unseen, to_library) in fold.questions(audio_weight, rng).items()
        }
        return cls(fold.songs, fold.styles, methods, fold.pairs(), best_step)


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


def _told(interval: Interval) -> str:
    """Write a value with its interval, if there is one; a dash where nothing was measured."""
    if np.isnan(interval.mean):
        return "-"
    if np.isnan(interval.low):
        return f"{interval.mean:.3f}"
    return f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
