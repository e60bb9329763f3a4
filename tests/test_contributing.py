"""The package that CONTRIBUTING.md shows works when it is installed."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from danceit.align import ALIGNERS, align
from danceit.data import Dance
from danceit.render import RENDERERS, render
from danceit.testing import made_dance, made_music

PAGE = (Path(__file__).resolve().parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")


def files() -> dict[str, str]:
    """Every block of the page that says in its first line which file it is."""
    blocks = re.findall(r"```(?:python|toml)\n# (\S+)\n(.+?)```", PAGE, re.DOTALL)
    return dict(blocks)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package as pip leaves it: its modules, and metadata with its entry points."""
    shown = files()
    for name, content in shown.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    project = tomllib.loads(shown["pyproject.toml"])["project"]
    metadata = tmp_path / "danceit_bounce-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    groups = [
        "\n".join([f"[{group}]", *(f"{name} = {place}" for name, place in points.items())])
        for group, points in project["entry-points"].items()
    ]
    (metadata / "entry_points.txt").write_text("\n\n".join(groups) + "\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("installed")
def test_its_aligner_is_used_by_name_and_recorded() -> None:
    dance = made_dance()
    bounced = align(dance, made_music(), ["bounce:depth_px=4"])
    (step,) = bounced.steps
    assert (step.step, step.method, dict(step.options)) == ("align", "bounce", {"depth_px": 4.0})
    # Down by all of it on the beat at 0.5 s, frame 12; not at all half a beat later.
    assert bounced.joints[12, 1, 1] - dance.joints[12, 1, 1] == pytest.approx(4.0, abs=1e-3)
    assert bounced.joints[18, 1, 1] - dance.joints[18, 1, 1] == pytest.approx(0.0, abs=1e-3)
    listed = {(info.name, info.provider, info.problem) for info in ALIGNERS.listing()}
    assert ("bounce", "danceit-bounce", "") in listed


@pytest.mark.usefixtures("installed")
def test_its_renderer_is_found_by_the_suffix(tmp_path: Path) -> None:
    dance: Dance = made_dance()
    render(dance, tmp_path / "dance.srt")
    cues = (tmp_path / "dance.srt").read_text().split("\n\n")
    assert len(cues) == 3
    assert cues[1].startswith("2\n00:00:01,667 --> 00:00:04,000\nclip1 CC0")
    assert ("srt", "danceit-bounce") in {(info.name, info.provider) for info in RENDERERS.listing()}


def test_its_tests_pass(installed: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_bounce.py"],
        cwd=installed, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_every_group_is_named() -> None:
    package = Path(__file__).resolve().parents[1] / "danceit"
    groups = {
        group
        for path in package.rglob("*.py")
        for group in re.findall(r"Registry\(\s*\"(danceit\.\w+)\"", path.read_text("utf-8"))
    }
    assert len(groups) >= 7
    for group in groups:
        assert f"`{group}`" in PAGE
