"""The page in a real browser: it loads, plays, and draws what the dance holds at that time."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from danceit.data import FPS, Dance, DanceSong
from danceit.files import sha256_of_file
from danceit.render import render_many
from danceit.render.drawing.motion import joints_at
from danceit.render.options import RenderOptions
from danceit.render.page.html import page
from danceit.render.page.sound import PageSound, encode_page_sound
from tests.browser import Watched, chromium, unnamed_controls, watched
from tests.render.conftest import make_dance, swaying

SECONDS = 12.0
LOWEST_HZ, RISE_HZ = 400.0, 200.0
LISTENING = """() => {
  const { context, output } = danceit.sound;
  const ear = new AnalyserNode(context, { fftSize: 32768 });
  output.connect(ear);
  const samples = new Float32Array(ear.fftSize);
  window.listen = async (count) => {
    await new Promise(requestAnimationFrame);
    // Both once more, should the device have gone on between the one and the other.
    for (let tries = 0; tries < 20; tries += 1) {
      const before = context.currentTime;
      ear.getFloatTimeDomainData(samples);
      const { heard } = danceit.sound;
      const frames = [danceit.drawnFrame(0), danceit.drawnFrame(1)];
      if (context.currentTime === before) {
        const last = Array.from(samples.subarray(samples.length - count));
        return { last, rate: context.sampleRate, ahead: before - heard, frames };
      }
    }
    throw new Error("the audio clock never holds still");
  };
}"""
"""Puts an ear of our own to what the page plays; it shares no code with the page's clock."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def long_song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tone that rises evenly: its pitch tells which second of the song is being played."""
    t = np.arange(round(SECONDS * 44_100)) / 44_100
    path = tmp_path_factory.mktemp("song") / "rising.wav"
    phase = 2 * np.pi * (LOWEST_HZ * t + RISE_HZ * t**2 / 2)
    soundfile.write(path, 0.3 * np.sin(phase), 44_100)
    return path


def long_dance(song: Path, dims: int = 3, phase: int = 0) -> Dance:
    joints = swaying(int(SECONDS * FPS) + phase, dims)[phase:]
    joints[..., 0] -= 3.75 * np.arange(len(joints), dtype=np.float32)[:, None]  # stays in place
    dance = make_dance(
        joints, seams=(48, 96, 144, 192, 240), beats_s=tuple(np.arange(0.5, 12, 0.5))
    )
    return replace(dance, song=DanceSong(song, sha256_of_file(song)))


