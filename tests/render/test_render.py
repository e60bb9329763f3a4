from dataclasses import replace
from pathlib import Path

import pytest

from danceit.data import Dance
from danceit.errors import InputError, PluginError
from danceit.render import RENDERERS, RenderOptions, render, render_many


def test_every_built_in_loads() -> None:
    assert [row.problem for row in RENDERERS.listing()] == [""] * len(RENDERERS.names())


def test_an_unknown_suffix_lists_the_known_and_the_nearest(dance: Dance, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"unknown renderer 'mp5'; known: mp4, .*; did you mean"):
        render(dance, tmp_path / "dance.mp5")
    with pytest.raises(InputError, match=r"has no suffix to say what to write; known: .mp4, "):
        render(dance, tmp_path / "dance")
    assert not list(tmp_path.iterdir())


def test_no_dance_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no dance was given"):
        render_many([], tmp_path / "dance.mp4")


def test_what_needs_no_song_is_written_without_it_and_never_to_another(
    dance: Dance, tmp_path: Path
) -> None:
    other = tmp_path / "other.wav"
    other.write_bytes(b"another song")
    assert dance.song is not None
    moved = replace(dance, song=replace(dance.song, path=tmp_path / "gone.wav"))
    render(moved, str(tmp_path / "a.csv"))
    with pytest.raises(InputError, match=r"is not at .* any more"):
        render(moved, tmp_path / "a.html")
    for dances in ([dance], [dance, dance]):
        with pytest.raises(InputError, match="is not the song"):
            render_many(dances, tmp_path / "a.png", song=other)


def test_a_third_partys_format_is_written_by_its_suffix(
    dance: Dance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    (site / "count_frames-1.0.dist-info").mkdir(parents=True)
    (site / "count_frames-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: count-frames\nVersion: 1.0\n"
    )
    (site / "count_frames-1.0.dist-info" / "entry_points.txt").write_text(
        "[danceit.renderers]\ncount = count_frames:write\n"
    )
    (site / "count_frames.py").write_text(
        "def write(dances, out, *, song, options, progress):\n"
        "    out.write_text(f'{len(dances)} {dances[0].n_frames} {options.fps}')\n"
        "    progress(1, 1)\n"
    )
    monkeypatch.syspath_prepend(str(site))
    assert RENDERERS.names()[-1] == "count"
    render(dance, tmp_path / "dance.count", options=RenderOptions(fps=60))
    assert (tmp_path / "dance.count").read_text() == "1 60 60"
