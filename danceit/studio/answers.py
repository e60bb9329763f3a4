"""From requests to calls and back: JSON in and out, known errors as a line under ``error``.

Calls run in threads, so that one that takes a while holds nobody up.
"""

import errno
import json
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from danceit.errors import DanceitError, InputError
from danceit.studio.names import UnknownIdError
from danceit.studio.project import ConflictError

LARGEST_BODY = 1 << 18
"""Bytes of a request that is not a file: a long list of changes is a tenth of it."""
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)

Asked = Mapping[str, Any]
Call = Callable[[Asked], Any]
Take = Callable[[Request], Awaitable[Any]]
Endpoint = Callable[[Request], Awaitable[Response]]


def reading(call: Call, *, kept_s: int = 0) -> Endpoint:
    """Make an endpoint of a call that changes nothing; it is asked by the address.

    Parameters
    ----------
    call : callable
        Takes what stands in the path and the query; ``all`` are the query's pairs.
    kept_s : int
        Seconds that the browser may keep the answer.
    """

    async def endpoint(request: Request) -> Response:
        pairs = request.query_params.multi_items()
        asked = {**dict(pairs), **request.path_params, "all": pairs}
        answer = await answered(call, asked)
        if kept_s and answer.status_code == 200:
            answer.headers["cache-control"] = f"private, max-age={kept_s}"
        return answer

    return endpoint


def changing(call: Call) -> Endpoint:
    """Make an endpoint of a call that is asked by a JSON object, and what stands in the path."""

    async def endpoint(request: Request) -> Response:
        try:
            asked = await _body(request)
        except InputError as exc:
            return _refused(exc)
        return await answered(call, {**asked, **request.path_params})

    return endpoint


def taking(take: Take) -> Endpoint:
    """Make an endpoint of a coroutine that takes a file as it comes; see `answered`."""

    async def endpoint(request: Request) -> Response:
        return await _told(take(request))

    return endpoint


async def answered(call: Call, asked: Asked) -> Response:
    """Call in a thread; what it returns is the answer, a response or what JSON can hold."""
    return await _told(run_in_threadpool(call, asked))


async def _told(answer: Awaitable[Any]) -> Response:
    """What comes of a call as a response, its errors too."""
    try:
        found = await answer
        return found if isinstance(found, Response) else JSONResponse(found)
    except DanceitError as exc:
        return _refused(exc)
    except ClientDisconnect:
        return Response(status_code=400)  # a page that was closed while it sent: nobody reads this
    except OSError as exc:
        return _unwritten(exc)
    except Exception as exc:
        traceback.print_exc(file=sys.stderr)  # a bug: the page goes on, the terminal shows where
        return JSONResponse({"error": f"a fault in danceit: {exc}"}, status_code=500)


def _refused(exc: DanceitError) -> Response:
    status = 404 if isinstance(exc, UnknownIdError) else 400
    if isinstance(exc, ConflictError):
        status = 409
    return JSONResponse({"error": str(exc)}, status_code=status)


def _unwritten(exc: OSError) -> Response:
    """Tell of a disk that takes nothing more; what else goes wrong there is a bug."""
    name = Path(str(exc.filename)).name if exc.filename else "the project"
    if exc.errno in _NO_ROOM:
        return JSONResponse({"error": f"the disk is full: {name} was not written"}, 507)
    if exc.errno in _NOT_ALLOWED:
        told = f"{name} may not be written: {exc.strerror}"
        return JSONResponse({"error": told}, status_code=403)
    traceback.print_exception(exc, file=sys.stderr)
    return JSONResponse({"error": f"a fault in danceit: {exc}"}, status_code=500)


async def _body(request: Request) -> dict[str, Any]:
    """Read a JSON object that is not too large."""
    held = bytearray()
    async for chunk in request.stream():
        held += chunk
        if len(held) > LARGEST_BODY:
            raise InputError(f"a request may have {LARGEST_BODY} bytes, no more")
    try:
        asked = json.loads(bytes(held) or b"{}")
    except ValueError as exc:
        raise InputError(f"the request is not JSON: {exc}") from exc
    if not isinstance(asked, dict):
        raise InputError("the request must be a JSON object")
    return asked
