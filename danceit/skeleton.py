"""The skeleton, the canvas and the kinds of array; `danceit.data` has all names too."""

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

FPS = 24.0
"""Frames per second of every clip and dance (DanceIt III-A)."""
CANVAS_PX = 512
BODY_PX = 360.0
"""Largest nose-to-ankle distance of a clip after scaling (DanceIt V-D2)."""
FLOOR_PX = 464.0
"""Canvas height, y, at which a clip's lowest ankle stands."""
SEAM_PX = 10.0
"""Joint displacement between two frames from which they count as discontinuous (DanceIt IV-C)."""
FRAGMENT_LENGTHS = (24, 48, 72, 96)
"""Fragment lengths in frames: 1 to 4 s."""

JOINT_NAMES = (
    "nose", "neck",
    "right_shoulder", "right_elbow", "right_wrist",
    "left_shoulder", "left_elbow", "left_wrist",
    "right_hip", "right_knee", "right_ankle",
    "left_hip", "left_knee", "left_ankle",
    "right_eye", "left_eye", "right_ear", "left_ear",
)  # fmt: skip
"""COCO-18 in OpenPose's order."""
N_JOINTS = len(JOINT_NAMES)
JOINT = {name: index for index, name in enumerate(JOINT_NAMES)}
BONES = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10),
    (1, 11), (11, 12), (12, 13), (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
MIRRORED = (0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16)
"""For each joint, the joint that takes its place when left and right are swapped."""
HANDS = (JOINT["right_wrist"], JOINT["left_wrist"])
FEET = (JOINT["right_ankle"], JOINT["left_ankle"])
FACE = tuple(JOINT[n] for n in ("nose", "right_eye", "left_eye", "right_ear", "left_ear"))

BODIES = ("whole", "upper")
"""What of a body a clip shows."""
