"""Training in two lessons: a graph network tells styles apart, then the generator dances."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from danceit.data import Float32, Int64
from danceit.errors import InputError
from danceit.generate.course import Run
from danceit.generate.material import Material
from danceit.generate.ren.ensemble import Ensemble
from danceit.generate.ren.lessons import DanceLesson, GraphLesson, poses_of
from danceit.generate.ren.options import RenOptions
from danceit.generate.ren.pieces import PIECE_S, Frame, Take, even_pieces, takes_of
from danceit.generate.ren.st_gcn import StGcn
from danceit.generate.songs import heard_songs
from danceit.generate.styles import labels_of
from danceit.generate.trained import Taught

FEWEST_PIECES = 24
"""Pieces of 5 s, 2 minutes in all: under this there is nothing to learn from."""
_SHARES = {GraphLesson.name: 0.15, DanceLesson.name: 0.85}
"""Of a limit in minutes, where both are taken."""


def teach(material: Material, options: RenOptions, run: Run) -> Taught:
    """Take both lessons, or go on where a run was stopped.

    Raises
    ------
    InputError
        If there are too few pieces, or the folder holds another run.
    """
    studied = Studied.of(material, options)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        ensemble = Ensemble(options, len(studied.classes)).to(run.device)
        course = run.course("ren", options, studied.arrays, ensemble)
        takes, alone = (studied.train, studied.held_out), bool(options.graph) or not options.steps
        if not options.graph:
            share = 1.0 if alone else _SHARES[GraphLesson.name]
            setting = options.setting(options.graph_steps, run.device, share)
            course.take(GraphLesson.name, lambda: GraphLesson(ensemble.graph, *takes, setting))
        ensemble.graph.requires_grad_(False)
        if options.steps:
            share = 1.0 if alone else _SHARES[DanceLesson.name]
            pace = options.setting(options.steps, run.device, share)
            course.take(DanceLesson.name, lambda: DanceLesson(ensemble, *takes, options, pace))
    graph = ensemble.graph.eval()
    facts = {
        "centre": studied.frame.centre.tolist(),
        "reach": studied.frame.reach,
        "known": list(studied.frame.known),
        "classes": list(studied.classes),
        "graph_classes": len(graph.classes.weight),
    }
    learnt = nn.ModuleDict({"dancer": ensemble.kept.eval(), "graph": graph})
    told = "; ".join(filter(None, (studied.note, told_right(graph, studied.held_out))))
    return Taught(learnt, facts, course, told)


@dataclass(frozen=True)
class Studied:
    """Dances as `ren` learns from them; `note` says what was assumed of their styles."""

    frame: Frame
    train: tuple[Take, ...]
    held_out: tuple[Take, ...]
    classes: tuple[str, ...]
    note: str

    @classmethod
    def of(cls, material: Material, options: RenOptions) -> "Studied":
        """Cut material into takes.

        Raises
        ------
        InputError
            If there are too few pieces to learn from.
        """
        clips = (*material.train, *material.held_out)
        frame = Frame.of((*material.train, *material.silent))
        labels, classes, note = labels_of(clips, heard_songs(material)[0], options.seed)
        train = takes_of(material.train, frame, labels, options.level)
        if len(even_pieces(train)) < FEWEST_PIECES:
            raise InputError(
                f"ren needs {FEWEST_PIECES} pieces of {PIECE_S:g} s or more; {len(material.train)} "
                f"clips have {len(even_pieces(train))}: give more dances"
            )
        held_out = takes_of(material.held_out, frame, labels, options.level)
        return cls(frame, train, held_out, classes, note)

    @property
    def arrays(self) -> list[Float32 | Int64]:
        """All that is learnt from or judges."""
        takes = (*self.train, *self.held_out)
        labels = np.array([take.label for take in takes], dtype=np.int64)
        return [labels, *(array for take in takes for array in (take.poses, take.sound))]


@torch.no_grad()
def told_right(graph: StGcn, takes: Sequence[Take]) -> str:
    """How many pieces of songs held out the graph network takes for their own style, in words."""
    pieces = even_pieces(takes)
    if not pieces:
        return ""
    graph.eval()
    device = str(next(graph.parameters()).device)
    found = graph(poses_of(pieces, device)).argmax(dim=1).cpu().numpy()
    labels = np.array([take.label for take, _ in pieces])
    commonest = np.bincount(labels).max() / len(labels)
    return (
        f"the graph network tells the style of {(found == labels).mean():.0%} of {len(labels)} "
        f"pieces of songs held out (the commonest style is {commonest:.0%} of them)"
    )
