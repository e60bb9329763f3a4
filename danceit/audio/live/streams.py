"""Where a stream's sound comes from: a file that is played, a pipe, a microphone.

All give blocks of `BLOCK` mono samples at `danceit.audio.RATE`, each when its time has come:
a file comes no quicker than it is played, a pipe as it is filled but no quicker than that.
"""

import queue
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np

from danceit.audio.decoding import RATE, mono
from danceit.audio.track import Track
from danceit.data import Float32
from danceit.errors import InputError, MissingDependencyError
from danceit.media import CONTAINERS, opened

BLOCK = RATE // 20
"""Samples a block: 50 ms."""
LOUDEST = 4.0
"""Times full scale beyond which a sample is cut off: damage, or none of a device's."""
_WAITING = 200
"""Blocks of a microphone that may wait: 10 s."""
_TICK_S = 0.5
"""Seconds without a block after which a microphone is asked whether it is still there."""
_INSTALL = "pip install -c constraints.txt '.[live]'"


class Stream(Protocol):
    """A source of sound.

    Attributes
    ----------
    name : str
        Shown to people.
    audible : bool
        Whether the page is to play it: a microphone's sound is in the room already.
    latency_s : float
        Seconds from when a sound is in the air until its block comes.
    """

    @property
    def name(self) -> str:
        """Shown to people."""

    @property
    def audible(self) -> bool:
        """Whether the page is to play it."""

    @property
    def latency_s(self) -> float:
        """Seconds from the air to the block."""

    def blocks(self) -> Iterator[Float32]:
        """Blocks (BLOCK,) of the sound as their time comes; the last one may be shorter.

        Raises
        ------
        InputError
            If the sound cannot be read, or the device is gone.
        """


