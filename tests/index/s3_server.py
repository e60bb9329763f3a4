"""An S3 server on this machine for tests: lists and gives the files of a folder, and fails at will.

It speaks the part of the protocol that reading needs (ListObjectsV2, HeadObject, GetObject
with ranges), so the client under test is the real one.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import gmtime, strftime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class S3Server(ThreadingHTTPServer):
    """Serves every folder of `root` as a bucket.

    Attributes
    ----------
    fetched : list of str
        Keys of the objects that were asked for.
    failing : dict of str to int
        By key, or "" for listings, the HTTP status that is answered instead.
    extra_keys : list of str
        Keys that are listed although there are no such files.
    """

    daemon_threads = True

    def __init__(self, root: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root = root
        self.fetched: list[str] = []
        self.failing: dict[str, int] = {}
        self.extra_keys: list[str] = []
        self.before_body: dict[str, Any] = {}

    @property
    def address(self) -> str:
        """Endpoint for ``AWS_ENDPOINT_URL``."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def s3_server(root: Path) -> Iterator[S3Server]:
    """Run a server for the time of the block."""
    server = S3Server(root)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: S3Server

    def do_HEAD(self) -> None:
        self._object(with_body=False)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if "list-type" in parse_qs(parts.query):
            self._list(unquote(parts.path).strip("/"), parse_qs(parts.query))
        else:
            self._object(with_body=True)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the tests' output clean."""

    def _list(self, bucket: str, query: dict[str, list[str]]) -> None:
        folder = self.server.root / bucket
        if "" in self.server.failing:
            self._fail(self.server.failing[""])
            return
        if not folder.is_dir():
            self._fail(404, "NoSuchBucket")
            return
        prefix = query.get("prefix", [""])[0]
        files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
        rows = [
            _row(key, path.stat().st_size, path.stat().st_mtime)
            for key, path in sorted(files.items())
            if path.is_file() and key.startswith(prefix)
        ]
        rows += [_row(key, 1, 0.0) for key in self.server.extra_keys if key.startswith(prefix)]
        self._answer(
            200,
            f"<ListBucketResult><Name>{bucket}</Name><KeyCount>{len(rows)}</KeyCount>"
            f"<IsTruncated>false</IsTruncated>{''.join(rows)}</ListBucketResult>".encode(),
        )

    def _object(self, *, with_body: bool) -> None:
        bucket, _, key = unquote(urlsplit(self.path).path).lstrip("/").partition("/")
        path = self.server.root / bucket / key
        if with_body:
            self.server.fetched.append(key)
            if action := self.server.before_body.pop(key, None):
                action()
        if key in self.server.failing:
            self._fail(self.server.failing[key])
        elif not path.is_file():
            self._fail(404, "NoSuchKey")
        else:
            body, status = path.read_bytes(), 200
            size = len(body)
            headers = {"Last-Modified": formatdate(path.stat().st_mtime, usegmt=True)}
            if wanted := self.headers.get("Range"):
                first, _, last = wanted.removeprefix("bytes=").partition("-")
                body = body[int(first) : int(last or size) + 1]
                headers["Content-Range"] = f"bytes {first}-{int(first) + len(body) - 1}/{size}"
                status = 206
            self._answer(status, body, headers)

    def _fail(self, status: int, code: str = "AccessDenied") -> None:
        self._answer(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _row(key: str, size: int, changed: float) -> str:
    when = strftime("%Y-%m-%dT%H:%M:%S.000Z", gmtime(changed))
    return (
        f"<Contents><Key>{escape(key)}</Key><LastModified>{when}</LastModified>"
        f"<Size>{size}</Size></Contents>"
    )
