"""Every built-in renderer passes the suite that third parties use."""

from dataclasses import replace
from pathlib import Path

import pytest

from danceit.data import Dance
from danceit.render import RENDERERS
from danceit.testing import RendererConformance, made_dance
from tests.index.sources.conftest import write_video


class OfFootage(RendererConformance):
    """A renderer of edit lists, which name the videos of the sources."""

    @pytest.fixture
    def dance(self, tmp_path: Path) -> Dance:
        """The suite's dance, of sources that were filmed."""
        video = str(write_video(tmp_path / "source.mp4", 24, 24))
        made = made_dance(n_frames=48, seams=(20,))
        return replace(made, fragments=tuple(replace(f, source=video) for f in made.fragments))


for _name in RENDERERS.builtins:
    _class = f"Test{_name.title()}"
    globals()[_class] = type(
        _class,
        (OfFootage if _name in ("otio", "edl") else RendererConformance,),
        {"renderer": RENDERERS.get(_name), "suffix": _name},
    )
