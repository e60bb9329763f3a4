"""What danceit wrote is written over by what made it, and nothing else is."""

from pathlib import Path

import numpy as np
import pytest

from danceit.errors import InputError
from danceit.makers import check_figure, check_replaceable, write_figure, write_png

PICTURE = np.zeros((4, 6, 3), dtype=np.uint8)


def test_a_picture_is_written_over_by_its_maker_alone(tmp_path: Path) -> None:
    from PIL import Image

    out = tmp_path / "a.png"
    write_png(PICTURE, out, "sheet by danceit")
    write_png(PICTURE + 9, out, "sheet by danceit")
    with Image.open(out) as shown:
        assert shown.getpixel((0, 0)) == (9, 9, 9)
    with pytest.raises(InputError, match="is no other sheet by danceit"):
        write_png(PICTURE, out, "other sheet by danceit")
    Image.fromarray(PICTURE).save(out)
    before = out.read_bytes()
    with pytest.raises(InputError, match=r"a\.png is there"):
        write_png(PICTURE, out, "sheet by danceit")
    assert out.read_bytes() == before


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_a_figure_says_who_made_it_in_each_format(tmp_path: Path, suffix: str) -> None:
    from matplotlib.figure import Figure

    out = tmp_path / f"a{suffix}"
    for _ in range(2):
        write_figure(Figure(), out, "figure by danceit")
    Figure().savefig(out)
    with pytest.raises(InputError, match="choose another name"):
        check_figure(out, "figure by danceit")


def test_a_figure_of_another_kind_is_refused_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"written as \.png, \.svg, \.pdf; got a\.jpg"):
        check_figure(tmp_path / "a.jpg", "figure by danceit")


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_a_film_says_who_made_it_and_may_say_more(tmp_path: Path, suffix: str) -> None:
    import av

    out = tmp_path / f"a{suffix}"
    for told in ("film by danceit", "film by danceit. Ada did not dance this.", ""):
        with av.open(str(out), "w") as container:
            container.metadata["comment"] = told
            stream = container.add_stream("libx264", rate=24)
            stream.width, stream.height, stream.pix_fmt = 16, 16, "yuv420p"
            container.mux(stream.encode(av.VideoFrame(16, 16, "yuv420p")))
            container.mux(stream.encode())
        if told:
            check_replaceable(out, "film by danceit")
    with pytest.raises(InputError, match="is no film by danceit"):
        check_replaceable(out, "film by danceit")
