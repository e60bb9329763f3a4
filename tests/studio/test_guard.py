"""Who may ask the studio, asked by a plain HTTP client."""

import asyncio
import json
from collections.abc import Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from danceit.studio.guard import Guard, Receive, Scope, Send
from tests.studio.conftest import Served, studio


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with studio(tmp_path_factory.mktemp("guard") / "mine.danceit") as running:
        yield running


def test_every_answer_says_what_the_page_may_do(served: Served) -> None:
    status, text, headers = served.ask("GET", "/")
    assert status == 200
    policy = headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "<style" not in text
    assert 'style="' not in text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", ""])
def test_another_name_for_this_machine_is_refused(served: Served, host: str) -> None:
    status, text, _ = served.ask("GET", "/state", headers={"Host": host})
    assert status == 403
    assert "answers to" in json.loads(text)["error"]


def test_its_own_names_are_answered(served: Served) -> None:
    for name in ("127.0.0.1", "localhost"):
        assert served.ask("GET", "/state", headers={"Host": f"{name}:{served.port}"})[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ],
)
def test_another_site_may_not_even_read(served: Served, headers: dict[str, str]) -> None:
    assert served.ask("GET", "/state", headers=headers)[0] == 403


@pytest.mark.parametrize("token", ["", "guessed"])
def test_without_its_token_nothing_is_done(served: Served, token: str) -> None:
    headers = {"X-Danceit-Token": token}
    assert served.ask("POST", "/library", b'{"of": "demo"}', headers)[0] == 403
    assert served.get("/state")["jobs"] == []


def test_a_websocket_is_not_opened_whatever_would_take_it(served: Served) -> None:
    headers = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }  # fmt: skip
    assert served.ask("GET", "/state", headers=headers)[0] != 101
    reached: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope["type"])
        await send({"type": "websocket.accept"})

    own = {"type": "websocket", "path": "/events", "headers": [(b"host", b"127.0.0.1:8743")]}
    (sent,) = guarded(Guard(app, token="t", hosts=["127.0.0.1:8743"]), own)
    assert (sent["type"], reached) == ("websocket.close", [])


@pytest.mark.parametrize(
    "path",
    [
        "/exports/..%2fproject.json",
        "/exports/%2e%2e",
        "/songs/..%2f..%2f",
        "/songs/00000000",
        "/songs/00000000/sound",
        "/view?dance=../../x",
        "/nothing",
    ],
)
def test_no_path_from_the_browser_is_opened(served: Served, path: str) -> None:
    assert served.ask("GET", path)[0] in (400, 404)


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/dances", b"[1]", "must be a JSON object"),
        ("/dances", b"{", "is not JSON"),
        ("/dances", b'"' + b"x" * (1 << 19) + b'"', "bytes, no more"),
        ("/dances", b'{"song": "00000000"}', "no such song"),
        ("/library", b'{"of": "/etc"}', "is made of the demo"),
        ("/songs?name=a.mp3", b"", "is empty"),
        ("/songs?name=a.mp3", b"this is no song", "cannot read song.mp3 as sound"),
        ("/drops/..%2f..?path=a.mp4", b"x", "Not Found"),
        ("/drops/2026-01-01?path=a.exe", b"x", "a.exe is left out"),
        ("/jobs/00000000", b'{"do": "stop"}', "no such job"),
    ],
)
def test_bad_requests_are_told_why(served: Served, path: str, body: bytes, message: str) -> None:
    status, text, _ = served.ask("POST", path, body, {"X-Danceit-Token": served.token})
    assert 400 <= status < 500
    assert message in text
    assert str(served.project) not in text
    assert served.get("/state")["songs"] == []


def guarded(guard: Guard, scope: Scope) -> list[MutableMapping]:
    """What a guard answers, without a server."""
    sent: list[MutableMapping] = []

    async def receive() -> MutableMapping:
        return {}

    async def send(message: MutableMapping) -> None:
        sent.append(message)

    # In a thread of its own: a browser that other tests drive keeps a loop in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(guard(scope, receive, send))).result()
    return sent


def asked_with_key(path: str, query: bytes = b"", cookie: str = "") -> list[MutableMapping]:
    """What a guard with a key answers."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    headers = [(b"host", b"192.168.1.7:8743"), (b"cookie", cookie.encode())]
    scope = {
        "type": "http", "method": "GET", "path": path, "query_string": query, "headers": headers,
    }  # fmt: skip
    return guarded(Guard(app, token="t", hosts=["192.168.1.7:8743"], key="secret"), scope)


def test_the_network_gets_in_by_the_key_in_the_address_alone() -> None:
    assert asked_with_key("/state")[0]["status"] == 403
    assert asked_with_key("/", b"key=guessed")[0]["status"] == 403
    assert asked_with_key("/state", b"key=secret")[0]["status"] == 403
    welcomed = asked_with_key("/", b"key=secret")[0]
    assert welcomed["status"] == 303
    cookie = dict(welcomed["headers"])[b"set-cookie"].decode()
    assert "HttpOnly; SameSite=Strict" in cookie
    assert asked_with_key("/state", cookie=cookie.split(";")[0])[0]["status"] == 200
    assert asked_with_key("/state", cookie="danceit-key=guessed")[0]["status"] == 403


def test_of_two_files_that_are_called_the_same_here_neither_is_lost(served: Served) -> None:
    drop = served.post("/drops", {})[1]["drop"]
    path = f"/drops/{drop}?path="
    assert served.post(f"{path}a%3F.json", b'{"first": 1}')[0] == 200
    status, told = served.post(f"{path}a%2A.json", b'{"second": 2}')
    assert status == 400
    assert "a_.json is left out: another file of this drop" in told["error"]
    kept = served.project / "dropped" / drop / "a_.json"
    assert kept.read_text() == '{"first": 1}'


def test_the_page_is_told_what_a_library_is_made_of(served: Served) -> None:
    assert {".mp4", ".3gp", ".mts", ".bvh", ".json", ".mp3"} <= set(
        served.get("/state")["recordings"]
    )


def test_one_project_is_open_in_one_studio(served: Served) -> None:
    from click.testing import CliRunner

    from danceit.cli.studio import studio as command
    from danceit.errors import InputError

    ran = CliRunner().invoke(
        command, ["--project", str(served.project), "--port", "0", "--no-open"]
    )
    assert isinstance(ran.exception, InputError)
    assert "open in another studio" in str(ran.exception)


def test_what_is_no_library_is_one_line(tmp_path: Path) -> None:
    from danceit.errors import InputError
    from danceit.studio.serving import open_project

    with pytest.raises(InputError, match="there is no folder"):
        open_project(tmp_path / "a.danceit", tmp_path / "none", tmp_path / "usual")
    assert list(tmp_path.iterdir()) == []