@pytest.fixture(scope="module")
def two(long_song: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("page") / "two.html"
    dances = [long_dance(long_song), long_dance(long_song, phase=7)]
    render_many(dances, out, options=RenderOptions(captions=("first", "second")))
    return out


@pytest.fixture
def opened(browser: Any, two: Path) -> Iterator[Watched]:
    with watched(browser) as seen:
        seen.page.goto(two.as_uri())
        seen.until("window.danceit && danceit.drawnFrame(1) !== undefined")
        yield seen


def show(seen: Watched, tmp_path: Path, text: str) -> None:
    out = tmp_path / "page.html"
    out.write_text(text, encoding="utf-8")
    seen.page.goto(out.as_uri())
    seen.until("window.danceit && danceit.drawnFrame() !== undefined")


def test_it_loads_and_plays_without_a_complaint_or_a_request(opened: Watched, two: Path) -> None:
    opened.page.click("#play")
    opened.until("danceit.seconds > 0.6")
    assert opened.state("danceit.audible && danceit.playing")
    assert opened.page.get_by_role("button", name="Pause").is_visible()
    opened.page.click("#play")
    opened.until("!danceit.playing")
    assert opened.complaints == []
    assert {url for url in opened.requests if not url.startswith("blob:")} <= {
        two.as_uri(),
        "data:,",
    }


def pitch_hz(samples: np.ndarray, rate: float) -> float:
    """Frequency of a nearly steady tone: the peak of its spectrum, between the bins."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * len(samples)))
    return float(spectrum.argmax()) * rate / (8 * len(samples))


def played_s(told: dict) -> float:
    """Second of the song that its pitch says is in the middle of the last samples."""
    return (pitch_hz(np.array(told["last"]), told["rate"]) - LOWEST_HZ) / RISE_HZ


def ahead_of_sound(seen: Watched, speed: float, times: int, bodies: list[np.ndarray]) -> np.ndarray:
    """Frames by which what is drawn is ahead of what an ear of our own hears, as it plays."""
    off = []
    for _ in range(times):
        told = seen.state("() => listen(2048)")
        # The ear hears what is handed to the device, which is later heard in the room.
        middle_s = 1024 / told["rate"] - told["ahead"]
        heard_s = played_s(told) + middle_s * speed
        first, second = told["frames"]
        assert first == second
        off.append(first - heard_s * FPS)
        for number, body in enumerate(bodies):
            drawn = np.array(seen.state("([f, i]) => danceit.joints(f, i)", [first, number]))
            step = np.abs(np.diff(body, axis=0)).max()
            nearest = body[round(first)]
            assert np.abs(drawn.reshape(18, 3) - nearest).max() < 0.5 * step + 0.2
        seen.page.wait_for_timeout(40)
    return np.array(off)


def check_in_step(seen: Watched, speed: float, times: int, bodies: list[np.ndarray]) -> None:
    off = np.abs(ahead_of_sound(seen, speed, times, bodies))
    assert np.median(off) < 0.5
    # A busy machine may hold up a picture now and then.
    assert np.mean(off < 1.0) > 0.6


@pytest.mark.parametrize("speed", ["1", "0.5", "1.5"])
def test_what_is_drawn_is_the_dances_frame_at_the_sound_that_is_heard(
    opened: Watched, long_song: Path, speed: str
) -> None:
    """Within one frame, at every speed, after a seek while playing, and at the same pitch.

    The tone tells by its pitch where in the song it is. Were the pitch to change with the
    speed, or the sound to run beside the picture, no frame would agree.
    """
    bodies = [long_dance(long_song).joints, long_dance(long_song, phase=7).joints]
    opened.page.select_option("#speed", speed)
    opened.page.click("#play")
    opened.until("danceit.sound && danceit.seconds > 0.2")
    opened.state(LISTENING)
    opened.until("danceit.seconds > 0.5")
    check_in_step(opened, float(speed), 6, bodies)
    box = opened.page.locator("#overview").bounding_box()
    opened.page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + 20)
    opened.until("danceit.seconds > 7.5")
    check_in_step(opened, float(speed), 6, bodies)


def test_a_change_of_speed_while_playing_keeps_step(opened: Watched) -> None:
    opened.page.click("#play")
    opened.until("danceit.sound && danceit.seconds > 0.2")
    opened.state(LISTENING)
    for speed in ("0.5", "1.25", "1"):
        opened.page.select_option("#speed", speed)
        opened.page.wait_for_timeout(300)
        check_in_step(opened, float(speed), 4, [])


def test_what_an_encoder_puts_before_a_song_is_not_played(browser: Any, two: Path) -> None:
    """Some browsers' decoders keep it, 23 ms of silence: one is made to."""
    with watched(browser) as seen:
        seen.page.add_init_script(
            "const decode = OfflineAudioContext.prototype.decodeAudioData;"
            "OfflineAudioContext.prototype.decodeAudioData = async function (bytes) {"
            "  const song = await decode.call(this, bytes);"
            "  const { samples } = JSON.parse(document.getElementById('data').textContent).coded;"
            "  const all = this.createBuffer(song.numberOfChannels, samples, song.sampleRate);"
            "  for (let c = 0; c < song.numberOfChannels; c += 1)"
            "    all.copyToChannel(song.getChannelData(c), c, 1024);"
            "  return all; }"
        )
        seen.page.goto(two.as_uri())
        seen.until("window.danceit && danceit.drawnFrame(1) !== undefined")
        seen.page.click("#play")
        seen.until("danceit.sound && danceit.seconds > 0.2")
        seen.state(LISTENING)
        assert abs(np.median(ahead_of_sound(seen, 1.0, 9, []))) < 0.35


@pytest.mark.parametrize("speed", ["1", "0.5"])
def test_a_loop_has_no_gap_and_the_picture_goes_round_with_it(opened: Watched, speed: str) -> None:
    opened.page.get_by_role("button", name="0:02.0, clip1").click()
    opened.page.get_by_role("button", name="Loop it").click()
    opened.page.select_option("#speed", speed)
    opened.page.click("#play")
    opened.until("danceit.sound && danceit.seconds > 2.1")
    opened.state(LISTENING)
    opened.until("danceit.seconds > 3.5")
    opened.until("danceit.seconds < 2.3")
    assert opened.state("danceit.seconds") >= 2.0
    told = opened.state("() => listen(30000)")
    blocks = np.array(told["last"][: 66 * 441]).reshape(66, 441)
    loudness = np.sqrt((blocks**2).mean(axis=1))
    assert loudness.min() > 0.5 * np.median(loudness)
    # From the loop's end to its beginning within the 46 ms that a pitch is taken from.
    pitches = [
        pitch_hz(np.array(told["last"][at : at + 2048]), told["rate"])
        for at in range(0, 30000 - 2048, 512)
    ]
    at_s = (np.array(pitches) - LOWEST_HZ) / RISE_HZ
    assert ((at_s > 1.9) & (at_s < 4.1)).all()
    assert at_s.max() > 3.7
    assert at_s[-1] < 2.5
    check_in_step(opened, float(speed), 4, [])


def test_between_frames_the_page_moves_as_the_videos_do(opened: Watched, long_song: Path) -> None:
    """Against the video renderer's curve, around seams and both ends too."""
    dance = long_dance(long_song)
    frames = [0.0, 0.4, 46.7, 47.5, 48.0, 48.3, 95.99, 100.25, 286.2, 287.0]
    told = opened.state("(frames) => frames.map((f) => danceit.joints(f))", frames)
    wanted = joints_at(dance, np.array(frames) / FPS)
    np.testing.assert_allclose(np.array(told).reshape(wanted.shape), wanted, atol=0.15)


def test_the_picture_is_the_pose_scaled_and_moved(
    browser: Any, tmp_path: Path, long_song: Path
) -> None:
    """Without depth the picture must be a similarity of the joints; no camera code is used."""
    dance = long_dance(long_song, dims=2)
    with watched(browser) as seen:
        show(seen, tmp_path, page([dance]))
        for frame in (0, 77, 200):
            seen.page.keyboard.press("Home")
            for _ in range(frame):
                seen.page.keyboard.press(".")
            seen.until(f"Math.abs(danceit.drawnFrame() - {frame}) < 0.01")
            drawn = np.array(seen.state("Array.from({length: 18}, (_, j) => danceit.drawnAt(j))"))
            body = dance.joints[frame].astype(float)
            centred, seen_at = body - body.mean(axis=0), drawn - drawn.mean(axis=0)
            scale = (centred * seen_at).sum() / (centred**2).sum()
            assert 0.3 < scale < 5
            np.testing.assert_allclose(seen_at, scale * centred, atol=0.5)


def test_limbs_are_painted_where_the_joints_are(opened: Watched) -> None:
    colours = opened.state(
        "() => { const canvas = document.querySelector('.dancer canvas');"
        " const at = danceit.drawnAt(9).map(Math.round);"
        " return [at, [0, 40]].map(([x, y]) =>"
        " Array.from(canvas.getContext('2d').getImageData(x, y, 1, 1).data)); }"
    )
    knee, corner = np.array(colours)[:, :3].astype(int)
    assert np.abs(knee - corner).max() > 80


def test_seeking_by_click_and_by_keyboard(opened: Watched) -> None:
    box = opened.page.locator("#overview").bounding_box()
    opened.page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 20)
    opened.until("Math.abs(danceit.seconds - 6) < 0.05 && Math.abs(danceit.drawnFrame() - 144) < 1")
    opened.page.keyboard.press("ArrowRight")
    opened.until("Math.abs(danceit.seconds - 7) < 0.06")
    opened.page.keyboard.press("ArrowUp")
    opened.until("Math.abs(danceit.drawnFrame() - 144) < 0.1")
    opened.page.keyboard.press("Home")
    opened.until("danceit.drawnFrame() === 0")
    opened.page.locator("#overview").focus()
    assert opened.page.locator("#overview").get_attribute("aria-valuetext") == "0:00 of 0:12"


