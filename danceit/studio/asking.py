"""A blind study of versions: its own page beside the studio's, its votes in the project."""

import shutil
from collections.abc import Mapping, Sequence
from threading import Lock, Thread
from typing import Any

from danceit.bench.study.ballots import Ballots
from danceit.bench.study.polling import Polling
from danceit.bench.study.trials import DANCE_SUFFIX, Trial, entries, trials
from danceit.errors import InputError
from danceit.files import file_name
from danceit.render.options import RenderOptions
from danceit.render.page.server import LocalServer
from danceit.studio.names import free
from danceit.studio.project import Project

SECONDS = 20.0
"""How much of each dance is shown, as `danceit study` does."""
_VOTES = "study.duckdb"


class Asking:
    """The study that is under way, if there is one."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._lock = Lock()
        self._running: tuple[LocalServer, Thread, Ballots, Sequence[Trial]] | None = None

    def start(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Ask people about versions of one song; one that was under way ends.

        Raises
        ------
        InputError
            If there are fewer than two versions, or they are to different songs.
        """
        wanted = asked.get("dances")
        if not isinstance(wanted, list) or len(wanted) < 2:
            raise InputError("a study compares two versions or more: show them side by side first")
        versions = [self._project.version(each) for each in wanted]
        song = self._project.song(versions[0].song)
        folder = self._project.folder / "study"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        files = []
        for version in versions:
            named = folder / f"{file_name(version.name)}{DANCE_SUFFIX}"
            file = free(named, suffix=DANCE_SUFFIX)
            shutil.copy(self._project.dance_file(version), file)
            files.append(file)
        shown = trials(entries(files), single=False, seconds=SECONDS, seed=0)
        with self._lock:
            self._end()
            ballots = Ballots(self._project.folder / _VOTES)
            site = Polling(
                shown, ballots, RenderOptions(), seed=0, song=self._project.song_file(song)
            ).site()
            server = LocalServer(site)
            thread = Thread(target=server.serve, daemon=True)
            thread.start()
            self._running = (server, thread, ballots, shown)
        return {"url": server.url, "trials": len(shown)}

    def results(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return what was voted so far in this study, in shares with their intervals.

        Versions of other songs, or as they were before a change, may have the same names.
        """
        with self._lock:
            if self._running is None:
                return {"url": "", "shares": []}
            server, _, ballots, shown = self._running
            shares = [
                {
                    "question": share.question,
                    "first": share.first,
                    "second": share.second,
                    "share": share.share,
                    "low": share.low,
                    "high": share.high,
                    "votes": share.votes,
                    "voters": share.voters,
                }
                for share in ballots.shares(shown)
            ]
        return {"url": server.url, "shares": shares}

    def close(self) -> None:
        """End the study that is under way; its votes stay."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._running is None:
            return
        server, thread, ballots, _ = self._running
        self._running = None
        server.stop()
        thread.join()
        server.close()
        ballots.close()
