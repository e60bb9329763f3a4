"""What can be chosen in training `ren`, with what is chosen where nothing is said."""

from dataclasses import dataclass

from danceit.errors import InputError
from danceit.generate.course import check_precision
from danceit.generate.ren.losses import STAGES
from danceit.generate.ren.networks import INNER


@dataclass(frozen=True)
class RenOptions:
    """Options of training; the release's where nothing else is said.

    Attributes
    ----------
    losses : str
        ``l1``, ``global``, ``local`` or ``perceptual``: Table 1, each with those before it.
    inner : int
        Width of the pose generator's layers.
    batch : int
    learning_rate, local_rate, global_rate : float
        Of Adam, for the generator and both judges: the release's. The paper's are ten times
        as large.
    graph_steps, steps : int
        At most, of the graph network and of the generator.
    check_every, patience : int
        Steps between checks on songs held out; checks without a better one before a lesson ends.
    minutes : float
        For both lessons together; 0 for no limit.
    l1, matching, perceptual, penalty : float
        Weights of eq. 4 and 7.
    printed_attention : bool
        Attention as eq. 3 is printed, not as it was released.
    graph : str
        A ``.safetensors`` of a graph network trained before, of as many classes as it says, or
        the folder of a `ren` that has one; empty to train one on the library's styles.
    precision : str
        ``auto`` (bf16 on cards), ``bf16`` (twice as fast on processors that have it) or ``fp32``.
    seed : int
    """

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
    minutes: float = 0.0
    l1: float = 200.0
    matching: float = 1.0
    perceptual: float = 1.0
    penalty: float = 1.0
    printed_attention: bool = False
    graph: str = ""
    precision: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.losses not in STAGES:
            raise InputError(f"ren: losses must be one of {', '.join(STAGES)}; got '{self.losses}'")
        for name in ("inner", "batch", "graph_steps", "steps", "check_every", "patience"):
            if getattr(self, name) < 1:
                raise InputError(f"ren: {name} must be 1 or more; got {getattr(self, name)}")
        check_precision(self.precision)
        if self.batch < 2:
            raise InputError("ren: batch must be 2 or more, for BatchNorm")
        if not min(self.learning_rate, self.local_rate, self.global_rate) > 0 or self.minutes < 0:
            raise InputError("ren: learning rates must be over 0, minutes 0 or more")

    def has(self, stage: str) -> bool:
        """Whether a part of the loss is taken."""
        return STAGES.index(stage) <= STAGES.index(self.losses)
