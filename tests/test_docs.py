"""What the README says is run."""

import re
import shlex
import shutil
from pathlib import Path

import click
import pytest

from danceit.cli.main import group
from danceit.data import JOINT
from danceit.index.building.build import build
from danceit.index.sources.npz import SOURCE as NPZ
from danceit.index.synthetic import make_library
from tests.index.sources.conftest import write_tone as write_wav

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands() -> list[str]:
    """Every `danceit ...` line and inline command of the pages."""
    found = set()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        found |= set(re.findall(r"^ {4}(?:\$ )?(danceit .+)$", text, flags=re.MULTILINE))
        found |= set(re.findall(r"^(?:\$ )?(danceit .+)$", text, flags=re.MULTILINE))
        found |= set(re.findall(r"`(danceit [a-z][^`\n]*)`", text))
    return sorted(found)


@pytest.mark.parametrize("line", commands())
def test_every_command_and_option_in_the_docs_exists(line: str) -> None:
    words = [word for word in shlex.split(line.split(" #")[0])[1:] if word not in {"...", "\\"}]
    command: click.Command = group
    context = click.Context(group)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name = words.pop(0)
        if name.isupper():  # `danceit COMMAND --help`
            return
        if "|" in name:
            for each in name.split("|"):
                assert command.get_command(context, each), each
            return
        nested = command.get_command(context, name)
        assert nested is not None, f"no command {name}"
        command = nested
    known = {option for parameter in command.params for option in parameter.opts}
    used = {word.split("=")[0] for word in words if word.startswith("--")}
    assert used <= known | {"--help"}


def test_the_python_in_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from danceit.retrieval.encoder.configuration import EncoderConfig
    from danceit.retrieval.encoder.encoders import FragmentEncoder

    library = make_library(tmp_path / "library", songs_per_style=1, seconds=8.0)
    torch.manual_seed(0)
    build(library.folder, tmp_path / "danceit-index", FragmentEncoder.create(EncoderConfig()))
    shutil.copy(library.query_song, tmp_path / "song.wav")
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.+?)```", PAGES[0].read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    assert (tmp_path / "mine.png").stat().st_size > 1000
    assert (tmp_path / "mine.dance.npz").exists()


def test_a_recording_written_as_the_docs_say_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs" / "recordings.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.+?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    write_wav(tmp_path / "song.mp3", 20.0)
    exec(compile(code, "recordings.md", "exec"), {"__name__": "recordings"})
    recording = NPZ.read(tmp_path / "my_dance.npz")
    assert recording.notes == ()
    assert recording.times_s[0] == 14.5
    assert recording.poses[0, JOINT["nose"], 1] == pytest.approx(-1.6)
    assert (recording.style, recording.dancer) == ("waltz", "Ann")


def test_links_in_the_docs_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
