"""One fold: an encoder, the library it was trained on, and the unheard songs that ask.

Everything is embedded once (`Side`); the distances of every method follow from that
(`Fold.questions`), and what is read off them is the evaluation's and the bench's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from danceit.audio import features
from danceit.bench.measures.ranking import (
    Strings,
    best_threshold,
    correlation_accuracy,
    squared_distances,
)
from danceit.bench.retrieval import baselines
from danceit.data import FPS, Float32, Float64, Int64
from danceit.retrieval.encoder.dataset import FeatureReader, Part, Performance, WindowBatch, gather
from danceit.retrieval.encoder.encoders import FragmentEncoder

DELAY_FRAMES = 72
"""How far the music of a delayed pair is moved: 3 s (DanceIt Fig. 7: a few seconds)."""


@dataclass(frozen=True)
class PairScores:
    """DanceIt's Table III row for one fold: mean squared distances and correlation accuracy.

    `beat_accuracy` is the share of windows of unheard songs that lie nearer to their own movement
    than to the same dance one beat later or earlier; chance is 0.5, NaN where no song has a beat.
    """

    train_distance: float
    test_distance: float
    train_accuracy: float
    test_accuracy: float
    threshold: float
    beat_accuracy: float = float("nan")


@dataclass(frozen=True)
class Side:
    """Fragments of some songs as one encoder embeds them.

    `poses`, `audio` are (N, D), `sound` (N, A), `timbre` (N, 26), `tempo_bpm` (N,);
    `delayed` (N, D) is the music `DELAY_FRAMES` later, `shifted` (N, D) the movement one beat
    later, or earlier at a dance's end; NaN where the song has no beat.
    """

    batch: WindowBatch
    songs: Strings
    styles: Strings
    poses: Float32
    audio: Float32
    delayed: Float32
    shifted: Float32
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
        audio, delayed, shifted, tempo, timbre = [], [], [], [], []
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
            own = batch.start[batch.performance == which]
            shifted.append(_shifted(take.poses, own, beat, n_frames, encoder))
            tempo.append(np.full(len(starts), 60 * FPS / beat if beat else 0.0))
        return cls(
            batch=batch,
            songs=np.array([performances[i].recording_id for i in batch.performance]),
            styles=np.array([performances[i].style for i in batch.performance]),
            poses=encoder.embed_poses(batch.poses),
            audio=np.concatenate(audio),
            delayed=np.concatenate(delayed),
            shifted=np.concatenate(shifted),
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

    def questions(
        self, audio_weight: float, rng: np.random.Generator
    ) -> dict[str, tuple[Float64 | None, Float64]]:
        """Distances by every method: windows to unseen fragments (Q, Q), to the library's (Q, N).

        The first is None for a method that knows music only. The methods are those of
        `danceit.bench.retrieval.evaluation.RetrievalReport`.
        """
        ask, library = self.asking, self.library
        movement = squared_distances(ask.audio, library.poses)
        sound = squared_distances(ask.sound, library.sound)
        timbre = baselines.timbre_distances(ask.timbre, library.timbre)
        beat = baselines.movement_tempo(ask.batch.poses)
        n_asked, n_library = len(ask.songs), len(library.songs)
        return {
            "encoder": (squared_distances(ask.audio, ask.poses), movement),
            "encoder+audio": (None, fused(movement, sound, audio_weight)),
            "audio": (None, sound),
            "random": (rng.random((n_asked, n_asked)), rng.random((n_asked, n_library))),
            "tempo": (
                baselines.octaves_apart(ask.tempo_bpm, beat),
                baselines.octaves_apart(ask.tempo_bpm, library.tempo_bpm),
            ),
            "nearest audio": (
                baselines.borrowed(timbre, library.batch.poses, ask.batch.poses),
                timbre,
            ),
            "true pair": (
                squared_distances(ask.poses, ask.poses),
                squared_distances(ask.poses, library.poses),
            ),
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
            beat_accuracy=_beat_accuracy(self.asking),
        )


def _shifted(
    poses: Float32, starts: Int64, beat_frames: float, n_frames: int, encoder: FragmentEncoder
) -> Float32:
    """Embed fragments (N,) of a dance one beat later, or earlier where it ends before that."""
    beat = round(beat_frames)
    later = np.where(starts + beat + n_frames <= len(poses), starts + beat, starts - beat)
    possible = (later >= 0) & (beat > 0)
    frames = np.where(possible, later, starts)[:, None] + np.arange(n_frames)
    vectors = encoder.embed_poses(poses[frames]).astype(np.float32)
    vectors[~possible] = np.nan
    return vectors


def _beat_accuracy(side: Side) -> float:
    own = ((side.audio - side.poses) ** 2).sum(axis=1)
    other = ((side.audio - side.shifted) ** 2).sum(axis=1)
    known = np.isfinite(other)
    return float(np.mean(own[known] < other[known])) if known.any() else float("nan")


def fused(movement: Float64, sound: Float64, audio_weight: float) -> Float64:
    """Weighted mean of both distances (Q, N), each divided by its median, as a query does it."""
    near = movement / max(float(np.median(movement)), 1e-9)
    alike = sound / max(float(np.median(sound)), 1e-9)
    return (1 - audio_weight) * near + audio_weight * alike