def test_half_speed_takes_twice_as_long(opened: Watched) -> None:
    opened.page.select_option("#speed", "0.5")
    opened.page.click("#play")
    opened.until("danceit.seconds > 0.2")
    passed, danced = opened.state(
        "async () => { const [t, s] = [performance.now(), danceit.seconds];"
        " await new Promise((done) => setTimeout(done, 1500));"
        " return [(performance.now() - t) / 1000, danceit.seconds - s]; }"
    )
    assert danced / passed == pytest.approx(0.5, abs=0.05)


def test_it_stops_at_the_end_and_begins_again(opened: Watched) -> None:
    box = opened.page.locator("#overview").bounding_box()
    opened.page.mouse.click(box["x"] + 0.98 * box["width"], box["y"] + 20)
    opened.page.click("#play")
    # What is left lasts a tenth of a second, too short to be seen playing: its end is waited for.
    opened.until(f"!danceit.playing && Math.abs(danceit.seconds - {SECONDS}) < 1e-6")
    assert opened.state("danceit.drawnFrame()") == SECONDS * FPS - 1
    opened.page.keyboard.press(" ")
    opened.until(f"danceit.playing && danceit.seconds < {SECONDS}")


def test_a_click_on_a_fragment_tells_where_it_comes_from(opened: Watched) -> None:
    box = opened.page.locator("#detail").bounding_box()
    opened.page.mouse.click(box["x"] + 0.5 * box["width"] + 60, box["y"] + 18 + 44 + 34 + 15)
    card = opened.page.locator("#card")
    card.get_by_text("clip0", exact=True).wait_for()
    assert "of clip0" in card.inner_text()
    assert opened.page.get_by_role("tab", name="second").get_attribute("aria-selected") == "true"


