import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from danceit.data import Dance, Placement
from danceit.errors import InputError
from danceit.render import render
from danceit.render.export.edit_list import cuts_of, timecode
from danceit.render.footage.locating import Filmed
from danceit.render.options import RenderOptions
from tests.index.poses.footage.conftest import plain, write_film
from tests.render.conftest import make_dance, swaying

otio = pytest.importorskip(
    "opentimelineio", reason="opentimelineio, an independent reader, is in [dev]"
)


@pytest.fixture
def filmed(tmp_path: Path, song: Path) -> Dance:
    """Two fragments; the first source is a video file, the second a folder with one."""
    (tmp_path / "library" / "clip1").mkdir(parents=True)
    (tmp_path / "library" / "clip0.mp4").write_bytes(b"")
    (tmp_path / "library" / "clip1" / "take.MOV").write_bytes(b"")
    dance = make_dance(swaying(60), song=song, source=str(tmp_path / "library"))
    first, *others = dance.fragments
    video = replace(first, source=str(tmp_path / "library" / "clip0.mp4"))
    return replace(dance, fragments=(video, *others))


def beside(placement: Placement) -> Path | None:
    """Where those who read sources would find the video of one of them."""
    source = Path(placement.source)
    inside = sorted(source.iterdir()) if source.is_dir() else [source]
    return inside[0] if inside and inside[0].is_file() else None


def edited(dance: Dance, out: Path) -> None:
    render(dance, out, options=RenderOptions(video_of=beside))


def stretched(dance: Dance, speed: np.ndarray) -> Dance:
    """The dance with its first fragment's source shown at `speed` (24,)."""
    source_s = dance.source_s.copy()
    source_s[1:24] = source_s[0] + np.cumsum(speed[:23]) / 24
    return replace(dance, source_s=source_s)


def test_a_cut_for_each_source(filmed: Dance) -> None:
    cuts = cuts_of(filmed)
    assert [(cut.first, cut.last, cut.speed) for cut in cuts] == [(0, 24, 1.0), (24, 60, 1.0)]
    assert [cut.source_s for cut in cuts] == [10.0, 20.0]


def test_fragments_that_go_on_in_one_source_are_one_cut(filmed: Dance) -> None:
    one = replace(filmed.fragments[0], fragment_id="clip0:24+24")
    source_s = 10 + np.arange(60) / 24
    dance = replace(filmed, fragments=(filmed.fragments[0], one), source_s=source_s)
    assert [(cut.first, cut.last) for cut in cuts_of(dance)] == [(0, 60)]


@pytest.mark.parametrize("seed", range(5))
def test_no_frame_is_further_than_half_a_frame_from_its_source(filmed: Dance, seed: int) -> None:
    rng = np.random.default_rng(seed)
    dance = stretched(filmed, np.repeat(rng.uniform(0.6, 1.6, 4), 6))
    covered = 0
    for cut in cuts_of(dance):
        frames = np.arange(cut.first, cut.last)
        shown_s = cut.source_s + (frames - cut.first) / 24 * cut.speed
        assert np.abs(shown_s - dance.source_s[frames]).max() <= 0.5 / 24 + 1e-9
        assert cut.first == covered
        covered = cut.last
    assert covered == dance.n_frames


def test_a_constant_speed_is_found(filmed: Dance) -> None:
    cuts = cuts_of(stretched(filmed, np.full(24, 1.25)))
    assert cuts[0].last == 24
    assert cuts[0].speed == pytest.approx(1.25, abs=0.03)


def test_opentimelineio_reads_the_timeline(filmed: Dance, song: Path, tmp_path: Path) -> None:
    dance = stretched(filmed, np.full(24, 1.5))
    edited(dance, tmp_path / "cut.otio")
    timeline = otio.adapters.read_from_file(str(tmp_path / "cut.otio"))
    pictures, sound = timeline.tracks
    assert (pictures.kind, sound.kind) == ("Video", "Audio")
    assert timeline.duration() == otio.opentime.RationalTime(60, 24)
    first, second = pictures
    assert first.media_reference.target_url == (tmp_path / "library" / "clip0.mp4").as_uri()
    assert (
        second.media_reference.target_url == (tmp_path / "library" / "clip1" / "take.MOV").as_uri()
    )
    assert first.range_in_parent().duration.value == 24
    assert second.range_in_parent().start_time.value == 24
    assert second.source_range.start_time.to_seconds() == pytest.approx(20.0, abs=1 / 48)
    assert first.effects[0].time_scalar == pytest.approx(1.5, abs=0.03)
    assert not second.effects
    assert sound[0].media_reference.target_url == song.as_uri()
    assert first.metadata["danceit"]["licence"] == "CC-BY-4.0"


def test_the_edl_is_read_by_its_adapter(filmed: Dance, tmp_path: Path) -> None:
    pytest.importorskip("otio_cmx3600_adapter", reason="the EDL's independent reader is in [dev]")
    edited(filmed, tmp_path / "cut.edl")
    timeline = otio.adapters.read_from_file(str(tmp_path / "cut.edl"), rate=24)
    clips = list(timeline.tracks[0])
    # An editor finds the footage by these names.
    assert [clip.name for clip in clips] == ["clip0.mp4", "take.MOV"]
    assert [clip.source_range.duration.value for clip in clips] == [24, 36]
    assert [clip.range_in_parent().start_time.value for clip in clips] == [0, 24]
    paths = [str(beside(placed)) for placed in filmed.fragments]
    told = [list(clip.metadata["cmx_3600"]["comments"])[:2] for clip in clips]
    assert told == [
        [f"SOURCE FILE: {path}", f"CLIP: {clip}"]
        for path, clip in zip(paths, ("clip0", "clip1"), strict=True)
    ]
    assert [clip.source_range.start_time.to_seconds() for clip in clips] == [10.0, 20.0]


