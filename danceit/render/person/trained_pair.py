"""What is trained together: a generator, its judge, its average and their optimisers."""

from collections.abc import Callable
from typing import Generic, TypeVar, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Adam

from danceit.checkpoints import flat_state, restore_state
from danceit.errors import InputError
from danceit.render.person.building import channels_last, started
from danceit.render.person.configuration import PersonConfig
from danceit.render.person.networks import MultiscaleDiscriminator
from danceit.render.person.steps import Losses
from danceit.render.person.workers import Workers

G = TypeVar("G", bound=nn.Module)


class TrainedPair(Generic[G]):
    """One of the two trainings, poseGAN's or FaceGAN's.

    Parameters
    ----------
    name : str
    make, make_judge : callable
        Build the generator and its judge from a configuration.
    stream : int
        Tells its random weights from those of the other pair.

    Attributes
    ----------
    generator, judge
        As they learn.
    average
        The generator's exponential moving average, used for rendering.
    running : tuple
        Generator and judge as they are called: compiled where that was asked for.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[PersonConfig], G],
        make_judge: Callable[[PersonConfig], MultiscaleDiscriminator],
        stream: int,
        *,
        config: PersonConfig,
        device: str,
        workers: Workers,
        compiled: bool,
    ) -> None:
        self.name = name
        self._config, self._workers = config, workers
        self.generator = channels_last(started(make(config), config, stream).to(device))
        self.judge = channels_last(started(make_judge(config), config, stream + 1).to(device))
        self.average = channels_last(make(config).to(device))
        self.average.load_state_dict(self.generator.state_dict())
        self.average.requires_grad_(False).eval()
        self._pairs = (
            (self.generator, Adam(self.generator.parameters(), config.learning_rate, (0.5, 0.999))),
            (self.judge, Adam(self.judge.parameters(), config.learning_rate, (0.5, 0.999))),
        )
        self.running: tuple[G, MultiscaleDiscriminator] = (self.generator, self.judge)
        if compiled:
            self.running = (
                cast(G, torch.compile(self.generator)),
                cast(MultiscaleDiscriminator, torch.compile(self.judge)),
            )

    def flat(self) -> dict[str, Tensor]:
        """Everything needed to go on, by name."""
        return flat_state(self._modules(), self._optimisers())

    def restore(self, flat: dict[str, Tensor]) -> None:
        """Put back what `flat` gave."""
        restore_state(flat, self._modules(), self._optimisers())

    def step(self, losses: Losses, step: int, steps: int) -> dict[str, float]:
        """Change the weights by one step and return the losses by name.

        Raises
        ------
        InputError
            If a loss is not a number any more.
        """
        values = {name: float(part) for name, part in losses.parts.items()}
        if not np.isfinite(list(values.values())).all():
            raise InputError(
                f"the {self.name} losses are no numbers any more at step {step}: "
                "train with `precision=fp32`, or a lower learning rate"
            )
        for loss, (module, optimiser) in zip(
            (losses.generator, losses.discriminator), self._pairs, strict=True
        ):
            for group in optimiser.param_groups:
                group["lr"] = self._config.learning_rate * falling(step, steps)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            self._workers.average_gradients(cast(nn.Module, module))
            optimiser.step()
        decay = min(self._config.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            for mean, now in zip(
                self.average.parameters(), self.generator.parameters(), strict=True
            ):
                mean.lerp_(now, 1 - decay)
        return values

    def _modules(self) -> dict[str, nn.Module]:
        return {
            f"{self.name}_generator": self.generator,
            f"{self.name}_judge": self.judge,
            f"{self.name}_average": self.average,
        }

    def _optimisers(self) -> dict[str, Adam]:
        (_, generator), (_, judge) = self._pairs
        return {f"{self.name}_generator_adam": generator, f"{self.name}_judge_adam": judge}


def falling(step: int, steps: int) -> float:
    """Share of the learning rate: 1 for the first half, then straight to 0."""
    return min(1.0, 2.0 * (1.0 - step / max(steps, 1)))