@dataclass(frozen=True)
class Pace:
    """Lets blocks through when their time has come; the clock can be another in tests."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def paced(self, blocks: Iterator[Float32]) -> Iterator[Float32]:
        """Give each block when it would have been played."""
        start_s, played_s = None, 0.0
        for block in blocks:
            start_s = self.now() if start_s is None else start_s
            played_s += len(block) / RATE
            early_s = start_s + played_s - self.now()
            if early_s > 0:
                self.sleep(early_s)
            yield block


@dataclass(frozen=True)
class Played:
    """A file, played: nothing of it is known before its time."""

    path: Path
    pace: Pace = Pace()
    audible: bool = True
    latency_s: float = 0.0

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    def blocks(self) -> Iterator[Float32]:
        """Decode while playing."""
        return self.pace.paced(in_blocks(self._decoded()))

    def _decoded(self) -> Iterator[tuple[Float32, int]]:
        with opened(self.path, "sound") as container:
            track = Track(container, self.path)
            for piece in track.pieces():
                if piece.silence:
                    yield np.zeros(piece.silence, np.float32), track.rate
                yield mono(piece.frame, None)[piece.cut :], track.rate


@dataclass(frozen=True)
class Piped:
    """Sound of any kind that comes through a pipe, such as ``ffmpeg -i ... -f wav -``."""

    pipe: IO[bytes]
    pace: Pace = Pace()
    audible: bool = True
    latency_s: float = 0.0

    @property
    def name(self) -> str:
        """What a pipe is called."""
        return "standard input"

    def blocks(self) -> Iterator[Float32]:
        """Decode what comes."""
        return self.pace.paced(in_blocks(self._decoded()))

    def _decoded(self) -> Iterator[tuple[Float32, int]]:
        import av
        import av.error

        try:
            # A pipe names no other files, but what comes through it might.
            options = {"format_whitelist": ",".join(CONTAINERS)}
            with av.open(self.pipe, mode="r", options=options) as heard:
                for frame in heard.decode(audio=0):
                    yield mono(frame, None), frame.sample_rate
        except (av.error.FFmpegError, OSError, ValueError, IndexError) as exc:
            raise InputError(
                f"what comes on standard input cannot be read as sound: {exc}; give wav, mp3, ogg "
                "or flac, such as from `ffmpeg -i ... -f wav -`"
            ) from exc


class Microphone:
    """A sound device of this machine, by the package sounddevice; it is closed by leaving ``with``.

    Parameters
    ----------
    device : str
        Part of its name, or its number; empty for the default one.

    Raises
    ------
    MissingDependencyError
        If sounddevice, or the PortAudio that it needs, is not there.
    InputError
        If there is no such device, or it cannot be opened.
    """

    audible = False

    def __init__(self, device: str = "") -> None:
        self._sounddevice = _sounddevice()
        self._blocks: queue.Queue[Float32] = queue.Queue(_WAITING)
        try:
            wanted = int(device) if device.isdecimal() else device or None
            found = self._sounddevice.query_devices(wanted, "input")
            self.name = str(found["name"])
            self._rate = round(float(found["default_samplerate"]))
            self._stream = self._sounddevice.InputStream(
                samplerate=self._rate,
                device=wanted,
                channels=1,
                blocksize=self._rate // 20,
                dtype="float32",
                callback=self._take,
            )
        except Exception as exc:  # PortAudio's errors, and ValueError for a name of none
            raise InputError(_no_device(device, exc)) from exc
        latency = self._stream.latency
        self.latency_s = float(latency[0] if isinstance(latency, tuple) else latency)

    def __enter__(self) -> "Microphone":
        return self

    def __exit__(self, *raised: object) -> None:
        self._stream.close()

    def blocks(self) -> Iterator[Float32]:
        """What is heard, until the device is gone."""
        self._stream.start()
        try:
            yield from in_blocks((block, self._rate) for block in self._heard())
        finally:
            self._stream.stop()

    def _heard(self) -> Iterator[Float32]:
        while True:
            try:
                yield self._blocks.get(timeout=_TICK_S)
            except queue.Empty:
                if not self._stream.active:
                    raise InputError(f"the microphone {self.name} is gone") from None

    def _take(self, samples: Any, count: int, moment: Any, status: Any) -> None:
        # What nobody fetched within ten seconds is lost, and a callback must not wait.
        with suppress(queue.Full):
            self._blocks.put_nowait(np.array(samples[:, 0], np.float32))


def microphones() -> tuple[str, ...]:
    """Names of the sound devices that hear.

    Raises
    ------
    MissingDependencyError
        If sounddevice is not there.
    """
    devices = _sounddevice().query_devices()
    return tuple(str(one["name"]) for one in devices if int(one["max_input_channels"]) > 0)


def in_blocks(pieces: Iterator[tuple[Float32, int]]) -> Iterator[Float32]:
    """Bring pieces (n,), each with its rate, to blocks of `BLOCK` samples at `RATE`."""
    import soxr  # ships no type information

    resampler, own = None, 0
    waiting = np.zeros(0, np.float32)
    for piece, rate in pieces:
        if own not in (0, rate):
            raise InputError(f"the sound changes its rate midway, from {own} to {rate} Hz")
        own = rate
        cleaned = np.clip(np.nan_to_num(piece), -LOUDEST, LOUDEST).astype(np.float32)
        if rate != RATE:
            if resampler is None:
                resampler = soxr.ResampleStream(rate, RATE, 1, dtype="float32", quality="HQ")
            cleaned = resampler.resample_chunk(cleaned)
        waiting = np.concatenate([waiting, cleaned])
        while len(waiting) >= BLOCK:
            yield waiting[:BLOCK]
            waiting = waiting[BLOCK:]
    if resampler is not None:
        waiting = np.append(waiting, resampler.resample_chunk(np.zeros(0, np.float32), last=True))
    for start in range(0, len(waiting), BLOCK):
        yield waiting[start : start + BLOCK]


def _sounddevice() -> Any:
    try:
        import sounddevice
    except ImportError as exc:
        raise MissingDependencyError(
            f"listening to a microphone needs the package sounddevice: {_INSTALL}"
        ) from exc
    except OSError as exc:
        raise MissingDependencyError(
            f"sounddevice needs the library PortAudio ({exc}): install libportaudio2"
        ) from exc
    return sounddevice


def _no_device(device: str, cause: Exception) -> str:
    reason = " ".join(str(cause).split()) or type(cause).__name__
    if device:
        return f"no microphone '{device}' ({reason}); `microphones` lists them"
    return f"no microphone was found ({reason}); play a file instead: danceit live song.mp3"
