"""What an encoder is made of, and how one is trained."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from danceit.data import FRAGMENT_LENGTHS
from danceit.errors import InputError
from danceit.retrieval.encoder.hearing import CODE, layout_of

_LIMITS = {
    "embedding": 1024,
    "hidden": 2048,
    "around": 2048,
    "kernel": 63,
    "body": 2048,
    "local": 2048,
}
_MAX_CHANNELS, _MAX_BLOCKS, _MAX_FEATURES = 1024, 12, 16384
_OF_EARLIER = {"counted": 0}
"""What encoders of releases that did not have these fields are made of."""


@dataclass(frozen=True)
class EncoderConfig:
    """Shape of the two towers.

    Attributes
    ----------
    dims : int
        C of the poses, 2 or 3.
    feature_set : str
        Audio features, a key of `danceit.audio.FEATURE_SETS`.
    embedding : int
        D; 16 in the paper.
    normalised : bool
        Embeddings have length 1; chosen by the loss.
    hidden, dropout : int, float
        Of the LSTM, each direction; 100 and 0.1 in the paper.
    channels : tuple of int
        Of the ST-GCN's blocks; every second block halves the frames.
    kernel : int
        Steps (of three frames) a temporal convolution sees; odd.
    body : int
        Units that read the whole body out of the last block.
    facing : bool
        Turn 3-D fragments to face the same way on average.
    local : int
        Units that read the LSTM's states and the section means of its input.
    context : bool
        Hear what surrounds the window (10 s on both sides), not only the window.
    around, around_dropout : int, float
        Units for the surroundings, and the share of them dropped in training.
    local_drop : float
        Share of training windows of which only the surroundings are heard.
    head_dropout : float
        Before the last layer of both towers.
    counted : int
        Random features by which counts are read from movement (`count_reader`); 0 to compare
        what is learned alone. Takes a feature set with counts and a loss that is normalised.
    """

    dims: int = 3
    feature_set: str = "counted"
    embedding: int = 16
    normalised: bool = True
    hidden: int = 100
    dropout: float = 0.1
    channels: tuple[int, ...] = (16, 32)
    kernel: int = 5
    body: int = 64
    facing: bool = True
    local: int = 64
    context: bool = True
    around: int = 64
    around_dropout: float = 0.3
    local_drop: float = 0.2
    head_dropout: float = 0.1
    counted: int = 1500

    def __post_init__(self) -> None:
        layout_of(self.feature_set)
        if self.dims not in (2, 3):
            raise InputError(f"an encoder's dims must be 2 or 3; got {self.dims}")
        for name, limit in _LIMITS.items():
            if not 1 <= getattr(self, name) <= limit:
                raise InputError(
                    f"an encoder's {name} must be 1 to {limit}; got {getattr(self, name)}"
                )
        if self.kernel % 2 == 0:
            raise InputError(f"an encoder's kernel must be odd; got {self.kernel}")
        if not 1 <= len(self.channels) <= _MAX_BLOCKS or not all(
            1 <= width <= _MAX_CHANNELS for width in self.channels
        ):
            raise InputError(
                f"an encoder's channels must be 1 to {_MAX_BLOCKS} widths of 1 to "
                f"{_MAX_CHANNELS}; got {self.channels}"
            )
        if not 0 <= self.counted <= _MAX_FEATURES:
            raise InputError(
                f"an encoder's counted must be 0 to {_MAX_FEATURES}; got {self.counted}"
            )
        for name in ("dropout", "around_dropout", "local_drop", "head_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(
                    f"an encoder's {name} must be in [0, 1); got {getattr(self, name)}"
                )

    @property
    def reads_counts(self) -> bool:
        """Whether the counts that a movement shows are part of what is compared."""
        return bool(self.counted and self.normalised and layout_of(self.feature_set).counted)

    @property
    def width(self) -> int:
        """Dimensions of a vector: those learned, and the code of counts."""
        return self.embedding + (CODE if self.reads_counts else 0)

    def as_json(self) -> dict[str, Any]:
        """Plain values, for `from_json`."""
        return {**asdict(self), "channels": list(self.channels)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "EncoderConfig":
        """Rebuild from JSON.

        Raises
        ------
        InputError
            If a field is missing, unknown, of another type or out of bounds.
        """
        defaults = cls()
        names = {field.name for field in fields(cls)}
        stored = {**_OF_EARLIER, **stored}
        if set(stored) != names:
            odd = ", ".join(sorted(set(stored) ^ names))
            raise InputError(f"the encoder's configuration has missing or unknown fields: {odd}")
        values = {**stored}
        if not isinstance(values["channels"], list) or not all(
            type(width) is int for width in values["channels"]
        ):
            raise InputError("the encoder's channels must be a list of whole numbers")
        values["channels"] = tuple(values["channels"])
        for name, value in values.items():
            wanted = type(getattr(defaults, name))
            if type(value) is not wanted and not (wanted is float and type(value) is int):
                raise InputError(f"the encoder's {name} must be a {wanted.__name__}; got {value!r}")
        return cls(**values)


@dataclass(frozen=True)
class TrainingConfig:
    """How to train.

    Attributes
    ----------
    encoder : EncoderConfig
        Its ``normalised`` is set by the loss.
    loss : str
        A name in `danceit.retrieval.encoder.losses.LOSSES`.
    lengths : tuple of int
        Fragment lengths in frames, drawn in equal shares: one model serves all.
    steps, batch, per_song : int
        Updates; windows in each; how many of them come from one song.
    learning_rate, weight_decay : float
        Of AdamW; the rate rises over the first 30 % of the steps and falls to nothing.
    noise : float
        Standard deviation of the noise added to what is heard, itself of standard deviation 1.
    tempi : tuple of float
        Tempo augmentation, music and movement together.
    mirror : bool
        Half of the fragments with left and right exchanged.
    balance : float
        How far rare styles are drawn more often: 0 not at all, 1 until all are as frequent.
        The only use that is made of styles; where none are known nothing changes.
    split : str
        ``song`` or ``random``: how the validation fragments are held out.
    validation_share : float
        Share of songs (or blocks) held out.
    check_every, patience : int
        Steps between validations; validations without improvement before stopping.
    seed : int
    """

    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    loss: str = "infonce"
    lengths: tuple[int, ...] = FRAGMENT_LENGTHS
    steps: int = 500
    batch: int = 128
    per_song: int = 4
    learning_rate: float = 2e-3
    weight_decay: float = 0.1
    noise: float = 0.4
    tempi: tuple[float, ...] = (0.9, 0.95, 1.05, 1.1)
    mirror: bool = True
    balance: float = 0.5
    split: str = "song"
    validation_share: float = 0.15
    check_every: int = 25
    patience: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "per_song", "check_every", "patience"):
            if getattr(self, name) < 1:
                raise InputError(f"training's {name} must be 1 or more; got {getattr(self, name)}")
        if not self.lengths or min(self.lengths) < 2:
            raise InputError(f"training's lengths must be 2 frames or more; got {self.lengths}")
        if not 0 <= self.balance <= 1:
            raise InputError(f"training's balance must be 0 to 1; got {self.balance}")
        if self.split not in ("song", "random"):
            raise InputError(f"training's split must be song or random; got '{self.split}'")
        if not 0 < self.validation_share < 1:
            raise InputError(
                f"training's validation_share must be between 0 and 1; got {self.validation_share}"
            )
        if any(not 0.5 <= tempo <= 2 for tempo in self.tempi):
            raise InputError(f"training's tempi must be 0.5 to 2; got {self.tempi}")
