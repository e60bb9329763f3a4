"""`danceit live`, as a user runs it, and its page in a real browser."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import soundfile

from danceit.audio.decoding import RATE
from danceit.audio.live.following import Followed
from danceit.audio.live.streams import Pace, Played
from danceit.counts import Counts
from danceit.data import FPS, Dance, Float32, Placement
from danceit.errors import InputError
from danceit.render.options import RenderOptions
from danceit.render.page.live import live_page
from danceit.render.page.server import LocalServer, Site
from danceit.retrieval.live.performer import Shown
from danceit.workflow.live.feed import Feed
from danceit.workflow.live.recording import Recording
from danceit.workflow.live.session import await_page, opened_session, served
from tests.audio.counts import made
from tests.browser import chromium, unnamed_controls, watched
from tests.cli.conftest import Cli
from tests.render.conftest import swaying

SECONDS = 8.0
AT_ONCE = Pace(sleep=lambda _: None)


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("song") / "rock.wav"
    soundfile.write(path, made.rock(made.steady(110, SECONDS), SECONDS).sound.samples, RATE)
    return path


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_file_that_was_danced_to_its_end_is_the_dances_song(
    song: Path, counted_index: Path, tmp_path: Path
) -> None:
    record = tmp_path / "kept.dance.npz"
    with opened_session(Played(song, AT_ONCE), counted_index, record=record) as session:
        told = session.run()
    dance = Dance.load(record)
    assert dance.n_frames == int(SECONDS * FPS)
    assert dance.song is not None
    assert dance.song.path == song
    assert told.heard_s == pytest.approx(SECONDS, abs=0.06)
    assert told.moves >= 2
    assert not list(tmp_path.glob("*.wav"))
    assert dance.steps[0].method == "live"
    # The beats that were followed are the dance's.
    apart = np.abs(dance.beats_s[:, None] - made.steady(110, SECONDS)).min(axis=1)
    assert np.median(apart) < 0.04


def test_what_was_stopped_keeps_the_sound_beside_it(
    danceit: Cli, song: Path, counted_index: Path, tmp_path: Path
) -> None:
    record = tmp_path / "half.dance.npz"
    stream = Played(song, AT_ONCE)
    with opened_session(stream, counted_index, record=record) as session:

        def heard(seconds: float) -> None:
            if session.performer.n_frames > 4 * FPS:
                session.stop()

        object.__setattr__(stream, "pace", Pace(now=lambda: 0.0, sleep=heard))
        told = session.run()
    assert told.sound_file == tmp_path / "half.wav"
    dance = Dance.load(record)
    assert dance.n_frames == int(told.heard_s * FPS)
    # It is a song and a dance like any other.
    assert danceit("render", record, "--out", "half.png").code == 0
    assert not list(tmp_path.glob(".*.part"))


def test_a_microphone_that_is_unplugged_does_not_take_the_dance_with_it(
    song: Path, counted_index: Path, tmp_path: Path
) -> None:
    class Unplugged(Played):
        def blocks(self) -> Iterator[Float32]:
            for number, block in enumerate(super().blocks()):
                if number == 80:  # after 4 s
                    raise InputError("the microphone is gone")
                yield block

    record = tmp_path / "evening.dance.npz"
    with (
        opened_session(Unplugged(song, AT_ONCE), counted_index, record=record) as session,
        pytest.raises(InputError, match=r"is gone; what was danced until then is in .*evening"),
    ):
        session.run()
    assert Dance.load(record).n_frames == 4 * FPS
    assert soundfile.info(tmp_path / "evening.wav").duration == pytest.approx(4.0)
    assert session.feed.answer({"frame": 0, "sample": 0})["over"]


def test_what_was_heard_is_written_over_an_earlier_recording_and_over_nothing_else(
    song: Path, tmp_path: Path
) -> None:
    target = tmp_path / "evening.one.dance.npz"
    own, beside = tmp_path / "evening.one.wav", tmp_path / "evening.one.live.wav"
    own.write_bytes(song.read_bytes())
    for _ in range(2):
        with Recording(target, None) as kept:
            assert kept.sound_file == beside
            kept.put((), np.zeros(RATE, np.float32))
            kept._sound.close()
            kept._part.rename(beside)
    assert own.read_bytes() == song.read_bytes()


def test_a_disk_that_is_full_does_not_take_the_dance_with_it(
    song: Path, counted_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, usual = tmp_path / "evening.dance.npz", soundfile.SoundFile.write
    written: list[int] = []

    def write(self: soundfile.SoundFile, data: Float32) -> None:
        if len(written) == 80:  # after 4 s
            raise soundfile.LibsndfileError(2)
        written.append(len(data))
        usual(self, data)

    monkeypatch.setattr(soundfile.SoundFile, "write", write)
    with (
        opened_session(Played(song, AT_ONCE), counted_index, record=record) as session,
        pytest.raises(InputError, match=r"is the disk full\?; what was danced until then is in"),
    ):
        session.run()
    assert Dance.load(record).n_frames == 4 * FPS

    def refused(*told: object, **more: object) -> Dance:
        raise OSError(28, "No space left on device")

    written.clear()
    monkeypatch.setattr(Recording, "finish", refused)
    with (
        opened_session(Played(song, AT_ONCE), counted_index, record=record) as session,
        pytest.raises(InputError, match=r"cannot be kept: .*No space left"),
    ):
        session.run()


def test_the_command_plays_in_real_time_and_says_what_was_danced(
    danceit: Cli, counted_index: Path, tmp_path: Path
) -> None:
    short = tmp_path / "short.wav"
    soundfile.write(short, made.rock(made.steady(110, 2.0), 2.0).sound.samples, RATE)
    ran = danceit("live", short, "--index", counted_index, "--no-page", "--record", "x.dance.npz")
    assert ran.code == 0, ran.err
    assert "danced 0:02 in" in ran.out
    assert "wrote x.dance.npz" in ran.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere.mp3"], "no such file: nowhere.mp3"),
        (["a.mp3", "--input", "b.mp3"], "give what is to be heard once"),
        (["-", "--microphone", "USB"], "--microphone is for the input mic"),
        (["song.mp3", "--lead", "9"], "--lead must be from 0.2 to 2 s; got 9"),
        (["song.mp3", "--style", "x", "--beam", "0"], "--beam must be from 1 to 100; got 0"),
        ([], "needs the package sounddevice: pip install -c constraints.txt '.[live]'"),
        (["--microphones"], "needs the package sounddevice"),
    ],
)
def test_bad_input_is_one_line(
    danceit: Cli, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    ran = danceit("live", *arguments)
    assert ran.code == 1
    assert told in ran.err
    assert ran.err.count("\n") == 1


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


def test_the_page_shows_a_song_from_its_start_to_its_end(
    song: Path, counted_index: Path, browser: Any
) -> None:
    told = []
    with (
        opened_session(Played(song), counted_index) as session,
        served(session, RenderOptions(), 0) as server,
    ):

        def dance() -> None:
            await_page(session)
            told.append(session.run())

        dancing = Thread(target=dance)
        dancing.start()
        with watched(browser) as seen:
            seen.page.goto(server.url)
            assert unnamed_controls(seen.page) == []
            seen.page.click("#start")
            seen.until("danceit.state.counting")
            seen.until("document.getElementById('count').textContent !== ''")
            seen.page.keyboard.press("m")
            seen.until("document.getElementById('mirror').getAttribute('aria-pressed') === 'true'")
            seen.until(f"danceit.state.over && danceit.state.seconds > {SECONDS - 0.5}")
            seen.until("document.getElementById('status').textContent === 'the end'")
            state = seen.state("danceit.state")
            assert state["frames"] >= SECONDS * FPS
            assert state["drawn"] >= (SECONDS - 1) * FPS
            assert seen.complaints == []
            assert all(asked.startswith(server.url) for asked in seen.requests)
        dancing.join()
    assert told[0].moves >= 2


@pytest.fixture
def by_hand() -> Iterator[tuple[Feed, LocalServer]]:
    """A page without sound whose frames the test puts in."""
    feed = Feed()
    page = live_page(
        RenderOptions(), title="by hand", dims=3, token="t", audible=False, latency_s=0.0
    )
    actions: dict[str, Callable[..., Any]] = {"/live": feed.answer, "/start": lambda _: {}}
    with LocalServer(Site({"/": lambda _: page}, actions, "t")) as server:
        serving = Thread(target=server.serve, daemon=True)
        serving.start()
        yield feed, server
        server.stop()
        serving.join()


def put(feed: Feed, first: int, count: int, now_s: float) -> None:
    joints = swaying(first + count, 3)[first:]
    index = np.zeros(count, np.int32)
    placed = Placement("a:0+96", "a", "a", 0.0, 4.0, 0.0, 0.0, 0, 0.0, "waltz")
    shown = Shown(first, joints, index, np.arange(count) / FPS, np.zeros(0, np.int64))
    beats_s = np.arange(0.0, 60.0, 0.5)
    numbers = (np.arange(len(beats_s)) % 3 + 1).astype(np.int32)
    followed = Followed(now_s, Counts(beats_s, numbers, 3))
    feed.put([shown], np.zeros(0, np.float32), followed, [placed])


def test_a_frame_that_is_not_there_when_it_is_due_counts_as_late(
    by_hand: tuple[Feed, LocalServer], browser: Any
) -> None:
    feed, server = by_hand
    put(feed, 0, 24 * 60, now_s=0.0)
    with watched(browser) as seen:
        seen.page.goto(server.url)
        seen.until("danceit.state.drawn > 10")
        # A minute is there: nothing can be late, however slow this machine is.
        assert seen.state("danceit.state.late") == 0
        assert seen.state("document.getElementById('now').textContent") == "a · waltz"
        assert "3 to the bar" in seen.state("document.getElementById('status').textContent")
        put(feed, 24 * 60, 1, now_s=90.0)
        seen.until("danceit.state.late > 0")


def test_a_page_that_comes_late_or_again_goes_on_with_what_is_kept() -> None:
    feed = Feed()
    put(feed, 0, 24 * 30, now_s=30.0)
    answer = feed.answer({"frame": 0, "sample": -1})
    assert answer["first"] == 240
    assert answer["count"] == len(answer["placed"]) == 480
    assert feed.answer({"frame": 720, "sample": 0})["count"] == 0
    feed.end()
    assert not feed.finished.is_set()
    assert feed.answer({"frame": 720, "sample": 0, "drawn": 700, "late": 2})["over"]
    assert feed.finished.is_set()
    assert (feed.drawn, feed.late) == (700, 2)
