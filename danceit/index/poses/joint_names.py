"""Joints known by their names: the rigs of motion capture, and the keypoints of detectors.

Names are compared without their namespace, their case and anything but letters and digits:
``mixamorig:LeftArm``, ``Bip01 L UpperArm`` and ``upperarm01.L`` are ``leftarm``,
``lupperarm`` and ``upperarm01l``. A side may be spelled out or be one letter, and stand
before or after.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from danceit.data import JOINT_NAMES
from danceit.errors import InputError

PARTS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
LIMBS = tuple(f"{side}_{part}" for side in ("left", "right") for part in PARTS)
"""What a skeleton must have to dance."""

FAMILIES: dict[str, str] = {
    "Mixamo, MotionBuilder": "arm forearm hand upleg leg foot",
    "Rokoko": "arm forearm hand thigh shin foot",
    "CMU in ASF": "humerus radius hand/wrist femur tibia foot",
    "Poser, Daz Victoria": "shldr forearm hand thigh shin foot",
    "Daz Genesis": "shldrbend forearmbend hand thighbend shin foot",
    "Daz Genesis 9, Blender Rigify": "upperarm forearm hand thigh shin foot",
    "3ds Max Biped": "upperarm forearm hand thigh calf foot",
    "Unreal": "upperarm lowerarm hand thigh calf foot",
    "Xsens MVN": "upperarm forearm hand upperleg lowerleg foot",
    "Bandai-Namco, VRM": "upperarm lowerarm hand upperleg lowerleg foot",
    "MakeHuman, default rig": "upperarm01 lowerarm01 wrist upperleg01 lowerleg01 foot",
    "MakeHuman, CMU rig": "uparm/arm loarm/forearm hand upleg loleg/leg foot",
    "MakeHuman, game rig": "uparm lowarm hand upleg lowleg foot",
    "CMU for 3ds Max, Xsens, AMASS": "shoulder elbow wrist hip knee ankle",
}
"""What rigs call the joints of `PARTS`, spellings of one joint parted by a stroke.

The joint stands where its bone begins: Mixamo's *arm* at the shoulder, its *leg* at the
knee. The last family's *shoulder* is a collar bone in others, so it is tried last.
"""

_NAMESPACE = re.compile(
    r"^(?:.*:|mixamorig\d*[:_]?|bip\d+[ _]|character\d+[:_]|[mf]_avg_|j_bip_(?:c_)?|cc_base_|def-)",
    re.IGNORECASE,
)
_HEAD_TOPS = ("headend", "headtopend", "headnub", "headtop")
_ALSO_CALLED = {"ankle": ("foot",)}
"""Keypoints under another name than COCO's."""


@dataclass(frozen=True)
class RigJoints:
    """Where a rig's joints are in its list of names.

    Attributes
    ----------
    limbs : dict of str to int
        All of `LIMBS`.
    head, head_top : int
        -1 where there is none.
    family : str
        Key of `FAMILIES`; empty for a mixture.
    """

    limbs: Mapping[str, int]
    head: int
    head_top: int
    family: str


def rig_joints(names: Sequence[str], what: str) -> RigJoints:
    """Find a person's joints among those of a rig.

    A rig of somebody's own may mix the families: then each joint is looked for by itself,
    in the table's order.

    Parameters
    ----------
    names : sequence of str
    what : str
        Begins the message, such as the file's name.

    Raises
    ------
    InputError
        Naming the first of `LIMBS` that is not there, and the names that are.
    """
    exact = _first_of([_plain(name) for name in names])
    head = exact.get("head", -1)
    top = next((exact[word] for word in _HEAD_TOPS if word in exact), -1)
    for family, spellings in FAMILIES.items():
        limbs = _limbs(exact, dict(zip(PARTS, spellings.split(), strict=True)))
        if len(limbs) == len(LIMBS):
            return RigJoints(limbs, head, top, family)
    loose = _first_of([re.sub(r"\d", "", _plain(name)) for name in names])
    limbs = _limbs(loose | exact, _all_spellings())
    for limb in LIMBS:
        if limb not in limbs:
            raise InputError(
                f"{what} has no joint that could be the {limb.replace('_', ' ')}; "
                f"its joints: {', '.join(names)[:200]}"
            )
    return RigJoints(limbs, head, top, "")


def keypoints(names: Sequence[str], what: str) -> dict[str, int]:
    """Find COCO-18's joints among the keypoints of a detector or of annotators.

    Known by their names, whatever their order: COCO, COCO-WholeBody, Human3.6M, MPII,
    PoseTrack, CrowdPose, AI Challenger, Halpe and OpenPose. Ankles may be called feet. A nose, eyes
    or ears that are not there are left unknown, as is a neck, which `to_coco18` puts
    between the shoulders; the base or the top of the head is none of them.

    Raises
    ------
    InputError
        Naming the first of `LIMBS` that is not there, and the names that are: an animal, a hand
        or a face.
    """
    found: dict[str, int] = {}
    plain = [re.sub(r"[^a-z]", "", name.lower()) for name in names]
    for joint in JOINT_NAMES:
        side, _, part = joint.rpartition("_")
        wanted = (part, *_ALSO_CALLED.get(part, ()))
        spellings = [spelling for word in wanted for spelling in _sided(side, word)]
        index = next((plain.index(each) for each in spellings if each in plain), -1)
        if index >= 0:
            found[joint] = index
    for limb in LIMBS:
        if limb not in found:
            raise InputError(
                f"{what} has no {limb.replace('_', ' ')} among its keypoints "
                f"({', '.join(names)[:200]}): an animal, or another skeleton?"
            )
    return found


def _plain(name: str) -> str:
    """Letters and digits of a joint's name without its namespace."""
    return re.sub(r"[^a-z0-9]", "", _NAMESPACE.sub("", name).lower())


def _first_of(plain: Sequence[str]) -> dict[str, int]:
    """Index of the first joint of each name."""
    return {name: index for index, name in reversed(list(enumerate(plain)))}


def _limbs(named: Mapping[str, int], spellings: Mapping[str, str]) -> dict[str, int]:
    found = {}
    for limb in LIMBS:
        side, _, part = limb.rpartition("_")
        for word in spellings[part].split("/"):
            index = next((named[each] for each in _sided(side, word) if each in named), -1)
            if index >= 0:
                found[limb] = index
                break
    return found


def _all_spellings() -> dict[str, str]:
    rows = [spellings.split() for spellings in FAMILIES.values()]
    return {part: "/".join(row[column] for row in rows) for column, part in enumerate(PARTS)}


def _sided(side: str, word: str) -> tuple[str, ...]:
    if not side:
        return (word,)
    return f"{side}{word}", f"{side[0]}{word}", f"{word}{side}", f"{word}{side[0]}"
