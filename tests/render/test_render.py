from pathlib import Path

import pytest

from danceit.data import Dance
from danceit.errors import InputError, PluginError
from danceit.render import RENDERERS, render, render_many


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
