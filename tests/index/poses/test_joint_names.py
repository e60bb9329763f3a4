import pytest

from danceit.errors import InputError
from danceit.index.poses.joint_names import FAMILIES, LIMBS, keypoints, rig_joints

# What each program or data set calls the joints of the left side, shoulder to wrist and hip to
# ankle, with the collar bone and the toes that must not be taken for them; then the head.
RIGS = {
    "Mixamo, MotionBuilder": (
        "mixamorig:LeftShoulder", "mixamorig:LeftArm", "mixamorig:LeftForeArm",
        "mixamorig:LeftHand", "mixamorig:LeftHandThumb1", "mixamorig:LeftUpLeg",
        "mixamorig:LeftLeg", "mixamorig:LeftFoot", "mixamorig:LeftToeBase", "mixamorig:Head",
        "mixamorig:HeadTop_End",
    ),
    "Rokoko": (
        "LeftShoulder", "LeftArm", "LeftForeArm", "LeftHand", "LeftFinger1Metacarpal",
        "LeftThigh", "LeftShin", "LeftFoot", "LeftToe", "Head", "Head end",
    ),
    "CMU in ASF": (
        "lclavicle", "lhumerus", "lradius", "lhand", "lfingers", "lfemur", "ltibia", "lfoot",
        "ltoes", "head", "head end",
    ),
    "Poser, Daz Victoria": (
        "lCollar", "lShldr", "lForeArm", "lHand", "lThumb1", "lThigh", "lShin", "lFoot", "lToe",
        "head", "head end",
    ),
    "Daz Genesis": (
        "lCollar", "lShldrBend", "lForearmBend", "lHand", "lThumb1", "lThighBend", "lShin",
        "lFoot", "lToe", "head", "head end",
    ),
    "Daz Genesis 9, Blender Rigify": (
        "DEF-shoulder.L", "DEF-upper_arm.L", "DEF-forearm.L", "DEF-hand.L", "DEF-thumb.01.L",
        "DEF-thigh.L", "DEF-shin.L", "DEF-foot.L", "DEF-toe.L", "head", "head end",
    ),
    "3ds Max Biped": (
        "Bip01 L Clavicle", "Bip01 L UpperArm", "Bip01 L Forearm", "Bip01 L Hand",
        "Bip01 L Finger0", "Bip01 L Thigh", "Bip01 L Calf", "Bip01 L Foot", "Bip01 L Toe0",
        "Bip01 Head", "Bip01 HeadNub",
    ),
    "Unreal": (
        "clavicle_l", "upperarm_l", "lowerarm_l", "hand_l", "thumb_01_l", "thigh_l", "calf_l",
        "foot_l", "ball_l", "head", "head end",
    ),
    "Xsens MVN": (
        "LeftShoulder", "LeftUpperArm", "LeftForeArm", "LeftHand", "LeftThumb", "LeftUpperLeg",
        "LeftLowerLeg", "LeftFoot", "LeftToe", "Head", "Head end",
    ),
    "Bandai-Namco, VRM": (
        "Shoulder_L", "UpperArm_L", "LowerArm_L", "Hand_L", "Thumb_L", "UpperLeg_L",
        "LowerLeg_L", "Foot_L", "Toes_L", "Head", "Head end",
    ),
    "MakeHuman, default rig": (
        "shoulder01.L", "upperarm01.L", "lowerarm01.L", "wrist.L", "metacarpal1.L",
        "upperleg01.L", "lowerleg01.L", "foot.L", "toe1-1.L", "head", "head end",
    ),
    "MakeHuman, CMU rig": (
        "Clavicle_L", "UpArm_L", "LoArm_L", "Hand_L", "Finger_L", "UpLeg_L", "LoLeg_L",
        "Foot_L", "Toe_L", "Head", "Head end",
    ),
    "MakeHuman, game rig": (
        "Shoulder_L", "UpArm_L", "LowArm_L", "Hand_L", "Finger_L", "UpLeg_L", "LowLeg_L",
        "Foot_L", "Toe_L", "Head", "Head end",
    ),
    "CMU for 3ds Max, Xsens, AMASS": (
        "LeftCollar", "LeftShoulder", "LeftElbow", "LeftWrist", "LThumb", "LeftHip", "LeftKnee",
        "LeftAnkle", "LeftToe", "Head", "Head end",
    ),
}  # fmt: skip
AMASS = (
    "L_Collar", "L_Shoulder", "L_Elbow", "L_Wrist", "L_Hand", "L_Hip", "L_Knee", "L_Ankle",
    "L_Foot", "Head", "Head end",
)  # fmt: skip
OTHER_SIDE = {"Left": "Right", "_L": "_R", ".L": ".R", "L_": "R_", " L ": " R ", "_l": "_r"}


