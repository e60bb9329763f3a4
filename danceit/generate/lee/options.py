"""What can be chosen in training `lee`, with what is chosen where nothing is said."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from danceit.generate.lee.networks import HIDDEN
from danceit.generate.options import TrainingOptions
from danceit.limits import ONE_OR_MORE, ZERO_OR_MORE, Limits


@dataclass(frozen=True)
class LeeOptions(TrainingOptions):
    """Options of training; the paper's where nothing else is said.

    Batches are of 512 in the paper and 256 in the release; here what two cores can do in seconds a
    step. The learning rate (betas 0.5 and 0.999) is the release's; the paper says 1e-4.

    Attributes
    ----------
    hidden : int
        Of all GRUs and of the judges' first layer.
    both_ways : bool
        Movement encoder bidirectional, as in the release.
    vae_steps, style_steps, composition_steps : int
        At most, of each lesson.
    kl, shift, adversarial, style : float
        Weights of eq. 5 and 10. With a tenth of the paper's `kl` units of songs held out are
        rebuilt better, but whole dances are farther from real ones (docs/systems.md).
    shift_x_px, shift_y_px : float
        Reach of the shifts of eq. 4, in pixels (of the canvas here, of their images there).
    units : str
        Folder of a `lee` trained before on the same dances, whose DU-VAE and music style are taken
        over and not trained; empty to train them.
    composition : bool
        False for the paper's baseline without L_comp.
    """

    who: ClassVar[str] = "lee"
    own_limits: ClassVar[Mapping[str, Limits]] = {
        "hidden": Limits(2, cause="the style regressor has half of it"),
        **dict.fromkeys(("vae_steps", "style_steps", "composition_steps"), ONE_OR_MORE),
        **dict.fromkeys(("kl", "shift", "adversarial", "style"), ZERO_OR_MORE),
        **dict.fromkeys(("shift_x_px", "shift_y_px"), ZERO_OR_MORE),
    }

    hidden: int = HIDDEN
    both_ways: bool = True
    batch: int = 64
    learning_rate: float = 2e-4
    vae_steps: int = 3000
    style_steps: int = 400
    composition_steps: int = 3000
    patience: int = 8
    kl: float = 0.01
    shift: float = 1.0
    adversarial: float = 0.1
    style: float = 1.0
    shift_x_px: float = 50.0
    shift_y_px: float = 20.0
    units: str = ""
    composition: bool = True
