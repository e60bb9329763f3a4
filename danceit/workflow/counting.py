"""`danceit counts`: a song's counts, what a person corrects, and what is written of them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from danceit.audio import listen
from danceit.audio.counts.clicks import clicks
from danceit.audio.counts.corrections import Corrections, keep
from danceit.audio.counts.counting import basis
from danceit.audio.counts.file import write_counts
from danceit.audio.counts.registry import tracker_named
from danceit.audio.kept import hashed
from danceit.data import Music
from danceit.errors import InputError
from danceit.files import replacing
from danceit.progress import Progress, silent

SUFFIXES = (".beats", ".png", ".wav", ".m4a")
_SONG_SHARE = 0.6
"""Loudness at which the song is heard under its clicks."""


@dataclass(frozen=True)
class Counted:
    """A song as it is counted, and the file that its corrections are kept in, if there are any."""

    music: Music
    kept: Path | None


def count_song(
    song: Path,
    *,
    tracker: str | None = None,
    bpm: float | None = None,
    metre: int | None = None,
    downbeat_s: float | None = None,
    levels: int = 0,
    shift_ms: float | None = None,
    forget: bool = False,
    told: Progress = silent,
) -> Counted:
    """Count a song; what is given corrects its counts from now on, for every command.

    Parameters
    ----------
    song : Path
    tracker, bpm, metre, downbeat_s, shift_ms : optional
        As `Corrections`; each takes the place of what was said before.
    levels : int
        How often to double what is counted now; negative to halve.
    forget : bool
        Forget what was corrected before.
    told : Progress, optional
        Of the seconds heard.

    Raises
    ------
    InputError
        If the song, what lies beside it or a correction is bad; nothing is kept then.
    PluginError
        If there is no such tracker, or it cannot be loaded.
    """
    sha256 = hashed(song)
    now = basis(song, sha256)
    if tracker is not None:
        if now.file:
            raise InputError(
                f"{now.file} lies beside the song and always wins; move it away to use a tracker"
            )
        tracker_named(tracker)
    before = Corrections(of_file=now.said.of_file) if forget else now.said
    given = {"tracker": tracker, "bpm": bpm, "metre": metre, "downbeat_s": downbeat_s}
    given |= {"shift_ms": shift_ms}
    said: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    # A tempo that is given is the level itself.
    level = levels if bpm is not None else before.level + levels
    after = replace(before, **said, level=level)
    music = listen(song, basis(song, sha256, after), told=told)
    kept = keep(after, song, sha256) if after != now.said or forget else None
    return Counted(music, kept)


def check_out(song: Path, out: Path) -> None:
    """Check that counts of a song can be written to a file of this name.

    Raises
    ------
    InputError
        If its suffix is none of `SUFFIXES`, or it is the song itself.
    """
    if out.suffix.lower() not in SUFFIXES:
        raise InputError(f"counts are written as {', '.join(SUFFIXES)}; got {out.name}")
    if out.exists() and song.exists() and out.samefile(song):
        raise InputError(f"{out} is the song itself; give another name")


def write_counted(music: Music, out: Path) -> None:
    """Write counts as ``.beats``, a picture ``.png``, or the song with clicks, ``.wav``, ``.m4a``.

    Raises
    ------
    InputError
        As `check_out`, if there are no counts, or the file cannot be written.
    """
    check_out(music.path, out)
    if not music.beats_s.size:
        raise InputError(f"{music.path.name} has no clear beat: there is nothing to write")
    suffix = out.suffix.lower()
    if suffix == ".beats":
        write_counts(music.counts, out)
    elif suffix == ".png":
        from danceit.workflow.counts_picture import draw_counts

        draw_counts(music, out)
    else:
        _write_clicks(music, out)


def _write_clicks(music: Music, out: Path) -> None:
    """The song with its clicks, in blocks: an hour of sound would not fit."""
    import av
    import numpy as np

    from danceit.render.video.sound import BIT_RATE, output_rate, stereo

    rate = output_rate(music.path)
    heard = clicks(music.counts, round((music.duration_s + 1.0) * rate), rate)
    codec = "aac" if out.suffix.lower() == ".m4a" else "pcm_s16le"
    with replacing(out) as temporary, av.open(str(temporary), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate, layout="stereo")
        if codec == "aac":
            stream.bit_rate = BIT_RATE
        position = 0
        for block in stereo(music.path, rate):
            mixed = (_SONG_SHARE * block).astype(np.float32)
            struck = heard[position : position + block.shape[1]]
            mixed[:, : struck.size] += struck
            frame = av.AudioFrame.from_ndarray(np.clip(mixed, -1.0, 1.0), "fltp", "stereo")
            frame.sample_rate, frame.pts = rate, position
            container.mux(stream.encode(frame))
            position += block.shape[1]
        container.mux(stream.encode(None))
