"""A small library of dances made from nothing: for the demo, and for tests without data.

Songs in three styles are composed and played by `arrangement`; bodies of different
build dance them in the three vocabularies of `moves`. Both follow one `score`, so the beat,
the metre and the rise from verse to chorus are in the sound and in the movement. `instruments`
play, a `body` moves; `choreography` is keyposes on the beat, `dancing` which moves of it. Every
file is the same, byte for byte, for the same seed on the same machine.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from danceit.data import Float32, Float64
from danceit.errors import InputError
from danceit.files import replacing
from danceit.index.sources.npz import write_recording
from danceit.index.synthetic.arrangement import arrange, perform
from danceit.index.synthetic.body import Build
from danceit.index.synthetic.dancing import FPS, dance
from danceit.index.synthetic.instruments import RATE
from danceit.index.synthetic.score import STYLES, Score, draw_score

__all__ = ["make_library", "SyntheticLibrary"]

LICENCE = "CC0-1.0"
MIN_SECONDS = 5.0
"""Room for the longest fragment, 4 s, after the first beat."""
_SUFFIXES = (".wav", ".flac", ".ogg")
_QUERY = "song"
_QUERY_TEMPO_BPM = (106.0, 112.0)
"""A disco slower than any of the library's."""


@dataclass(frozen=True)
class SyntheticLibrary:
    """What `make_library` wrote.

    Attributes
    ----------
    folder : Path
        The data folder to index: the recordings and their songs, nothing else.
    recordings : tuple of Path
        One ``.npz`` each, styles in order.
    query_song : Path
        A song outside `folder` that nobody has danced to.
    beats_s : dict of str to float64 (B,)
        True beat times of every song, by the stem of its file.
    """

    folder: Path
    recordings: tuple[Path, ...]
    query_song: Path
    beats_s: dict[str, Float64]


def make_library(
    folder: Path, *, seed: int = 0, songs_per_style: int = 3, seconds: float = 40.0
) -> SyntheticLibrary:
    """Write recordings to ``folder/dances`` and a song to query with beside it.

    Parameters
    ----------
    folder : Path
        Made if it is not there; files of the same names are replaced.
    seed : int
        Not negative; another seed gives other songs, dancers and choreographies.
    songs_per_style : int
        For each of waltz, disco and hip-hop; each song has its own dancer.
    seconds : float
        Length of every song, at least 5.

    Raises
    ------
    InputError
        If a number is out of range or the folder cannot be written to.
    """
    _check(seed, songs_per_style, seconds)
    dances = Path(folder) / "dances"
    try:
        dances.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise InputError(f"cannot write to {dances}: {exc.strerror or exc}") from exc

    recordings, beats_s = [], {}
    titles = [(style, take) for style in STYLES for take in range(1, songs_per_style + 1)]
    for number, (style, take) in enumerate(titles, start=1):
        kind = STYLES.index(style)
        # Seeded by its own name: more songs leave those before as they were.
        rng = np.random.default_rng([seed, kind + 1, take])
        score = draw_score(f"{style}-{take}", style, rng, seconds=seconds)
        # Every format occurs, even with one song a style, and none belongs to one style.
        song = dances / f"{score.name}{_SUFFIXES[(kind + take) % len(_SUFFIXES)]}"
        _write_song(song, score, rng)
        recordings.append(_write_dance(song, score, rng, dancer=f"synthetic-{number}"))
        beats_s[score.name] = score.beats_s

    rng = np.random.default_rng([seed, 0])
    tempo_bpm = float(rng.uniform(*_QUERY_TEMPO_BPM))
    score = draw_score(_QUERY, "disco", rng, seconds=seconds, tempo_bpm=tempo_bpm)
    query_song = Path(folder) / f"{_QUERY}.wav"
    _write_song(query_song, score, rng, keys=True)
    beats_s[_QUERY] = score.beats_s
    return SyntheticLibrary(dances, tuple(recordings), query_song, beats_s)


def _check(seed: int, songs_per_style: int, seconds: float) -> None:
    if seed < 0:
        raise InputError(f"seed must be 0 or above; got {seed}")
    if songs_per_style < 1:
        raise InputError(f"songs_per_style must be at least 1; got {songs_per_style}")
    if not MIN_SECONDS <= seconds < np.inf:
        raise InputError(f"seconds must be at least {MIN_SECONDS:g}; got {seconds}")


def _write_dance(song: Path, score: Score, rng: np.random.Generator, *, dancer: str) -> Path:
    poses, _ = dance(score, Build.drawn(rng), rng)
    target = song.with_suffix(".npz")
    return write_recording(
        target, poses, FPS, audio=song, style=score.style, dancer=dancer, licence=LICENCE
    )


def _write_song(path: Path, score: Score, rng: np.random.Generator, *, keys: bool = False) -> None:
    sound = perform(score, arrange(score, rng, keys=keys), rng)
    with replacing(path) as temporary:
        _write_audio(temporary, sound)
        if path.suffix == ".ogg":
            _fix_serial(temporary)


def _write_audio(path: Path, sound: Float32) -> None:
    import soundfile

    subtype = "VORBIS" if path.suffix == ".ogg" else "PCM_16"
    with soundfile.SoundFile(path, "w", RATE, sound.shape[1], subtype) as stream:
        # libvorbis keeps a whole write on its stack and overflows on long ones.
        for start in range(0, len(sound), RATE):
            stream.write(sound[start : start + RATE])


_MIRRORED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def _fix_serial(path: Path) -> None:
    """Replace the random serial number of an Ogg stream, which made equal songs unequal files.

    Each page holds its serial number at byte 14 and a CRC-32 at byte 22 (RFC 3533, 6).
    Ogg's CRC takes bits in the order opposite to zlib's and inverts nothing.
    """
    import zlib

    content = bytearray(path.read_bytes())
    start = 0
    while start < len(content):
        n_segments = content[start + 26]
        body = start + 27 + n_segments
        end = body + sum(content[start + 27 : body])
        content[start + 14 : start + 18] = (1).to_bytes(4, "little")
        content[start + 22 : start + 26] = bytes(4)
        mirrored = bytes(content[start:end]).translate(_MIRRORED_BITS)
        crc = zlib.crc32(mirrored, 0xFFFFFFFF) ^ 0xFFFFFFFF
        content[start + 22 : start + 26] = int(f"{crc:032b}"[::-1], 2).to_bytes(4, "little")
        start = end
    path.write_bytes(content)
