"""The questions of the retrieval bench, asked of one fold, with leaks left in or taken out.

Two questions, as in `danceit.bench.retrieval.evaluation`: a window of an unseen song asks the
unseen fragments for the one really danced to it (its rank), and asks the library of
training dances for its style. Here both are answered from distances that may be masked:

- for the rank, unseen fragments that repeat the true one's movement are no wrong answers;
- for the style, library fragments that repeat the asking dance give its movement away.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from danceit.bench.measures.ranking import style_precision, true_ranks
from danceit.bench.named_figures import NamedFigures, relevance
from danceit.bench.retrieval.evaluation import BEST
from danceit.bench.retrieval.fingerprint import Copies
from danceit.bench.retrieval.fold import Fold, Side
from danceit.bench.retrieval.protocols import leaked
from danceit.data import FPS, Bool, Float64, Int64
from danceit.retrieval.encoder.dataset import Performance

BASELINES = ("random", "tempo", "nearest audio", "true pair")
AllCopies = Mapping[str, Copies]
"""For each clip, where its movement is found in every other."""


@dataclass(frozen=True)
class Place:
    """Where the fragments of one side come from, (N,) each."""

    clip_ids: tuple[str, ...]
    starts: Int64
    lengths: Int64
    figures: tuple[str, ...]


@dataclass(frozen=True)
class Answers:
    """One method's answers, window by window; NaN where it cannot be asked.

    Attributes
    ----------
    ranks : float64 (Q,)
        Rank of the true fragment from 0, over the number of candidates of its window.
    first : float64 (Q,)
        The rank itself.
    style, figure : float64 (Q,)
        Share of the `BEST` library fragments of the song's style; whether one of the
        `BEST` unseen ones is the true one or shows its figure.
    """

    ranks: Float64
    first: Float64
    style: Float64
    figure: Float64


def answer(
    fold: Fold,
    asking: Place,
    library: Place,
    copies: AllCopies | None,
    audio_weight: float,
    rng: np.random.Generator,
) -> dict[str, Answers]:
    """Ask every method both questions; `copies` are taken out of the candidates.

    Parameters
    ----------
    asking, library : Place
        Of the two sides of the fold.
    copies : mapping, or None
        With None nothing is taken out.
    """
    n_asked, n_library = len(asking.starts), len(library.starts)
    out_of_pool = np.zeros((n_asked, n_asked), dtype=bool)
    out_of_library = np.zeros((n_asked, n_library), dtype=bool)
    if copies is not None:
        out_of_pool = _rivals(asking, copies)
        out_of_library = _given_away(asking, library, copies)
    same_figure = relevance(list(asking.figures), list(asking.figures))
    annotated = np.array([figure != "" for figure in asking.figures])
    found = {}
    for name, (to_unseen, to_library) in fold.questions(audio_weight, rng).items():
        styles = style_precision(
            np.where(out_of_library, np.inf, to_library),
            fold.library.styles,
            fold.asking.styles,
            min(BEST, n_library),
            rng,
        )
        missing = np.full(n_asked, np.nan)
        ranks, first, figure = missing, missing, missing
        if to_unseen is not None:
            masked = np.where(out_of_pool, np.inf, to_unseen)
            first = true_ranks(masked, np.arange(n_asked))
            ranks = first / (~out_of_pool).sum(axis=1)
            hit = _figure_hits(masked, same_figure, rng)
            figure = np.where(annotated, hit, np.nan)
        found[name] = Answers(ranks, first, styles, figure)
    return found


def place_of(
    side: Side, performances: Sequence[Performance], tracks: Mapping[str, NamedFigures]
) -> Place:
    """Clip, frames and annotated figure of every fragment of a side."""
    clip_ids, figures = [], []
    n_frames = side.batch.poses.shape[1]
    for which, start in zip(side.batch.performance, side.batch.start, strict=True):
        item = performances[which]
        clip_ids.append(item.clip_id)
        track = tracks.get(item.recording_id.rpartition("/")[2])
        start_s = (item.takes[0].first + int(start)) / FPS
        figures.append(track.at(start_s, start_s + n_frames / FPS) if track else "")
    lengths = np.full(len(clip_ids), n_frames, dtype=np.int64)
    return Place(tuple(clip_ids), side.batch.start, lengths, tuple(figures))


def _figure_hits(distances: Float64, same_figure: Bool, rng: np.random.Generator) -> Float64:
    """1 where one of the `BEST` nearest is the true fragment or shows the same figure, (Q,)."""
    nearest = np.lexsort((rng.random(distances.shape), distances), axis=1)[:, :BEST]
    relevant = same_figure | np.eye(len(distances), dtype=bool)
    hits = np.take_along_axis(relevant, nearest, axis=1).any(axis=1)
    return np.asarray(hits, dtype=np.float64)


def _rivals(asking: Place, copies: AllCopies) -> Bool:
    """Unseen fragments (Q, Q) that repeat the true fragment of each window, itself excepted."""
    out = np.zeros((len(asking.starts),) * 2, dtype=bool)
    for row, (clip_id, start) in enumerate(zip(asking.clip_ids, asking.starts, strict=True)):
        found = copies.get(clip_id)
        if found is not None:
            inside = found.within(int(start), int(start + asking.lengths[row]))
            out[row] = leaked(inside, asking.clip_ids, asking.starts, asking.lengths)
    np.fill_diagonal(out, False)
    return out


def _given_away(asking: Place, library: Place, copies: AllCopies) -> Bool:
    """Library fragments (Q, N) that repeat the dance that each window belongs to."""
    out = np.zeros((len(asking.starts), len(library.starts)), dtype=bool)
    clips = np.array(asking.clip_ids)
    for clip_id in dict.fromkeys(asking.clip_ids):
        found = copies.get(clip_id)
        if found is not None:
            out[clips == clip_id] = leaked(found, library.clip_ids, library.starts, library.lengths)
    return out
