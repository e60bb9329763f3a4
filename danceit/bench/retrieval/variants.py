"""What the bench of retrieval trains and compares: options, and the variants that they come to."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from danceit.data import FRAGMENT_LENGTHS, Clip
from danceit.errors import InputError
from danceit.retrieval.encoder.configuration import EncoderConfig, TrainingConfig
from danceit.retrieval.encoder.losses import LOSSES


@dataclass(frozen=True)
class RetrievalOptions:
    """What to train and compare; every list but `lengths` multiplies the trainings.

    Attributes
    ----------
    losses, feature_sets : tuple of str
    lengths : tuple of int
        Fragment lengths in frames to ask with; one training serves all.
    learning_rates, dropouts : tuple of float
    embeddings : tuple of int
        D_f; with the two above DanceIt's Table III.
    training : TrainingConfig
        Everything else; what the lists above say goes before it.
    folds : int
    audio_weight : float
        Share of the audio-to-audio distance in ``encoder+audio``.
    dims : int or None
    seed : int
    no_leak : bool
        Take near-copies of the test dances out of the candidates.
    allow_leak : bool
        Accept test dances that are among the training dances themselves.
    resume : bool
    device : str
    """

    losses: tuple[str, ...] = ("infonce",)
    feature_sets: tuple[str, ...] = (EncoderConfig().feature_set,)
    lengths: tuple[int, ...] = (48,)
    learning_rates: tuple[float, ...] = (TrainingConfig().learning_rate,)
    dropouts: tuple[float, ...] = (EncoderConfig().dropout,)
    embeddings: tuple[int, ...] = (EncoderConfig().embedding,)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    folds: int = 4
    audio_weight: float = 0.5
    dims: int | None = None
    seed: int = 0
    no_leak: bool = False
    allow_leak: bool = False
    resume: bool = True
    device: str = "auto"


@dataclass(frozen=True)
class Variant:
    """One training configuration under the name it is reported by."""

    name: str
    config: TrainingConfig


def list_variants(options: RetrievalOptions, clips: Sequence[Clip]) -> tuple[Variant, ...]:
    """Every combination of the grid; a name tells only what differs within it.

    Raises
    ------
    InputError, PluginError
        If a value is out of range or unknown, or there are too few songs for the folds.
    """
    axes: tuple[tuple[str, tuple[object, ...]], ...] = (
        ("", options.losses),
        ("", options.feature_sets),
        ("lr ", options.learning_rates),
        ("dropout ", options.dropouts),
        ("D ", options.embeddings),
    )
    for length in options.lengths:
        if length not in FRAGMENT_LENGTHS:
            raise InputError(f"fragment lengths are {FRAGMENT_LENGTHS} frames; got {length}")
    n_songs = len({clip.recording_id for clip in clips})
    if options.folds < 2 or n_songs < 2 * options.folds:
        raise InputError(
            f"{options.folds} folds need at least two songs each; there are {n_songs} songs"
        )
    variants = []
    for loss, features, rate, dropout, width in itertools.product(*(each for _, each in axes)):
        values = (loss, features, rate, dropout, width)
        told = [
            f"{label}{value:g}" if isinstance(value, float) else f"{label}{value}"
            for (label, each), value in zip(axes, values, strict=True)
            if len(each) > 1 or value is loss
        ]
        encoder = replace(
            options.training.encoder,
            dims=min(clip.dims for clip in clips),
            feature_set=str(features),
            dropout=float(str(dropout)),
            embedding=int(str(width)),
            normalised=LOSSES.get(str(loss)).normalised,
        )
        config = replace(
            options.training,
            encoder=encoder,
            loss=str(loss),
            learning_rate=float(str(rate)),
            seed=options.seed,
        )
        variants.append(Variant(", ".join(told), config))
    return tuple(variants)
