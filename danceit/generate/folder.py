"""The files of a trained generator: ``generator.json`` and ``generator.safetensors``.

The JSON says what it is, how it was trained and what it must know beside its weights; its
id is a hash of both, so that no dance is traced to a generator that has changed since.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from danceit.errors import InputError
from danceit.retrieval.encoder import weights

if TYPE_CHECKING:
    from torch import Tensor, nn

FORMAT = 1
"""Version of the folder that this release writes and reads."""
DESCRIPTION, WEIGHTS = "generator.json", "generator.safetensors"


@dataclass(frozen=True)
class Description:
    """What stands in ``generator.json``.

    Attributes
    ----------
    name : str
        Kind of generator, by which it is registered.
    options : dict
        Of its training, as its options class takes them.
    facts : dict
        What it learnt beside its weights: scales, styles, held-out songs; plain values.
    training : dict
        How its training went: steps and losses of each phase.
    """

    name: str
    options: dict[str, Any]
    facts: dict[str, Any]
    training: dict[str, Any]


def save(folder: Path, description: Description, network: "nn.Module") -> None:
    """Write a trained generator into a folder that is there."""
    tensors = network.state_dict()
    weights.write_tensors(folder / WEIGHTS, tensors)
    stored = {
        "format": FORMAT,
        "generator_id": identity(description, tensors),
        **asdict(description),
    }
    weights.write_json(folder / DESCRIPTION, stored)


def described(folder: Path) -> Description:
    """Read what a trained generator is.

    Raises
    ------
    InputError
        If there is none, it is damaged, or of another version.
    """
    if not folder.is_dir():
        raise InputError(f"no generator at {folder}: not a folder")
    path = folder / DESCRIPTION
    if not path.is_file():
        raise InputError(
            f"{folder} is no trained generator: it has no {DESCRIPTION}; give a folder that "
            "`danceit generate train` wrote to its end"
        )
    stored = weights.read_json(path)
    if stored.get("format") != FORMAT:
        raise InputError(
            f"{folder} was written in format {stored.get('format')} of generators, and this "
            f"danceit reads {FORMAT}: train again, or use the version that trained it"
        )
    try:
        return Description(
            name=str(stored["name"]),
            options=dict(stored["options"]),
            facts=dict(stored["facts"]),
            training=dict(stored["training"]),
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise InputError(f"{path} does not describe a generator: {exc}") from exc


def restore(folder: Path, description: Description, network: "nn.Module") -> str:
    """Put the weights in a folder into a network of their shapes and return the generator's id.

    The network may be on the meta device: weights are not copied into it but become its own.

    Raises
    ------
    InputError
        If they are damaged, of another network, or not those that the description is of.
    """
    tensors = weights.read_tensors(folder / WEIGHTS, network.state_dict())
    found = identity(description, tensors)
    stored = weights.read_json(folder / DESCRIPTION).get("generator_id")
    if found != stored:
        raise InputError(
            f"the weights in {folder} are not those of its {DESCRIPTION} (id {found}, recorded "
            f"{stored}): mixed files?"
        )
    network.load_state_dict(tensors, assign=True)
    return found


def identity(description: Description, tensors: "Mapping[str, Tensor]") -> str:
    """Hash of what a generator is made of; how its training went is no part of it."""
    made_of = {"name": description.name, "options": description.options, "facts": description.facts}
    return weights.digest(tensors, made_of)
