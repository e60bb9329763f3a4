"""Dances made and changed, each in a moment: what was found for a song is kept at hand."""

import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.align import DEFAULT_METHODS, align
from danceit.data import Dance
from danceit.errors import DanceitError, InputError
from danceit.index.store.manifest import NAME as MANIFEST
from danceit.retrieval.composing import Composition
from danceit.retrieval.constraints import Constraints
from danceit.retrieval.editing import Editor
from danceit.retrieval.options import QueryOptions
from danceit.studio.library.opened import Library
from danceit.studio.names import new_id
from danceit.studio.project import Project, Song, Version, changed
from danceit.studio.remarks import remark
from danceit.studio.wishes import Wishes
from danceit.workflow.line import again, aligners
from danceit.workflow.view_edits import constraints_of

_EDITORS = 6
"""Songs and wishes whose candidates are kept at hand."""
_SEEDS, _UNLIKE = 3, 0.5
"""Seeds that are tried for another dance, each a solving, and the share of its frames that may show
what a version there shows at the same time: from there on nobody would call it the same dance."""
_TRIED = 24
"""Dances with one change more that are kept at hand: what was tried is taken at once."""


class Dancing:
    """A project's library and everything that is danced from it.

    One thing is solved at a time; all methods may be called from any thread.

    Parameters
    ----------
    project : Project
    device : str
        Where encoders and search run.
    """

    def __init__(self, project: Project, device: str = "auto") -> None:
        self.project, self._device = project, device
        self._lock = RLock()
        self._library: Library | None = None
        self._stamp: tuple[Path, int] | None = None
        self._editors: OrderedDict[tuple[Any, ...], Editor] = OrderedDict()
        self._tried: OrderedDict[tuple[Any, ...], tuple[Dance, int]] = OrderedDict()
        self._warming = ThreadPoolExecutor(1, "warming")
        self._warmed: set[tuple[Any, ...]] = set()

    def close(self) -> None:
        """Release the library, once what is being loaded is loaded."""
        self._warming.shutdown(wait=True, cancel_futures=True)
        with self._lock:
            self._forget()

    def library(self) -> Library:
        """The library, opened; anew where it was built anew.

        Raises
        ------
        InputError
            If none was chosen.
        IndexStateError
            If it cannot be used.
        """
        with self._lock:
            index = self.project.library
            if index is None:
                raise InputError("there is no library yet: drop dances, or take the demo's")
            manifest = index / MANIFEST
            stamp = (index, manifest.stat().st_mtime_ns if manifest.is_file() else 0)
            if self._library is None or stamp != self._stamp:
                self._forget()
                self._library, self._stamp = Library(index, self._device), stamp
            return self._library

    def warm(self, song: Song | None = None) -> None:
        """Load in the background what the first dance to a song would wait for.

        What goes wrong is said when somebody asks for the same.
        """
        key = () if song is None else (song.id, song.counted)
        if key not in self._warmed:
            self._warmed.add(key)
            self._warming.submit(self._warm, song, key)

    def _warm(self, song: Song | None, key: tuple[Any, ...]) -> None:
        try:
            library = self.library()
            _ = (library.encoder, library.summary, library.clips)
            if song is not None:
                self._composed(song, Wishes())
        except DanceitError:
            # There may be a library, or the song be ready, when it is asked for again.
            self._warmed.discard(key)

    def make(self, song: Song, wishes: Wishes, name: str = "") -> Version:
        """Choose a dance for a song and keep it as a new version.

        Raises
        ------
        InputError
            If the song is not ready, or nothing in the library is as wished.
        """
        started = time.perf_counter()
        return self._kept(song, wishes, self._composed(song, wishes), started, name)

    def another(self, song: Song, wishes: Wishes) -> Version:
        """Keep a dance that is unlike those there are: of a few seeds the first, or the least like.

        By seed alone it is luck: the next may be the dance before with two moves changed.

        Raises
        ------
        InputError
            As `make`.
        """
        started = time.perf_counter()
        own = self.project.versions_of(song)
        first = max((each.wishes.seed for each in own), default=0) + 1
        there = [
            _fragments_shown(Dance.load(self.project.dance_file(each)))
            for each in own
            if each.counted == song.counted
        ]
        found: list[tuple[float, int, Composition]] = []
        for seed in range(first, first + _SEEDS):
            composition = self._composed(song, replace(wishes, seed=seed))
            shown = _fragments_shown(composition.dance)
            alike = max((float((shown == before).mean()) for before in there), default=0.0)
            found.append((alike, seed, composition))
            if alike <= _UNLIKE:
                break
        _, seed, composition = min(found, key=lambda each: each[:2])
        return self._kept(song, replace(wishes, seed=seed), composition, started)

    def change(self, version: Version, changes: Sequence[Mapping[str, Any]]) -> tuple[Version, int]:
        """Let other changes hold from now on; also how many moves are others for it.

        What was undone before is forgotten, as everywhere.
        """
        dance, n_changed = self.solved(version, changes)
        steps = (*version.steps[: version.at + 1], tuple(changes))
        made = changed(version, steps=steps, at=version.at + 1)
        return self.project.keep_version(made, dance), n_changed

    def go(self, version: Version, step: int) -> Version:
        """Undo or redo: let the changes of a step hold.

        Raises
        ------
        InputError
            If there is no such step.
        """
        if not 0 <= step < len(version.steps):
            raise InputError("there is nothing more to undo or redo")
        dance, _ = self.solved(version, version.steps[step])
        return self.project.keep_version(changed(version, at=step), dance)

    def solved(self, version: Version, changes: Sequence[Mapping[str, Any]]) -> tuple[Dance, int]:
        """A version's dance with some changes, and how many moves they replaced.

        Raises
        ------
        InputError
            If the changes contradict one another or ask for what is not there, or the song is
            counted otherwise than when the version was made.
        """
        key = (version.id, version.counted, repr(changes))
        with self._lock:
            if key in self._tried:
                self._tried.move_to_end(key)
                return self._tried[key]
            base = Dance.load(self.project.dance_file(version, "base"))
            found = (base, 0)
            if changes:
                editor = self.editor_of(version)
                edited = editor.solve(constraints_of(list(changes)), base)
                dance = again(edited.composition.dance, editor.music, base.steps)
                found = (dance, len(edited.changed))
            self._tried[key] = found
            while len(self._tried) > _TRIED:
                self._tried.popitem(last=False)
            return found

    def editor_of(self, version: Version) -> Editor:
        """What was found for a version's song.

        Raises
        ------
        InputError
            If the song was counted anew since.
        """
        song = self.project.song(version.song)
        if song.counted != version.counted:
            raise InputError(
                f"the counts of {song.name} were changed after {version.name} was made: it can be "
                "shown and exported; make another dance to change it"
            )
        return self._editor(song, version.wishes.options)

    def _composed(self, song: Song, wishes: Wishes) -> Composition:
        """What is chosen for a song as wished, not yet aligned."""
        with self._lock:
            return self._editor(song, wishes.options).solve(Constraints()).composition

    def _kept(
        self, song: Song, wishes: Wishes, composition: Composition, started: float, name: str = ""
    ) -> Version:
        """Align what was chosen since `started` and keep it as a version."""
        with self._lock:
            dance = align(composition.dance, composition.music, aligners(DEFAULT_METHODS, {}))
        version = Version(
            id=new_id(),
            name=name or self.project.next_name(song),
            song=song.id,
            wishes=wishes,
            counted=song.counted,
            notes=tuple(remark(note, song) for note in composition.notes),
            solved_s=time.perf_counter() - started,
        )
        return self.project.keep_version(version, dance, new=True)

    def _editor(self, song: Song, options: QueryOptions) -> Editor:
        if not song.ready:
            raise InputError(f"{song.name} is not ready yet: it is still being listened to")
        key = (song.id, song.counted, replace(options, seed=0))
        with self._lock:
            # Within the lock: else it may be closed before there is an editor of it.
            library = self.library()
            if key not in self._editors:
                file = self.project.song_file(song)
                self._editors[key] = Editor(file, library.store, library.encoder, options)
                while len(self._editors) > _EDITORS:
                    self._editors.popitem(last=False)
            self._editors.move_to_end(key)
            return self._editors[key].varied(options.seed)

    def _forget(self) -> None:
        self._editors.clear()
        self._tried.clear()
        if self._library is not None:
            self._library.close()
            self._library = None


def _fragments_shown(dance: Dance) -> npt.NDArray[np.str_]:
    """Id of the fragment (T,) that each frame shows."""
    ids: npt.NDArray[np.str_] = np.array([placed.fragment_id for placed in dance.fragments])
    return ids[dance.source_index]
