import numpy as np

from danceit.audio.counts.clicks import BEAT_HZ, ONE_HZ, clicks
from danceit.counts import Counts

RATE = 24_000


def loudest_hz(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size), 1 << 14))
    return float(np.argmax(spectrum) * RATE / (1 << 14))


def test_clicks_start_on_their_beats_and_are_higher_on_the_1() -> None:
    beats_s = np.array([0.5, 1.0, 1.5, 2.0])
    sound = clicks(Counts(beats_s, np.array([3, 1, 2, 0], np.int32), 3), 3 * RATE, RATE)
    loud = np.flatnonzero(np.abs(sound) > 0.05)
    starts = loud[np.diff(loud, prepend=-RATE) > RATE // 10] / RATE
    np.testing.assert_allclose(starts, beats_s, atol=0.001)
    for beat_s, hertz in zip(beats_s, (BEAT_HZ, ONE_HZ, BEAT_HZ, BEAT_HZ), strict=True):
        start = round(beat_s * RATE)
        assert abs(loudest_hz(sound[start : start + 960]) - hertz) < 40


def test_clicks_at_the_ends_are_cut_off_not_wrapped() -> None:
    counts = Counts(np.array([0.0, 1.99, 2.5]), np.array([1, 2, 1], np.int32), 2)
    sound = clicks(counts, 2 * RATE, RATE)
    assert sound.shape == (2 * RATE,)
    assert np.abs(sound[2000:-300]).max() == 0
