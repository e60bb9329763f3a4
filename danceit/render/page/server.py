"""A web server for one person on their own machine.

It listens on the loopback address only and answers to no other name than its own, so
that neither another machine nor another site's page in the same browser can use it.
What changes something is a POST of JSON with the token that only the page knows.
"""

import json
import os
import secrets
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from danceit.closing import Closing
from danceit.errors import DanceitError, InputError

ADDRESS = "127.0.0.1"
LARGEST_BODY = 1 << 16
"""Bytes that a POST may have."""
IDLE_S = 20.0
"""Seconds without a byte after which a request is given up: each holds a thread."""
TOKEN_HEADER = "X-Danceit-Token"

Page = Callable[[Mapping[str, str]], str]
Action = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def new_token() -> str:
    """Return a secret for one run of a server."""
    return secrets.token_urlsafe(24)


@dataclass(frozen=True)
class Site:
    """What a server serves.

    Attributes
    ----------
    pages : mapping of str to callable
        Path such as ``/`` to what returns its HTML, given the query of its URL.
    actions : mapping of str to callable
        Path to what takes a POST's JSON object and returns another. A `DanceitError`
        becomes its line under ``error``. One runs at a time.
    token : str
        To be sent with every POST; put it into the pages.
    """

    pages: Mapping[str, Page]
    actions: Mapping[str, Action] = field(default_factory=dict)
    token: str = field(default_factory=new_token)


class LocalServer(Closing):
    """Serves a `Site` on the loopback address until it is closed.

    Parameters
    ----------
    site : Site
    port : int
        0 for any that is free.

    Raises
    ------
    InputError
        If the port is in use or not allowed.
    """

    def __init__(self, site: Site, port: int = 0) -> None:
        if not 0 <= port <= 65_535:
            raise InputError(f"`port` must be between 0 and 65535; got {port}")
        handler = type("Handler", (_Handler,), {"site": site, "lock": Lock()})
        try:
            self._server = _Server((ADDRESS, port), handler)
        except OSError as exc:
            raise InputError(
                f"cannot listen on port {port}: {exc.strerror or exc}; choose another with "
                "`port`, or 0 for any that is free"
            ) from exc

    @property
    def url(self) -> str:
        """Where to point a browser."""
        return f"http://{ADDRESS}:{self._server.server_address[1]}/"

    def serve(self) -> None:
        """Answer until interrupted or closed."""
        self._server.serve_forever(poll_interval=0.2)

    def stop(self) -> None:
        """Make `serve`, in another thread, return."""
        self._server.shutdown()

    def close(self) -> None:
        """Give the port back."""
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Elsewhere it frees a port at once after a stop; on Windows two servers would share one.
    allow_reuse_address = os.name != "nt"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a tab that was closed while its page was sent; the rest is a bug."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One request; `site` and `lock` are those of the server."""

    site: Site
    lock: Lock
    timeout = IDLE_S
    server_version = "danceit"
    sys_version = ""

    def do_GET(self) -> None:
        if not self._asked_by_name():
            return
        asked = urlsplit(self.path)
        page = self.site.pages.get(asked.path)
        if page is None:
            self._send(HTTPStatus.NOT_FOUND, "text/plain", "there is no such page")
            return
        try:
            with self.lock:
                text = page(dict(parse_qsl(asked.query)))
        except DanceitError as exc:
            self._send(HTTPStatus.INTERNAL_SERVER_ERROR, "text/plain", str(exc))
            return
        self._send(HTTPStatus.OK, "text/html", text)

    def do_POST(self) -> None:
        if not self._asked_by_name():
            return
        action = self.site.actions.get(urlsplit(self.path).path)
        if action is None:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such action")
        elif not self._knows_token():
            self._refuse(HTTPStatus.FORBIDDEN, "this page is of another run; load it again")
        else:
            self._act(action)

    def _act(self, action: Action) -> None:
        try:
            asked = self._body()
            with self.lock:
                answer = action(asked)
        except DanceitError as exc:
            self._refuse(HTTPStatus.BAD_REQUEST, str(exc))
        except Exception as exc:
            traceback.print_exc()  # a bug: the page goes on, the terminal shows where
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, f"a fault in danceit: {exc}")
        else:
            self._send(HTTPStatus.OK, "application/json", json.dumps(answer, allow_nan=False))

    def _knows_token(self) -> bool:
        # As bytes: texts outside ASCII cannot be compared in constant time.
        given = self.headers.get(TOKEN_HEADER, "").encode("utf-8", "surrogateescape")
        return secrets.compare_digest(given, self.site.token.encode())

    def _asked_by_name(self) -> bool:
        """Whether the request was meant for this server, and not led here by another's name."""
        host = self.headers.get("Host", "")
        port = self.connection.getsockname()[1]
        if host in (f"{ADDRESS}:{port}", f"localhost:{port}"):
            return True
        self._refuse(HTTPStatus.FORBIDDEN, f"this server answers to {ADDRESS} only")
        return False

    def _body(self) -> Mapping[str, Any]:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LARGEST_BODY:
            raise InputError(f"the request must have between 0 and {LARGEST_BODY} bytes")
        try:
            asked = json.loads(self.rfile.read(int(length)))
        except ValueError as exc:
            raise InputError(f"the request is not JSON: {exc}") from exc
        if not isinstance(asked, dict):
            raise InputError("the request must be a JSON object")
        return asked

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        self._send(status, "application/json", json.dumps({"error": reason}))

    def _send(self, status: HTTPStatus, kind: str, text: str) -> None:
        body = text.encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("X-Frame-Options", "DENY")  # no other site may lay itself over the page
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the terminal is the user's."""
