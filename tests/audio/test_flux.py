"""Spectral flux against sounds whose rises are known."""

import numpy as np
import pytest

from danceit.audio import FEATURE_SETS, RATE, Sound
from danceit.audio.flux import BANDS_HZ, spectral_flux


def tone(hz: float, start: int, n_samples: int) -> np.ndarray:
    samples = np.zeros(n_samples, np.float32)
    time = np.arange(n_samples - start) / RATE
    # An abrupt start or end is a click, which is in every band.
    fade = np.clip(np.minimum(time / 0.05, (time[-1] - 0.1 - time) / 0.2), 0.0, 1.0)
    samples[start:] = 0.5 * fade * np.sin(2 * np.pi * hz * time)
    return samples


@pytest.mark.parametrize(("hz", "band"), [(80, 0), (300, 1), (1500, 2), (6000, 3)])
def test_a_tone_rises_in_its_own_band_at_its_own_frame(hz: float, band: int) -> None:
    flux = spectral_flux(Sound(tone(hz, 30 * 1000, 72 * 1000), RATE))
    assert flux.shape == (72, FEATURE_SETS["flux"])
    halves = flux.reshape(144, len(BANDS_HZ) - 1)
    assert abs(int(halves[:, band].argmax()) - 60) <= 2  # the window of 85 ms sees it coming
    assert halves[:, band].max() == halves.max()


def test_silence_and_a_steady_tone_have_no_flux() -> None:
    assert not spectral_flux(Sound(np.zeros(48_000, np.float32), RATE)).any()
    steady = spectral_flux(Sound(tone(1500, 0, 96_000), RATE))
    assert steady[2:-10].max() < 1e-3
