"""The page, the project's state, what is new of it, and its jobs."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from danceit.studio.answers import Asked, changing, reading
from danceit.studio.desk import Desk
from danceit.studio.pages import document, script, style

NEWS_S = 0.25
"""Seconds between looks for news."""
_STILL_HERE_S = 15.0
"""Seconds after which a silent line keeps a connection open."""


def routes(desk: Desk, token: str, ending: Callable[[], bool]) -> list[Route]:
    """Return the room's part of the table; see `danceit.studio.routes.table.application`."""

    def page(asked: Asked) -> Response:
        return Response(document(token, desk.project.name), media_type="text/html")

    def code(asked: Asked) -> Response:
        return Response(script(), media_type="text/javascript")

    def looks(asked: Asked) -> Response:
        return Response(style(), media_type="text/css")

    async def events(request: Request) -> Response:
        return StreamingResponse(_news(desk, request, ending), media_type="text/event-stream")

    return [
        Route("/", reading(page)),
        Route("/studio.js", reading(code)),
        Route("/studio.css", reading(looks)),
        Route("/looks", reading(desk.looks)),
        Route("/state", reading(desk.state)),
        Route("/events", events),
        Route("/jobs/{id}", changing(desk.job), methods=["POST"]),
    ]


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