def test_a_stretched_cut_in_an_edl_states_its_speed(filmed: Dance, tmp_path: Path) -> None:
    pytest.importorskip("otio_cmx3600_adapter", reason="the EDL's independent reader is in [dev]")
    edited(stretched(filmed, np.full(24, 1.5)), tmp_path / "cut.edl")
    timeline = otio.adapters.read_from_file(str(tmp_path / "cut.edl"), rate=24)
    first = timeline.tracks[0][0]
    assert first.effects[0].time_scalar == pytest.approx(1.5, abs=0.05)
    assert timeline.duration().value == 60


def test_a_name_with_a_line_break_adds_no_event(filmed: Dance, tmp_path: Path) -> None:
    named = [
        replace(placed, clip_id="a\n999  AX       V     C        00:00:00:00")
        for placed in filmed.fragments
    ]
    edited(replace(filmed, fragments=tuple(named)), tmp_path / "cut.edl")
    lines = (tmp_path / "cut.edl").read_text(encoding="utf-8").splitlines()
    assert [line[:3] for line in lines if line[:3].isdigit()] == ["001", "002"]
    assert any(line.startswith("* CLIP: a\\n999") for line in lines)


def test_a_table_holds_no_formula_and_a_row_a_frame(filmed: Dance, tmp_path: Path) -> None:
    named = [replace(placed, clip_id='=HYPERLINK("x")\nb') for placed in filmed.fragments]
    render(replace(filmed, fragments=tuple(named)), tmp_path / "dance.csv")
    text = (tmp_path / "dance.csv").read_text(encoding="utf-8")
    assert len(text.splitlines()) == filmed.n_frames + 1
    rows = list(csv.DictReader(text.splitlines()))
    assert {row["clip_id"] for row in rows} == {'\'=HYPERLINK("x")\\nb'}


def test_a_source_without_footage_stays_a_gap_to_fill(filmed: Dance, tmp_path: Path) -> None:
    (tmp_path / "library" / "clip0.mp4").unlink()
    edited(filmed, tmp_path / "cut.otio")
    first = otio.adapters.read_from_file(str(tmp_path / "cut.otio")).tracks[0][0]
    assert isinstance(first.media_reference, otio.schema.MissingReference)
    assert first.name == "clip0"


def test_without_any_footage_there_is_nothing_to_cut(dance: Dance, tmp_path: Path) -> None:
    for suffix in ("otio", "edl"):
        with pytest.raises(InputError, match="none of the dance's 2 sources has a video"):
            edited(dance, tmp_path / f"cut.{suffix}")
    assert not list(tmp_path.iterdir())


def test_without_who_reads_sources_a_source_that_is_a_video_is_cut(
    filmed: Dance, tmp_path: Path
) -> None:
    render(filmed, tmp_path / "cut.otio")
    first, second = otio.adapters.read_from_file(str(tmp_path / "cut.otio")).tracks[0]
    assert first.media_reference.target_url.endswith("clip0.mp4")
    assert isinstance(second.media_reference, otio.schema.MissingReference)


def test_timecodes() -> None:
    assert timecode(0, 24) == "00:00:00:00"
    assert timecode(24 * 3661 + 5, 24) == "01:01:01:05"


def test_a_source_states_its_own_length_and_rate_for_the_editor(
    filmed: Dance, song: Path, tmp_path: Path
) -> None:
    """Programs that import OpenTimelineIO do not take media without an extent."""
    (tmp_path / "library" / "clip0.mp4").unlink()
    write_film(tmp_path / "library" / "clip0.mp4", [plain()] * 75, fps=30)
    edited(filmed, tmp_path / "cut.otio")
    pictures, sound = otio.adapters.read_from_file(str(tmp_path / "cut.otio")).tracks
    known, unreadable = (clip.media_reference.available_range for clip in pictures)
    assert known == otio.opentime.TimeRange(
        otio.opentime.RationalTime(0, 30), otio.opentime.RationalTime(75, 30)
    )
    # An empty file: at least what is used of it, seconds 20 to 21.5.
    assert unreadable.duration.to_seconds() == pytest.approx(21.5)
    assert sound[0].media_reference.available_range.duration.to_seconds() == pytest.approx(
        2.5, abs=0.05
    )


def test_a_cut_lies_where_its_picture_is_in_the_video(filmed: Dance, tmp_path: Path) -> None:
    """An index may have moved a recording against its sound; the video has not moved."""
    nowhere = np.empty((0, 18, 2), dtype=np.float32)

    def locate(placement: Placement) -> Filmed | None:
        if placement.clip_id != "clip0":
            return None
        return Filmed(beside(placement) or Path(), np.empty(0), nowhere, lag_s=0.25)

    for suffix in ("otio", "edl"):
        out = tmp_path / f"cut.{suffix}"
        render(filmed, out, options=RenderOptions(locate=locate, video_of=beside))
        asked = {"rate": 24} if suffix == "edl" else {}
        clips = list(otio.adapters.read_from_file(str(out), **asked).tracks[0])
        starts = [clip.source_range.start_time.to_seconds() for clip in clips]
        assert starts == [10.25, 20.0]
