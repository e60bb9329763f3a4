"""The library: making it, its clips and moves, looking for moves in it."""

from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from danceit.errors import InputError
from danceit.studio.answers import Asked, changing, reading, taking
from danceit.studio.desk import Desk
from danceit.studio.names import checked_drop, relative_path
from danceit.studio.uploads import (
    LARGEST_DROP,
    LARGEST_SONG,
    check_content,
    check_recording,
    written,
)

KEPT_S = 86_400
"""A move is the same as long as its index, whose id is in the address."""


def routes(desk: Desk) -> list[Route]:
    """Return the room's part of the table."""

    async def take_recording(request: Request) -> dict[str, Any]:
        """One file of a drop, into ``dropped/`` by its path there."""
        drop = checked_drop(request.path_params["drop"])
        path = _recording(request)
        await _take(request, desk.project.folder / "dropped" / drop / path, LARGEST_DROP)
        return {"file": str(path)}

    async def take_asked(request: Request) -> dict[str, Any]:
        """One file of a move that is looked for, by its name alone."""
        folder = desk.asked_folder(request.path_params["asked"])
        name = _recording(request).name
        await _take(request, folder / name, LARGEST_SONG)
        return {"file": name}

    def heard(asked: Asked) -> Response:
        return Response(desk.shelf.sound(asked), media_type="audio/wav")

    return [
        Route("/library", changing(desk.make_library), methods=["POST"]),
        Route("/library/sheet", changing(desk.sheet), methods=["POST"]),
        Route("/library/remove", changing(desk.shelf.take_out), methods=["POST"]),
        Route("/drops", changing(desk.new_drop), methods=["POST"]),
        Route("/drops/{drop}", taking(take_recording), methods=["POST"]),
        Route("/clips", reading(desk.shelf.clips)),
        Route("/clip", reading(desk.shelf.clip)),
        Route("/moves", reading(desk.moves, kept_s=KEPT_S)),
        Route("/heard", reading(heard, kept_s=KEPT_S)),
        Route("/gaps", reading(desk.shelf.gaps)),
        Route("/alike", reading(desk.shelf.alike)),
        Route("/alike", changing(desk.look_for), methods=["POST"]),
        Route("/asked", changing(desk.new_asked), methods=["POST"]),
        Route("/asked/{asked}", taking(take_asked), methods=["POST"]),
    ]


def _recording(request: Request) -> Path:
    """Where a file wants to be, if it is one that a library is made of."""
    path = relative_path(request.query_params.get("path", ""))
    check_recording(path)
    return path


async def _take(request: Request, target: Path, largest: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():  # two names may be one on disk
        raise InputError(f"{target.name} is left out: another file of this drop is called so here")
    await written(request.stream(), target, largest)
    await run_in_threadpool(check_content, target)