def test_mirror_swaps_the_sides_of_the_picture(opened: Watched) -> None:
    row = (
        "Array.from(document.querySelector('.dancer canvas').getContext('2d')"
        ".getImageData(0, {y}, {w}, 1).data)"
    )
    width, y = opened.state("[document.querySelector('.dancer canvas').width,"
                            " Math.round(danceit.drawnAt(4)[1])]")  # fmt: skip
    before = np.array(opened.state(row.format(y=y, w=width))).reshape(width, 4)
    opened.page.keyboard.press("m")
    opened.until("document.querySelector('#mirror').getAttribute('aria-pressed') === 'true'")
    # The picture is drawn before the browser's second frame from now.
    opened.state(
        "new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
    )
    after = np.array(opened.state(row.format(y=y, w=width))).reshape(width, 4)
    assert np.abs(before - after[::-1]).mean() < 2 < np.abs(before - after).mean()


def test_a_dance_with_depth_turns_and_comes_back(opened: Watched) -> None:
    knees = "danceit.drawnAt(9)[0] - danceit.drawnAt(12)[0]"
    before = opened.state(knees)
    box = opened.page.locator(".dancer canvas").first.bounding_box()
    opened.page.mouse.move(box["x"] + 100, box["y"] + 200)
    opened.page.mouse.down()
    opened.page.mouse.move(box["x"] + 260, box["y"] + 200, steps=4)
    opened.page.mouse.up()
    opened.until(f"Math.abs(({knees}) - ({before})) > 10")
    opened.page.get_by_role("button", name="Front").click()
    opened.until(f"Math.abs(({knees}) - ({before})) < 0.5")


def test_every_control_has_a_name(opened: Watched) -> None:
    assert unnamed_controls(opened.page) == []
    opened.page.keyboard.press("?")
    assert opened.page.get_by_role("dialog", name="Keyboard").is_visible()
    assert unnamed_controls(opened.page) == []


def test_it_fits_a_phone_and_plays_by_touch(browser: Any, two: Path) -> None:
    with watched(browser, width=390, height=844, touch=True) as seen:
        seen.page.goto(two.as_uri())
        seen.until("window.danceit && danceit.drawnFrame(1) !== undefined")
        assert seen.state("document.scrollingElement.scrollWidth") <= 390
        seen.page.tap("#play")
        seen.until("danceit.seconds > 0.3")
        small = seen.state(
            "Array.from(document.querySelectorAll('.transport button:not([hidden])'))"
            ".map((b) => b.getBoundingClientRect()).filter((r) => r.height < 40).length"
        )
        assert small == 0
        assert seen.complaints == []


