"""Other skeletons' joints as COCO-18, OpenPose's order.

Every map is written by joint name and checked by the tests against the published
orders; what the other skeleton lacks is NaN.
"""

from collections.abc import Mapping

import numpy as np

from danceit.data import JOINT, N_JOINTS, Float64

COCO17 = {
    "nose": 0, "left_eye": 1, "right_eye": 2, "left_ear": 3, "right_ear": 4,
    "left_shoulder": 5, "right_shoulder": 6, "left_elbow": 7, "right_elbow": 8,
    "left_wrist": 9, "right_wrist": 10, "left_hip": 11, "right_hip": 12,
    "left_knee": 13, "right_knee": 14, "left_ankle": 15, "right_ankle": 16,
}  # fmt: skip
"""COCO's 17 keypoints (Lin et al. 2014), also AIST++'s; there is no neck."""

HALPE26 = COCO17 | {"neck": 18}
"""Halpe's 26 keypoints (AlphaPose; Li et al. 2020), which are also the first of its 136:
COCO's, then 17 the top of the head, 18 the neck, 19 the middle of the hips, 20 to 25 the feet."""

MIN_CONFIDENCE = 0.1
"""Confidence from which a joint of a detector that always answers counts as found."""

BODY25 = {
    "nose": 0, "neck": 1, "right_shoulder": 2, "right_elbow": 3, "right_wrist": 4,
    "left_shoulder": 5, "left_elbow": 6, "left_wrist": 7, "right_hip": 9, "right_knee": 10,
    "right_ankle": 11, "left_hip": 12, "left_knee": 13, "left_ankle": 14,
    "right_eye": 15, "left_eye": 16, "right_ear": 17, "left_ear": 18,
}  # fmt: skip
"""OpenPose's BODY_25; its joint 8 is the middle of the hips, 19 to 24 are the feet."""


def to_coco18(joints: Float64, names: Mapping[str, int]) -> Float64:
    """Poses (T, J, C) of another skeleton as (T, 18, C).

    `names` gives the index of each COCO-18 joint that the skeleton has. A skeleton
    without a neck gets the middle of its shoulders, which is what COCO-18's neck is.
    """
    n_frames, _, n_coords = joints.shape
    poses = np.full((n_frames, N_JOINTS, n_coords), np.nan)
    for name, index in names.items():
        poses[:, JOINT[name]] = joints[:, index]
    if "neck" not in names:
        shoulders = poses[:, [JOINT["left_shoulder"], JOINT["right_shoulder"]]]
        poses[:, JOINT["neck"]] = shoulders.mean(axis=1)
    return poses
