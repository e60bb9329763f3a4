"""Songs made from arithmetic, with the exact time of every beat.

A song is drawn in the order in which a band makes it: a style, the time (steady, human,
drifting or free), chords, who plays, a form of sections in which players come and go, and a
mix with a room. Nothing of it is recorded, so whatever is learned from it is ours.
"""

from dataclasses import dataclass

import numpy as np

from danceit.audio.counts.learning.mixing import mixed
from danceit.audio.counts.learning.sounds import draw_stroke, draw_timbre, sing
from danceit.audio.counts.learning.styles import STYLES, Style
from danceit.audio.decoding import RATE, Sound
from danceit.data import Float32, Float64, Int32

DURATION_S = 40.0
_PROGRESSIONS = ("1451", "1564", "1625", "1145", "6415", "1525", "1415", "2511", "1346", "1515")
_MAJOR, _MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)


@dataclass(frozen=True)
class MadeSong:
    """A song and its beats; `numbers` are 0 where no bar can be heard, `style` is its name."""

    sound: Sound
    beats_s: Float64
    numbers: Int32
    style: str


@dataclass
class _Band:
    """What is settled before anyone plays: time, harmony, and the mix so far."""

    style: Style
    beats_s: Float64
    roots: list[int]
    scale: tuple[int, ...]
    tonic: int
    swing: float
    mix: Float32
    loose_s: float
    rng: np.random.Generator

    @property
    def n_bars(self) -> int:
        """Bars that are played; the beat after them ends the song, if there is room for it."""
        return (len(self.beats_s) - 1) // self.style.metre

    def time_s(self, beat: float) -> float:
        """Time of a place among the beats."""
        return float(np.interp(beat, np.arange(len(self.beats_s)), self.beats_s))

    def beat_of(self, bar: int, step: int) -> float:
        """Place among the beats of a step of a bar, every second one swung."""
        late = self.swing if step % 2 else 0.0
        return bar * self.style.metre + (step + late) / self.style.steps

    def pitch(self, root: int, rung: int) -> int:
        """Semitones above the tonic of a step of the scale above a chord's root."""
        octave, degree = divmod(root + rung, len(self.scale))
        return 12 * octave + self.scale[degree]

    def put(self, sample: Float32, beat: float, gain: float, late_s: float = 0.0) -> None:
        """Add a sample where its beat is, give or take what people do."""
        away_s = late_s + self.loose_s * self.rng.standard_normal()
        start = max(0, round((self.time_s(beat) + away_s) * RATE))
        part = self.mix[start : start + sample.size]
        part += np.float32(gain) * sample[: part.size]


def draw_song(rng: np.random.Generator, style: str | None = None) -> MadeSong:
    """Draw a song, of a style if one is given."""
    if style is None:
        weights = np.array([known.weight for known in STYLES.values()])
        style = str(rng.choice(list(STYLES), p=weights / weights.sum()))
    band = _gather(STYLES[style], rng)
    known = True
    if rng.random() < 0.03:
        _play_clicks(band)
        known = False
    else:
        _play(band)
    samples = mixed(band.mix, rng)
    beats_s = band.beats_s[band.beats_s < DURATION_S]
    numbers = (np.arange(beats_s.size) % band.style.metre + 1).astype(np.int32)
    return MadeSong(Sound(samples, RATE), beats_s, numbers if known else 0 * numbers, style)


def draw_beatless(rng: np.random.Generator) -> MadeSong:
    """Draw a sound without a beat: noise, drones, talk, or notes at no pace."""
    samples = np.zeros(int(DURATION_S * RATE), np.float32)
    kind = int(rng.integers(4))
    if kind == 0:
        samples += rng.standard_normal(samples.size, np.float32)
        slow = np.interp(np.arange(samples.size), np.linspace(0, samples.size, 12), rng.random(12))
        samples *= (0.6 + 0.4 * slow).astype(np.float32)
    families = ("voice",) if kind == 1 else ("pad", "organ", "bow", "pluck", "wind")
    timbre = draw_timbre(str(rng.choice(families)), rng)
    at_s = 0.0
    while kind and at_s < DURATION_S:
        if kind == 1:  # syllables
            length_s = float(rng.gamma(4.0, 0.04))
            gap_s = float(rng.exponential(0.5)) if rng.random() < 0.15 else 0.0
            if rng.random() < 0.3:
                timbre = draw_timbre("voice", rng)
        else:
            length_s = float(rng.uniform(3, 12) if kind == 2 else rng.gamma(1.5, 0.4) + 0.08)
            gap_s = 0.0
        note = sing(timbre, float(rng.uniform(45, 72)), length_s, rng) * rng.uniform(0.2, 1.0)
        start = int(at_s * RATE)
        part = samples[start : start + note.size]
        part += note[: part.size]
        at_s += length_s + gap_s
    nothing = np.zeros(0)
    return MadeSong(Sound(mixed(samples, rng), RATE), nothing, nothing.astype(np.int32), "beatless")


