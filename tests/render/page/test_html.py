"""The page as a file: what is in it, how large it is, and that names cannot break out of it."""

import base64
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from danceit.data import FPS, Choice, Dance, RunnerUp
from danceit.errors import InputError
from danceit.render import render
from danceit.render.options import THEMES, RenderOptions
from danceit.render.page.data import MISSING, dances_as_json
from danceit.render.page.html import page
from danceit.render.page.sound import PEAKS_PER_S, encode_page_sound
from tests.render.conftest import make_dance, swaying


def data_of(text: str) -> dict:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert found is not None
    return json.loads(found[1])


def joints_of(data: dict) -> np.ndarray:
    raw = np.frombuffer(base64.b64decode(data["joints"]), "<i2").astype(float)
    raw[raw == MISSING] = np.nan
    return raw.reshape(data["frames"], 18, data["dims"]) / data["scale"]


@pytest.mark.parametrize("dims", [2, 3])
def test_poses_arrive_to_a_sixteenth_of_a_pixel_and_missing_joints_stay_missing(dims: int) -> None:
    joints = swaying(60, dims)
    joints[10:20, 4] = np.nan
    (data,) = dances_as_json([make_dance(joints)], ["a"])
    np.testing.assert_allclose(joints_of(data), joints, atol=1 / 16 + 1e-4)


def test_a_dance_that_leaves_the_range_is_told_more_coarsely_not_wrongly() -> None:
    joints = swaying(60)
    joints[30:, :, 0] += 9000
    (data,) = dances_as_json([make_dance(joints)], ["a"])
    np.testing.assert_allclose(joints_of(data), joints, atol=0.5)


def test_segments_cover_the_dance_and_name_its_fragments(dance: Dance) -> None:
    (data,) = dances_as_json([dance], ["a"])
    shown = np.concatenate([np.full(end - start, k) for start, end, k in data["segments"]])
    np.testing.assert_array_equal(shown, dance.source_index)
    assert [row["id"] for row in data["fragments"]] == ["clip0:0+24", "clip1:0+24"]
    assert data["seams"] == dance.seams.tolist()


def test_runners_up_and_reasons_travel_with_the_dance(dance: Dance) -> None:
    other = RunnerUp("x:0+24", distance=float("inf"), target=1.0)
    choice = Choice("it fits", goes_on=False, found=2, target=0.5, runners_up=(other,))
    known = replace(dance, choices=(choice, choice))
    (data,) = dances_as_json([known], ["a"])
    assert data["fragments"][1]["why"] == "it fits"
    assert data["fragments"][1]["others"] == [{"id": "x:0+24", "distance": None, "target": 1.0}]


def test_the_folder_of_a_source_is_nobody_elses_business(dance: Dance) -> None:
    placed = tuple(replace(each, source="/home/me/secret/clip.mp4") for each in dance.fragments)
    text = page([replace(dance, fragments=placed)])
    assert "clip.mp4" in text
    assert "secret" not in text


def test_a_three_minute_dance_with_depth_is_under_a_megabyte_and_a_half() -> None:
    rng = np.random.default_rng(0)
    joints = swaying(180 * 24) + rng.normal(0, 3, (180 * 24, 18, 3)).astype(np.float32)
    text = page([make_dance(joints, seams=tuple(range(48, 180 * 24, 48)))])
    assert len(text.encode()) < 1.5e6


def test_names_cannot_break_out_of_the_page(dance: Dance) -> None:
    evil = "</script><script>alert(1)</script><!-- {{script}} {{data}}"
    placed = tuple(replace(each, clip_id=evil) for each in dance.fragments)
    text = page([replace(dance, fragments=placed)], names=[evil], title=evil)
    assert data_of(text)["dances"][0]["name"] == evil
    assert text.count("<script") == 2
    assert "alert(1)</" not in text


def test_nothing_outside_the_file_is_referred_to(dance: Dance, song: Path, tmp_path: Path) -> None:
    render(dance, tmp_path / "a.html")
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert not re.findall(r"https?://[^\s\"']+", text)
    assert not re.findall(r"(?:src|href)=\"(?!#|data:)[^\"]*\"", text)


def test_the_sound_in_the_page_begins_and_ends_with_the_song(tmp_path: Path) -> None:
    import av

    samples = np.zeros(3 * 44_100, dtype=np.float32)
    samples[44_100] = 1.0
    soundfile.write(tmp_path / "click.wav", samples, 44_100)
    sound = encode_page_sound(tmp_path / "click.wav")
    with av.open(io.BytesIO(sound.data)) as container:
        frames = list(container.decode(audio=0))
    first = round(float(frames[0].time) * 44_100)
    heard = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    assert abs(int(np.abs(heard).argmax()) + first - 44_100) < 50
    assert sound.duration_s == pytest.approx(3.0)
    assert np.frombuffer(sound.peaks, np.uint8).argmax() == PEAKS_PER_S


def test_a_page_without_sound_says_why(dance: Dance, song: Path) -> None:
    silent = encode_page_sound(song, audible=False)
    data = data_of(page([dance], sound=silent, notice="left out"))
    assert data["sound"] == ""
    assert data["notice"] == "left out"
    assert len(base64.b64decode(data["peaks"])) == pytest.approx(2.51 * PEAKS_PER_S, abs=1)


@pytest.mark.parametrize("theme", THEMES)
def test_every_theme_has_a_page(dance: Dance, theme: str) -> None:
    data = data_of(page([dance], options=RenderOptions(theme=theme)))
    assert data["theme"]["accent"] == list(THEMES[theme].accent)


def test_dances_of_different_length_are_refused(dance: Dance) -> None:
    with pytest.raises(InputError, match="must be to one song"):
        page([dance, make_dance(swaying(90))])


def test_another_songs_sound_is_refused(dance: Dance, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "long.wav", rng.normal(0, 0.1, 5 * 8000), 8000)
    with pytest.raises(InputError, match="another song"):
        page([dance], sound=encode_page_sound(tmp_path / "long.wav"))


def test_one_name_a_dance(dance: Dance) -> None:
    with pytest.raises(InputError, match="2 names for 1 dance"):
        page([dance], names=["a", "b"])


def test_a_dance_of_one_frame_has_a_page() -> None:
    joints = swaying(1)
    data = data_of(page([make_dance(joints, seams=())]))
    assert data["duration_s"] == pytest.approx(1 / FPS)
