"""What may be asked of the studio, in one table."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from danceit.studio.answers import Asked, answered, changing, reading
from danceit.studio.desk import Desk
from danceit.studio.names import checked_drop, file_name, new_id, relative_path
from danceit.studio.pages import document, script, style
from danceit.studio.project import Song
from danceit.studio.songs import sound_file
from danceit.studio.uploads import (
    LARGEST_DROP,
    LARGEST_SONG,
    check_content,
    check_recording,
    check_song,
    written,
)

NEWS_S = 0.25
"""Seconds between looks for news."""
_STILL_HERE_S = 15.0
"""Seconds after which a silent line keeps a connection open."""
_KEPT_S = 86_400
"""A move is the same as long as its index, whose id is in the address."""


def application(desk: Desk, token: str, ending: Callable[[], bool]) -> Starlette:
    """Return the application; `ending` says whether the server is about to stop."""

    async def songs(request: Request) -> Response:
        song, folder, file = _song_place(desk, request.query_params.get("name", ""))

        async def take() -> Response:
            await written(request.stream(), file, LARGEST_SONG)
            await run_in_threadpool(check_song, file)
            return JSONResponse(await run_in_threadpool(desk.new_song, song))

        answer = await _taken(take)
        if answer.status_code != 200:
            file.unlink(missing_ok=True)
            folder.rmdir()
        return answer

    async def dropped(request: Request) -> Response:
        async def take() -> Response:
            drop = checked_drop(request.path_params["drop"])
            path = relative_path(request.query_params.get("path", ""))
            check_recording(path)
            target = desk.project.folder / "dropped" / drop / path
            target.parent.mkdir(parents=True, exist_ok=True)
            await written(request.stream(), target, LARGEST_DROP)
            await run_in_threadpool(check_content, target)
            return JSONResponse({"file": str(path)})

        return await _taken(take)

    async def asked(request: Request) -> Response:
        async def take() -> Response:
            folder = desk.asked_folder(request.path_params["asked"])
            path = relative_path(request.query_params.get("path", ""))
            check_recording(path)
            await written(request.stream(), folder / path.name, LARGEST_SONG)
            await run_in_threadpool(check_content, folder / path.name)
            return JSONResponse({"file": path.name})

        return await _taken(take)

    def footage(asked: Asked) -> Response:
        video = desk.footage(asked)
        # Named as what it holds: a browser asks no further where it knows the name.
        kind = "video/mp4" if video.suffix.lower() in (".mov", ".m4v") else None
        return FileResponse(video, media_type=kind)

    def sound(asked: Asked) -> Response:
        song = desk.project.song(asked["id"])
        return _file(sound_file(desk.project, song), "audio/mp4")

    def heard(asked: Asked) -> Response:
        return Response(desk.shelf.sound(asked), media_type="audio/wav")

    def exported(asked: Asked) -> Response:
        file = desk.exported(str(asked["name"]))
        return FileResponse(file, filename=file.name)

    async def events(request: Request) -> Response:
        return StreamingResponse(_news(desk, request, ending), media_type="text/event-stream")

    def page(asked: Asked) -> Response:
        return Response(document(token, desk.project.name), media_type="text/html")

    return Starlette(
        routes=[
            Route("/", reading(page)),
            Route(
                "/studio.js", reading(lambda _: Response(script(), media_type="text/javascript"))
            ),
            Route("/studio.css", reading(lambda _: Response(style(), media_type="text/css"))),
            Route("/state", reading(desk.state)),
            Route("/looks", reading(desk.looks)),
            Route("/events", events),
            Route("/jobs/{id}", changing(desk.job), methods=["POST"]),
            Route("/library", changing(desk.make_library), methods=["POST"]),
            Route("/drops", changing(desk.new_drop), methods=["POST"]),
            Route("/drops/{drop}", dropped, methods=["POST"]),
            Route("/clips", reading(desk.shelf.clips)),
            Route("/clip", reading(desk.shelf.clip)),
            Route("/alike", reading(desk.shelf.alike)),
            Route("/alike", changing(desk.look_for), methods=["POST"]),
            Route("/asked", changing(desk.new_asked), methods=["POST"]),
            Route("/asked/{asked}", asked, methods=["POST"]),
            Route("/gaps", reading(desk.shelf.gaps)),
            Route("/heard", reading(heard, kept_s=_KEPT_S)),
            Route("/library/sheet", changing(desk.sheet), methods=["POST"]),
            Route("/library/remove", changing(desk.shelf.take_out), methods=["POST"]),
            Route("/study", reading(desk.asking.results)),
            Route("/study", changing(desk.asking.start), methods=["POST"]),
            Route("/moves", reading(desk.moves, kept_s=_KEPT_S)),
            Route("/songs", songs, methods=["POST"]),
            Route("/songs/{id}", reading(desk.song)),
            Route("/songs/{id}", changing(desk.change_song), methods=["POST"]),
            Route("/songs/{id}/sound", reading(sound, kept_s=_KEPT_S)),
            Route("/dances", changing(desk.make), methods=["POST"]),
            Route("/dances/{id}", changing(desk.change), methods=["POST"]),
            Route("/dances/{id}/try", changing(desk.attempt), methods=["POST"]),
            Route("/dances/{id}/others", reading(desk.others)),
            Route("/dances/{id}/footage/{video}", reading(footage)),
            Route("/dances/{id}/lags", reading(desk.lags)),
            Route("/dances/{id}/usable", reading(desk.shelf.usable)),
            Route("/view", reading(desk.view)),
            Route("/exports", changing(desk.export), methods=["POST"]),
            Route("/exports/{name}", reading(exported)),
        ]
    )


def _song_place(desk: Desk, given: str) -> tuple[Song, Path, Path]:
    """A song about to be written: what is known of it, its folder, its file."""
    name = file_name(given)
    song = Song(new_id(), Path(name).stem, f"song{Path(name).suffix.lower()}")
    folder = desk.project.song_folder(song.id)
    folder.mkdir()
    return song, folder, folder / song.file


async def _taken(take: Callable[[], object]) -> Response:
    """Answer for a file that is being taken, with its errors as those of every other call."""
    from danceit.errors import DanceitError

    try:
        answer = await take()  # type: ignore[misc]  # what it returns is awaited
    except DanceitError as exc:
        error = exc

        def refuse(_: Asked) -> None:
            raise error

        return await answered(refuse, {})
    assert isinstance(answer, Response)
    return answer


def _file(path: Path, kind: str) -> Response:
    return FileResponse(path, media_type=kind)


async def _news(desk: Desk, request: Request, ending: Callable[[], bool]) -> AsyncIterator[str]:
    """Tell what is new as server-sent events, until nobody listens any more."""
    last, silent_s = "", 0.0
    while not ending() and not await request.is_disconnected():
        told = json.dumps(await run_in_threadpool(desk.news, {}))
        if told != last:
            last, silent_s = told, 0.0
            yield f"data: {told}\n\n"
        elif silent_s >= _STILL_HERE_S:
            silent_s = 0.0
            yield ": still here\n\n"
        await asyncio.sleep(NEWS_S)
        silent_s += NEWS_S