def both_sides(left: tuple[str, ...]) -> list[str]:
    """The joints of a rig: those of the left side, then the same of the right."""
    right = []
    for name in left[:9]:
        swaps = [(one, other) for one, other in OTHER_SIDE.items() if one in name]
        one, other = swaps[0] if swaps else (name[0], "r" if name[0] == "l" else "R")
        right.append(name.replace(one, other, 1) if swaps else other + name[1:])
    return ["Hips", *left, *right]


def test_every_family_has_its_test() -> None:
    assert RIGS.keys() == FAMILIES.keys()


@pytest.mark.parametrize(
    ("family", "left"), [*RIGS.items(), ("CMU for 3ds Max, Xsens, AMASS", AMASS)]
)
def test_a_rig_is_known_by_its_names(family: str, left: tuple[str, ...]) -> None:
    rig = rig_joints(both_sides(left), "a file")
    assert rig.family == family
    # After the hips: the collar bone, then shoulder, elbow and wrist, a finger, then the leg.
    assert [rig.limbs[limb] for limb in LIMBS] == [2, 3, 4, 6, 7, 8, 13, 14, 15, 17, 18, 19]
    assert (rig.head, rig.head_top) == (10, 11)


def test_the_joints_of_a_real_makehuman_file_are_the_first_of_their_bones() -> None:
    # MakeHuman's default rig halves every long bone: upperarm01.L, upperarm02.L.
    left = RIGS["MakeHuman, default rig"]
    halves = [name.replace("01", "02") for name in left if "arm01" in name or "leg01" in name]
    names = both_sides(left)
    assert rig_joints([*names, *halves], "a file") == rig_joints(names, "a file")


def test_a_mixture_is_looked_for_joint_by_joint() -> None:
    names = both_sides(RIGS["Mixamo, MotionBuilder"])
    for old, new in (("LeftHand", "LeftWrist"), ("RightLeg", "RightShin")):
        names[names.index(f"mixamorig:{old}")] = f"mixamorig:{new}"
    rig = rig_joints(names, "a file")
    assert rig.family == ""
    assert [rig.limbs[limb] for limb in LIMBS] == [2, 3, 4, 6, 7, 8, 13, 14, 15, 17, 18, 19]


def test_what_lacks_a_limb_is_refused_by_its_name() -> None:
    names = ["root", "spine", "tail", "wing_l", "wing_r"]
    with pytest.raises(InputError, match=r"bird\.bvh has no joint that could be the left shoulder"):
        rig_joints(names, "bird.bvh")
    with pytest.raises(InputError, match="no left shoulder among its keypoints"):
        keypoints(names, "bird.json")


def test_a_foot_is_an_ankle_only_where_there_is_none() -> None:
    limbs = [f"{side}_{part}" for side in ("left", "right") for part in (
        "shoulder", "elbow", "wrist", "hip", "knee", "foot")]  # fmt: skip
    assert keypoints(limbs, "x")["left_ankle"] == 5
    assert keypoints([*limbs, "left_ankle", "right_ankle"], "x")["left_ankle"] == 12
