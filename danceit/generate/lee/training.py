"""Training in three lessons: how to move, what music is like, how to compose."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from danceit.data import Clip, Float32, Float64, Int64
from danceit.errors import InputError
from danceit.generate.course import Course, Pace, Standing, check_precision, fingerprint_of
from danceit.generate.lee.composer import (
    Composer,
    ComposerLesson,
    ComposerWeights,
    Judges,
    PairingLesson,
    Sequences,
)
from danceit.generate.lee.music_style import (
    AudioScale,
    StyleLesson,
    features_at_15,
    mean_within,
    styles_at,
)
from danceit.generate.lee.networks import (
    HIDDEN,
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
from danceit.generate.lee.unit_vae import PoseScale, UnitVae, VaeLesson, VaeWeights
from danceit.generate.lee.units import SEQUENCE_UNITS, UnitRow, unit_gaps_s, units_of
from danceit.generate.material import Material
from danceit.generate.styles import labels_of
from danceit.progress import Progress

FEWEST_UNITS = 64
"""Under this the networks know every unit by heart after a few steps."""
_SHARES = {"unit VAE": 0.7, "music style": 0.05, "composition": 0.25, "pairing": 0.25}
"""Of a limit in minutes: the VAE's recurrent steps are what takes the time."""


@dataclass(frozen=True)
class LeeOptions:
    """Options of training; the paper's where nothing else is said.

    Attributes
    ----------
    hidden : int
        Of all GRUs and of the judges' first layer.
    both_ways : bool
        Movement encoder bidirectional, as in the release.
    batch : int
        512 in the paper, 256 in the release; here what two cores can do in seconds a step.
    learning_rate : float
        Of Adam with betas 0.5 and 0.999: the release's; the paper says 1e-4.
    vae_steps, style_steps, composition_steps : int
        At most, of each lesson.
    check_every, patience : int
        Steps between checks on songs held out; checks without a better one before a lesson ends.
    minutes : float
        For all lessons together; 0 for no limit.
    kl, shift, adversarial, style : float
        Weights of eq. 5 and 10.
    shift_x_px, shift_y_px : float
        Reach of the shifts of eq. 4, in pixels (of the canvas here, of their images there).
    composition : bool
        False for the paper's baseline without L_comp.
    precision : str
        ``auto`` (bf16 on cards), ``bf16`` (twice as fast on processors that have it) or ``fp32``.
    seed : int
    """

    hidden: int = HIDDEN
    both_ways: bool = True
    batch: int = 64
    learning_rate: float = 2e-4
    vae_steps: int = 3000
    style_steps: int = 400
    composition_steps: int = 3000
    check_every: int = 25
    patience: int = 8
    minutes: float = 0.0
    kl: float = 0.01
    shift: float = 1.0
    adversarial: float = 0.1
    style: float = 1.0
    shift_x_px: float = 50.0
    shift_y_px: float = 20.0
    composition: bool = True
    precision: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("hidden", "batch", "vae_steps", "style_steps", "composition_steps"):
            if getattr(self, name) < 1:
                raise InputError(f"lee: {name} must be 1 or more; got {getattr(self, name)}")
        if min(self.check_every, self.patience) < 1 or self.minutes < 0:
            raise InputError("lee: check_every and patience must be 1 or more, minutes 0 or more")
        check_precision(self.precision)
        if not self.learning_rate > 0:
            raise InputError(f"lee: learning_rate must be over 0; got {self.learning_rate}")


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
class Taught:
    """What training comes to, before it is written as a generator."""

    dancer: Dancer
    scale: PoseScale
    audio_scale: AudioScale
    classes: tuple[str, ...]
    gap_s: float
    lessons: dict[str, Standing]
    resumed: bool
    notes: tuple[str, ...]


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
        If there are too few units, or `out` holds another run.
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
    scale = PoseScale.of(units)
    songs = {clip.audio_path: features_at_15(clip.audio_path)
             for clip in (*material.train, *material.held_out) if clip.audio_path}  # fmt: skip
    own = [songs[clip.audio_path] for clip in material.train if clip.audio_path]
    audio_scale = AudioScale.of(own)
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
        school.units(units, held.units)
        school.music(material, songs, labels)
        school.composition(train, held, songs)
    notes = [note, *(progress.note for progress in course.taken.values())]
    return Taught(
        dancer=dancer.eval(),
        scale=scale,
        audio_scale=audio_scale,
        classes=classes,
        gap_s=float(np.median(unit_gaps_s(material.train))),
        lessons=course.taken,
        resumed=course.resumed,
        notes=tuple(note for note in notes if note),
    )


@dataclass(frozen=True)
class _School:
    """What the lessons share."""

    options: LeeOptions
    dancer: Dancer
    tutors: Tutors
    scale: PoseScale
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
        minutes = options.minutes * _SHARES[lesson]
        return Pace(steps, options.check_every, options.patience, minutes)


def _rows(movements: Gaussian, units: Int64) -> Gaussian:
    index = torch.from_numpy(units[:, 0])
    return Gaussian(movements.mean[index], movements.log_variance[index])
