"""Training in three lessons: how to move, what music is like, how to compose."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from danceit.data import Float32, Int64
from danceit.errors import InputError
from danceit.generate.course import Course, Run
from danceit.generate.lee.composer import (
    Composer,
    ComposerLesson,
    ComposerWeights,
    Danced,
    Paired,
    PairingLesson,
)
from danceit.generate.lee.ensemble import Ensemble, take_over
from danceit.generate.lee.music_style import StyleLesson
from danceit.generate.lee.networks import Z_MOVEMENT, Gaussian
from danceit.generate.lee.options import LeeOptions
from danceit.generate.lee.studied import Side, Studied
from danceit.generate.lee.unit_vae import UnitVae, VaeLesson, VaeWeights
from danceit.generate.lee.units import SEQUENCE_UNITS, unit_gaps_s
from danceit.generate.material import Material
from danceit.generate.setting import Setting
from danceit.generate.trained import Taught

_SHARES = {"unit VAE": 0.7, "music style": 0.05, "composition": 0.25, "pairing": 0.25}
"""Of a limit in minutes, where units are not taken over: the VAE's recurrent steps are what takes
the time."""
_STYLE_RATE = 3e-3
"""Learning rate of the music style: 6 000 weights and hundreds of frames bear what GRUs of 1024
could not."""


def teach(material: Material, options: LeeOptions, run: Run) -> Taught:
    """Take all lessons, or go on where a run was stopped.

    Raises
    ------
    InputError
        If there are too few units, or the folder holds another run, or units cannot be taken over.
    """
    studied = Studied.of(material, options.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        ensemble = Ensemble(options, len(studied.classes)).to(run.device)
        course = run.course("lee", options, studied.arrays, ensemble)
        school = _School(options, studied, ensemble, run.device, course)
        if options.units:
            take_over(Path(options.units), ensemble, studied.scale)
        else:
            school.units()
            school.music()
        school.composition()
    facts = {
        **studied.scale.told("pose"),
        **studied.audio_scale.told("audio"),
        "classes": list(studied.classes),
        "gap_s": float(np.median(unit_gaps_s(material.train))),
    }
    return Taught(ensemble.dancer.eval(), facts, course, studied.note)


@dataclass(frozen=True)
class _School:
    """What the lessons share."""

    options: LeeOptions
    studied: Studied
    ensemble: Ensemble
    device: str
    course: Course

    def units(self) -> None:
        options, studied = self.options, self.studied
        dancer, tutors = self.ensemble.dancer, self.ensemble.tutors
        weights = VaeWeights(options.kl, options.shift, options.shift_x_px, options.shift_y_px)
        setting = self._setting("unit VAE", options.vae_steps)

        def make() -> VaeLesson:
            vae = UnitVae(dancer.initial, tutors.movement, dancer.unit)
            held_out = studied.held_out.units
            return VaeLesson(vae, studied.units, held_out, studied.scale, weights, setting)

        self.course.take(VaeLesson.name, make)

    def music(self) -> None:
        studied = self.studied
        pace = self._setting("music style", self.options.style_steps).pace
        setting = Setting(self.options.batch, _STYLE_RATE, pace, device=self.device)

        def make() -> StyleLesson:
            songs, held_out = map(studied.labelled, (studied.train, studied.held_out))
            return StyleLesson(self.ensemble.dancer.music, songs, held_out, setting)

        self.course.take(StyleLesson.name, make)

    def composition(self) -> None:
        if self.options.composition:
            self.course.take(ComposerLesson.name, self._composer)
        else:
            self.course.take(PairingLesson.name, self._pairing)

    def _composer(self) -> ComposerLesson:
        options, dancer, tutors = self.options, self.ensemble.dancer, self.ensemble.tutors
        assert dancer.dance is not None
        composer = Composer(tutors.dance, dancer.dance, dancer.from_style, tutors.regressor)
        learnt, held_out = map(self._danced, (self.studied.train, self.studied.held_out))
        if not any(len(sequences.units) for sequences in learnt.sequences):
            raise InputError(
                f"no clip has {SEQUENCE_UNITS[0]} dance units in a row to learn composition from: "
                "give longer dances"
            )
        judged = options.adversarial
        weights = ComposerWeights(options.style, judged, judged, options.kl)
        setting = self._setting("composition", options.composition_steps)
        return ComposerLesson(composer, tutors.judges, learnt, held_out, weights, setting)

    def _pairing(self) -> PairingLesson:
        options = self.options
        learnt, held_out = map(self._paired, (self.studied.train, self.studied.held_out))
        setting = self._setting("pairing", options.composition_steps)
        return PairingLesson(self.ensemble.dancer.from_style, learnt, held_out, options.kl, setting)

    def _danced(self, side: Side) -> Danced:
        songs, music = self.studied.songs, self.ensemble.dancer.music
        sequences = [side.sequences(n, songs, music, self.device) for n in SEQUENCE_UNITS]
        return Danced(self._encoded(side.units), tuple(sequences))

    def _paired(self, side: Side) -> Paired:
        single = side.sequences(1, self.studied.songs, self.ensemble.dancer.music, self.device)
        return Paired(_rows(self._encoded(side.units), single.units), single.style)

    @torch.no_grad()
    def _encoded(self, units: Float32) -> Gaussian:
        encoder = self.ensemble.tutors.movement.eval()
        standard = torch.from_numpy(self.studied.scale.standardised(units))
        split = torch.split(standard, 64) if len(standard) else ()
        parts = [encoder(part.to(self.device)) for part in split]
        if not parts:
            nothing = torch.zeros(0, Z_MOVEMENT, device=self.device)
            return Gaussian(nothing, nothing)
        return Gaussian(
            torch.cat([part.mean for part in parts]),
            torch.cat([part.log_variance for part in parts]),
        )

    def _setting(self, lesson: str, steps: int) -> Setting:
        share = 1.0 if self.options.units else _SHARES[lesson]
        return self.options.setting(steps, self.device, share)


def _rows(movements: Gaussian, units: Int64) -> Gaussian:
    index = torch.from_numpy(units[:, 0])
    return Gaussian(movements.mean[index], movements.log_variance[index])
