"""Songs as generators hear them: Lee et al.'s 28 features, 15 a second, in deviations."""

from pathlib import Path

import numpy as np

from danceit import audio
from danceit.data import FPS, Float32
from danceit.generate.material import Material
from danceit.generate.rates import features_at
from danceit.generate.scale import Scale
from danceit.movement import LEE_FPS


def features_at_15(path: Path) -> Float32:
    """Lee et al.'s features of a song, 15 a second: (S, 28)."""
    rows = audio.features(path, "lee")
    return features_at(rows, FPS, LEE_FPS, int(len(rows) / FPS * LEE_FPS))


def heard_songs(material: Material) -> tuple[dict[Path, Float32], Scale]:
    """Features (S, 28) of every song, in deviations over those learnt from, and their scale."""
    clips = (*material.train, *material.held_out)
    heard = {clip.audio_path: features_at_15(clip.audio_path) for clip in clips if clip.audio_path}
    own = [heard[clip.audio_path] for clip in material.train if clip.audio_path]
    scale = Scale.of(np.concatenate(own))
    return {path: scale.standardised(rows) for path, rows in heard.items()}, scale
