"""A trained person measured on the part of the footage that training never saw.

Beside what the networks paint stand three baselines that need no network: the clean
background alone, the training frame whose pose is nearest, and the person of that frame
carried to the pose by the joints, over the background. A network that does not beat the
nearest frame has learnt nothing worth its training.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from danceit.files import replacing
from danceit.render.person import labels
from danceit.render.person.building import Trained, load_trained
from danceit.render.person.guide import Guide, behind_for
from danceit.render.person.metrics import cut_squares, flicker, psnr, ssim
from danceit.render.person.painting import device_for, paint
from danceit.render.person.target import Target

Pictures = npt.NDArray[np.uint8]
Distance = Callable[[Pictures, Pictures], float]

PAINTED, PLAIN, NEAREST, WARPED, BACKGROUND = (
    "painted",
    "without FaceGAN",
    "nearest frame",
    "nearest, warped",
    "background",
)
SHEET_FRAMES = 8


@dataclass(frozen=True)
class Row:
    """One method on all unseen frames.

    Attributes
    ----------
    psnr_db, ssim : float
        Mean over frames of the whole picture; higher is better.
    face_psnr_db, face_ssim : float
        Of the face patch.
    flicker : float
        Restlessness over that of the real video; 1 is best.
    lpips : float or None
        Zhang et al., CVPR 2018; lower is better; None without its weights.
    """

    method: str
    psnr_db: float
    ssim: float
    face_psnr_db: float
    face_ssim: float
    flicker: float
    lpips: float | None = None


@dataclass(frozen=True)
class PersonBench:
    """The table, and where it was written.

    Attributes
    ----------
    rows : tuple of Row
    n_frames : int
        Unseen frames.
    step : int
        Steps that poseGAN was trained for.
    frames_per_s : float
        Painted on `device`, labels included.
    """

    rows: tuple[Row, ...]
    n_frames: int
    step: int
    size: int
    device: str
    frames_per_s: float
    sheet: Path

    @property
    def beaten_by(self) -> tuple[str, ...]:
        """Baselines that are nearer to the real frames, in PSNR, than what was painted."""
        painted = next(row for row in self.rows if row.method == PAINTED)
        baselines = (row for row in self.rows if row.method not in (PAINTED, PLAIN))
        return tuple(row.method for row in baselines if row.psnr_db >= painted.psnr_db)


def bench_person(
    folder: Path, out: Path, *, device: str = "auto", lpips: str = "", limit: int = 0
) -> PersonBench:
    """Measure a trained person; leaves ``person.json`` and ``person.png`` in `out`.

    Parameters
    ----------
    lpips : str
        LPIPS's weights, as `Lpips.load` takes them; empty leaves it out.
    limit : int
        Most unseen frames to take, from their start; 0 for all.

    Raises
    ------
    InputError
        If the folder is no trained person.
    """
    target, chosen_device = Target.load(folder), device_for(device)
    distance = _lpips(lpips)
    trained = load_trained(folder, chosen_device)
    unseen = target.validation[: limit or None]
    real, joints = np.asarray(target.frames[unseen]), target.joints[unseen]
    began = time.perf_counter()
    shown = {PAINTED: _painted(trained, target, joints, chosen_device, face=True)}
    seconds = time.perf_counter() - began
    if trained.face is not None:
        shown[PLAIN] = _painted(trained, target, joints, chosen_device, face=False)
    shown |= baselines(target, joints)
    rows = tuple(
        _row(method, pictures, real, joints, trained, distance)
        for method, pictures in shown.items()
    )
    out.mkdir(parents=True, exist_ok=True)
    sheet = out / "person.png"
    _save_sheet(sheet, joints, real, shown)
    result = PersonBench(
        rows=rows,
        n_frames=len(unseen),
        step=trained.step,
        size=target.about.size,
        device=chosen_device,
        frames_per_s=len(unseen) / seconds,
        sheet=sheet,
    )
    with replacing(out / "person.json") as temporary:
        text = json.dumps({**asdict(result), "sheet": sheet.name}, indent=1)
        temporary.write_text(text + "\n", encoding="utf-8")
    return result


def baselines(target: Target, joints: npt.NDArray[np.float32]) -> dict[str, Pictures]:
    """Pictures (N, S, S, 3) of each baseline for poses (N, 18, 2) in the target's pixels."""
    guide = Guide(target)
    found = [guide.nearest(pose) for pose in joints]
    near = np.stack([target.frames[index] for index in found])
    warped = [guide.picture(pose, index) for pose, index in zip(joints, found, strict=True)]
    behind = np.repeat(target.background[None], len(joints), axis=0)
    return {NEAREST: near, WARPED: np.stack(warped), BACKGROUND: behind}


