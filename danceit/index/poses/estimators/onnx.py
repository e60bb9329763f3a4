"""RTMPose (Jiang et al. 2023) and its kin: top-down models with SimCC outputs, in ONNX.

The model takes one person's box (1, 3, H, W) and answers with one distribution over x and
one over y for each keypoint; the first 17 keypoints are COCO's (so are those of Halpe-26
and COCO-WholeBody). Nobody detects the box: it starts as the whole picture, is drawn in
around what was found, and then follows the person. It gives no depth.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from danceit.data import N_JOINTS, Float32, Float64
from danceit.errors import InputError, MissingDependencyError
from danceit.index.poses.estimators import People, Picture, model_hash
from danceit.index.poses.skeletons import COCO17, to_coco18

MEAN = np.array([123.675, 116.28, 103.53], dtype=np.float32)
DEVIATION = np.array([58.395, 57.12, 57.375], dtype=np.float32)
"""ImageNet's, by which RTMPose normalises RGB pixels of 0 to 255."""
PADDING = 1.25
"""Box around the keypoints, in their extent, as in RTMPose's training."""
FOUND = 0.3
"""Score from which a keypoint is found, and their mean from which somebody is there."""
LEAST = 0.15
"""Smallest box, in the picture's shorter side."""
_CLOSER = 2
"""Further looks at a first picture, each at the box that the look before found."""


class RtmPose:
    """The estimator; `model` is an ``.onnx`` file."""

    longest_px = 960

    def __init__(self, model: Path | None = None) -> None:
        if model is None:
            raise InputError("the estimator 'onnx' needs a model: give the path of an .onnx file")
        self._model = model
        self.estimator_id = f"onnx-{model_hash(model)}-1"

    def open(self) -> "RtmPoseSession":
        """Load the model; see `Estimator`."""
        try:
            onnxruntime = import_module("onnxruntime")
        except ImportError as exc:
            raise MissingDependencyError(
                "an .onnx pose model needs onnxruntime: pip install onnxruntime"
            ) from exc
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        try:
            network = onnxruntime.InferenceSession(
                str(self._model), options, providers=["CPUExecutionProvider"]
            )
        except Exception as exc:  # onnxruntime's own exceptions share no base
            raise InputError(f"{self._model} cannot be loaded: {str(exc).splitlines()[0]}") from exc
        return RtmPoseSession(network, self._model)


class RtmPoseSession:
    """Follows one person through a shot."""

    def __init__(self, network: Any, model: Path) -> None:
        inputs, outputs = network.get_inputs(), network.get_outputs()
        shape = inputs[0].shape
        if len(inputs) != 1 or len(outputs) != 2 or len(shape) != 4 or shape[1] != 3:
            raise InputError(
                f"{model} must take a picture (1, 3, H, W) and give SimCC's two outputs, as "
                f"RTMPose does; it takes {[each.shape for each in inputs]} and gives "
                f"{len(outputs)} outputs"
            )
        self._network, self._input = network, inputs[0].name
        sizes = [side if isinstance(side, int) else None for side in shape[2:]]
        self._size = sizes[1] or 192, sizes[0] or 256
        self._box: Float64 | None = None

    def people(self, picture: Picture, time_s: float) -> People:
        """Find the person that was followed, or else one in the whole picture."""
        height, width = picture.shape[:2]
        joints = None if self._box is None else self._look(picture, self._box)
        if joints is None or not _is_somebody(joints):
            joints = self._look(picture, np.array([0.0, 0.0, width, height]))
            for _ in range(_CLOSER):
                if not _is_somebody(joints):
                    break
                joints = self._look(picture, _box_around(joints))
        found = _is_somebody(joints)
        self._box = _box_around(joints) if found else None
        image = to_coco18(joints[None] if found else np.empty((0, *joints.shape)), COCO17)
        return People(image.astype(np.float32), np.full((len(image), N_JOINTS, 3), np.nan, "f4"))

    def close(self) -> None:
        """Nothing to free."""

    def _look(self, picture: Picture, box: Float64) -> Float64:
        """Keypoints (17, 3), in pixels of the picture, of the person in a box."""
        import cv2

        width, height = self._size
        centre = (box[:2] + box[2:]) / 2
        least = LEAST * min(picture.shape[:2])
        extent = PADDING * np.maximum(box[2:] - box[:2], least)
        scale = max(extent[0] / width, extent[1] / height)
        # Pixel centres: (i + 1/2) of the crop is at the same place as in the picture.
        shift = centre - scale * np.array([width, height]) / 2
        matrix = np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]])
        crop = cv2.warpAffine(
            picture, matrix, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        )
        pixels: Float32 = ((crop.astype(np.float32) - MEAN) / DEVIATION).transpose(2, 0, 1)[None]
        along_x, along_y = self._network.run(None, {self._input: pixels})
        joints = np.empty((len(COCO17), 3))
        for axis, (values, size) in enumerate(((along_x, width), (along_y, height))):
            values = values[0, : len(COCO17)]
            joints[:, axis] = values.argmax(axis=1) * size / values.shape[1]
        joints[:, :2] = scale * joints[:, :2] + shift
        joints[:, 2] = np.minimum(along_x[0, :17].max(axis=1), along_y[0, :17].max(axis=1))
        joints[:, 2] = joints[:, 2].clip(0.0, 1.0)
        return joints


def _is_somebody(joints: Float64) -> bool:
    return bool(joints[:, 2].mean() >= FOUND)


def _box_around(joints: Float64) -> Float64:
    """Box (left, top, right, bottom) around the keypoints that were found."""
    sure = joints[joints[:, 2] >= FOUND, :2]
    return np.concatenate([sure.min(axis=0), sure.max(axis=0)])
