"""DU-VAE: how to move (3.1, eq. 3-5). A unit is taken apart into a first pose and a movement.

Losses are means over coordinates, the KL divergences sums over latent dimensions, as in the
release: with means the paper's weight would leave the codes to themselves, and what is drawn
for music would be no code of a movement. (The release brings that weight in by a sigmoid about
step 15 000, far beyond what a small library can be trained for; here it stands from the start.)
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Adam

from danceit.data import Float32
from danceit.generate.descent import descend
from danceit.generate.lee.networks import InitialPoseEncoder, MovementEncoder, UnitDecoder
from danceit.generate.lee.units import UNIT_JOINTS
from danceit.generate.scale import Scale
from danceit.generate.setting import Setting

CLIPPED = 0.5
"""Norm that gradients are clipped to, as in the release."""
BETAS = (0.5, 0.999)
_JUDGED = 128
"""Units held out that a check looks at: enough for two digits."""


@dataclass(frozen=True)
class VaeWeights:
    """Weights of eq. 5, and how far units are shifted for eq. 4, in px of the paper's images."""

    kl: float = 0.01
    shift: float = 1.0
    shift_x_px: float = 50.0
    shift_y_px: float = 20.0


class UnitVae(nn.Module):
    """E_ini, E_mov and G_uni together."""

    def __init__(
        self, initial: InitialPoseEncoder, movement: MovementEncoder, unit: UnitDecoder
    ) -> None:
        super().__init__()
        self.initial, self.movement, self.unit = initial, movement, unit

    def losses(self, units: Tensor, shifted: Tensor, weights: VaeWeights) -> dict[str, Tensor]:
        """Parts of L_decomp for units and the same units shifted, (B, 32, 28) both."""
        initial = self.initial(units[:, 0])
        movement, elsewhere = self.movement(units), self.movement(shifted)
        z_initial = initial.sample()
        own = self.unit(z_initial, movement.sample())
        borrowed = self.unit(z_initial, elsewhere.sample())
        return {
            "reconstruction": (own - units).abs().mean(),
            "shifted": weights.shift * (borrowed - units).abs().mean(),
            "KL": weights.kl * (initial.kl() + movement.kl()),
        }

    @torch.no_grad()
    def error(self, units: Tensor, shifted: Tensor, weights: VaeWeights) -> float:
        """L_decomp without KL, each code at its mean."""
        z_initial = self.initial(units[:, 0]).mean
        own = self.unit(z_initial, self.movement(units).mean)
        borrowed = self.unit(z_initial, self.movement(shifted).mean)
        parts = (own - units).abs().mean() + weights.shift * (borrowed - units).abs().mean()
        return float(parts)


class VaeLesson:
    """The first lesson; see `danceit.generate.course.Lesson`.

    Parameters
    ----------
    units, held_out : float32 (U, 32, 28)
        Canvas pixels.
    """

    name = "unit VAE"

    def __init__(
        self,
        vae: UnitVae,
        units: Float32,
        held_out: Float32,
        scale: Scale,
        weights: VaeWeights,
        setting: Setting,
    ) -> None:
        self.vae, self.weights, self.setting, self.pace = vae, weights, setting, setting.pace
        self.scale, self.batch, self._units = scale, min(setting.batch, len(units)), units
        self.modules = {"vae": vae}
        self.optimisers = {"vae_adam": Adam(vae.parameters(), setting.learning_rate, BETAS)}
        self.steps_an_epoch = len(units) / self.batch
        chosen = np.linspace(0, len(held_out) - 1, min(_JUDGED, len(held_out))).astype(int)
        judged = held_out[chosen]
        shifts = np.random.default_rng(0)
        self._judged = self._tensor(judged), self._tensor(self._shifted(judged, shifts))

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        """One batch of units, each shifted in two ways."""
        chosen = self._units[rng.integers(len(self._units), size=self.batch)]
        units = self._shifted(chosen, rng)
        tensors = self._tensor(units), self._tensor(self._shifted(chosen, rng))
        self.vae.train()
        with self.setting.lowered():
            parts = self.vae.losses(*tensors, self.weights)
        (optimiser,) = self.optimisers.values()
        descend(optimiser, torch.stack(list(parts.values())).sum(), longest=CLIPPED)
        return {name: float(part.detach()) for name, part in parts.items()}

    def check(self) -> float:
        """Error on units of songs held out."""
        if not len(self._judged[0]):
            return float("nan")
        self.vae.eval()
        return self.vae.error(*self._judged, self.weights)

    def _shifted(self, units: Float32, rng: np.random.Generator) -> Float32:
        reach = np.array([self.weights.shift_x_px, self.weights.shift_y_px])
        shift = rng.uniform(-reach, reach, size=(len(units), 2))
        return units + np.tile(shift, UNIT_JOINTS)[:, None].astype(np.float32)

    def _tensor(self, units: Float32) -> Tensor:
        return torch.from_numpy(self.scale.standardised(units)).to(self.setting.device)
