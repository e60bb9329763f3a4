"""All networks of `lee` together: those that dance, and those that only teach."""

from pathlib import Path

import numpy as np
from torch import nn

from danceit.checkpoints import read_tensors
from danceit.errors import InputError
from danceit.generate.course import STATE
from danceit.generate.folder import described
from danceit.generate.lee.composer import Judges
from danceit.generate.lee.networks import (
    JUDGED_UNITS,
    DanceDecoder,
    DanceEncoder,
    InitialPoseEncoder,
    Judge,
    MovementEncoder,
    MusicStyle,
    StyleRegressor,
    StyleToDance,
    UnitDecoder,
)
from danceit.generate.lee.options import LeeOptions
from danceit.generate.scale import Scale


class Dancer(nn.Module):
    """What generates: E_ini, G_uni, the music's style, E_std and G_dan."""

    def __init__(self, hidden: int, n_classes: int, *, composition: bool) -> None:
        super().__init__()
        self.initial = InitialPoseEncoder()
        self.unit = UnitDecoder(hidden)
        self.music = MusicStyle(n_classes)
        self.from_style = StyleToDance()
        self.dance = DanceDecoder(hidden) if composition else None


class Tutors(nn.Module):
    """What only teaches: encoders of dances, the style regressor and the judges."""

    def __init__(self, hidden: int, *, both_ways: bool, composition: bool) -> None:
        super().__init__()
        self.movement = MovementEncoder(hidden, both_ways=both_ways)
        if composition:
            self.dance = DanceEncoder(hidden)
            self.regressor = StyleRegressor(hidden // 2)
            self.judges = Judges(Judge(JUDGED_UNITS, hidden), Judge(1, hidden))


class Ensemble(nn.Module):
    """Who dances and who teaches."""

    def __init__(self, options: LeeOptions, n_classes: int) -> None:
        super().__init__()
        hidden, composition = options.hidden, options.composition
        self.dancer = Dancer(hidden, n_classes, composition=composition)
        self.tutors = Tutors(hidden, both_ways=options.both_ways, composition=composition)


def take_over(folder: Path, ensemble: Ensemble, scale: Scale) -> None:
    """Put another run's DU-VAE and music style into these networks.

    Raises
    ------
    InputError
        If it is no finished `lee`, was trained on other dances, or has other sizes.
    """
    told = described(folder)
    try:
        theirs = Scale.read(told.facts, "pose")
    except (KeyError, ValueError) as exc:
        raise InputError(f"{folder} is no 'lee' of this version ({exc}): no units to take") from exc
    if not np.array_equal(theirs.mean, scale.mean):
        raise InputError(f"the units of {folder} were learnt from other dances: train them here")
    flat, _ = read_tensors(folder / STATE)
    dancer, tutors = ensemble.dancer, ensemble.tutors
    parts = {"dancer.initial": dancer.initial, "dancer.unit": dancer.unit,
             "dancer.music": dancer.music, "tutors.movement": tutors.movement}  # fmt: skip
    for name, module in parts.items():
        start = f"network/{name}."
        found = {key.removeprefix(start): t for key, t in flat.items() if key.startswith(start)}
        try:
            module.load_state_dict(found)
        except RuntimeError as exc:
            raise InputError(
                f"the units of {folder} are of other sizes: give the same hidden and both_ways"
            ) from exc
