"""The walks that CONTRIBUTING tells name what is there; a query goes through it in that order."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

import danceit as package
from danceit.index.synthetic import SyntheticLibrary
from tests.cli.conftest import Cli

ROOT = Path(package.__file__).parent
PAGE = (ROOT.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
QUERY, BUILD = (
    re.findall(r"^\d+\. (.+(?:\n   .+)*)", part, re.MULTILINE)
    for part in re.split(r"^From `danceit", PAGE, flags=re.MULTILINE)[1:3]
)
ELSEWHERE = re.compile(r"\(on the grid of seconds[^)]*\)|`index/poses/`|`index/embedding.py`")
"""What this song and these recordings do not need, and a protocol, in which nothing runs."""


def named(lines: list[str]) -> list[str]:
    """Files and folders of a walk, in its order; a bare name is of a room named before."""
    places, rooms = [], ["."]
    for name in re.findall(r"`([a-z_/]+(?:\.py|/))`", ELSEWHERE.sub("", "\n".join(lines))):
        room = next((room for room in reversed(rooms) if (ROOT / room / name).exists()), None)
        assert room is not None, name
        places.append(name if room == "." else f"{room}/{name}")
        if "/" in places[-1]:
            rooms.append(places[-1].rpartition("/")[0])
    return places


def entered(work: Callable[[], Any]) -> list[str]:
    """Modules of which a function was called, in the order of their first call."""
    order: dict[str, None] = {}
    seen: dict[int, CodeType] = {}

    def note(frame: FrameType, event: str, arg: Any) -> None:
        code = frame.f_code
        if id(code) in seen:
            return
        seen[id(code)] = code
        if code.co_filename.startswith(str(ROOT)) and "<" not in code.co_name:
            order.setdefault(str(Path(code.co_filename).relative_to(ROOT)))

    before = sys.gettrace()
    sys.settrace(note)
    try:
        work()
    finally:
        sys.settrace(before)
    return list(order)


def missing(walk: list[str], modules: list[str]) -> list[str]:
    return [place for place in named(walk) if not any(each.startswith(place) for each in modules)]


def test_from_query_to_the_written_file(
    danceit: Cli,
    library: SyntheticLibrary,
    counted_index: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DANCEIT_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "a.dance.npz"
    asked = ("query", library.query_song, "--index", counted_index, "--out", out)
    modules = entered(lambda: danceit(*asked))
    assert out.exists()
    assert missing(QUERY, modules) == []
    line = ["workflow/line.py", "retrieval/composing.py", "retrieval/planning.py",
            "retrieval/shortlist.py", "retrieval/choices.py"]  # fmt: skip
    assert sorted(line, key=modules.index) == line


@pytest.mark.parametrize("walk", [QUERY, BUILD], ids=["query", "build"])
def test_a_walk_is_ten_lines_that_name_what_is_there(walk: list[str]) -> None:
    assert len(walk) == 10
    assert len(named(walk)) >= 10
