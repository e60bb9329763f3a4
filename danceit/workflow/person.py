"""A person to be shown, from a video to a trained folder: what `danceit person` calls."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from danceit.data import BODY_PX, Dance
from danceit.errors import InputError
from danceit.index.cleaning.repair import mended
from danceit.index.sources.people import EACH_FOLLOWED
from danceit.progress import Progress, silent
from danceit.render.footage.framing import body_px
from danceit.render.footage.locating import Filmed
from danceit.render.person.configuration import QUALITIES, PersonConfig
from danceit.render.person.posing import coverage
from danceit.render.person.prepare import Prepared, prepare
from danceit.render.person.target import Consent, Description, Target, describe
from danceit.workflow.footage_sources import filmed, read_source

UNSEEN_SHARE = 0.2
"""Share of a dance's poses that the footage never shows, from which the user is told."""


def prepare_person(
    source: Path,
    out: Path,
    *,
    who: str,
    agreed: bool,
    size: int = 512,
    progress: Progress = silent,
) -> Prepared:
    """Prepare a person from a video, or from poses with their video beside them.

    Parameters
    ----------
    source : Path
        Anything that an index could be built from and that has a video.
    who : str
        The person's name.
    agreed : bool
        Whether they agreed to be shown.

    Raises
    ------
    DanceitError
        If they did not agree, no one is seen, or `out` cannot be written.
    """
    consent = Consent(who, agreed)
    recording = read_source(source)
    footage = filmed(recording)
    scale = BODY_PX / body_px(footage.joints)
    joints, _ = mended(footage.joints.astype(np.float64) * scale)
    cleaned = Filmed(footage.video, footage.times_s, (joints / scale).astype(np.float32))
    # Of those who were followed a person is only the main one.
    told = tuple(
        note.replace(EACH_FOLLOWED, "the main one was followed") for note in recording.notes
    )
    return prepare(cleaned, out, consent, size=size, warnings=told, progress=progress)


@dataclass(frozen=True)
class PersonInfo:
    """What `danceit person info` shows.

    Attributes
    ----------
    lesson, step : str, int
        Of the last checkpoint; empty where training has not begun.
    kept : str
        What of it is rendered with; empty where nothing is.
    """

    about: Description
    n_frames: int
    n_training: int
    n_validation: int
    lesson: str
    step: int
    kept: str
    notes: tuple[str, ...]


def person_info(folder: Path, dance: Path | None = None) -> PersonInfo:
    """Describe a person; with a dance, also say how much of it the footage shows.

    Raises
    ------
    InputError
        If the folder is no person or the file no dance.
    """
    from danceit.render.person.training import state_of

    target = Target.load(folder)
    lesson, step = state_of(folder)
    notes = list(target.about.warnings)
    if dance is not None:
        notes.append(shown_share(target, Dance.load(dance)))
    return PersonInfo(
        about=target.about,
        n_frames=len(target.frames),
        n_training=len(target.training),
        n_validation=len(target.validation),
        lesson=lesson,
        step=step,
        kept=_kept(folder),
        notes=tuple(notes),
    )


def _kept(folder: Path) -> str:
    """Say which networks a person is painted by: what was trained last may have been left out."""
    from danceit.checkpoints import read_note
    from danceit.render.person.building import PAINTER

    if not (folder / PAINTER).is_file():
        return ""
    note = read_note(folder / PAINTER)
    face = "and FaceGAN" if note.get("face") else "without FaceGAN, which was left out or not begun"
    return f"poseGAN of step {note.get('step', '?')} {face}"


def shown_share(target: Target, dance: Dance) -> str:
    """Say how many of a dance's poses the footage never shows, and which is the strangest."""
    found = coverage(target, dance.joints)
    second = found.farthest / dance.fps
    return (
        f"{found.unseen_share:.0%} of the dance's poses are not in {target.about.source}; "
        f"the strangest is at {second:.1f} s"
    )


def person_notes(folder: Path, dance: Dance) -> tuple[str, ...]:
    """Warn before rendering where the person was never seen dancing like that."""
    target = Target.load(folder)
    if not np.isfinite(dance.joints[..., :2]).all(axis=2).any():
        raise InputError("nothing to draw: every joint of every frame of the dance is missing")
    unseen = coverage(target, dance.joints).unseen_share
    return (shown_share(target, dance),) if unseen > UNSEEN_SHARE else ()


def quality_for(
    folder: Path,
    quality: str | None = None,
    *,
    steps: int | None = None,
    face_steps: int | None = None,
    batch: int | None = None,
    precision: str | None = None,
    seed: int | None = None,
) -> PersonConfig:
    """Configuration for a prepared person: the quality named, else that of its size.

    What is not None replaces the quality's own.

    Raises
    ------
    InputError
        If no quality has the person's size.
    """
    size = describe(folder).size
    by_size = {config.size: name for name, config in QUALITIES.items()}
    chosen = quality or by_size.get(size)
    if chosen is None:
        known = ", ".join(f"{name} {config.size} px" for name, config in QUALITIES.items())
        raise InputError(f"{folder} was prepared at {size} px; qualities: {known}")
    config = QUALITIES[chosen]
    return replace(
        config,
        steps=config.steps if steps is None else steps,
        face_steps=config.face_steps if face_steps is None else face_steps,
        batch=config.batch if batch is None else batch,
        precision=config.precision if precision is None else precision,
        seed=config.seed if seed is None else seed,
    )
