"""Decoding: any sound file, or the sound track of a video, to mono samples.

Everything goes through PyAV: no ffmpeg binary is needed, and one set of rules for
encoder delay and time stamps (`danceit.audio.track`) holds for every format. (libsndfile
reads fewer formats and prints its own warnings on damaged mp3.)
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from danceit.audio.stretches import Gathering
from danceit.audio.track import Track
from danceit.data import Float32
from danceit.errors import InputError
from danceit.media import check_is_file, opened
from danceit.progress import Progress, silent

RATE = 24_000
"""Samples per second: 1000 a frame at 24 frames per second."""
MIN_SOUND_S = 1.0
"""Shortest usable song: the shortest fragment is 24 frames."""

_LOG = logging.getLogger(__name__)
_SILENCE = 1e-4
"""Peak below which sound counts as silent, -80 dBFS: above the dither of 16-bit audio."""
_TOLD_EVERY_S = 10
_FEW = 0.01
"""Share of the samples under which those far over full scale are damage."""


@dataclass(frozen=True, eq=False)
class Sound:
    """Mono sound; one is no other, whatever is in it.

    Attributes
    ----------
    samples : float32 (S,)
        Full scale is 1; read-only. Those of a long sound lie on disk and are read from there.
    rate : int
        Samples per second.
    """

    samples: Float32
    rate: int

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.samples.size / self.rate


def read_sound(path: Path, rate: int = RATE, *, told: Progress = silent) -> Sound:
    """Read a song, or the sound of a video, as mono samples.

    Parameters
    ----------
    path : Path
        wav, mp3, ogg, opus, flac, m4a, aiff..., or a video (mp4, mov, webm, mkv...); any
        sample rate, any number of channels (averaged).
    rate : int
        Samples per second of the result.
    told : Progress, optional
        Of the seconds decoded.

    Returns
    -------
    Sound
        Sample 0 is the start of the song or, for a video, its first frame; sound that
        starts late or has holes is filled with silence, so that times stay right.

    Raises
    ------
    InputError
        If the path is missing, a folder, empty, not audio, without sound, truncated,
        shorter than a second, silent, or holds samples that are no sound: NaN, infinite, or a
        few that are far over full scale.
    """
    path = Path(path)
    check_is_file(path)
    track, heard = _decode(path, rate, told=told)
    if track.damaged > track.packets // 10 + 2:
        raise InputError(
            f"{path} is damaged: {track.damaged} of its {track.damaged + track.packets} "
            "packets of sound cannot be decoded"
        )
    if not track.heard:
        raise InputError(f"{path} holds no sound: nothing but a header or tags")
    _check_complete(path, track)
    samples = heard.samples(track.surplus_from)
    if heard.size < MIN_SOUND_S * track.rate:
        raise InputError(
            f"{path} is too short: {heard.size / track.rate:.2f} s of sound, "
            f"at least {MIN_SOUND_S:g} s is needed"
        )
    _check_sound(path, heard)
    if heard.peak < _SILENCE:
        # Opposite channels (karaoke tracks) cancel in the average; one of them is heard.
        track, heard = _decode(path, rate, channel=0)
        samples = heard.samples(track.surplus_from)
        if heard.peak < _SILENCE:
            raise InputError(f"{path} is silent: nothing in it is louder than -80 dBFS")
    return Sound(samples, rate)


def heard_s(path: Path, at_most_s: float) -> float:
    """Seconds of sound of a file, `at_most_s` where there is more: no more than that is decoded.

    It tells in a moment what no song is, before anything slow is loaded for it.

    Raises
    ------
    InputError
        As `read_sound`, of what is shorter; of what is longer as far as its beginning tells.
    """
    with opened(path, "sound") as container:
        track = Track(container, path)
        n_samples = 0
        for piece in track.pieces():
            n_samples += piece.silence + piece.frame.samples - piece.cut
            if n_samples >= at_most_s * track.rate:
                return at_most_s
    return min(at_most_s, read_sound(path).duration_s)


def _check_sound(path: Path, heard: Gathering) -> None:
    """Refuse numbers that no recording has: to be heard beside them, all else is silence."""
    if heard.n_bad:
        raise InputError(
            f"{path} holds {heard.n_bad} samples that are NaN or infinite: a damaged float file?"
        )
    # Floats that were scaled as whole numbers are far over full scale throughout.
    if 0 < heard.n_far < _FEW * heard.size:
        raise InputError(
            f"{path} holds {heard.n_far} samples of up to {heard.peak:.0e} times full scale: "
            "a damaged float file?"
        )


def _decode(
    path: Path, rate: int, channel: int | None = None, told: Progress = silent
) -> tuple[Track, Gathering]:
    """Samples from time 0 on, of one `channel` or averaged, as they are to be resampled."""
    heard = Gathering(rate)
    with (
        opened(path, "sound") as container,
        np.errstate(invalid="ignore", over="ignore"),  # the caller reports NaN and infinity
    ):
        track = Track(container, path)
        told_s = 0
        for piece in track.pieces():
            heard.silence(piece.silence, track.rate)
            heard.take(mono(piece.frame, channel)[piece.cut :], track.rate)
            if heard.size // track.rate >= told_s + _TOLD_EVERY_S:
                told_s = heard.size // track.rate
                told(told_s, int((container.duration or 0) / 1e6), "decoding")
    return track, heard


def mono(frame: Any, channel: int | None) -> Float32:
    """One decoded frame as mono float32 of full scale 1, whatever its sample format."""
    raw: npt.NDArray[Any] = frame.to_ndarray()
    planar = raw if frame.format.is_planar else raw.reshape(frame.samples, -1).T
    n_channels = len(planar)
    kind, bits = raw.dtype.kind, 8 * raw.dtype.itemsize
    if kind == "u":
        planar = planar.astype(np.float32) - 2.0 ** (bits - 1)
    scale = 1.0 if kind == "f" else 2.0 ** (bits - 1)
    if channel is not None:
        return np.asarray(planar[channel] / scale, np.float32)
    weights = np.full(n_channels, 1.0 / (n_channels * scale), np.float32)
    return weights @ planar.astype(np.float32, copy=False)


def _check_complete(path: Path, track: Track) -> None:
    """Refuse what is clearly shorter than its own header says: a broken download."""
    announced_s, seen_s = track.announced_s, track.seen_s
    size = path.stat().st_size
    with path.open("rb") as stream:
        magic = stream.read(8)
        if magic[:4] == b"RIFF":
            declared = int.from_bytes(magic[4:8], "little") + 8
            if 8 < declared < 0x7FFFF000:  # larger: written to a pipe, length unknown
                announced_s = seen_s * max(1.0, declared / size)
        elif magic[:4] == b"OggS":
            stream.seek(max(0, size - 0x20000))
            tail = stream.read()
            last = tail.rfind(b"OggS")
            if not _is_whole_page(tail[last:] if last >= 0 else b""):
                raise InputError(
                    f"{path} is truncated: {seen_s:.2f} s of sound without an end-of-stream "
                    "page; an interrupted download?"
                )
            if not tail[last + 5] & 4:
                _LOG.warning(
                    "warning: %s ends without an end-of-stream page; all of its %.2f s are used",
                    path,
                    seen_s,
                )
    if announced_s is not None and announced_s - seen_s > max(0.25, 0.02 * announced_s):
        raise InputError(
            f"{path} is truncated: {seen_s:.2f} s of the {announced_s:.2f} s its header "
            "announces can be decoded; an interrupted download?"
        )


def _is_whole_page(page: bytes) -> bool:
    """Whether bytes are an Ogg page from its capture pattern to its very end (RFC 3533, 6)."""
    if len(page) < 27 or len(page) < 27 + page[26]:
        return False
    return len(page) == 27 + page[26] + sum(page[27 : 27 + page[26]])
