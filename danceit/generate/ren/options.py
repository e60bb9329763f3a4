"""What can be chosen in training `ren`, with what is chosen where nothing is said."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from danceit.generate.options import TrainingOptions
from danceit.generate.ren.losses import STAGES
from danceit.generate.ren.networks import INNER
from danceit.generate.ren.pieces import LEVEL
from danceit.limits import ONE_OR_MORE, RATE, ZERO_OR_MORE, Limits, check_choice


@dataclass(frozen=True)
class RenOptions(TrainingOptions):
    """Options of training; the release's where nothing else is said.

    Attributes
    ----------
    losses : str
        ``l1``, ``global``, ``local`` or ``perceptual``: Table 1, each with those before it.
    inner : int
        Width of the pose generator's layers.
    learning_rate, local_rate, global_rate : float
        Of Adam, for the generator and both judges: the release's. The paper's are ten times
        as large.
    graph_steps, steps : int
        At most, of the graph network and of the generator. With no step of the second the graph
        network is trained alone, for the `graph` of others and to compare sets of dances.
    l1, matching, perceptual, penalty : float
        Weights of eq. 4 and 7.
    average : float
        Decay of a moving average of the generator's weights, which is then what is judged and
        kept; 0 keeps the weights of a single step, as the paper does: after 200 steps an average
        was no nearer to songs held out (docs/systems.md).
    level : float
        RMS that every song is brought to, learnt from or danced to; 0 for as loud as it was
        recorded, as in the release.
    smooth : float
        Seconds of a Gaussian through which poses go in time, judged or danced; 0 for none, as in
        the release. It takes movement from what trembles and from what does not; how much stands
        in docs/systems.md.
    printed_attention : bool
        Attention as eq. 3 is printed, not as it was released.
    graph : str
        A ``.safetensors`` of a graph network trained before, of as many classes as it says, or
        the folder of a `ren` that has one; empty to train one on the library's styles.
    """

    who: ClassVar[str] = "ren"
    own_limits: ClassVar[Mapping[str, Limits]] = {
        "batch": Limits(2, cause="BatchNorm compares the dances of a batch"),
        **dict.fromkeys(("inner", "graph_steps"), ONE_OR_MORE),
        **dict.fromkeys(("local_rate", "global_rate"), RATE),
        **dict.fromkeys(("steps", "l1", "matching", "perceptual", "penalty"), ZERO_OR_MORE),
        "smooth": Limits(0, 1, cause="over a second no step of a dance is left"),
        "level": Limits(0, 1, cause="it is a share of full scale"),
        "average": Limits(0, 1, under=True, cause="with 1 the first weights would stay"),
    }

    losses: str = "perceptual"
    inner: int = INNER
    batch: int = 16
    learning_rate: float = 3e-4
    local_rate: float = 3e-4
    global_rate: float = 5e-4
    graph_steps: int = 300
    steps: int = 4000
    check_every: int = 20
    patience: int = 10
    l1: float = 200.0
    matching: float = 1.0
    perceptual: float = 1.0
    penalty: float = 1.0
    average: float = 0.0
    level: float = LEVEL
    smooth: float = 0.0
    printed_attention: bool = False
    graph: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("ren", "losses", self.losses, STAGES)

    def has(self, part: str) -> bool:
        """Whether a part of the loss is taken."""
        return STAGES.index(part) <= STAGES.index(self.losses)
