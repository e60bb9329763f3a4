"""Songs whose parts are known: phrases of different scores, one after the other."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import soxr

from danceit.audio import RATE, Sound
from danceit.counts import Counts
from danceit.index.synthetic.arrangement import arrange, perform
from danceit.index.synthetic.instruments import RATE as PLAYED_RATE
from danceit.index.synthetic.score import BARS_PER_PHRASE, draw_score


@lru_cache
def song_of(form: str, style: str, seed: int) -> tuple[Sound, Counts]:
    """Perform a song of 8 bars a letter; equal letters share chords and band, not the melody."""
    base = draw_score("song", style, np.random.default_rng(seed), seconds=10.0)
    period_s = 60.0 / base.tempo_bpm
    phrase_s = BARS_PER_PHRASE * base.beats_per_bar * period_s
    played = {}
    for number, letter in enumerate(sorted(set(form))):
        rng = np.random.default_rng([seed, number])
        score = draw_score(letter, style, rng, seconds=10.0, tempo_bpm=base.tempo_bpm)
        seconds = (form.count(letter) + 0.5) * phrase_s
        energies = (1.0 if number % 2 else 0.5,) * (form.count(letter) + 1)
        score = replace(score, start_s=0.0, seconds=seconds, energies=energies)
        played[letter] = perform(score, arrange(score, rng), rng).mean(axis=1)
    pieces = []
    for place, letter in enumerate(form):
        start_s = form[:place].count(letter) * phrase_s
        start, stop = round(start_s * PLAYED_RATE), round((start_s + phrase_s) * PLAYED_RATE)
        pieces.append(played[letter][start:stop])
    samples = soxr.resample(np.concatenate(pieces).astype(np.float32), PLAYED_RATE, RATE)
    beats_s = np.arange(len(form) * BARS_PER_PHRASE * base.beats_per_bar) * period_s
    numbers = (np.arange(beats_s.size) % base.beats_per_bar + 1).astype(np.int32)
    return Sound(samples, RATE), Counts(beats_s, numbers, base.beats_per_bar)
