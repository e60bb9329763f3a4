"""Search by movement over files: what is looked for is read, an index is asked."""

import json
from dataclasses import dataclass
from pathlib import Path

from danceit.data import FPS, Clip, Dance
from danceit.errors import InputError
from danceit.index.cleaning.cleaning import clean
from danceit.index.sources import read_ahead
from danceit.index.sources.only import only_recording
from danceit.index.sources.settings import ReadSettings
from danceit.index.store.contract import FragmentStore
from danceit.index.store.engines import open_store
from danceit.makers import check_replaceable
from danceit.progress import Progress, silent
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.search.finding import Match, MoveOptions, find_moves
from danceit.retrieval.search.likeness import evenly
from danceit.retrieval.search.moves import Asked, Move, move_in, unknown_move
from danceit.workflow.dance_files import DANCE_SUFFIX
from danceit.workflow.search.sheet import MAKER, draw_matches


@dataclass(frozen=True)
class Searched:
    """What was looked for and what was found, most alike first."""

    move: Move
    matches: tuple[Match, ...]

    def as_json(self) -> str:
        """It as one JSON object, without poses."""
        asked = {"name": self.move.name, "seconds": round(self.move.duration_s, 3)}
        found = [{"rank": i + 1, **match.record()} for i, match in enumerate(self.matches)]
        return json.dumps({"like": asked, "matches": found}, indent=2)


def search(
    like: str,
    index: Path,
    options: MoveOptions | None = None,
    *,
    out: Path | None = None,
    device: str = "auto",
    settings: ReadSettings | None = None,
    watching: Progress = silent,
) -> Searched:
    """Find fragments of an index that move like something; draw them where `out` is given.

    Parameters
    ----------
    like : str
        ``CLIP@12.0-14.0``, a clip or fragment of the index, or a file or folder with movement
        (any source, or a dance file), each with or without ``@FROM-TO`` in seconds.
    out : Path, optional
        A ``.png``: what was looked for and what was found, pose by pose.
    watching : Progress, optional
        Told how far the search for people in a video is.

    Raises
    ------
    InputError
        If there is no such movement, something else is at `out`, or as
        `danceit.retrieval.search.finding.find_moves`.
    """
    if out is not None and out.suffix.lower() != ".png":
        raise InputError(f"what was found is drawn as .png; got {out.name}")
    if out is not None:
        check_replaceable(out, MAKER)
    with open_store(index, device=device) as store:
        move = read_move(like, store, settings, watching)
        encoder = FragmentEncoder.load(store.encoder, device=device)
        found = Searched(move, find_moves(move, store, encoder, options))
    if out is not None:
        draw_matches(found.move, found.matches, out)
    return found


def read_move(
    like: str,
    store: FragmentStore,
    settings: ReadSettings | None = None,
    watching: Progress = silent,
) -> Move:
    """Read what is to be looked for, from the index where it has it, else from a file."""
    asked = Asked(like) if Path(like).exists() else Asked.parsed(like)
    move = move_in(store, asked)
    if move is not None:
        return move
    path = Path(asked.name)
    if not path.exists():
        raise unknown_move(store, asked.name)
    if path.name.endswith(DANCE_SUFFIX):
        return _part([_danced(Dance.load(path), path)], asked)
    found = only_recording(path, settings)
    failed = read_ahead([found], watching)
    if failed:
        raise InputError(next(iter(failed.values())))
    dims = store.spec.dims
    return _part(clean(found.read(dims), dims=dims if dims == 2 else None).clips, asked)


def _danced(dance: Dance, path: Path) -> Clip:
    n_frames = round(dance.n_frames / dance.fps * FPS)
    return Clip(path.name, path.name, evenly(dance.joints, n_frames), path)


def _part(clips: tuple[Clip, ...] | list[Clip], asked: Asked) -> Move:
    """Return the stretch that is asked for of the clip that holds it."""
    if not clips:
        raise InputError(f"nothing in {asked.name} can be used; see: danceit index inspect")
    if asked.start_s is None or asked.end_s is None:
        clip = max(clips, key=lambda one: one.n_frames)
        return Move(asked.name, clip.poses, start_s=clip.start_s)
    for clip in clips:
        first, stop = (round((at_s - clip.start_s) * FPS) for at_s in (asked.start_s, asked.end_s))
        if first >= -1 and stop <= clip.n_frames + 1:
            first, stop = max(first, 0), min(max(stop, first + 1), clip.n_frames)
            name = f"{asked.name}@{asked.start_s:g}-{asked.end_s:g}"
            return Move(name, clip.poses[first:stop], start_s=clip.start_s + first / FPS)
    there = ", ".join(
        f"{one.start_s:.1f}-{one.start_s + one.n_frames / FPS:.1f} s" for one in clips
    )
    raise InputError(
        f"{asked.name} shows a dancer at {there}; got {asked.start_s:g}-{asked.end_s:g} s"
    )
