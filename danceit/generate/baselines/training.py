"""What can be chosen for both baselines, and their training: one lesson each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from danceit.generate.baselines.lessons import Lessons, LstmLesson, MocoganLesson
from danceit.generate.baselines.material import Side
from danceit.generate.baselines.networks import AudioLstm, MotionContent, MotionJudge, PoseJudge
from danceit.generate.course import Run
from danceit.generate.material import Material
from danceit.generate.options import TrainingOptions
from danceit.generate.scale import Scale
from danceit.generate.songs import heard_songs
from danceit.generate.trained import Taught
from danceit.limits import ONE_OR_MORE, Limits


@dataclass(frozen=True)
class BaselineOptions(TrainingOptions):
    """Options of training; a batch is of stretches of 5 s.

    Attributes
    ----------
    hidden : int
        Width of every layer.
    steps : int
        At most.
    """

    who: ClassVar[str] = "lstm, mocogan"
    own_limits: ClassVar[Mapping[str, Limits]] = dict.fromkeys(("hidden", "steps"), ONE_OR_MORE)

    hidden: int = 256
    steps: int = 3000


def teach(name: str, material: Material, options: BaselineOptions, run: Run) -> Taught:
    """Take the lesson of `lstm` or `mocogan`, or go on where a run was stopped.

    Raises
    ------
    InputError
        If there are too few stretches, or the folder holds another run.
    """
    songs, audio_scale = heard_songs(material)
    train, held = (Side.of(each, songs) for each in (material.train, material.held_out))
    train.check_enough(name)
    scale = Scale.of(train.stretches(train.apart)[0])
    lessons = Lessons(train, held, scale, options.setting(options.steps, run.device))
    learnt = [train.music, held.music, *(np.nan_to_num(side.poses) for side in (train, held))]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        if name == "lstm":
            lstm = AudioLstm(options.hidden).to(run.device)
            course = run.course(name, options, learnt, lstm)
            course.take(LstmLesson.name, lambda: LstmLesson(lstm, lessons))
            dancer: nn.Module = lstm
        else:
            moco = MotionContent(options.hidden).to(run.device)
            poses = PoseJudge(options.hidden).to(run.device)
            motion = MotionJudge(options.hidden).to(run.device)
            whole = nn.ModuleDict({"dancer": moco, "poses": poses, "motion": motion})
            course = run.course(name, options, learnt, whole)
            course.take(MocoganLesson.name, lambda: MocoganLesson(moco, poses, motion, lessons))
            dancer = moco
    return Taught(dancer.eval(), {**scale.told("pose"), **audio_scale.told("audio")}, course)