@pytest.mark.parametrize("sound", ["none", "damaged"])
def test_without_its_sound_the_page_says_so_and_plays_on(
    browser: Any, tmp_path: Path, long_song: Path, sound: str
) -> None:
    good = encode_page_sound(long_song)
    given = None if sound == "none" else PageSound(good.data[:300], good.duration_s, good.peaks)
    with watched(browser) as seen:
        show(seen, tmp_path, page([long_dance(long_song)], sound=given))
        seen.page.get_by_role("status").filter(has_text="plays in silence").wait_for()
        seen.page.click("#play")
        seen.until("danceit.seconds > 0.3 && danceit.drawnFrame() > 5")
        assert not seen.state("danceit.audible")


def test_a_click_is_heard_when_it_is_due(browser: Any, tmp_path: Path) -> None:
    """The browser's own decoder puts a click within 2 ms of where the song has it."""
    samples = np.zeros(3 * 44_100, dtype=np.float32)
    samples[66_150] = 1.0
    soundfile.write(tmp_path / "click.wav", samples, 44_100)
    sound = encode_page_sound(tmp_path / "click.wav")
    with watched(browser) as seen:
        seen.page.goto("about:blank")
        at = seen.state(
            "async (url) => { const context = new OfflineAudioContext(1, 1, 44100);"
            " const bytes = Uint8Array.from(atob(url.split(',')[1]), (c) => c.charCodeAt(0));"
            " const sound = (await context.decodeAudioData(bytes.buffer)).getChannelData(0);"
            " let best = 0;"
            " sound.forEach((v, i) => { if (Math.abs(v) > Math.abs(sound[best])) best = i; });"
            " return best; }",
            sound.data_url,
        )
    assert abs(at - 66_150) < 90


def test_play_and_pause_in_quick_turns_end_where_the_last_one_says(opened: Watched) -> None:
    """Also while the device is still waking up or going to rest."""
    for wait_ms in (0, 5, 40, 100, 103, 110, 160):
        opened.page.click("#play")
        opened.page.wait_for_timeout(wait_ms)
        opened.page.click("#play")
        opened.page.wait_for_timeout(wait_ms)
    assert not opened.state("danceit.playing")
    opened.page.click("#play")
    opened.until("danceit.playing")
    before = opened.state("danceit.seconds")
    opened.page.wait_for_timeout(300)
    assert opened.state("danceit.playing")
    assert opened.state("danceit.seconds") > before + 0.1


def beside(dance: Dance, x: float, number: int) -> Dance:
    """A dancer of a group, who stands `x` to the right."""
    joints = dance.joints.copy()
    joints[..., 0] += x
    joints[..., 2] += x / 2
    options = {"group": "five", "dancer": number}
    return dance.with_step("group", "unison", options, joints=joints)


def test_a_group_is_on_one_stage(browser: Any, long_song: Path, tmp_path: Path) -> None:
    dance = long_dance(long_song)
    group = [beside(dance, x, i + 1) for i, x in enumerate((-400.0, 0.0, 400.0))]
    out = tmp_path / "group.html"
    render_many(group, out)
    with watched(browser) as seen:
        seen.page.goto(out.as_uri())
        seen.until("danceit.drawnFrame(2) !== undefined")
        assert seen.page.locator("#stage canvas").count() == 1
        assert "3 dancers on one stage" in seen.page.locator("#stage").inner_text()
        wide, high = seen.state(
            "[document.querySelector('#stage canvas').width, "
            "document.querySelector('#stage canvas').height]"
        )
        necks = [seen.state(f"danceit.drawnAt(1, {i})") for i in range(3)]
        assert necks[0][0] < necks[1][0] - 50 < necks[2][0] - 100
        for i in range(3):
            for joint in range(14):
                x, y = seen.state(f"danceit.drawnAt({joint}, {i})")
                assert 0 < x < wide
                assert 0 < y < high
        # Tabs still choose whose fragments are told of.
        seen.page.get_by_role("tab").nth(1).click()
        seen.until("document.querySelectorAll('[role=tab]')[1].ariaSelected === 'true'")
        assert seen.complaints == []
    apart = tmp_path / "apart.html"
    render_many([group[0], dance], apart)
    with watched(browser) as seen:
        seen.page.goto(apart.as_uri())
        seen.until("danceit.drawnFrame(1) !== undefined")
        assert seen.page.locator("#stage canvas").count() == 2