def table_rows(bench: PersonBench) -> list[tuple[str, ...]]:
    """Cells of the table, in the order of `HEADER`."""
    rows = []
    for row in bench.rows:
        cells = [f"{row.psnr_db:.2f}", f"{row.ssim:.3f}", f"{row.face_psnr_db:.2f}"]
        cells += [f"{row.face_ssim:.3f}", f"{row.flicker:.2f}"]
        cells.append("-" if row.lpips is None else f"{row.lpips:.3f}")
        rows.append((row.method, *cells))
    return rows


HEADER = ("", "PSNR dB", "SSIM", "face PSNR dB", "face SSIM", "flicker", "LPIPS")


def _painted(
    trained: Trained, target: Target, joints: npt.NDArray[np.float32], device: str, *, face: bool
) -> Pictures:
    behind = behind_for(target.folder, guided=trained.config.guided)
    return np.stack(list(paint(trained, joints, behind, device=device, face=face)))


def _row(
    method: str,
    ours: Pictures,
    real: Pictures,
    joints: npt.NDArray[np.float32],
    trained: Trained,
    distance: Distance | None,
) -> Row:
    side = trained.config.face_patch
    corners = [labels.face_corner(pose, trained.config.size, side) for pose in joints]
    our_faces, faces = (cut_squares(pictures, corners, side) for pictures in (ours, real))
    return Row(
        method=method,
        psnr_db=float(psnr(ours, real).mean()),
        ssim=float(ssim(ours, real).mean()),
        face_psnr_db=float(psnr(our_faces, faces).mean()),
        face_ssim=float(ssim(our_faces, faces).mean()),
        flicker=flicker(ours, real),
        lpips=None if distance is None else distance(ours, real),
    )


def _lpips(files: str) -> Distance | None:
    """Mean LPIPS of pictures in pairs, one pair at a time; None where no weights are given."""
    if not files:
        return None
    import torch

    from danceit.render.person.batches import as_tensor
    from danceit.render.person.lpips import Lpips

    lpips = Lpips.load(files)

    def distance(ours: Pictures, real: Pictures) -> float:
        with torch.no_grad():
            values = [
                float(lpips(as_tensor(ours[i : i + 1]), as_tensor(real[i : i + 1]))[0])
                for i in range(len(ours))
            ]
        return float(np.mean(values))

    return distance


def _save_sheet(
    path: Path, joints: npt.NDArray[np.float32], real: Pictures, shown: dict[str, Pictures]
) -> None:
    """Rows: the pose, the real frame, then each method; columns: moments of the unseen part."""
    from PIL import Image

    chosen = np.linspace(0, len(real) - 1, min(SHEET_FRAMES, len(real))).astype(int)
    size = real.shape[1]
    drawn = np.stack([labels.draw(joints[index], size) for index in chosen])
    rows = [drawn, real[chosen], *(pictures[chosen] for pictures in shown.values())]
    with replacing(path) as temporary:
        joined = np.concatenate([np.concatenate(list(row), axis=1) for row in rows])
        Image.fromarray(joined).save(temporary, format="PNG")
