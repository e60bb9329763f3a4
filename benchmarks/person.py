"""Training steps/s and rendered frames/s of a person, for any machine, by one command.

    python benchmarks/person.py [--quality draft good paper] [--device auto] [--compile]

Makes its own footage, so it needs no data: the figures depend on sizes alone. Says what
it ran on, and what it could not run.
"""

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import torch

from danceit.errors import DanceitError
from danceit.render.footage.locating import Filmed
from danceit.render.person.building import Trained, load_trained, make_painter, save_trained
from danceit.render.person.configuration import QUALITIES, PersonConfig
from danceit.render.person.guide import behind_for
from danceit.render.person.networks import flops, n_parameters
from danceit.render.person.painting import device_for, lowered, paint
from danceit.render.person.prepare import prepare
from danceit.render.person.target import Consent, Target
from danceit.render.person.training import train

FRAMES = 96
STANCE = np.array(
    [
        (256, 104), (256, 160), (216, 162), (196, 226), (186, 288), (296, 162), (316, 226),
        (326, 288), (232, 288), (230, 376), (228, 464), (280, 288), (282, 376), (284, 464),
        (246, 96), (266, 96), (236, 100), (276, 100),
    ],
    dtype=np.float64,
)  # fmt: skip


def made_up(folder: Path) -> Filmed:
    """A swaying dancer of dots before a still wall, 512 x 512."""
    rng = np.random.default_rng(0)
    wall = np.repeat(np.repeat(rng.integers(60, 120, (64, 64, 3), dtype=np.uint8), 8, 0), 8, 1)
    joints = np.repeat(STANCE[None], FRAMES, axis=0)
    joints[..., 0] += 60 * np.sin(0.4 * np.arange(FRAMES))[:, None]
    with av.open(str(folder / "made_up.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=24, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 512, 512, "yuv420p"
        for index, body in enumerate(joints):
            picture = wall.copy()
            for x, y in body.astype(int).tolist():
                picture[y - 12 : y + 12, max(0, x - 12) : x + 12] = (220, 60, 40)
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return Filmed(folder / "made_up.mp4", np.arange(FRAMES) / 24, joints.astype(np.float32))


def training_rate(
    person: Path, config: PersonConfig, device: str, steps: int, compiled: bool
) -> str:
    """Steps/s of poseGAN after the first, which compiles and warms up."""
    marks: list[float] = []

    def watch(done: int, total: int, what: str = "") -> None:
        if device == "cuda":
            torch.cuda.synchronize()
        marks.append(time.perf_counter())

    few = replace(config, steps=steps, face_steps=0, checkpoint_every=10 * steps)
    train(person, few, device=device, compiled=compiled, restart=True, progress=watch)
    rate = (len(marks) - 1) / (marks[-1] - marks[0])
    return f"{rate:8.3f} steps/s of {config.batch} pairs"


def painting_rate(network: Trained, target: Target, device: str, frames: int) -> str:
    """Frames/s from poses to pictures in memory, one after the other as a video needs them.

    The processor's time beside it hardly depends on what else the machine does.
    """
    poses = [target.joints[i % len(target.joints)] for i in range(frames + 1)]
    behind = behind_for(target.folder, guided=network.config.guided)
    painted = paint(network, poses, behind, device=device)
    next(painted)
    began, used = time.perf_counter(), time.process_time()
    count = sum(1 for _ in painted)
    rate, used = count / (time.perf_counter() - began), time.process_time() - used
    return f"{rate:8.2f} frames/s, {used / count:.3f} s of processor a frame"


def untrained(person: Path, config: PersonConfig, device: str) -> Trained:
    """Networks of a quality; what they paint costs the same before training."""
    save_trained(person, config, make_painter(config).state_dict(), None, 0)
    return load_trained(person, device)


def bench(quality: str, device: str, asked: argparse.Namespace, filmed: Filmed, room: Path) -> None:
    config = QUALITIES[quality]
    person = room / quality
    prepare(filmed, person, Consent("nobody", True), size=config.size)
    target = Target.load(person)
    with torch.device("meta"):
        painter = make_painter(config)
    label = (1, 3, config.size, config.size)
    work = flops(painter, label, label, (1, 3, config.size, config.size)) / 1e9
    print(
        f"{quality}: {config.size} px, generator {n_parameters(painter) / 1e6:.1f} M parameters, "
        f"{work:.0f} GFLOPs a frame"
    )
    measure("rendering", lambda: painting_rate(
        untrained(person, config, device), target, device, asked.frames))  # fmt: skip
    measure("training", lambda: training_rate(
        person, config, device, asked.steps, asked.compile))  # fmt: skip
    if device == "cuda":
        print(f"  memory       {torch.cuda.max_memory_allocated() / 2**30:8.1f} GiB")
        torch.cuda.reset_peak_memory_stats()


def measure(what: str, work: Callable[[], str]) -> None:
    try:
        print(f"  {what:<12} {work()}", flush=True)
    except DanceitError as exc:
        print(f"  {what:<12} not run: {exc}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quality", nargs="+", choices=list(QUALITIES), default=list(QUALITIES))
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--steps", type=int, default=20, help="of training to time")
    parser.add_argument("--frames", type=int, default=48, help="to render")
    parser.add_argument("--compile", action="store_true")
    asked = parser.parse_args()
    device = device_for(asked.device)
    name = torch.cuda.get_device_name() if device == "cuda" else platform.processor() or "cpu"
    half = lowered(PersonConfig(), device)
    precision = "bf16" if half._enabled else "fp32"
    print(f"{name}, torch {torch.__version__}, {torch.get_num_threads()} threads, {precision}")
    if device == "cpu":
        print("no card: what a card does was not measured", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        filmed = made_up(Path(folder))
        for quality in asked.quality:
            bench(quality, device, asked, filmed, Path(folder))


if __name__ == "__main__":
    main()
