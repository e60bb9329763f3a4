"""Training an encoder on clips with sound: seeded, resumable, stopped early, logged.

The run folder holds ``training.safetensors`` (everything needed to go on: weights, best
weights, optimiser, random states), ``log.csv``, ``loss.png`` and, at the end, the encoder
itself. A run that was killed goes on where the last checkpoint stood and ends with the same
weights as one that was not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from danceit.data import FPS, Clip
from danceit.progress import Progress, silent
from danceit.retrieval.encoder.configuration import TrainingConfig
from danceit.retrieval.encoder.dataset import (
    FeatureReader,
    Part,
    Performance,
    Split,
    TooLittleSoundError,
    performances_of,
    split_at_random,
    split_by_song,
)
from danceit.retrieval.encoder.encoders import FragmentEncoder, pick_device
from danceit.retrieval.encoder.loss_plot import plot_loss
from danceit.retrieval.encoder.losses import LOSSES, Loss
from danceit.retrieval.encoder.run import LOG_FILE, Run

PLOT_FILE = "loss.png"
FEW_SONGS = 5
"""Songs under which what is learned does not carry to others; docs/retrieval.md says so too."""
TOO_FEW = (
    "{n} songs are too few to learn how music is danced: tempo, counts and style will fit, hardly "
    "more; better an encoder trained on more dances than these"
)


@dataclass(frozen=True)
class TrainingReport:
    """How training went.

    Attributes
    ----------
    encoder : FragmentEncoder
        With the weights of the best validation.
    folder : Path
    best_step, last_step : int
    validation_rank : float
        Median rank of the true fragment, divided by their number; 0.5 is chance.
    validation_songs : tuple of str
        Recordings held out; those of the random split are heard in training as well.
    training_songs : tuple of str
    stopped_early, resumed : bool
    note : str
        Anything the user should know; empty mostly.
    table : str
        `danceit.bench.retrieval.held_out.held_out_table`, where it was asked for.
    """

    encoder: FragmentEncoder
    folder: Path
    best_step: int
    last_step: int
    validation_rank: float
    validation_songs: tuple[str, ...]
    training_songs: tuple[str, ...]
    stopped_early: bool
    resumed: bool
    note: str = ""
    table: str = ""


def train(
    clips: Sequence[Clip],
    config: TrainingConfig | None = None,
    *,
    out: Path,
    progress: Progress = silent,
    device: str = "auto",
    restart: bool = False,
    read_features: FeatureReader | None = None,
) -> TrainingReport:
    """Train an encoder and leave it in `out`.

    Parameters
    ----------
    clips : sequence of Clip
        Cleaned clips; those without sound are left out.
    config : TrainingConfig, optional
    out : Path
        Run and encoder folder. A run with the same configuration and clips that stands
        there unfinished is continued.
    progress : callable, optional
        Told every step, with the loss and the latest validation rank.
    device : str
        ``auto``, ``cpu``, ``cuda``...
    restart : bool
        Begin anew, whatever stands in `out`.
    read_features : callable, optional
        Replaces `danceit.audio.features`.

    Raises
    ------
    InputError
        If nothing can be learned from the clips, or `out` holds another run.
    """
    config = config or TrainingConfig()
    loss: Loss = LOSSES.get(config.loss)
    config = replace(config, encoder=replace(config.encoder, normalised=loss.normalised))
    performances = performances_of(
        clips, config.encoder, tempi=config.tempi, read_features=read_features
    )
    split, note = hold_out(performances, config)
    n_songs = len({item.recording_id for item in performances})
    if not split.train or not split.held_out:
        seconds = sum(item.n_frames for item in performances) / FPS
        raise TooLittleSoundError(
            f"{seconds:.1f} s of dance with sound are too little to learn from: give more dances, "
            "best to several songs, or an encoder trained on others (`encoder`)"
        )
    run = Run(performances, split, config, folder=Path(out), device=pick_device(device))
    resumed = run.start(restart=restart)
    run.go_on(progress)
    run.encoder.save(Path(out))
    plot_loss(Path(out) / LOG_FILE, Path(out) / PLOT_FILE)
    return TrainingReport(
        encoder=run.encoder,
        folder=Path(out),
        best_step=run.state.best_step,
        last_step=run.state.step,
        validation_rank=run.state.best_rank,
        validation_songs=_songs(performances, split.held_out),
        training_songs=_songs(performances, split.train),
        stopped_early=run.state.step < config.steps,
        resumed=resumed,
        note=note or (TOO_FEW.format(n=n_songs) if n_songs < FEW_SONGS else ""),
    )


def hold_out(performances: Sequence[Performance], config: TrainingConfig) -> tuple[Split, str]:
    """Split for validation; one song alone is split at random, and the note says so."""
    rng = np.random.default_rng(config.seed)
    n_songs = len({item.recording_id for item in performances})
    if config.split == "random":
        return split_at_random(performances, config.validation_share, rng), ""
    if n_songs == 1:
        note = "only one song: the validation rank is of passages of the same song"
        return split_at_random(performances, config.validation_share, rng), note
    return split_by_song(performances, config.validation_share, rng), ""


def _songs(performances: Sequence[Performance], parts: Sequence[Part]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(performances[part.performance].recording_id for part in parts))
