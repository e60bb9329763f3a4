"""`danceit counts`: a song's counts, what a person corrects, and what is written of them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from danceit.audio import listen
from danceit.audio.counts.clicks import clicks
from danceit.audio.counts.corrections import NEAR, Corrections, keep
from danceit.audio.counts.counting import basis
from danceit.audio.counts.file import write_counts
from danceit.audio.counts.registry import tracker_named
from danceit.audio.recent import hashed
from danceit.clock import clock
from danceit.counts import Counts
from danceit.data import Music
from danceit.errors import InputError
from danceit.files import replacing
from danceit.makers import SOUND_KEY, check_replaceable
from danceit.progress import Progress, silent

SUFFIXES = (".beats", ".png", ".wav", ".m4a")
MAKERS = {".png": "picture of counts by danceit", ".wav": "sound with clicks by danceit"}
MAKERS[".m4a"] = MAKERS[".wav"]
"""What is written says so: only such files are written over. A file of beats is text."""
_TOLD_FROM = 0.005
"""Part of a tempo from which on it is another one than asked for: whole frames are nearer."""
_SAID = ("tracker", "bpm", "metre", "downbeat_s", "shift_ms")
"""Of a correction, what takes the place of what was said before."""
_SONG_SHARE = 0.6
"""Loudness at which the song is heard under its clicks."""


@dataclass(frozen=True)
class Counted:
    """A song as it is counted, what a person said of it, and the file that keeps what is new."""

    music: Music
    said: Corrections
    kept: Path | None


@dataclass(frozen=True)
class Correction:
    """What a person says of a song's counts now, beside what was said before.

    Attributes
    ----------
    tracker, bpm, metre, downbeat_s, shift_ms : optional
        As `Corrections`; each takes the place of what was said before.
    levels : int
        How often to double what is counted now; negative to halve.
    forget : bool
        Forget what was corrected before.
    """

    tracker: str | None = None
    bpm: float | None = None
    metre: int | None = None
    downbeat_s: float | None = None
    shift_ms: float | None = None
    levels: int = 0
    forget: bool = False

    def after(self, before: Corrections) -> Corrections:
        """All that is said with this, of what was said before."""
        kept = Corrections(of_file=before.of_file) if self.forget else before
        given = {name: getattr(self, name) for name in _SAID}
        said: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        # A tempo that is given is the level itself.
        level = self.levels if self.bpm is not None else kept.level + self.levels
        return replace(kept, **said, level=level)


def count_song(
    song: Path, correction: Correction | None = None, *, told: Progress = silent
) -> Counted:
    """Count a song; what is given corrects its counts from now on, for every command.

    Parameters
    ----------
    song : Path
    correction : Correction, optional
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
    correction = correction or Correction()
    if correction.tracker is not None:
        if now.file:
            raise InputError(
                f"{now.file} lies beside the song and always wins; move it away to use a tracker"
            )
        tracker_named(correction.tracker)
    after = correction.after(now.said)
    music = listen(song, basis(song, sha256, after), told=told)
    kept = keep(after, song, sha256) if after != now.said or correction.forget else None
    return Counted(music, after, kept)


@dataclass(frozen=True)
class Answers:
    """How what a person said of tempo and bars was taken, in words; empty where nothing was."""

    tempo: str = ""
    bars: str = ""


def answers(counts: Counts, said: Corrections) -> Answers:
    """Tell where beats differ from the tempo asked for, and which of them is the 1 given."""
    tempo = bars = ""
    if said.bpm is not None:
        asked = said.bpm * 2.0**said.level
        if abs(counts.tempo_bpm / asked - 1.0) > _TOLD_FROM:
            tempo = f"asked for {asked:g}; beats heard within {NEAR:.0%} of it are kept"
    if said.downbeat_s is not None and counts.downbeats_s.size:
        ones_s = counts.downbeats_s
        one_s = float(ones_s[np.abs(ones_s - said.downbeat_s).argmin()])
        bars = f"a 1 at {clock(one_s)}, the beat nearest to {said.downbeat_s:g} s"
    return Answers(tempo, bars)


def check_out(song: Path, out: Path) -> None:
    """Check that counts of a song can be written to a file of this name.

    Raises
    ------
    InputError
        If its suffix is none of `SUFFIXES`, or it is the song itself or something else that is
        not such a file.
    """
    if out.suffix.lower() not in SUFFIXES:
        raise InputError(f"counts are written as {', '.join(SUFFIXES)}; got {out.name}")
    if out.exists() and song.exists() and out.samefile(song):
        raise InputError(f"{out} is the song itself; give another name")
    if maker := MAKERS.get(out.suffix.lower()):
        check_replaceable(out, maker)


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

        draw_counts(music, out, MAKERS[suffix])
    else:
        _write_clicks(music, out)


def _write_clicks(music: Music, out: Path) -> None:
    """The song with its clicks, in blocks: an hour of sound would not fit."""
    import av

    from danceit.render.video.sound import BIT_RATE, output_rate, stereo

    rate = output_rate(music.path)
    heard = clicks(music.counts, round((music.duration_s + 1.0) * rate), rate)
    codec = "aac" if out.suffix.lower() == ".m4a" else "pcm_s16le"
    with replacing(out) as temporary, av.open(str(temporary), "w") as container:
        container.metadata[SOUND_KEY] = MAKERS[out.suffix.lower()]
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
