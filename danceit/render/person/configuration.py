"""How a person's networks are built and trained, and the named qualities."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from danceit.errors import InputError
from danceit.limits import (
    ONE_OR_MORE,
    PRECISIONS,
    RATE,
    SHARE,
    ZERO_OR_MORE,
    Limits,
    check_choice,
    check_numbers,
)

ENHANCER_FROM_PX = 512
"""Size from which the local enhancer is used, as in Everybody Dance Now."""
FACE_SHARE = 50 / 512
"""Side of the face patch as a share of the picture (DanceIt IV-D)."""


@dataclass(frozen=True)
class PersonConfig:
    """Options of the networks and of training.

    Attributes
    ----------
    size : int
        Side of the pictures.
    ngf, n_downsample, n_blocks : int
        Of the global generator.
    ndf, n_scales : int
        Of the discriminators.
    face_ngf, face_downsample, face_blocks, face_px : int
        Of FaceGAN's generator, and the side to which face patches are enlarged for it.
    heat_maps : bool
        A heat map for each joint beside the coloured limbs.
    matte : bool
        Paint the person over the clean background; without it the generator paints all,
        as published. Off where the camera moves.
    guided : bool
        The training frame of the nearest pose, its person carried to the pose, goes in and
        stands behind (`danceit.render.person.guide`). Not in the publications.
    reach : float
        How far from the limbs the matte may paint, as a share of the picture: what changes
        elsewhere, such as captions, cannot be learnt. 0 leaves it everywhere.
    held_share : float
        Last part of the training footage that is not trained on but picks the checkpoint that
        is kept; a little footage is soon learnt by heart. 0 keeps the last checkpoint.
    temporal : bool
        The picture before goes in and pairs are judged (Everybody Dance Now).
    steps, face_steps : int
        Of poseGAN, and then of FaceGAN.
    batch, face_batch : int
        Pairs of frames a step of poseGAN, and faces a step of FaceGAN.
    learning_rate : float
        Of Adam with betas 0.5 and 0.999; falls to 0 over the last half.
    feature_weight, perceptual_weight, pixel_weight : float
        Of feature matching, of VGG-19's features (where its weights are given) and of the
        mean absolute difference of the pixels, which pix2pixHD does not have (pix2pix: 100).
    drop_face : float
        Share of the training labels drawn without eyes and ears, which motion capture lacks.
    ema : float
        Decay of the averaged weights that are used for rendering.
    checkpoint_every : int
        Steps between checkpoints.
    precision : str
        ``auto`` (bf16 on cards that have it), ``bf16`` or ``fp32``.
    seed : int
    """

    size: int = 512
    ngf: int = 64
    n_downsample: int = 4
    n_blocks: int = 9
    ndf: int = 64
    n_scales: int = 3
    face_ngf: int = 32
    face_downsample: int = 2
    face_blocks: int = 6
    face_px: int = 64
    heat_maps: bool = False
    matte: bool = True
    guided: bool = False
    reach: float = 0.0
    held_share: float = 0.0
    temporal: bool = True
    steps: int = 100_000
    face_steps: int = 20_000
    batch: int = 4
    face_batch: int = 4
    learning_rate: float = 2e-4
    feature_weight: float = 10.0
    perceptual_weight: float = 10.0
    pixel_weight: float = 0.0
    drop_face: float = 0.3
    ema: float = 0.999
    checkpoint_every: int = 500
    precision: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        check_numbers("person", self, _LIMITS)
        check_choice("person", "precision", self.precision, PRECISIONS)
        for name, side, factor in (
            ("size", self.size, 2 ** (self.n_downsample + (1 if self.enhanced else 0))),
            ("face_px", self.face_px, 2**self.face_downsample),
        ):
            if side % factor:
                raise InputError(
                    f"person: {name} must be a multiple of {factor}; got {side}: the networks "
                    f"halve it until {factor} px are one"
                )

    @property
    def enhanced(self) -> bool:
        """Whether the generator has a local enhancer."""
        return self.size >= ENHANCER_FROM_PX

    @property
    def face_patch(self) -> int:
        """Side of the face patch in pixels, even."""
        return max(16, 2 * round(FACE_SHARE * self.size / 2))

    @classmethod
    def stored(cls, values: dict[str, Any]) -> "PersonConfig":
        """Make from what was stored; unknown names are an error, for they mean a newer danceit.

        Raises
        ------
        InputError
            If a name is not known.
        """
        known = {field.name for field in fields(cls)}
        if strange := sorted(values.keys() - known):
            raise InputError(f"the person was trained by a newer danceit: unknown '{strange[0]}'")
        return cls(**values)

    def as_dict(self) -> dict[str, Any]:
        """Values by name."""
        return asdict(self)


_LIMITS = {
    **dict.fromkeys(("size", "ngf", "ndf", "n_scales", "face_ngf", "face_px"), ONE_OR_MORE),
    **dict.fromkeys(("batch", "face_batch", "steps", "checkpoint_every"), ONE_OR_MORE),
    **dict.fromkeys(("n_downsample", "n_blocks", "face_downsample", "face_blocks"), ZERO_OR_MORE),
    "face_steps": ZERO_OR_MORE,
    **dict.fromkeys(("feature_weight", "perceptual_weight", "pixel_weight"), ZERO_OR_MORE),
    "learning_rate": RATE,
    "drop_face": SHARE,
    "ema": Limits(0, 1, under=True, cause="at 1 the averaged weights would never learn"),
    **dict.fromkeys(("reach", "held_share"), Limits(0, 0.5)),
}


QUALITIES: dict[str, PersonConfig] = {
    # Not the published networks: small ones that learn in minutes on a processor.
    "draft": PersonConfig(
        size=128, ngf=16, n_downsample=3, n_blocks=3, ndf=16, n_scales=2, face_ngf=16,
        face_blocks=2, face_px=32, guided=True, reach=0.12, held_share=0.2,
        temporal=False, steps=200, face_steps=100, batch=4, face_batch=8,
        pixel_weight=100.0, ema=0.99, checkpoint_every=50,
    ),
    "good": PersonConfig(size=256, steps=40_000, face_steps=8_000, batch=8),
    "paper": PersonConfig(size=512, batch=4),
}  # fmt: skip
"""``draft``: to see that everything fits; ``good``: 256 pixels; ``paper``: 512 pixels."""
