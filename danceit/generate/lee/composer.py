"""MM-GAN: how to put units together to music (3.2, eq. 6-10), and the baseline without it.

Everything happens among latent codes: the units of a dance are movements encoded by the
trained DU-VAE, which stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim import Adam

from danceit.data import Int64
from danceit.generate.descent import descend
from danceit.generate.lee.networks import (
    JUDGED_UNITS,
    NOISE,
    DanceDecoder,
    DanceEncoder,
    Gaussian,
    Judge,
    StyleRegressor,
    StyleToDance,
)
from danceit.generate.lee.unit_vae import BETAS, CLIPPED
from danceit.generate.sets import set_distance, standing_and_moving
from danceit.generate.setting import Setting


@dataclass(frozen=True)
class ComposerWeights:
    """Weights of eq. 10 (4.2)."""

    style: float = 1.0
    adversarial_movement: float = 0.1
    adversarial_dance: float = 0.1
    kl: float = 0.01


@dataclass(frozen=True)
class Sequences:
    """Sequences of one length: which units, and the music that they were danced to.

    Attributes
    ----------
    units : int64 (S, U)
        Rows of the movements.
    audio : Tensor (S, 28)
    style : Tensor (S, 30)
    """

    units: Int64
    audio: Tensor
    style: Tensor


@dataclass(frozen=True)
class Danced:
    """Units of one side, encoded (U, 512), and the sequences of each length among them."""

    movements: Gaussian
    sequences: tuple[Sequences, ...]


@dataclass(frozen=True)
class Paired:
    """Units encoded (S, 512), and the style of the music that each was danced to (S, 30)."""

    movements: Gaussian
    style: Tensor


@dataclass(frozen=True)
class SequenceBatch:
    """Sequences that a step is taken on.

    Attributes
    ----------
    movements : Gaussian (B, U, 512)
    audio : Tensor (B, 28)
    style : Tensor (B, 30)
    first : int
        First of the three units that are judged.
    """

    movements: Gaussian
    audio: Tensor
    style: Tensor
    first: int = 0


class Composer(nn.Module):
    """E_mtd, G_dan, E_std and E_sty together."""

    def __init__(
        self,
        encoder: DanceEncoder,
        decoder: DanceDecoder,
        from_style: StyleToDance,
        regressor: StyleRegressor,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.from_style, self.regressor = from_style, regressor


class Judges(nn.Module):
    """D_mov, which sees three movements in a row, and D_dan."""

    def __init__(self, movement: Judge, dance: Judge) -> None:
        super().__init__()
        self.movement, self.dance = movement, dance


@dataclass(frozen=True)
class Composed:
    """What one batch comes to: real dances encoded and decoded, and dances from music."""

    dance: Gaussian
    code: Tensor
    movements: Gaussian
    made_dance: Gaussian
    made_code: Tensor
    made_movements: Gaussian


def composed(composer: Composer, movements: Gaussian, style: Tensor) -> Composed:
    """Encode and decode movements (B, U, 512), and make others from the style (B, 30)."""
    n_units = movements.mean.shape[1]
    dance = composer.encoder(movements.pair())
    code = dance.sample()
    made = composer.from_style(style, torch.randn(len(style), NOISE, device=style.device))
    made_code = made.sample()
    return Composed(
        dance=dance,
        code=code,
        movements=composer.decoder(code, n_units),
        made_dance=made,
        made_code=made_code,
        made_movements=composer.decoder(made_code, n_units),
    )


def judge_losses(
    judges: Judges, batch: SequenceBatch, result: Composed, weights: ComposerWeights
) -> dict[str, Tensor]:
    """Eq. 6 and 8 as the judges see them."""
    real, made = (
        _judged(judges, movements.detached(), dance.detached(), batch)
        for movements, dance in (
            (result.movements, result.dance),
            (result.made_movements, result.made_dance),
        )
    )
    return {
        "judge of movements": weights.adversarial_movement * (_is(real[0], 1) + _is(made[0], 0)),
        "judge of dances": weights.adversarial_dance * (_is(real[1], 1) + _is(made[1], 0)),
    }


def composer_losses(
    composer: Composer,
    judges: Judges,
    batch: SequenceBatch,
    result: Composed,
    weights: ComposerWeights,
) -> dict[str, Tensor]:
    """Eq. 10 part by part; the adversarial parts in their non-saturating form.

    Both dances are held near the prior, as in the release: else what is made for music decodes
    to the mean of all movements, a body that stands.
    """
    verdicts = _judged(judges, result.made_movements, result.made_dance, batch)
    told = [
        (composer.regressor(code) - batch.style).abs().mean()
        for code in (result.code, result.made_code)
    ]
    return {
        "reconstruction": (result.movements.pair() - batch.movements.pair()).abs().mean(),
        "style": weights.style * torch.stack(told).sum(),
        "movements": weights.adversarial_movement * _is(verdicts[0], 1),
        "dances": weights.adversarial_dance * _is(verdicts[1], 1),
        "KL": weights.kl * (result.dance.kl() + result.made_dance.kl()),
    }


def _judged(
    judges: Judges, movements: Gaussian, dance: Gaussian, batch: SequenceBatch
) -> tuple[Tensor, Tensor]:
    seen = movements.pair()[:, batch.first : batch.first + JUDGED_UNITS]
    return judges.movement(seen, batch.audio), judges.dance(dance.pair()[:, None], batch.audio)


def _is(verdict: Tensor, real: int) -> Tensor:
    return binary_cross_entropy_with_logits(verdict, torch.full_like(verdict, float(real)))


class ComposerLesson:
    """The last lesson; see `danceit.generate.course.Lesson`.

    Parameters
    ----------
    learnt, held_out : Danced
        What is learnt from, and songs that only judge.
    """

    name = "composition"

    def __init__(
        self,
        composer: Composer,
        judges: Judges,
        learnt: Danced,
        held_out: Danced,
        weights: ComposerWeights,
        setting: Setting,
    ) -> None:
        self.composer, self.judges, self.weights = composer, judges, weights
        self.setting, self.pace = setting, setting.pace
        self.movements, self.sequences = learnt.movements, _some(learnt.sequences)
        self.held_movements, self.held_sequences = held_out.movements, _some(held_out.sequences)
        self.modules = {"composer": composer, "judges": judges}
        self.optimisers = {
            "composer_adam": Adam(composer.parameters(), setting.learning_rate, BETAS),
            "judges_adam": Adam(judges.parameters(), setting.learning_rate, BETAS),
        }
        self.steps_an_epoch = sum(len(s.units) for s in self.sequences) / setting.batch

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        """Judges first, then those that are judged, on sequences of one length."""
        batch = self._drawn(rng)
        self.composer.train()
        self.judges.train()
        with self.setting.lowered():
            result = composed(self.composer, batch.movements, batch.style)
            judged = judge_losses(self.judges, batch, result, self.weights)
        self._update("judges_adam", judged)
        with self.setting.lowered():
            parts = composer_losses(self.composer, self.judges, batch, result, self.weights)
        self._update("composer_adam", parts)
        return {name: float(part.detach()) for name, part in {**parts, **judged}.items()}

    def _drawn(self, rng: np.random.Generator) -> SequenceBatch:
        sequences = self.sequences[int(rng.integers(len(self.sequences)))]
        chosen = rng.integers(len(sequences.units), size=self.setting.batch)
        first = int(rng.integers(sequences.units.shape[1] - JUDGED_UNITS + 1))
        movements = _taken(self.movements, sequences.units[chosen])
        return SequenceBatch(movements, sequences.audio[chosen], sequences.style[chosen], first)

    def _update(self, name: str, parts: dict[str, Tensor]) -> None:
        loss = torch.stack(list(parts.values())).sum()
        descend(self.optimisers[name], loss, longest=CLIPPED)

    @torch.no_grad()
    def check(self) -> float:
        """How far movements made for songs held out are from those danced to them, as sets.

        Movements are looked at as the networks see them, by mean and log variance: of drawn
        codes every set that is near the prior is like every other. A sequence is seen by where
        its movements are among all, how they differ, and how far one is from the next.
        """
        judged = [s for s in self.held_sequences if len(s.units) > 1]
        if not judged:
            return float("nan")
        self.composer.eval()
        each, random = [], torch.Generator().manual_seed(0)
        for sequences in judged:
            real = _taken(self.held_movements, sequences.units).pair()
            noise = torch.randn(len(real), NOISE, generator=random).to(real.device)
            code = self.composer.from_style(sequences.style, noise).sample(random)
            made = self.composer.decoder(code, real.shape[1]).pair()
            each.append(set_distance(standing_and_moving(made), standing_and_moving(real)))
        return float(torch.stack(each).mean())


class PairingLesson:
    """The baseline without L_comp: a unit's movement is near its music in the latent space (4.3).

    `from_style` then maps music to movements, one by one.
    """

    name = "pairing"

    def __init__(
        self,
        from_style: StyleToDance,
        learnt: Paired,
        held_out: Paired,
        kl: float,
        setting: Setting,
    ) -> None:
        self.from_style, self.learnt, self.held_out, self.kl = from_style, learnt, held_out, kl
        self.setting, self.pace = setting, setting.pace
        self.modules = {"from_style": from_style}
        adam = Adam(from_style.parameters(), setting.learning_rate, BETAS)
        self.optimisers = {"pairing_adam": adam}
        self.steps_an_epoch = len(learnt.style) / setting.batch

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        """One batch of units with their music."""
        style, movements = self.learnt.style, self.learnt.movements
        chosen = torch.from_numpy(rng.integers(len(style), size=self.setting.batch))
        noise = torch.randn(len(chosen), NOISE, device=style.device)
        made = self.from_style(style[chosen], noise)
        parts = {
            "distance": (made.sample() - movements.mean[chosen]).abs().mean(),
            "KL": self.kl * made.kl(),
        }
        (optimiser,) = self.optimisers.values()
        descend(optimiser, torch.stack(list(parts.values())).sum())
        return {name: float(part.detach()) for name, part in parts.items()}

    @torch.no_grad()
    def check(self) -> float:
        """Distance on songs held out."""
        style = self.held_out.style
        if not len(style):
            return float("nan")
        made = self.from_style(style, torch.zeros(len(style), NOISE, device=style.device)).mean
        return float((made - self.held_out.movements.mean).abs().mean())


def _taken(movements: Gaussian, rows: Int64) -> Gaussian:
    index = torch.from_numpy(rows)
    return Gaussian(movements.mean[index], movements.log_variance[index])


def _some(sequences: Sequence[Sequences]) -> list[Sequences]:
    return [each for each in sequences if len(each.units)]
