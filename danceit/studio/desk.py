"""What the page may ask for, as plain calls from a mapping to what JSON can hold."""

import importlib.util
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Any

from danceit.audio import listen
from danceit.counts import Counts
from danceit.data import Dance
from danceit.errors import DanceitError, InputError
from danceit.media import AUDIO_SUFFIXES
from danceit.render.options import RenderOptions
from danceit.render.page.data import dances_as_json, figure_as_json, theme_as_json
from danceit.render.page.html import page_data
from danceit.studio.asking import Asking
from danceit.studio.dancing import Dancing
from danceit.studio.exporting import FORMATS, export_name, look_of, people
from danceit.studio.jobs import Jobs
from danceit.studio.library.others import others
from danceit.studio.library.reels import Reels
from danceit.studio.library.shelf import ASKED, Shelf, stretch_of
from danceit.studio.names import UnknownIdError, checked_drop, checked_id, free, new_id, title
from danceit.studio.pages import DARK, LIGHT
from danceit.studio.project import Project, Song, Version, changed, check_revision
from danceit.studio.songs import correct, counted, outline_of, part_of
from danceit.studio.uploads import RECORDINGS
from danceit.studio.wishes import Wishes

Asked = Mapping[str, Any]
MOST_MOVES = 64
"""Moves that are drawn for one request."""
CHANGES = ("pin", "ban", "lock", "mirror")
MOST_BESIDE = 4
"""Versions that are shown side by side."""


