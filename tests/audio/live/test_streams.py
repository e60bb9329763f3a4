"""Streams give what a file holds, when its time has come, and say in one line what is wrong."""

import io
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from danceit.audio.decoding import RATE, read_sound
from danceit.audio.live.streams import (
    BLOCK,
    Microphone,
    Pace,
    Piped,
    Played,
    in_blocks,
    microphones,
)
from danceit.data import Float32
from danceit.errors import InputError, MissingDependencyError

AT_ONCE = Pace(sleep=lambda _: None)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    time_s = np.arange(3 * 44_100) / 44_100
    stereo = np.stack([0.4 * np.sin(880 * time_s), 0.2 * np.sin(500 * time_s)], axis=1)
    path = tmp_path / "song.wav"
    soundfile.write(path, stereo, 44_100)
    return path


def test_a_played_file_gives_what_reading_it_gives(song: Path) -> None:
    blocks = list(Played(song, AT_ONCE).blocks())
    assert {len(block) for block in blocks[:-1]} == {BLOCK}
    played, read = np.concatenate(blocks), read_sound(song).samples
    assert abs(len(played) - len(read)) <= 1
    np.testing.assert_allclose(played[: len(read) - 1], read[: len(played)][: len(read) - 1],
                               atol=1e-4)  # fmt: skip


def test_no_block_comes_before_it_would_have_been_played(song: Path) -> None:
    class Clock:
        at_s, slept = 100.0, 0

        def now(self) -> float:
            return self.at_s

        def sleep(self, seconds: float) -> None:
            self.at_s += seconds
            self.slept += 1

    clock, played = Clock(), 0
    for block in Played(song, Pace(clock.now, clock.sleep)).blocks():
        played += len(block)
        assert clock.at_s == pytest.approx(100.0 + played / RATE)
        clock.at_s += 0.01  # what dancing to it takes
    assert clock.slept > 50


def test_a_pipe_is_decoded_as_it_comes(song: Path) -> None:
    heard = np.concatenate(list(Piped(io.BytesIO(song.read_bytes()), AT_ONCE).blocks()))
    np.testing.assert_allclose(heard[:60_000], read_sound(song).samples[:60_000], atol=1e-4)


def test_a_pipe_of_something_else_is_one_line() -> None:
    with pytest.raises(InputError, match="standard input cannot be read as sound"):
        list(Piped(io.BytesIO(b"not a sound at all" * 99), AT_ONCE).blocks())


def test_samples_that_are_none_do_no_harm() -> None:
    odd = np.array([np.nan, np.inf, -np.inf, 0.5] * 600, np.float32)
    (block, *_) = in_blocks(iter([(odd, RATE)]))
    assert np.isfinite(block).all()
    assert np.abs(block).max() <= 4.0


class FakeStream:
    """A sound device that hears a tone and is then unplugged."""

    active = False
    latency = (0.02, 0.1)

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.calls: list[str] = []

    def start(self) -> None:
        self.calls.append("start")
        count = self.options["blocksize"]
        for _ in range(20):
            self.options["callback"](np.full((count, 1), 0.25, np.float32), count, None, None)

    def stop(self) -> None:
        self.calls.append("stop")

    def close(self) -> None:
        self.calls.append("close")


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [
        {"name": "Speaker", "max_input_channels": 0, "default_samplerate": 48_000.0},
        {"name": "USB microphone", "max_input_channels": 1, "default_samplerate": 48_000.0},
    ]

    def query(device: str | int | None = None, kind: str = "") -> Any:
        if not kind:
            return known
        if isinstance(device, str) and device not in "USB microphone":
            raise ValueError(f"No input device matching {device!r}")
        return known[1]

    module = SimpleNamespace(query_devices=query, InputStream=FakeStream)
    monkeypatch.setitem(sys.modules, "sounddevice", module)


@pytest.mark.usefixtures("devices")
def test_a_microphone_is_heard_until_it_is_gone() -> None:
    assert microphones() == ("USB microphone",)
    with Microphone("USB") as microphone:
        heard = heard_from(microphone)
    assert (microphone.name, microphone.audible, microphone.latency_s) == (
        "USB microphone", False, 0.02,
    )  # fmt: skip
    assert len(heard) >= 18
    np.testing.assert_allclose(heard[5], 0.25, atol=1e-3)


def heard_from(microphone: Microphone) -> list[Float32]:
    """All blocks until the device is gone."""
    heard: list[Float32] = []
    with pytest.raises(InputError, match="the microphone USB microphone is gone"):
        heard.extend(microphone.blocks())
    return heard


@pytest.mark.usefixtures("devices")
def test_a_microphone_is_closed_whether_it_was_heard_or_not() -> None:
    with Microphone("USB") as unheard:
        pass
    assert unheard._stream.calls == ["close"]
    with Microphone("USB") as left:
        blocks: Any = left.blocks()
        next(blocks)
        blocks.close()
    assert left._stream.calls == ["start", "stop", "close"]


@pytest.mark.usefixtures("devices")
def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match=r"no microphone 'Kinect'.*`microphones` lists them"):
        Microphone("Kinect")


def test_without_sounddevice_the_command_that_installs_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingDependencyError, match=r"needs the package sounddevice: pip install"):
        Microphone()
