"""Training in two lessons: a graph network tells styles apart, then the generator dances."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import Adam
from torch.optim.swa_utils import AveragedModel

from danceit import audio
from danceit.errors import InputError
from danceit.generate.averaging import averaged
from danceit.generate.course import (
    Course,
    Pace,
    fingerprint_of,
    lowered,
)
from danceit.generate.folder import WEIGHTS, described
from danceit.generate.material import Material
from danceit.generate.ren.judges import GlobalJudge, LocalJudge
from danceit.generate.ren.losses import (
    RenWeights,
    dance_distance,
    global_loss,
    is_real,
    local_loss,
    matching_loss,
    perceptual_loss,
)
from danceit.generate.ren.networks import DanceGenerator, drawn_noise
from danceit.generate.ren.options import RenOptions
from danceit.generate.ren.pieces import (
    PIECE,
    PIECE_S,
    Frame,
    Take,
    centred,
    drawn_pieces,
    even_pieces,
    takes_of,
)
from danceit.generate.ren.st_gcn import StGcn
from danceit.generate.styles import labels_of
from danceit.generate.trained import Taught
from danceit.progress import Progress

FEWEST_PIECES = 24
"""Pieces of 5 s, 2 minutes in all: under this there is nothing to learn from."""
_SHARES = {"style by graph": 0.15, "dance": 0.85}
"""Of a limit in minutes, where both are taken."""
_JUDGED = 32
_GRAPH_RATE = 2e-3
"""Learning rate of the graph network (appendix H)."""


class GraphLesson:
    """The graph network as a classifier of styles; see `danceit.generate.course.Lesson`."""

    name = "style by graph"

    def __init__(
        self,
        network: StGcn,
        takes: Sequence[Take],
        held_out: Sequence[Take],
        *,
        batch: int,
        pace: Pace,
        precision: str,
        device: str,
    ) -> None:
        self.network, self.takes, self.batch = network, takes, batch
        self.pace, self.precision, self.device = pace, precision, device
        self.modules = {"graph": network}
        self.optimisers = {"graph_adam": Adam(network.parameters(), _GRAPH_RATE)}
        self.steps_an_epoch = max(len(even_pieces(takes)) / batch, 1e-9)
        self._by_class = [
            [take for take in takes if take.label == label]
            for label in sorted({take.label for take in takes})
        ]
        self._judged = even_pieces(held_out)

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        """One batch of pieces, every class as often as any other."""
        counts = np.bincount(rng.integers(len(self._by_class), size=self.batch),
                             minlength=len(self._by_class))  # fmt: skip
        pieces = [
            piece
            for takes, count in zip(self._by_class, counts, strict=True)
            for piece in drawn_pieces(takes, int(count), rng)
        ]
        self.network.train()
        with lowered(self.precision, self.device):
            logits = self.network(poses_of(pieces, self.device)).float()
        loss = cross_entropy(logits, self._labels(pieces))
        (optimiser,) = self.optimisers.values()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        return {"cross-entropy": float(loss.detach())}

    @torch.no_grad()
    def check(self) -> float:
        """Cross-entropy on songs held out."""
        if not self._judged:
            return float("nan")
        self.network.eval()
        logits = self.network(poses_of(self._judged, self.device))
        return float(cross_entropy(logits, self._labels(self._judged)))

    def _labels(self, pieces: Sequence[tuple[Take, int]]) -> Tensor:
        return torch.tensor([take.label for take, _ in pieces], device=self.device)


class DanceLesson:
    """Generator and judges; see `danceit.generate.course.Lesson`."""

    name = "dance"

    def __init__(
        self,
        dancer: DanceGenerator,
        judges: nn.ModuleDict,
        graph: StGcn,
        takes: Sequence[Take],
        held_out: Sequence[Take],
        options: RenOptions,
        *,
        pace: Pace,
        device: str,
        average: AveragedModel | None = None,
    ) -> None:
        self.dancer, self.graph, self.takes, self.options = dancer, graph, takes, options
        self.pace, self.device, self.average = pace, device, average
        self.kept = dancer if average is None else average.module
        self.weights = RenWeights(options.l1, options.matching, options.perceptual, options.penalty)
        self.modules = {"dancer": self.kept, "judges": judges}
        rates = {"global": options.global_rate, "local": options.local_rate}
        self.optimisers = {"dancer_adam": Adam(dancer.parameters(), options.learning_rate)}
        for name, judge in judges.items():
            self.optimisers[f"{name}_adam"] = Adam(judge.parameters(), rates[name])
        self.steps_an_epoch = len(even_pieces(takes)) / options.batch
        pieces = even_pieces(held_out)
        chosen = np.linspace(0, len(pieces) - 1, min(_JUDGED, len(pieces))).astype(int)
        self._judged = [pieces[i] for i in chosen]
        self._judges = judges

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        """The generator first, then its judges, as in the release."""
        pieces = drawn_pieces(self.takes, self.options.batch, rng)
        sound, real = sound_of(pieces, self.device), poses_of(pieces, self.device)
        self.dancer.train()
        self._judges.train()
        with self._lowered():
            made = self.dancer(sound, drawn_noise(len(pieces), PIECE, self.device)).float()
            parts = self._losses(made, real, sound)
        self._update("dancer_adam", torch.stack(list(parts.values())).sum())
        if self.average is not None:
            self.average.update_parameters(self.dancer)
        judged = self._judged_losses(made.detach(), real, sound)
        return {name: float(part.detach()) for name, part in {**parts, **judged}.items()}

    def _judged_losses(self, made: Tensor, real: Tensor, sound: Tensor) -> dict[str, Tensor]:
        """Let each judge take one step, and say what it lost."""
        judged = {}
        if self.options.has("local"):
            with self._lowered():
                judged["local judge"] = local_loss(self._local, made, real)
            self._update("local_adam", judged["local judge"])
        if self.options.has("global"):
            with self._lowered():
                judged["global judge"] = global_loss(
                    self._global, made, real, sound, self.weights.penalty
                )
            self._update("global_adam", judged["global judge"])
        return judged

    def _lowered(self) -> AbstractContextManager[None]:
        return lowered(self.options.precision, self.device)

    def _losses(self, made: Tensor, real: Tensor, sound: Tensor) -> dict[str, Tensor]:
        parts = {"L1": self.weights.l1 * (made - real).abs().mean()}
        if self.options.has("global"):
            with torch.no_grad():
                heard = self._global.heard(sound)
            parts["global"] = is_real(self._global(made, heard))
            parts["matching"] = self.weights.matching * matching_loss(
                self._global.reader, made, real
            )
        if self.options.has("local"):
            parts["local"] = is_real(self._local(made))
        if self.options.has("perceptual"):
            self.graph.eval()
            parts["perceptual"] = self.weights.perceptual * perceptual_loss(self.graph, made, real)
        return parts

    @torch.no_grad()
    def check(self) -> float:
        """How far dances to songs held out are from those danced to them, as sets."""
        if len(self._judged) < 2:
            return float("nan")
        self.kept.eval()
        self.graph.eval()
        real = poses_of(self._judged, self.device)
        sound = sound_of(self._judged, self.device)
        drawn = torch.Generator().manual_seed(self.options.seed)
        with self._lowered():
            made = self.kept(sound, drawn_noise(len(real), PIECE, self.device, drawn)).float()
        return float(dance_distance(self.graph, made, real))

    @property
    def _local(self) -> LocalJudge:
        judge = self._judges["local"]
        assert isinstance(judge, LocalJudge)
        return judge

    @property
    def _global(self) -> GlobalJudge:
        judge = self._judges["global"]
        assert isinstance(judge, GlobalJudge)
        return judge

    def _update(self, name: str, loss: Tensor) -> None:
        self.optimisers[name].zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimisers[name].step()


def poses_of(pieces: Sequence[tuple[Take, int]], device: str) -> Tensor:
    """Poses (B, 50, 36) of pieces, each about its own hips."""
    rows = np.stack([take.poses[start : start + PIECE] for take, start in pieces])
    return torch.from_numpy(centred(rows)).to(device)


def sound_of(pieces: Sequence[tuple[Take, int]], device: str) -> Tensor:
    """Sound (B, 50, 1600) of pieces."""
    rows = np.stack([take.sound[start : start + PIECE] for take, start in pieces])
    return torch.from_numpy(rows).to(device)


def teach(
    material: Material,
    options: RenOptions,
    *,
    out: Path,
    device: str,
    restart: bool,
    progress: Progress,
) -> Taught:
    """Take both lessons, or go on where a run was stopped.

    Raises
    ------
    InputError
        If there are too few pieces, or `out` holds another run.
    """
    clips = (*material.train, *material.held_out)
    frame = Frame.of((*material.train, *material.silent))
    songs = {clip.audio_path: audio.features(clip.audio_path, "lee")
             for clip in clips if clip.audio_path}  # fmt: skip
    labels, classes, note = labels_of(clips, songs, options.seed)
    train = takes_of(material.train, frame, labels)
    held = takes_of(material.held_out, frame, labels)
    if len(even_pieces(train)) < FEWEST_PIECES:
        raise InputError(
            f"ren needs {FEWEST_PIECES} pieces of {PIECE_S:g} s or more; {len(material.train)} "
            f"clips have {len(even_pieces(train))}: give more dances"
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        dancer = DanceGenerator(options.inner).to(device)
        graph = _graph(options.graph, len(classes)).to(device)
        judges = nn.ModuleDict()
        if options.has("global"):
            judges["global"] = GlobalJudge(printed_attention=options.printed_attention)
        if options.has("local"):
            judges["local"] = LocalJudge()
        judges.to(device)
        learnt = [array for take in (*train, *held) for array in (take.poses, take.sound)]
        course = Course(
            out, fingerprint_of(asdict(options), learnt), device, options.seed, progress
        )
        network = nn.ModuleDict({"dancer": dancer, "graph": graph, "judges": judges})
        average = averaged(dancer, options.average).to(device) if options.average else None
        if average is not None:
            network["average"] = average
        course.begin(network, restart=restart)
        if not options.graph:
            course.take(
                GraphLesson.name,
                lambda: GraphLesson(graph, train, held, batch=options.batch,
                                    pace=_pace(options, GraphLesson.name),
                                    precision=options.precision, device=device),
            )  # fmt: skip
        graph.requires_grad_(False)
        if options.steps:
            course.take(
                DanceLesson.name,
                lambda: DanceLesson(dancer, judges, graph, train, held, options,
                                    pace=_pace(options, DanceLesson.name), device=device,
                                    average=average),
            )  # fmt: skip
    facts = {
        "centre": frame.centre.tolist(),
        "reach": frame.reach,
        "known": list(frame.known),
        "classes": list(classes),
        "graph_classes": len(graph.classes.weight),
    }
    kept = dancer if average is None else average.module
    learnt_networks = nn.ModuleDict({"dancer": kept.eval(), "graph": graph.eval()})
    told = "; ".join(filter(None, (note, told_right(graph, held))))
    return Taught(learnt_networks, facts, course, told)


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


def _graph(file: str, n_classes: int) -> StGcn:
    """A graph network to train, or one read from a file with its own classes."""
    if not file:
        return StGcn(n_classes)
    from danceit.checkpoints import read_weights

    path = Path(file)
    if path.is_dir() and (kind := described(path).name) != "ren":
        raise InputError(
            f"{file} holds a '{kind}', which has no graph network: give a 'ren', or a "
            ".safetensors of one"
        )
    tensors = read_weights(path / WEIGHTS if path.is_dir() else path)
    if path.is_dir():
        own = "graph."
        tensors = {k.removeprefix(own): t for k, t in tensors.items() if k.startswith(own)}
    found = tensors.get("classes.weight")
    network = StGcn(n_classes if found is None else len(found))
    try:
        network.load_state_dict(tensors)
    except RuntimeError as exc:
        line = " ".join(str(exc).split())[:120]
        raise InputError(f"{file} holds no graph network of this kind: {line}") from exc
    return network


def _pace(options: RenOptions, lesson: str) -> Pace:
    steps = options.graph_steps if lesson == GraphLesson.name else options.steps
    alone = bool(options.graph) or not options.steps
    share = 1.0 if alone else _SHARES[lesson]
    return Pace(steps, options.check_every, options.patience, options.minutes * share)
