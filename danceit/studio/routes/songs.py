"""Songs: taken, counted, heard."""

import shutil
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from danceit.studio.answers import Asked, changing, reading, taking
from danceit.studio.desk import Desk
from danceit.studio.names import file_name, new_id
from danceit.studio.project import Song
from danceit.studio.songs import sound_file
from danceit.studio.uploads import LARGEST_SONG, check_song, written

_KEPT_S = 86_400
"""A song is the same as long as its id."""


def routes(desk: Desk) -> list[Route]:
    """Return the room's part of the table."""

    async def take_song(request: Request) -> dict[str, Any]:
        """A song that is dropped, in a folder of its own; nothing stays of one that is refused."""
        name = file_name(request.query_params.get("name", ""))
        song = Song(new_id(), Path(name).stem, f"song{Path(name).suffix.lower()}")
        folder = desk.project.song_folder(song.id)
        folder.mkdir()
        try:
            await written(request.stream(), folder / song.file, LARGEST_SONG)
            await run_in_threadpool(check_song, folder / song.file)
            return await run_in_threadpool(desk.new_song, song)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def sound(asked: Asked) -> Response:
        song = desk.project.song(asked["id"])
        return FileResponse(sound_file(desk.project, song), media_type="audio/mp4")

    return [
        Route("/songs", taking(take_song), methods=["POST"]),
        Route("/songs/{id}", reading(desk.song)),
        Route("/songs/{id}", changing(desk.change_song), methods=["POST"]),
        Route("/songs/{id}/sound", reading(sound, kept_s=_KEPT_S)),
    ]
