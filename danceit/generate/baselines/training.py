"""What can be chosen for both baselines, and their training: one lesson each."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from danceit.generate.baselines.lessons import Lessons, LstmLesson, MocoganLesson
from danceit.generate.baselines.material import Side
from danceit.generate.baselines.networks import AudioLstm, MotionContent, MotionJudge, PoseJudge
from danceit.generate.course import Course, Pace, fingerprint_of
from danceit.generate.lee.music_style import features_at_15
from danceit.generate.lee.scale import Scale
from danceit.generate.material import Material
from danceit.generate.trained import Taught
from danceit.limits import ONE_OR_MORE, RATE, ZERO_OR_MORE, check_numbers
from danceit.progress import Progress


@dataclass(frozen=True)
class BaselineOptions:
    """Options of training.

    Attributes
    ----------
    hidden : int
        Width of every layer.
    batch : int
        Stretches of 5 s.
    learning_rate : float
        Of Adam.
    steps : int
        At most.
    check_every, patience : int
        Steps between checks on songs held out; checks without a better one before it ends.
    minutes : float
        0 for no limit.
    seed : int
    """

    hidden: int = 256
    batch: int = 32
    learning_rate: float = 5e-4
    steps: int = 3000
    check_every: int = 25
    patience: int = 20
    minutes: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_numbers("lstm, mocogan", self, _LIMITS)


_LIMITS = {
    **dict.fromkeys(("hidden", "batch", "steps", "check_every", "patience"), ONE_OR_MORE),
    "learning_rate": RATE,
    "minutes": ZERO_OR_MORE,
}


def teach(
    name: str,
    material: Material,
    options: BaselineOptions,
    *,
    out: Path,
    device: str,
    restart: bool,
    progress: Progress,
) -> Taught:
    """Take the lesson of `lstm` or `mocogan`, or go on where a run was stopped.

    Raises
    ------
    InputError
        If there are too few stretches, or `out` holds another run.
    """
    paths = [clip.audio_path for clip in (*material.train, *material.held_out) if clip.audio_path]
    songs = {path: features_at_15(path) for path in dict.fromkeys(paths)}
    heard = [songs[clip.audio_path] for clip in material.train if clip.audio_path]
    audio_scale = Scale.of(np.concatenate(heard))
    songs = {path: audio_scale.standardised(rows) for path, rows in songs.items()}
    train, held = (Side.of(clips, songs) for clips in (material.train, material.held_out))
    train.check_enough(name)
    scale = Scale.of(train.stretches(train.apart)[0])
    pace = Pace(options.steps, options.check_every, options.patience, options.minutes)
    lessons = Lessons(train, held, scale, options.batch, options.learning_rate, pace, device)
    config = {"name": name, **asdict(options)}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        course = Course(
            out, fingerprint_of(config, [train.music, held.music, *(np.nan_to_num(side.poses)
                            for side in (train, held))]),
            device, options.seed, progress,
        )  # fmt: skip
        network: AudioLstm | MotionContent
        if name == "lstm":
            network = lstm = AudioLstm(options.hidden).to(device)
            course.begin(lstm, restart=restart)
            course.take(LstmLesson.name, lambda: LstmLesson(lstm, lessons))
        else:
            network = moco = MotionContent(options.hidden).to(device)
            poses = PoseJudge(options.hidden).to(device)
            motion = MotionJudge(options.hidden).to(device)
            course.begin(
                nn.ModuleDict({"dancer": moco, "poses": poses, "motion": motion}), restart=restart
            )
            course.take(MocoganLesson.name, lambda: MocoganLesson(moco, poses, motion, lessons))
    return Taught(network.eval(), {**scale.told("pose"), **audio_scale.told("audio")}, course)
