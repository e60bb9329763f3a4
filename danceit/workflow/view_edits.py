"""What the page of `danceit view` asks its server for: changes, solved while it waits."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any

from danceit.audio.songs import song_of
from danceit.closing import Closing
from danceit.data import Dance
from danceit.errors import DanceitError, InputError
from danceit.files import file_name
from danceit.index.store.contract import FragmentStore, Where
from danceit.index.store.engines import open_store
from danceit.render.options import RenderOptions
from danceit.render.page.data import dances_as_json
from danceit.retrieval.constraints import Constraints
from danceit.retrieval.editing import Editor, options_of
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.workflow.dance_files import DANCE_SUFFIX, stem_of
from danceit.workflow.line import again
from danceit.workflow.viewing import Viewed


@dataclass
class _Own:
    """One dance: as opened, as changed, and why it cannot be changed."""

    opened: Dance
    shown: Dance
    file: Path
    refused: str
    editor: Editor | None = None
    changes: list[Any] = field(default_factory=list)


class ViewEdits(Closing):
    """Changes to the dances of a page, each solved from the dance as it was opened.

    Parameters
    ----------
    viewed : Viewed
    index : Path
        The index that the dances were made from.
    song : Path, optional
        Where the song is now.
    device : str

    Raises
    ------
    IndexStateError
        If there is no index, or it cannot be used.
    """

    def __init__(
        self, viewed: Viewed, index: Path, *, song: Path | None = None, device: str = "auto"
    ) -> None:
        self._viewed, self._song, self._device = viewed, song, device
        self._store: FragmentStore = open_store(index, device=device)
        self._warming = Lock()
        index_id = self._store.index_id
        self._dances = [
            _Own(dance, dance, file, _refusal(dance, index, self._store, index_id))
            for dance, file in zip(viewed.dances, viewed.files, strict=True)
        ]

    def close(self) -> None:
        """Close the index."""
        self._store.close()

    @property
    def refused(self) -> list[str]:
        """Why each dance cannot be changed; empty where it can."""
        return [own.refused for own in self._dances]

    def html(self, options: RenderOptions, token: str) -> str:
        """Return the page with the dances as they now are and the changes made to them."""
        edit = {
            "token": token,
            "refused": self.refused,
            "changes": [own.changes for own in self._dances],
        }
        return replace(self._viewed, dances=self._shown).html(options, edit)

    @property
    def _shown(self) -> tuple[Dance, ...]:
        return tuple(own.shown for own in self._dances)

    def warm(self) -> None:
        """Search the song and align once now, so that the first change does not wait for it.

        What goes wrong is not said here but when the first change asks for the same.
        """
        with suppress(DanceitError):
            for own in self._dances:
                if not own.refused:
                    self._solved(own, Constraints())

    def edit(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Solve with all changes to one dance; answers with all dances as they now are."""
        own = self._asked(asked)
        changes = asked.get("changes")
        constraints = constraints_of(changes)
        started = time.perf_counter()
        changed = 0
        if constraints:
            own.shown, changed = self._solved(own, constraints)
        else:
            own.shown = own.opened
        own.changes = list(changes) if isinstance(changes, list) else []
        return {
            "dances": dances_as_json(self._shown, self._viewed.names),
            "changed": changed,
            "seconds": time.perf_counter() - started,
        }

    def save(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Write a changed dance beside its file, under the name given or one that is not taken."""
        own = self._asked(asked)
        wanted = str(asked.get("name") or "").strip()
        stem = file_name(wanted) if wanted else f"{stem_of(own.file)}.edited"
        target = own.file.with_name(stem + DANCE_SUFFIX)
        number = 2
        while target.exists():
            target = own.file.with_name(f"{stem}-{number}{DANCE_SUFFIX}")
            number += 1
        own.shown.save(target)
        return {"file": str(target)}

    def _asked(self, asked: Mapping[str, Any]) -> _Own:
        number = asked.get("dance")
        if not isinstance(number, int) or not 0 <= number < len(self._dances):
            raise InputError(f"there is no dance {number!r} on this page")
        own = self._dances[number]
        if own.refused:
            raise InputError(own.refused)
        return own

    def _solved(self, own: _Own, constraints: Constraints) -> tuple[Dance, int]:
        """Solve one dance and align it as it was; also how many fragments are others now."""
        with self._warming:
            edited = self._editor(own).solve(constraints, own.opened)
            composition = edited.composition
            dance = again(composition.dance, composition.music, own.opened.steps)
        return dance, len(edited.changed)

    def _editor(self, own: _Own) -> Editor:
        if own.editor is None:
            options = options_of(own.opened)
            same = [each.editor for each in self._dances if each.editor is not None]
            found = next((editor for editor in same if editor.options == options), None)
            own.editor = found or Editor(
                song_of([own.opened], self._song),
                self._store,
                FragmentEncoder.load(self._store.encoder, device=self._device),
                options,
            )
        return own.editor


def _refusal(dance: Dance, index: Path, store: FragmentStore, index_id: str) -> str:
    """Why a dance cannot be changed with an index; empty where it can."""
    try:
        options = options_of(dance)
    except DanceitError as exc:
        return str(exc)
    if dance.index_id == index_id:
        return ""
    # The index may have grown since; what counts is that it still has what the dance shows.
    there = set(store.table(store.matching(Where(n_frames=options.n_frames))).fragment_id)
    gone = [placed.fragment_id for placed in dance.fragments if placed.fragment_id not in there]
    if gone:
        return f"{index} has no fragment {gone[0]}: made from another index, it cannot be changed"
    return ""


def constraints_of(changes: object) -> Constraints:
    """Read a page's list of changes, the last word last."""
    asked = Constraints()
    try:
        for change in changes if isinstance(changes, list) else [{}]:
            if change["kind"] == "pin":
                one = Constraints(pins=((float(change["at"]), str(change["what"])),))
            elif change["kind"] == "ban":
                one = Constraints(bans=(str(change["what"]),))
            elif change["kind"] == "mirror":
                one = Constraints(mirrors=((float(change["from"]), float(change["to"])),))
            else:
                one = Constraints(locks=((float(change["from"]), float(change["to"])),))
            asked = asked.and_then(one)
    except (KeyError, TypeError, ValueError) as exc:
        raise InputError(f"the page asked for a change that is not one: {exc}") from exc
    return asked
