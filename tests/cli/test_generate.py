"""`danceit generate`: train, dance, snap; and what it says of what it cannot do."""

from pathlib import Path

import numpy as np
import pytest

from danceit.cli.main import main
from danceit.data import Dance
from danceit.generate.lee import studied
from danceit.index.synthetic import SyntheticLibrary
from tests.cli.conftest import Cli

SMALL = ("--set", "hidden=8", "--set", "batch=4", "--set", "vae_steps=2", "--set", "style_steps=2",
         "--set", "composition_steps=2", "--set", "check_every=1")  # fmt: skip


@pytest.fixture(scope="module")
def dances(library: SyntheticLibrary) -> SyntheticLibrary:
    """Three songs: as few as a generator takes."""
    return library


@pytest.fixture(scope="module")
def generator(dances: SyntheticLibrary, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generator") / "lee"
    with pytest.MonkeyPatch.context() as few:
        few.setattr(studied, "FEWEST_UNITS", 4)
        main(["generate", "train", "lee", str(dances.folder), "--out", str(folder),
              "--device", "cpu", *SMALL])  # fmt: skip
    return folder


def test_a_trained_generator_dances_and_its_dance_is_aligned_and_drawn(
    danceit: Cli, generator: Path, dances: SyntheticLibrary, tmp_path: Path
) -> None:
    made = tmp_path / "made.dance.npz"
    ran = danceit("generate", dances.query_song, "--with", generator, "--seed", 3, "--out", made)
    assert ran.code == 0, ran.err
    assert "made up by lee " in ran.out
    assert "seed 3" in ran.out
    dance = Dance.load(made)
    assert dance.dims == 2
    assert dance.steps[0].step == "generate"
    aligned = danceit("align", made, "--method", "warp")
    assert aligned.code == 0, aligned.err
    drawn = danceit("render", made, "--out", tmp_path / "made.gif", "--size", 64, "--seconds", 1)
    assert drawn.code == 0, drawn.err
    for name in ("cut.edl", "cut.otio"):
        listed = danceit("render", made, "--out", tmp_path / name)
        assert listed.code == 1
        assert "made up by lee" in listed.err
        assert "no footage" in listed.err
    filmed = danceit("render", made, "--footage", "--out", tmp_path / "made.mp4")
    assert filmed.code == 1
    assert "made up by lee" in filmed.err


def test_options_come_before_the_song_too(
    danceit: Cli, generator: Path, dances: SyntheticLibrary, tmp_path: Path
) -> None:
    out = tmp_path / "a.dance.npz"
    ran = danceit("generate", "--with", generator, dances.query_song, "--out", out)
    assert ran.code == 0, ran.err
    assert out.exists()


def test_what_was_imagined_is_found_again_in_real_movement(
    danceit: Cli, generator: Path, dances: SyntheticLibrary, tmp_path: Path
) -> None:
    index = tmp_path / "danceit-index"
    encoder = tmp_path / "encoder"
    danceit("train", dances.folder, "--out", encoder, "--steps", 2, "--dims", 2)
    built = danceit("index", "build", dances.folder, "--encoder", encoder, "--out", index,
                    "--dims", 2)  # fmt: skip
    assert built.code == 0, built.err
    snapped = tmp_path / "snapped.dance.npz"
    ran = danceit("generate", dances.query_song, "--with", generator, "--snap", index,
                  "--out", snapped)  # fmt: skip
    assert ran.code == 0, ran.err
    dance = Dance.load(snapped)
    assert all(placed.source and not placed.generator for placed in dance.fragments)
    assert [step.step for step in dance.steps] == ["generate", "query"]
    made = tmp_path / "made.dance.npz"
    danceit("generate", dances.query_song, "--with", generator, "--out", made)
    again = tmp_path / "again.dance.npz"
    ran = danceit("query", dances.query_song, "--index", index, "--idea", made, "--out", again)
    assert ran.code == 0, ran.err
    np.testing.assert_array_equal(Dance.load(again).joints, dance.joints)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("train", "lea", "DATA", "--out", "OUT"), "unknown generator 'lea'"),
        (("train", "lee", "DATA", "--out", "OUT", "--set", "hiden=2"), "no option 'hiden'"),
        (("train", "lee", "nowhere", "--out", "OUT"), "nowhere"),
        (("SONG", "--with", "nowhere"), "no generator at nowhere"),
    ],
)
def test_bad_input_is_one_line(
    danceit: Cli, dances: SyntheticLibrary, tmp_path: Path, args: tuple[str, ...], message: str
) -> None:
    known = {"DATA": dances.folder, "OUT": tmp_path / "out", "SONG": dances.query_song}
    ran = danceit("generate", *(known.get(arg, arg) for arg in args))
    assert ran.code == 1
    assert ran.err.count("\n") == 1
    assert message in ran.err


def test_help_tells_both_uses(danceit: Cli) -> None:
    ran = danceit("generate", "--help")
    assert ran.code == 0
    assert "danceit generate train lee" in ran.out
    assert "danceit generate song.mp3 --with GEN" in ran.out
