"""Training in three lessons: how to move, what music is like, how to compose."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from danceit.data import Clip, Float32, Float64, Int64
from danceit.errors import InputError
from danceit.generate.course import STATE, Course, Pace, fingerprint_of
from danceit.generate.folder import described
from danceit.generate.lee.composer import (
    Composer,
    ComposerLesson,
    ComposerWeights,
    Judges,
    PairingLesson,
    Sequences,
)
from danceit.generate.lee.music_style import (
    StyleLesson,
    features_at_15,
    mean_within,
    styles_at,
)
from danceit.generate.lee.networks import (
    JUDGED_UNITS,
    Z_MOVEMENT,
    DanceDecoder,
    DanceEncoder,
    Gaussian,
    InitialPoseEncoder,
    Judge,
    MovementEncoder,
    MusicStyle,
    StyleRegressor,
    StyleToDance,
    UnitDecoder,
)
from danceit.generate.lee.options import LeeOptions
from danceit.generate.lee.scale import Scale
from danceit.generate.lee.unit_vae import UnitVae, VaeLesson, VaeWeights
from danceit.generate.lee.units import SEQUENCE_UNITS, UnitRow, unit_gaps_s, units_of
from danceit.generate.material import Material
from danceit.generate.styles import labels_of
from danceit.generate.trained import Taught
from danceit.progress import Progress

FEWEST_UNITS = 64
"""Under this the networks know every unit by heart after a few steps."""
_SHARES = {"unit VAE": 0.7, "music style": 0.05, "composition": 0.25, "pairing": 0.25}
"""Of a limit in minutes, where units are not taken over: the VAE's recurrent steps are what takes
the time."""


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


@dataclass(frozen=True)
class _Side:
    """Clips of one side with their units and, row by row, the music that they were danced to."""

    clips: tuple[Clip, ...]
    rows: tuple[UnitRow, ...]

    @classmethod
    def of(cls, clips: Sequence[Clip]) -> "_Side":
        return cls(tuple(clips), tuple(units_of(clip) for clip in clips))

    @property
    def units(self) -> Float32:
        return np.concatenate([row.poses for row in self.rows])

    def sequences(
        self, n_units: int, songs: dict[Path, Float32], music: MusicStyle, device: str
    ) -> Sequences:
        """All sequences of a length; their rows count over all clips."""
        offset, units, heard, styles = 0, [], [], []
        for clip, row in zip(self.clips, self.rows, strict=True):
            found = row.sequences(n_units)
            if len(found) and clip.audio_path is not None:
                features = songs[clip.audio_path]
                starts, ends = self._span(clip, row, found)
                units.append(found + offset)
                heard.append(mean_within(features, starts, ends))
                styles.append(styles_at(music, features, (starts + ends) / 2, device))
            offset += len(row.poses)
        if not units:
            nothing = np.zeros((0, n_units), dtype=np.int64)
            return Sequences(nothing, torch.zeros(0, 28), torch.zeros(0, 30))
        audio = torch.from_numpy(np.concatenate(heard)).to(device)
        return Sequences(np.concatenate(units), audio, torch.cat(styles))

    @staticmethod
    def _span(clip: Clip, row: UnitRow, found: Int64) -> tuple[Float64, Float64]:
        return clip.start_s + row.start_s[found[:, 0]], clip.start_s + row.end_s[found[:, -1]]


def teach(
    material: Material,
    options: LeeOptions,
    *,
    out: Path,
    device: str,
    restart: bool,
    progress: Progress,
) -> Taught:
    """Take all lessons, or go on where a run was stopped.

    Raises
    ------
    InputError
        If there are too few units, or `out` holds another run, or units cannot be taken over.
    """
    train, held = _Side.of(material.train), _Side.of(material.held_out)
    silent = _Side.of(material.silent)
    moved = [train.units, silent.units] if silent.clips else [train.units]
    units = np.concatenate(moved)
    if len(units) < FEWEST_UNITS:
        raise InputError(
            f"lee needs {FEWEST_UNITS} dance units or more; {len(material.train)} clips have "
            f"{len(units)}: give more dances, some 20 s for each song at least"
        )
    scale = Scale.of(units)
    songs = {clip.audio_path: features_at_15(clip.audio_path)
             for clip in (*material.train, *material.held_out) if clip.audio_path}  # fmt: skip
    own = [songs[clip.audio_path] for clip in material.train if clip.audio_path]
    audio_scale = Scale.of(np.concatenate(own))
    songs = {path: audio_scale.standardised(rows) for path, rows in songs.items()}
    clips = (*material.train, *material.held_out)
    labels, classes, note = labels_of(clips, songs, options.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        dancer = Dancer(options.hidden, len(classes), composition=options.composition).to(device)
        tutors = Tutors(
            options.hidden, both_ways=options.both_ways, composition=options.composition
        ).to(device)
        learnt = [*songs.values(), units, held.units]
        course = Course(
            out, fingerprint_of(asdict(options), learnt), device, options.seed, progress
        )
        course.begin(nn.ModuleDict({"dancer": dancer, "tutors": tutors}), restart=restart)
        school = _School(options, dancer, tutors, scale, device, course)
        if options.units:
            _take_over(Path(options.units), dancer, tutors, scale)
        else:
            school.units(units, held.units)
            school.music(material, songs, labels)
        school.composition(train, held, songs)
    facts = {
        **scale.told("pose"),
        **audio_scale.told("audio"),
        "classes": list(classes),
        "gap_s": float(np.median(unit_gaps_s(material.train))),
    }
    return Taught(dancer.eval(), facts, course, note)


@dataclass(frozen=True)
class _School:
    """What the lessons share."""

    options: LeeOptions
    dancer: Dancer
    tutors: Tutors
    scale: Scale
    device: str
    course: Course

    def units(self, units: Float32, held_out: Float32) -> None:
        options = self.options
        weights = VaeWeights(options.kl, options.shift, options.shift_x_px, options.shift_y_px)

        def make() -> VaeLesson:
            return VaeLesson(
                UnitVae(self.dancer.initial, self.tutors.movement, self.dancer.unit),
                units, held_out, self.scale, weights, batch=options.batch,
                learning_rate=options.learning_rate,
                pace=self._pace("unit VAE", options.vae_steps), precision=options.precision,
                device=self.device,
            )  # fmt: skip

        self.course.take(VaeLesson.name, make)

    def music(
        self, material: Material, songs: dict[Path, Float32], labels: dict[Path, int]
    ) -> None:
        options = self.options
        sides = []
        for clips in (material.train, material.held_out):
            paths = dict.fromkeys(clip.audio_path for clip in clips if clip.audio_path)
            sides.append([(songs[path], labels[path]) for path in paths])

        def make() -> StyleLesson:
            # 6 000 weights and hundreds of frames: a rate that the GRUs of 1024 could not bear.
            return StyleLesson(
                self.dancer.music, *sides, batch=options.batch, learning_rate=3e-3,
                pace=self._pace("music style", options.style_steps), device=self.device,
            )  # fmt: skip

        self.course.take(StyleLesson.name, make)

    def composition(self, train: _Side, held: _Side, songs: dict[Path, Float32]) -> None:
        if self.options.composition:
            self.course.take(ComposerLesson.name, lambda: self._composer(train, held, songs))
        else:
            self.course.take(PairingLesson.name, lambda: self._pairing(train, held, songs))

    def _composer(self, train: _Side, held: _Side, songs: dict[Path, Float32]) -> ComposerLesson:
        options, music = self.options, self.dancer.music
        assert self.dancer.dance is not None
        composer = Composer(
            self.tutors.dance, self.dancer.dance, self.dancer.from_style, self.tutors.regressor
        )
        learnt, judged = (
            [side.sequences(n, songs, music, self.device) for n in SEQUENCE_UNITS]
            for side in (train, held)
        )
        if not any(len(sequences.units) for sequences in learnt):
            raise InputError(
                f"no clip has {SEQUENCE_UNITS[0]} dance units in a row to learn composition from: "
                "give longer dances"
            )
        return ComposerLesson(
            composer, self.tutors.judges, self._encoded(train.units), learnt,
            self._encoded(held.units), judged,
            ComposerWeights(options.style, options.adversarial, options.adversarial, options.kl),
            batch=options.batch, learning_rate=options.learning_rate,
            pace=self._pace("composition", options.composition_steps),
            precision=options.precision, device=self.device,
        )  # fmt: skip

    def _pairing(self, train: _Side, held: _Side, songs: dict[Path, Float32]) -> PairingLesson:
        options, music = self.options, self.dancer.music
        (learnt, movements), (judged, held_movements) = (
            (side.sequences(1, songs, music, self.device), self._encoded(side.units))
            for side in (train, held)
        )
        return PairingLesson(
            self.dancer.from_style, _rows(movements, learnt.units), learnt.style,
            _rows(held_movements, judged.units), judged.style, kl=options.kl,
            batch=options.batch, learning_rate=options.learning_rate,
            pace=self._pace("pairing", options.composition_steps),
        )  # fmt: skip

    @torch.no_grad()
    def _encoded(self, units: Float32) -> Gaussian:
        self.tutors.movement.eval()
        standard = torch.from_numpy(self.scale.standardised(units))
        split = torch.split(standard, 64) if len(standard) else ()
        parts = [self.tutors.movement(part.to(self.device)) for part in split]
        if not parts:
            nothing = torch.zeros(0, Z_MOVEMENT, device=self.device)
            return Gaussian(nothing, nothing)
        return Gaussian(
            torch.cat([part.mean for part in parts]),
            torch.cat([part.log_variance for part in parts]),
        )

    def _pace(self, lesson: str, steps: int) -> Pace:
        options = self.options
        minutes = options.minutes * (1.0 if options.units else _SHARES[lesson])
        return Pace(steps, options.check_every, options.patience, minutes)


def _rows(movements: Gaussian, units: Int64) -> Gaussian:
    index = torch.from_numpy(units[:, 0])
    return Gaussian(movements.mean[index], movements.log_variance[index])


def _take_over(folder: Path, dancer: Dancer, tutors: Tutors, scale: Scale) -> None:
    """Put another run's DU-VAE and music style into these networks.

    Raises
    ------
    InputError
        If it is no finished `lee`, was trained on other dances, or has other sizes.
    """
    from danceit.checkpoints import read_tensors

    told = described(folder)
    try:
        theirs = Scale.read(told.facts, "pose")
    except (KeyError, ValueError) as exc:
        raise InputError(f"{folder} is no 'lee' of this version ({exc}): no units to take") from exc
    if not np.array_equal(theirs.mean, scale.mean):
        raise InputError(f"the units of {folder} were learnt from other dances: train them here")
    flat, _ = read_tensors(folder / STATE)
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