def _gather(style: Style, rng: np.random.Generator) -> _Band:
    tempo = float(np.exp(rng.uniform(*np.log(style.tempo_bpm))))
    beats_s = _times(60.0 / tempo, style.metre, rng)
    progression = [int(degree) - 1 for degree in str(rng.choice(_PROGRESSIONS))]
    held = int(rng.choice([1, 1, 1, 2])) if style.metre > 2 else int(rng.choice([1, 2]))
    n_bars = len(beats_s) // style.metre + 1
    roots = [progression[bar // held % len(progression)] for bar in range(n_bars)]
    return _Band(
        style=style,
        beats_s=beats_s,
        roots=roots,
        scale=_MAJOR if rng.random() < 0.6 else _MINOR,
        tonic=int(rng.integers(52, 64)),
        swing=float(rng.uniform(*style.swing)),
        mix=np.zeros(int(DURATION_S * RATE), np.float32),
        loose_s=float(rng.choice([0.0, 0.003, 0.008, 0.014])),
        rng=rng,
    )


def _times(period_s: float, metre: int, rng: np.random.Generator) -> Float64:
    """Beat times of a bit more than the song: steady, human, drifting, or free in phrases."""
    count = int(1.7 * DURATION_S / period_s) + 4 * metre
    place = np.arange(count)
    kind = rng.random()
    log_period = np.zeros(count)
    if kind > 0.35:
        steps = rng.normal(0, rng.uniform(0.001, 0.008), count)
        log_period += np.cumsum(steps) * 0.95 ** int(rng.integers(0, 3))
        log_period += rng.normal(0, rng.uniform(0.0, 0.018), count)
    if kind > 0.8:
        phrase = metre * float(rng.choice([2, 4, 8]))
        log_period += rng.uniform(0.01, 0.07) * np.cos(2 * np.pi * (place / phrase + rng.random()))
    elif kind > 0.72:
        log_period += (
            float(rng.choice([-1, 1])) * rng.uniform(0.1, 0.3) * place * period_s / DURATION_S
        )
    log_period = np.clip(log_period, -0.35, 0.35)
    start_s = rng.choice([0.0, rng.uniform(0, 0.4), rng.uniform(0, 2.5), rng.uniform(2, 8)])
    times_s = start_s + np.cumsum(np.r_[0.0, period_s * np.exp(log_period[1:])])
    if rng.random() < 0.3:
        # It ends within what is heard, with the 1 after its last bar.
        n_beats = int(np.searchsorted(times_s, rng.uniform(0.6, 0.98) * DURATION_S))
        times_s = times_s[: max(2, n_beats // metre) * metre + 1]
    return np.asarray(times_s)


def _play_clicks(band: _Band) -> None:
    """One sound on every beat, all alike."""
    drum = str(band.rng.choice(["kick", "rim", "clave", "cowbell", "hat", "clap"]))
    stroke = draw_stroke(drum, band.rng)
    for beat in range(len(band.beats_s)):
        band.put(stroke, beat, 0.7)


def _play_before(band: _Band) -> None:
    """Play notes at no pace before the first beat, if there is time: no one counts there."""
    rng = band.rng
    timbre = draw_timbre(str(rng.choice(["pluck", "voice", "bow", "pad"])), rng)
    at_s = 0.0
    while at_s < band.beats_s[0] - 1.0:
        length_s = float(rng.gamma(2.0, 0.4) + 0.1)
        note = sing(timbre, band.tonic + band.pitch(0, int(rng.integers(8))), length_s, rng)
        part = band.mix[int(at_s * RATE) :][: note.size]
        part += np.float32(0.3) * note[: part.size]
        at_s += length_s


def _play_last(band: _Band) -> None:
    """Play the chord that a song ends with."""
    timbre = draw_timbre(str(band.rng.choice(band.style.families)), band.rng)
    for midi in _chord(band, 0, 3):
        band.put(sing(timbre, midi, 2.0, band.rng), len(band.beats_s) - 1, 0.3)


def _play(band: _Band) -> None:
    rng, style = band.rng, band.style
    sections = _form(band)
    if rng.random() < 0.5:
        _play_before(band)
    _play_last(band)
    has_kit = rng.random() >= style.drumless
    if has_kit:
        _play_kit(band, sections["kit"])
    if rng.random() < (0.9 if has_kit else 0.95):
        _play_bass(band, sections["bass"])
    chords = rng.random()
    if chords < 0.85 or not has_kit:
        _play_chords(band, sections["chords"])
    if rng.random() < style.arpeggio:
        _play_arpeggio(band, sections["arpeggio"])
    if rng.random() < 0.35:
        _play_pad(band, sections["pad"])
    for _ in range(int(rng.choice([0, 1, 1, 2]))):
        _play_melody(band, sections["melody"])


def _form(band: _Band) -> dict[str, list[bool]]:
    """Bars in which each player plays; all rest together nowhere."""
    length = int(band.rng.choice([4, 8, 8, 16]))
    parts = ("kit", "bass", "chords", "arpeggio", "pad", "melody")
    form: dict[str, list[bool]] = {part: [] for part in parts}
    for start in range(0, band.n_bars + 1, length):
        plays = {part: bool(band.rng.random() < 0.85) for part in parts}
        if not plays["kit"]:
            plays["chords"] = plays["bass"] = True
        for part in parts:
            form[part] += [plays[part]] * min(length, band.n_bars + 1 - start)
    return form


def _steps(pattern: str, bar: int, per_bar: int) -> list[tuple[int, float]]:
    """Steps of a bar that are played, with their loudness; patterns may span bars."""
    n_bars = max(1, len(pattern) // per_bar)
    part = pattern[bar % n_bars * per_bar :][:per_bar]
    return [(step, int(mark) / 9.0) for step, mark in enumerate(part) if mark.isdigit()]


def _play_kit(band: _Band, plays: list[bool]) -> None:
    rng, style = band.rng, band.style
    per_bar = style.metre * style.steps
    kit = style.kits[rng.integers(len(style.kits))]
    fills = rng.random() < 0.5
    phrase = int(rng.choice([4, 8]))
    for drum, pattern in kit.items():
        stroke = draw_stroke(drum, rng)
        gain = float(np.exp(rng.normal(-1.0, 0.5)))
        late_s = float(rng.normal(0, 0.004))
        contrast = float(rng.choice([0.3, 0.7, 1.0, 1.5]))
        for bar in range(band.n_bars):
            if not plays[bar]:
                continue
            for step, loud in _steps(pattern, bar, per_bar):
                if rng.random() < 0.98:
                    gained = gain * loud**contrast * rng.uniform(0.85, 1.0)
                    band.put(stroke, band.beat_of(bar, step), gained, late_s)
    tom, crash = draw_stroke("tom", rng), draw_stroke("crash", rng)
    for bar in range(phrase - 1, band.n_bars, phrase):
        if fills and plays[bar]:
            for step in range(per_bar // 2, per_bar):
                if rng.random() < 0.7:
                    band.put(tom, band.beat_of(bar, step), 0.3 * rng.uniform(0.4, 1.0))
            band.put(crash, (bar + 1) * style.metre, 0.25)


def _play_bass(band: _Band, plays: list[bool]) -> None:
    rng, style = band.rng, band.style
    timbre = draw_timbre("bass" if rng.random() < 0.7 else "pluck", rng)
    pattern = style.basses[rng.integers(len(style.basses))]
    gain, walks = float(np.exp(rng.normal(-0.9, 0.4))), rng.random() < 0.4
    fifth, long = rng.random() < 0.5, rng.uniform(0.3, 1.0)
    per_bar = style.metre * style.steps
    for bar in range(band.n_bars):
        if not plays[bar]:
            continue
        steps = _steps(pattern, bar, per_bar)
        for number, (step, loud) in enumerate(steps):
            rung = 0
            if number and (fifth or walks):
                rung = int(rng.choice([0, 2, 4, 7])) if walks else 4
            midi = band.tonic - 24 + band.pitch(band.roots[bar], rung)
            until = steps[number + 1][0] if number + 1 < len(steps) else per_bar
            beat = band.beat_of(bar, step)
            length_s = long * (band.time_s(beat + (until - step) / style.steps) - band.time_s(beat))
            midi += 12 if midi < 28 else 0
            band.put(sing(timbre, midi, length_s, rng), beat, gain * loud)


def _chord(band: _Band, bar: int, size: int) -> list[int]:
    """Pitches near the tonic, so that chords lead into one another."""
    pitches = [band.tonic + band.pitch(band.roots[bar], 2 * rung) for rung in range(size)]
    return [pitch - 12 if pitch > band.tonic + 14 else pitch for pitch in pitches]


def _play_chords(band: _Band, plays: list[bool]) -> None:
    rng, style = band.rng, band.style
    timbre = draw_timbre(str(rng.choice(style.families)), rng)
    pattern = style.chords[rng.integers(len(style.chords))]
    gain, size = float(np.exp(rng.normal(-1.6, 0.5))), int(rng.integers(3, 5))
    strum_s, long = rng.choice([0.0, 0.0, 0.015]), rng.uniform(0.2, 1.0)
    up = int(rng.choice([0, 0, 12]))
    cache: dict[tuple[int, int], Float32] = {}
    for bar in range(band.n_bars):
        if not plays[bar]:
            continue
        steps = _steps(pattern, bar, style.metre * style.steps)
        for number, (step, loud) in enumerate(steps):
            until = steps[number + 1][0] if number + 1 < len(steps) else style.metre * style.steps
            beat = band.beat_of(bar, step)
            length_s = long * (until - step) / style.steps * (band.beats_s[1] - band.beats_s[0])
            for voice, midi in enumerate(_chord(band, bar, size)):
                key = (midi, until - step)
                if key not in cache:
                    cache[key] = sing(timbre, midi + up, length_s, rng)
                band.put(cache[key], beat, gain * loud * rng.uniform(0.8, 1.0), voice * strum_s)


def _play_arpeggio(band: _Band, plays: list[bool]) -> None:
    rng, style = band.rng, band.style
    timbre = draw_timbre(str(rng.choice(["pluck", "pluck", "bell", "bow"])), rng)
    order = [int(rung) for rung in rng.permutation(4)] if rng.random() < 0.5 else [0, 1, 2, 3, 2, 1]
    per_beat = style.steps if style.steps < 4 else int(rng.choice([2, 4]))
    gain, accent = float(np.exp(rng.normal(-1.3, 0.4))), rng.uniform(0.5, 1.0)
    up = int(rng.choice([0, 12]))
    for bar in range(band.n_bars):
        if not plays[bar]:
            continue
        pitches = _chord(band, bar, 4)
        for step in range(style.metre * per_beat):
            if rng.random() < 0.05:
                continue
            beat = bar * style.metre + step / per_beat
            loud = 1.0 if step % per_beat == 0 else accent
            length_s = 1.5 * (band.time_s(beat + 1 / per_beat) - band.time_s(beat))
            note = sing(timbre, pitches[order[step % len(order)]] + up, length_s, rng)
            band.put(note, beat, gain * loud)


def _play_pad(band: _Band, plays: list[bool]) -> None:
    rng, metre = band.rng, band.style.metre
    timbre = draw_timbre("pad", rng)
    gain = float(np.exp(rng.normal(-2.2, 0.4)))
    for bar in range(band.n_bars):
        if not plays[bar]:
            continue
        length_s = band.time_s((bar + 1) * metre) - band.time_s(bar * metre)
        for midi in _chord(band, bar, 3):
            band.put(sing(timbre, midi, length_s, rng), bar * metre, gain)


def _play_melody(band: _Band, plays: list[bool]) -> None:
    """A tune of two-bar motifs that come back; voices and bows are late and soft."""
    rng, style = band.rng, band.style
    timbre = draw_timbre(str(rng.choice(["voice", "voice", "bow", "wind", "pluck", "organ"])), rng)
    gain, late_s = float(np.exp(rng.normal(-1.1, 0.5))), float(rng.normal(0.0, 0.012))
    motifs = [_rhythm(style, rng) for _ in range(3)]
    order = [int(number) for number in rng.integers(0, 3, 4)]
    rung = int(rng.integers(0, 8))
    for pair in range(band.n_bars // 2):
        if not plays[2 * pair] or rng.random() < 0.08:
            continue
        motif = motifs[order[pair % 4]]
        for number, at in enumerate(motif):
            beat = 2 * pair * style.metre + at
            if beat < 0:
                continue
            until = motif[number + 1] if number + 1 < len(motif) else 2 * style.metre
            length_s = band.time_s(beat + 0.9 * (until - at)) - band.time_s(beat)
            rung = int(np.clip(rung + rng.integers(-2, 3), -3, 11))
            root = band.roots[min(int(beat) // style.metre, len(band.roots) - 1)]
            on_chord = at % style.metre == 0
            pitch = band.pitch(root, rung // 2 * 2) if on_chord else band.pitch(0, rung)
            note = sing(timbre, band.tonic + 12 + pitch % 24, length_s, rng)
            band.put(note, beat, gain * rng.uniform(0.6, 1.0), late_s)


def _rhythm(style: Style, rng: np.random.Generator) -> list[float]:
    """Starts of the notes of two bars, in beats: likelier on strong places."""
    n_steps = 2 * style.metre * style.steps
    density = rng.uniform(0.15, 0.6)
    starts = [-1.0 / style.steps] if rng.random() < 0.3 else []
    for step in range(n_steps):
        beat, part = divmod(step, style.steps)
        if part:
            likely = density * 0.5
        else:
            likely = min(1.0, density * (2.2 if beat % style.metre == 0 else 1.3))
        if rng.random() < likely:
            starts.append(step / style.steps)
    return starts or [0.0]
