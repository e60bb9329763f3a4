"""The loopback server, asked by a plain HTTP client."""

import http.client
import json
import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from threading import Event, Thread
from typing import Any

import pytest

from danceit.errors import InputError
from danceit.render.page.server import LARGEST_BODY, TOKEN_HEADER, LocalServer, Site, _Handler


def double(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    if "number" not in asked:
        raise InputError("a number is needed")
    return {"number": 2 * asked["number"]}


def broken(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    raise RuntimeError("a bug")


@pytest.fixture
def site() -> Site:
    return Site(
        {"/": lambda asked: f"<p>Grüße {asked.get('x', '')}</p>"},
        {"/double": double, "/broken": broken},
    )


@contextmanager
def serving(site: Site) -> Iterator[int]:
    with LocalServer(site) as server:
        thread = Thread(target=server.serve)
        thread.start()
        try:
            yield int(server.url.rsplit(":", 1)[1].rstrip("/"))
        finally:
            server.stop()
            thread.join()


def ask(
    port: int, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None
) -> tuple[int, str, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(method, path, body.encode(), dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers["Content-Type"]


def test_pages_and_actions_answer(site: Site) -> None:
    with serving(site) as port:
        assert ask(port, "GET", "/?x=1%202") == (
            200,
            "<p>Grüße 1 2</p>",
            "text/html; charset=utf-8",
        )
        status, text, _ = ask(port, "POST", "/double", '{"number": 21}', {TOKEN_HEADER: site.token})
    assert (status, json.loads(text)) == (200, {"number": 42})


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("/double", "{}", 400, "a number is needed"),
        ("/double", "[1]", 400, "must be a JSON object"),
        ("/double", "{", 400, "is not JSON"),
        ("/double", '"' + LARGEST_BODY * "x" + '"', 400, "bytes"),
        ("/halve", "{}", 404, "no such action"),
    ],
)
def test_bad_requests_are_told_why(
    site: Site, path: str, body: str, status: int, message: str
) -> None:
    with serving(site) as port:
        got, text, _ = ask(port, "POST", path, body, {TOKEN_HEADER: site.token})
    assert got == status
    assert message in json.loads(text)["error"]


def test_a_bug_is_an_answer_and_a_trace_on_the_terminal(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(site) as port:
        status, text, _ = ask(port, "POST", "/broken", "{}", {TOKEN_HEADER: site.token})
        assert ask(port, "GET", "/")[0] == 200
    assert (status, json.loads(text)["error"]) == (500, "a fault in danceit: a bug")
    assert "RuntimeError: a bug" in capsys.readouterr().err


@pytest.mark.parametrize("token", ["", "guessed", "ümläut".encode().decode("latin-1")])
def test_without_its_token_nothing_is_done(site: Site, token: str) -> None:
    with serving(site) as port:
        assert ask(port, "POST", "/double", '{"number": 1}', {TOKEN_HEADER: token})[0] == 403


def test_another_name_for_this_machine_is_refused(site: Site) -> None:
    """A page of another site whose name was made to point here (DNS rebinding) gets nothing."""
    with serving(site) as port:
        assert ask(port, "GET", "/", headers={"Host": f"evil.example:{port}"})[0] == 403
        assert ask(port, "GET", "/", headers={"Host": f"localhost:{port}"})[0] == 200


def test_it_listens_on_one_loopback_address_only(site: Site) -> None:
    """Bound to all addresses it would answer at 127.0.0.2 as well."""
    with serving(site) as port, pytest.raises(OSError, match=r"refused|timed out|unreachable"):
        socket.create_connection(("127.0.0.2", port), timeout=2)


def test_a_request_without_an_end_is_given_up(
    site: Site, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_Handler, "timeout", 0.2)
    with serving(site) as port:
        for half in (b"GET / HT", b"POST /double HTTP/1.0\r\nContent-Length: 9\r\n\r\n{"):
            with closing(socket.create_connection(("127.0.0.1", port), timeout=10)) as asking:
                asking.sendall(half)
                while asking.recv(4096):
                    pass
    assert capfd.readouterr().err == ""


def test_a_tab_closed_while_its_page_is_sent_is_no_fault(
    capfd: pytest.CaptureFixture[str],
) -> None:
    sent = Event()

    def large(_: Mapping[str, str]) -> str:
        sent.set()
        return "x" * 50_000_000

    with serving(Site({"/": large})) as port:
        asking = socket.create_connection(("127.0.0.1", port), timeout=10)
        asking.sendall(f"GET / HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert sent.wait(10)
        # Reset, as browsers do, instead of waiting for the rest.
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        asking.recv(100)
        asking.close()
        assert ask(port, "GET", "/none")[0] == 404
    assert capfd.readouterr().err == ""


def test_a_port_in_use_is_one_line(site: Site) -> None:
    with serving(site) as port, pytest.raises(InputError, match=f"cannot listen on port {port}"):
        LocalServer(site, port)


def test_a_port_that_is_none_is_refused(site: Site) -> None:
    with pytest.raises(InputError, match="between 0 and 65535; got 70000"):
        LocalServer(site, 70_000)
