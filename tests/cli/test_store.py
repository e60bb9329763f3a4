"""The engine is chosen once, by the first build; the dance is the same whichever it is."""

import sys
from pathlib import Path

import pytest
import torch

from danceit.cli import main
from danceit.data import Dance
from danceit.index.synthetic import SyntheticLibrary, make_library
from danceit.retrieval.encoder.configuration import EncoderConfig
from danceit.retrieval.encoder.encoders import FragmentEncoder

pytest.importorskip("lance", reason="Lance is not installed: pip install 'danceit[cluster]'")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[SyntheticLibrary, Path]:
    """A small library and an encoder that was never trained."""
    folder = tmp_path_factory.mktemp("store")
    torch.manual_seed(0)
    (folder / "encoder").mkdir()
    FragmentEncoder.create(EncoderConfig()).save(folder / "encoder")
    return make_library(folder / "library", songs_per_style=1, seconds=8.0), folder / "encoder"


def test_both_engines_answer_a_song_with_the_same_dance(
    made: tuple[SyntheticLibrary, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    library, encoder = made
    monkeypatch.chdir(tmp_path)
    chosen = []
    for engine in ("local", "lance"):
        build = ["index", "build", str(library.folder), "--encoder", str(encoder)]
        main([*build, "--out", engine, "--store", engine])
        main([*build, "--out", engine])
        assert "0 recordings added" in capsys.readouterr().out
        main(["index", "info", "--index", engine])
        assert f"{engine} ({engine}:" in capsys.readouterr().out
        main(["index", "verify", "--index", engine])
        main(["query", str(library.query_song), "--index", engine, "--out", f"{engine}.dance.npz"])
        dance = Dance.load(tmp_path / f"{engine}.dance.npz")
        chosen.append([(one.fragment_id, one.distance, one.rank) for one in dance.fragments])
    assert chosen[0] == chosen[1]


@pytest.mark.parametrize(
    ("module", "options"), [("lance", ["--store", "lance"]), ("ray", ["--ray", "auto"])]
)
def test_what_is_not_installed_is_named_with_its_cure(
    made: tuple[SyntheticLibrary, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    module: str,
    options: list[str],
) -> None:
    library, encoder = made
    monkeypatch.setitem(sys.modules, module, None)
    out = tmp_path / "index"
    build = ["index", "build", str(library.folder), "--encoder", str(encoder), "--out", str(out)]
    with pytest.raises(SystemExit) as stopped:
        main([*build, *options])
    assert stopped.value.code == 1
    assert "pip install 'danceit[cluster]'" in capsys.readouterr().err
    assert not list(out.glob("generation-*"))
