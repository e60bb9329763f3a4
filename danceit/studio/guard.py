"""Who may ask the studio, and what every answer says of itself.

The server listens on the loopback address; what protects it from the other pages that the same
browser shows is that it answers to its own names only (a name that was made to point here is
another), takes no request of another origin, and changes nothing without the token that stands
in its own page alone.
"""

import json
import secrets
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

TOKEN_HEADER = "x-danceit-token"
KEY_COOKIE = "danceit-key"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Content security policy: nothing but the studio's own files, no inline code, no other site."""
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
_ALONE = {"cross-origin-opener-policy": "same-origin"}
_READING = ("GET", "HEAD")


class Guard:
    """Lets through what may be asked; an ASGI middleware.

    Parameters
    ----------
    app : ASGI application
    token : str
        To be sent with everything that changes something.
    hosts : iterable of str
        ``name:port`` that the server answers to.
    key : str
        Where it is given, every request must bring it: in the address once, then in a cookie.
    """

    def __init__(self, app: App, *, token: str, hosts: Iterable[str], key: str = "") -> None:
        self._app, self._token, self._key = app, token, key
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            # There are no WebSockets here, so that none can be opened from elsewhere.
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value for name, value in scope["headers"]}
        refusal = self._refusal(scope["method"], headers)
        if refusal:
            await _answer(send, 403, refusal)
        elif self._key and not self._knows_key(headers):
            await self._ask_key(scope, send)
        else:
            await self._app(scope, receive, _adding(send, alone=not self._key))

    def _refusal(self, method: str, headers: MutableMapping[str, bytes]) -> str:
        """Why a request is not answered; empty where it is."""
        host = headers.get("host", b"").decode("latin-1")
        if host not in self._hosts:
            return f"this server answers to {sorted(self._hosts)[0]} only"
        origin = headers.get("origin", b"").decode("latin-1")
        if origin and origin != f"http://{host}":
            return "another site may not ask the studio"
        site = headers.get("sec-fetch-site", b"none")
        if site not in (b"none", b"same-origin") and headers.get("sec-fetch-mode") != b"navigate":
            return "another site may not ask the studio"
        given = headers.get(TOKEN_HEADER, b"")
        if method not in _READING and not secrets.compare_digest(given, self._token.encode()):
            return "this page is of another run of the studio; load it again"
        return ""

    def _knows_key(self, headers: MutableMapping[str, bytes]) -> bool:
        cookies = headers.get("cookie", b"").decode("latin-1").split(";")
        wanted = f"{KEY_COOKIE}={self._key}".encode()
        return any(secrets.compare_digest(each.strip().encode(), wanted) for each in cookies)

    async def _ask_key(self, scope: Scope, send: Send) -> None:
        """Take the key from the address of the page, once, and keep it in a cookie."""
        given = scope.get("query_string", b"")
        wanted = f"key={self._key}".encode()
        if scope["path"] != "/" or not secrets.compare_digest(given, wanted):
            await _answer(send, 403, "open the whole address that the studio printed, key and all")
            return
        cookie = f"{KEY_COOKIE}={self._key}; HttpOnly; SameSite=Strict; Path=/"
        headers = [(b"location", b"/"), (b"set-cookie", cookie.encode())]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def _adding(send: Send, *, alone: bool = True) -> Send:
    """Add what every answer says; in a network browsers know no `_ALONE` and complain of it."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message["headers"]}
            said = _HEADERS | (_ALONE if alone else {})
            own = [(name.encode(), value.encode()) for name, value in said.items()]
            if b"cache-control" not in there:
                own.append((b"cache-control", b"no-store"))
            message["headers"] = [*message["headers"], *own]
        await send(message)

    return sending


async def _answer(send: Send, status: int, reason: str) -> None:
    body = json.dumps({"error": reason}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await _adding(send)({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
