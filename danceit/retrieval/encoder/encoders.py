"""Encoders: poses and windows of a song as vectors whose distance says how well they go together.

Distances are squared L2, smaller is better. The pose space has D = 30 dimensions: 16 that two
networks learn, and 14 for what is counted, heard of a song and read from a movement
(`count_reader`). Where the loss is `normalised` its vectors have length 1, where it is not the 16
stand alone; music without counts has 0 for the 14, as far from all movement. A second space
compares music with music: how the surroundings of a window repeat, and its tempo, in standard
deviations of the training songs. It is not trained on pairs, so it holds on songs unlike those
of the library.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from danceit.data import FPS, N_JOINTS, Float32, Int64
from danceit.errors import InputError
from danceit.retrieval.encoder import weights
from danceit.retrieval.encoder.configuration import EncoderConfig
from danceit.retrieval.encoder.hearing import TEMPO_BUMPS, Heard, hear, layout_of

if TYPE_CHECKING:
    import torch

    from danceit.retrieval.encoder.count_reader import CountReader
    from danceit.retrieval.encoder.networks import AudioNetwork, PoseNetwork

FORMAT = 1
"""Version of the encoder folder written by this release; newer ones are refused."""
CONFIG_FILE, WEIGHTS_FILE = "encoder.json", "encoder.safetensors"
COUNTED_SHARE = 2 / 3
"""Share of squared distances that what is counted makes; what is learned makes the rest."""
TEMPO_WEIGHT = 2.0
"""Weight of each tempo column beside each repetition in the audio-to-audio space."""
_BATCH_FRAMES = 1 << 14


@dataclass
class FragmentEncoder:
    """Both towers and the reader of counts; implements `danceit.index.embedding.Embedder`.

    Attributes
    ----------
    config : EncoderConfig
    poses, audio : torch modules
        On `device`, in evaluation mode unless a training loop says otherwise.
    device : str
        Where they run.
    counts : torch module or None
        Reads the counts of movement, where the configuration says so.
    """

    config: EncoderConfig
    poses: "PoseNetwork"
    audio: "AudioNetwork"
    device: str = "cpu"
    counts: "CountReader | None" = None
    _heard: tuple[Float32, Heard] | None = field(default=None, repr=False)

    @classmethod
    def create(cls, config: EncoderConfig, *, device: str = "cpu") -> "FragmentEncoder":
        """Untrained encoder; weights are drawn from torch's current random state."""
        import torch

        from danceit.retrieval.encoder.count_reader import CountReader
        from danceit.retrieval.encoder.networks import AudioNetwork, PoseNetwork

        silence = np.zeros((int(FPS), layout_of(config.feature_set).width), np.float32)
        heard = hear(silence, config.feature_set)
        with torch.device(device):
            audio = AudioNetwork(config, heard.frames.shape[1], heard.surroundings.shape[1])
            encoder = cls(config, PoseNetwork(config), audio, device)
            encoder.counts = CountReader(config) if config.reads_counts else None
        return encoder.evaluating()

    @classmethod
    def load(cls, folder: Path, device: str = "auto") -> "FragmentEncoder":
        """Read an encoder folder.

        Parameters
        ----------
        folder : Path
            As written by `save`.
        device : str
            ``auto`` takes a GPU where there is one; else a torch device name.

        Raises
        ------
        InputError
            If the folder is missing or damaged, of a newer format, too large to be
            true, or its weights are not those its configuration describes.
        """
        import torch

        folder = Path(folder)
        if not folder.is_dir():
            raise InputError(f"no encoder at {folder}: not a folder")
        if not (folder / CONFIG_FILE).is_file():
            raise InputError(
                f"{folder} is no encoder: it has no {CONFIG_FILE}; give a folder that `danceit "
                "train --out` wrote, or an index"
            )
        stored = weights.read_json(folder / CONFIG_FILE)
        _check_format(stored.get("format"), folder)
        if not isinstance(stored.get("config"), dict):
            raise InputError(f"{folder / CONFIG_FILE} lacks the encoder's configuration")
        config = EncoderConfig.from_json(stored["config"])
        with torch.device("meta"):
            expected = cls.create(config, device="meta").tensors()
        tensors = weights.read_tensors(folder / WEIGHTS_FILE, expected)
        encoder = cls.create(config)
        encoder.restore(tensors)
        if stored.get("encoder_id") != encoder.encoder_id:
            raise InputError(
                f"the weights in {folder} are not those of its {CONFIG_FILE} "
                f"(id {encoder.encoder_id}, recorded {stored.get('encoder_id')}): mixed files?"
            )
        return encoder.to(pick_device(device))

    def save(self, folder: Path) -> None:
        """Write weights and configuration into `folder`, which is made if need be."""
        folder = Path(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise InputError(f"cannot write {folder}: {exc.strerror or exc}") from exc
        weights.write_tensors(folder / WEIGHTS_FILE, self.tensors())
        described = {"format": FORMAT, "encoder_id": self.encoder_id}
        weights.write_json(folder / CONFIG_FILE, {**described, "config": self.config.as_json()})

    @property
    def encoder_id(self) -> str:
        """Hash of weights and configuration."""
        return weights.digest(self.tensors(), self.config.as_json())

    @property
    def dims(self) -> int:
        """C of the poses it takes."""
        return self.config.dims

    @property
    def feature_set(self) -> str:
        """Name of the audio features it takes."""
        return self.config.feature_set

    def embed_poses(self, poses: Float32) -> Float32:
        """Vectors (N, D) of pose fragments (N, T, 18, C), T >= 2; joints may be NaN.

        Raises
        ------
        InputError
            If the shape is another.
        """
        import torch

        wanted = (N_JOINTS, self.config.dims)
        if poses.ndim != 4 or poses.shape[2:] != wanted or poses.shape[1] < 2:
            raise InputError(
                f"this encoder takes poses (N, T >= 2, {wanted[0]}, {wanted[1]}); got {poses.shape}"
            )
        found = [np.zeros((0, self.config.width), np.float32)]
        with torch.inference_mode():
            for part in _parts(len(poses), poses.shape[1]):
                batch = torch.from_numpy(np.ascontiguousarray(poses[part])).to(self.device)
                learned = self.placed(self.poses(batch))
                code = None if self.counts is None else self.counts(batch)
                found.append(_joined(learned, code).cpu().numpy())
        return np.concatenate(found)

    def embed_windows(self, features: Float32, starts: Int64, n_frames: int) -> Float32:
        """Vectors (N, D) of windows of one song, in the space of the poses.

        Parameters
        ----------
        features : float32 (S, F)
            Of the whole song: its pulse and the surroundings of a window are heard.
        starts : int64 (N,)
            First frame of each window, in [0, S).
        n_frames : int
            Length; a window that reaches beyond the song repeats its last frame.
        """
        _check_starts(starts, len(features))
        return self.embed_heard(self.hear(features), starts, n_frames)

    def embed_heard(self, heard: Heard, starts: Int64, n_frames: int) -> Float32:
        """As `embed_windows`, of a song already heard."""
        import torch

        found = [np.zeros((0, self.config.width), np.float32)]
        with torch.inference_mode():
            for part in _parts(len(starts), n_frames):
                inputs = [
                    torch.from_numpy(array).to(self.device)
                    for array in heard.windows(starts[part], n_frames)
                ]
                learned = self.placed(self.audio(*self.audio.scaled(*inputs)))
                code = None
                if self.counts is not None:
                    code = torch.from_numpy(heard.codes_at(starts[part])).to(self.device)
                found.append(_joined(learned, code).cpu().numpy())
        return np.concatenate(found)

    def describe_windows(self, features: Float32, starts: Int64, n_frames: int) -> Float32:
        """Vectors (N, A) that compare windows of songs: how the music around them repeats.

        Feature sets without flux are compared by the mean and spread of the timbre instead.
        """
        _check_starts(starts, len(features))
        return self.describe_heard(self.hear(features).windows(starts, max(1, n_frames))[1])

    def describe_heard(self, around: Float32) -> Float32:
        """As `describe_windows`, of surroundings (N, K)."""
        scale = self.audio.around_scale.cpu().numpy()
        return described((around - scale[0]) / scale[1], self.config.feature_set)

    def hear(self, features: Float32) -> Heard:
        """Derive what it hears of a song; the last song is remembered."""
        if self._heard is None or self._heard[0] is not features:
            heard = hear(features, self.config.feature_set)
            self._heard = (features, heard)
        return self._heard[1]

    def tensors(self) -> "dict[str, torch.Tensor]":
        """All weights and buffers by name."""
        return _named(self._modules())

    def learned(self) -> "dict[str, torch.Tensor]":
        """Those of the two towers, which training changes step by step."""
        return _named({"poses": self.poses, "audio": self.audio})

    def restore(self, tensors: "dict[str, torch.Tensor]") -> None:
        """Take over weights named as by `tensors`; a part of which none is named stays."""
        for part, module in self._modules().items():
            prefix = f"{part}."
            state = {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
            if state:
                module.load_state_dict(state)

    def _modules(self) -> "dict[str, torch.nn.Module]":
        modules: dict[str, torch.nn.Module] = {"poses": self.poses, "audio": self.audio}
        return modules if self.counts is None else {**modules, "counts": self.counts}

    def to(self, device: str) -> "FragmentEncoder":
        """Move to a device; returns itself."""
        for module in self._modules().values():
            module.to(device)
        self.device = device
        return self

    def evaluating(self) -> "FragmentEncoder":
        """Switch dropout off; returns itself."""
        self.poses.eval()
        self.audio.eval()
        return self

    def placed(self, vectors: "torch.Tensor") -> "torch.Tensor":
        """Give a tower's vectors length 1 where the loss asks for it."""
        from torch.nn.functional import normalize

        return normalize(vectors, dim=1) if self.config.normalised else vectors


def _joined(learned: "torch.Tensor", code: "torch.Tensor | None") -> "torch.Tensor":
    """Learned vectors (N, 16) and codes of counts (N, CODE) side by side, by their shares."""
    import torch

    if code is None:
        return learned
    shares = ((1 - COUNTED_SHARE) ** 0.5, COUNTED_SHARE**0.5)
    return torch.cat([learned * shares[0], code * shares[1]], dim=1)


def _named(modules: "Mapping[str, torch.nn.Module]") -> "dict[str, torch.Tensor]":
    return {
        f"{part}.{name}": tensor
        for part, module in modules.items()
        for name, tensor in module.state_dict().items()
    }


def described(around: Float32, feature_set: str) -> Float32:
    """Surroundings in standard deviations (N, K) as vectors of the audio-to-audio space."""
    width = layout_of(feature_set).n_repeats
    if not width:
        return around / np.float32(np.sqrt(around.shape[1]))
    vectors = around.copy()
    vectors[:, width:] *= TEMPO_WEIGHT
    return vectors / np.float32(np.sqrt(width + TEMPO_WEIGHT**2 * TEMPO_BUMPS))


def pick_device(device: str) -> str:
    """Resolve ``auto`` to a GPU where there is one.

    Raises
    ------
    InputError
        If torch knows no such device or it is not available.
    """
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as exc:
        reason = str(exc).splitlines()[0]
        raise InputError(f"cannot use the device '{device}': {reason}") from exc
    return device


def _parts(n_rows: int, n_frames: int) -> Iterator[slice]:
    step = max(1, _BATCH_FRAMES // max(1, n_frames))
    return (slice(start, start + step) for start in range(0, n_rows, step))


def _check_starts(starts: Int64, n_frames: int) -> None:
    if starts.size and not 0 <= int(starts.min()) <= int(starts.max()) < n_frames:
        raise InputError(f"windows must start within the song's {n_frames} frames")


def _check_format(version: object, folder: Path) -> None:
    if type(version) is not int:
        raise InputError(f"{folder / CONFIG_FILE} is not an encoder's: it has no format number")
    if version > FORMAT:
        raise InputError(f"the encoder in {folder} was written by a newer danceit; upgrade")