class Desk:
    """Answers for a project.

    Parameters
    ----------
    project : Project
    jobs : Jobs
    dancing : Dancing
    data : Path, optional
        A folder of dances that the studio was started with, to make a library of.
    """

    def __init__(
        self, project: Project, jobs: Jobs, dancing: Dancing, data: Path | None = None
    ) -> None:
        self.project, self.jobs, self.dancing = project, jobs, dancing
        self.shelf, self.asking = Shelf(project, dancing), Asking(project)
        self._reels = Reels(dancing)
        self._data = data
        self._run = new_id()
        # Of two changes made on the same revision one must find it taken.
        self._changing = Lock()

    def state(self, asked: Asked) -> dict[str, Any]:
        """Return everything that the page needs to know of the project."""
        # Before all else: what a job made is there by the time that it says so.
        news = self.news(asked)
        library, trouble = None, ""
        if self.project.library is not None:
            try:
                library = self.dancing.library().summary
            except DanceitError as exc:
                trouble = str(exc)
        songs = self.project.songs()
        there = {song.id for song in songs}
        return {
            "project": self.project.name,
            "library": library,
            "trouble": trouble,
            "reads_videos": importlib.util.find_spec("mediapipe") is not None,
            "data": self._data.name if self._data else "",
            "damaged": self.project.damaged(),
            "songs": [asdict(song) for song in songs],
            # A dance without its song can neither be heard nor changed.
            "dances": [
                version_as_json(version)
                for version in self.project.versions()
                if version.song in there
            ],
            "formats": dict(FORMATS),
            "recordings": sorted(RECORDINGS),
            "people": people(self.project),
            **news,
        }

    def news(self, asked: Asked) -> dict[str, Any]:
        """Return what tells that something is new, and all jobs."""
        jobs = [asdict(job) for job in self.jobs.all()]
        return {"news": self.project.news, "jobs": jobs, "run": self._run}

    def looks(self, asked: Asked) -> dict[str, Any]:
        """Return how to draw, in the dark and in the light."""
        return {
            name: {"theme": theme_as_json(theme), "figure": figure_as_json(theme)}
            for name, theme in (("dark", DARK), ("light", LIGHT))
        }

    def job(self, asked: Asked) -> dict[str, Any]:
        """Stop a job, begin it again, or forget it."""
        act = asked.get("do")
        if act == "stop":
            self.jobs.stop(asked["id"])
        elif act == "again":
            self.jobs.again(asked["id"])
        elif act == "forget":
            self.jobs.forget(asked["id"])
        else:
            raise InputError(f"a job can be stopped, begun again or forgotten; got {act!r}")
        return self.news(asked)

    def make_library(self, asked: Asked) -> dict[str, Any]:
        """Begin to make a library: the demo's, of what was dropped, of the folder given."""
        of = asked.get("of")
        if of == "demo":
            job = self.jobs.start("demo", "Making the demo library", {})
        elif of == "folder" and self._data is not None:
            told = {"folder": str(self._data)}
            job = self.jobs.start("library", f"Making a library of {self._data.name}", told)
        elif of == "drop":
            told = {"drop": checked_drop(asked.get("drop"))}
            job = self.jobs.start("library", "Making a library of your dances", told)
        else:
            raise InputError(f"a library is made of the demo, a drop or a folder; got {of!r}")
        return {"job": job.id}

    def new_drop(self, asked: Asked) -> dict[str, Any]:
        """Make a place for files that are about to be dropped."""
        folder = free(self.project.folder / "dropped" / date.today().isoformat())
        folder.mkdir(parents=True)
        return {"drop": folder.name}

    def moves(self, asked: Asked) -> dict[str, Any]:
        """Return moves as they are drawn, by id."""
        wanted = [value for name, value in asked["all"] if name == "f"]
        if not 1 <= len(wanted) <= MOST_MOVES:
            raise InputError(f"ask for 1 to {MOST_MOVES} moves at once; got {len(wanted)}")
        return self.dancing.library().moves(wanted)

    def new_song(self, song: Song) -> dict[str, Any]:
        """Take a song that was dropped; it is listened to in a job."""
        kept = self.project.keep_song(song)
        job = self.jobs.start("song", f"Listening to {kept.name}", {"song": kept.id})
        return {"song": asdict(kept), "job": job.id}

    def song(self, asked: Asked) -> dict[str, Any]:
        """Return a song's counts and outline."""
        song = self.project.song(asked.get("id"))
        told = counted(self.project, song)
        self.dancing.warm(song)  # a dance will be asked for next
        return told

    def change_song(self, asked: Asked) -> dict[str, Any]:
        """Rename a song, choose the part that is danced, put its counts right, take it away."""
        if asked.get("do") == "restore":
            self.project.restore("songs", asked["id"])
            return {}
        with self._changing:
            return self._change_song(asked)

    def _change_song(self, asked: Asked) -> dict[str, Any]:
        song = self.project.song(asked["id"])
        check_revision(song, asked)
        act = asked.get("do")
        if act == "remove":
            self.project.remove("songs", song.id)
            return {}
        if act == "count":
            _, told = correct(self.project, song, asked)
            return told
        if act == "rename":
            song = self.project.keep_song(changed(song, name=title(asked.get("name"))))
        elif act == "part":
            song = self.project.keep_song(changed(song, part=part_of(song, asked.get("part"))))
        else:
            raise InputError(f"a song cannot be asked to {act!r}")
        return {"song": asdict(song)}

    def make(self, asked: Asked) -> dict[str, Any]:
        """Choose a dance and keep it as a new version; or another one, unlike those there are."""
        song = self.project.song(asked.get("song"))
        choose = self.dancing.another if asked.get("another") else self.dancing.make
        version = choose(song, Wishes.of(asked.get("wishes", {})))
        return {"dance": version_as_json(version)}

    def view(self, asked: Asked) -> dict[str, Any]:
        """Return versions of one song as they are played side by side."""
        wanted = [value for name, value in asked["all"] if name == "dance"]
        versions = [self.project.version(each) for each in wanted]
        if not 1 <= len(versions) <= MOST_BESIDE:
            raise InputError(f"1 to {MOST_BESIDE} dances are shown side by side")
        song = self.project.song(versions[0].song)
        if any(version.song != song.id for version in versions):
            raise InputError("only dances to one song are shown side by side")
        dances = [Dance.load(self.project.dance_file(version)) for version in versions]
        counts = None
        if all(version.counted == song.counted for version in versions):
            counts = listen(self.project.song_file(song)).counts
        return self._played(song, versions, dances, counts)

    def attempt(self, asked: Asked) -> dict[str, Any]:
        """Solve with other changes, and keep nothing."""
        version = self.project.version(asked["id"])
        dance, n_changed = self.dancing.solved(version, _changes(asked))
        told = dances_as_json([dance], [version.name])
        self._reels.name(told, [dance])
        return {"dances": told, "changed": n_changed}

    def change(self, asked: Asked) -> dict[str, Any]:
        """Change a version: other changes, undo and redo, its name; take it away."""
        if asked.get("do") == "restore":
            self.project.restore("dances", asked["id"])
            return {}
        with self._changing:
            return self._change(asked)

    def _change(self, asked: Asked) -> dict[str, Any]:
        version = self.project.version(asked["id"])
        check_revision(version, asked)
        act, n_changed = asked.get("do"), 0
        started = time.perf_counter()
        if act == "remove":
            self.project.remove("dances", version.id)
            return {}
        if act == "change":
            version, n_changed = self.dancing.change(version, _changes(asked))
        elif act in ("undo", "redo"):
            version = self.dancing.go(version, version.at + (1 if act == "redo" else -1))
        elif act == "rename":
            version = self.project.rename_version(version, title(asked.get("name")))
        else:
            raise InputError(f"a dance cannot be asked to {act!r}")
        seconds = time.perf_counter() - started
        return {"dance": version_as_json(version), "changed": n_changed, "seconds": seconds}

    def others(self, asked: Asked) -> dict[str, Any]:
        """Return the runners-up of a move."""
        version = self.project.version(asked["id"])
        try:
            at_s = float(asked.get("at", ""))
        except ValueError as exc:
            raise InputError(f"say at which second of the song; got {asked.get('at')!r}") from exc
        shown, order = str(asked.get("shown", "")), str(asked.get("order", "fit"))
        found = others(self.dancing, version, at_s, shown, order)
        return {"index_id": self.dancing.library().store.index_id, "others": found}

    def export(self, asked: Asked) -> dict[str, Any]:
        """Begin to write a version as a file."""
        version = self.project.version(asked.get("dance"))
        look = look_of(self.project, asked, None)  # refused now rather than by the job
        if look.footage and not self._reels.filmed(Dance.load(self.project.dance_file(version))):
            raise InputError(
                f"there is no footage to show: no video of the dancers of {version.name} is in "
                "the library; export the drawn figure"
            )
        kind = str(asked["format"])
        told = {name: value for name, value in asked.items() if isinstance(value, str | int | bool)}
        with self._changing:
            # What is being written is not there yet: two exports at once must not be one file.
            running = [job for job in self.jobs.all() if job.state == "running"]
            taken = {str(job.asked.get("file", "")) for job in running}
            told["file"] = export_name(self.project, version, kind, taken)
            job = self.jobs.start("export", f"{FORMATS[kind]} of {version.name}", told)
        return {"job": job.id}

    def sheet(self, asked: Asked) -> dict[str, Any]:
        """Begin to draw what became of a recording when it was cleaned."""
        recording = str(asked.get("recording", ""))
        if recording not in self.dancing.library().store.recordings():
            raise UnknownIdError(f"the library has no recording {recording} any more")
        told = {"recording": recording}
        job = self.jobs.start("sheet", f"Cleaning sheet of {Path(recording).name}", told)
        return {"job": job.id}

    def new_asked(self, asked: Asked) -> dict[str, Any]:
        """Make a place for the files of a move that is about to be looked for."""
        place = new_id()
        (self.project.folder / ASKED / place).mkdir(parents=True)
        return {"asked": place}

    def asked_folder(self, place: object) -> Path:
        """Folder of such files; one that was not made is an `UnknownIdError`."""
        folder = self.project.folder / ASKED / checked_id(place, "place")
        if not folder.is_dir():
            raise UnknownIdError("there is no such place in this project any more")
        return folder

    def look_for(self, asked: Asked) -> dict[str, Any]:
        """Begin to look for moves like those of files that were dropped; see `find_alike`."""
        folder = self.asked_folder(asked.get("asked"))
        stretch_of(asked)  # refused now rather than by the job
        self.dancing.library()
        told = {name: str(asked.get(name, "")) for name in ("from", "to")}
        files = sorted(folder.iterdir(), key=lambda file: file.suffix in AUDIO_SUFFIXES)
        if not files:
            raise InputError("drop a video or motion capture of the move first")
        job = self.jobs.start(
            "alike", f"Moves like {files[0].name}", {"asked": folder.name, **told}
        )
        return {"job": job.id}

    def exported(self, name: str) -> Path:
        """File of an export by its name; any other is an `UnknownIdError`."""
        folder = self.project.folder / "exports"
        for file in folder.iterdir():
            if file.name == name and file.is_file():
                return file
        raise UnknownIdError("there is no such export in this project any more")

    def _played(
        self,
        song: Song,
        versions: Sequence[Version],
        dances: Sequence[Dance],
        counts: Counts | None,
    ) -> dict[str, Any]:
        outline = outline_of(self.project, song)
        names = [version.name for version in versions]
        data = page_data(
            dances,
            options=RenderOptions(),
            names=names,
            sound=outline,
            title=song.name,
            counts=counts,
        )
        data["coded"] = {"rate": outline.rate, "samples": outline.coded_samples}
        revisions = [version.revision for version in versions]
        self._reels.name(data["dances"], dances)
        return {"song": asdict(song), "data": data, "revisions": revisions}

    def footage(self, asked: Asked) -> Path:
        """Return the video that a version's dancer is seen in; any other is an `UnknownIdError`."""
        return self._reels.file(self._shown(asked), asked["video"])

    def lags(self, asked: Asked) -> dict[str, Any]:
        """Return how much later the pictures of a version's videos are than it counts."""
        return {"lags": self._reels.lags(self._shown(asked))}

    def _shown(self, asked: Asked) -> Dance:
        return Dance.load(self.project.dance_file(self.project.version(asked["id"])))


def version_as_json(version: Version) -> dict[str, Any]:
    """A version for the page: what holds now, and whether there is more to undo and redo."""
    told = asdict(version)
    del told["steps"]
    return {
        **told,
        "changes": list(version.changes),
        "undo": version.at > 0,
        "redo": version.at + 1 < len(version.steps),
    }


def _changes(asked: Asked) -> list[dict[str, Any]]:
    """Changes from the page, with nothing in them but what changes have."""
    given = asked.get("changes")
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise InputError("changes must be a list of JSON objects")
    known = ("kind", "at", "what", "from", "to", "text")
    kept = [{name: each[name] for name in known if name in each} for each in given]
    for each in kept:
        if each.get("kind") not in CHANGES:
            kinds = ", ".join(CHANGES)
            raise InputError(f"a change must be one of {kinds}; got {each.get('kind')!r}")
        each["text"] = str(each.get("text", ""))[:200]
    return kept
