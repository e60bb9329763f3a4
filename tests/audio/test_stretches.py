"""Long sounds in stretches: nothing comes out otherwise than in one piece."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from danceit.audio import RATE, read_sound, stretches
from danceit.audio.counts import activation as network
from danceit.audio.counts.heard import hear
from danceit.audio.stretches import Gathering, stretch, windows
from danceit.errors import InputError

Array = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def noise() -> Array:
    """Seven seconds at 44.1 kHz."""
    return np.random.default_rng(3).uniform(-0.5, 0.5, 7 * 44_100).astype(np.float32)


@pytest.mark.parametrize("rate", [RATE, 44_100, 8_000])
def test_resampled_in_blocks_a_sound_is_what_it_is_at_once(
    noise: Array, rate: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import soxr

    at_once = noise if rate == RATE else soxr.resample(noise, rate, RATE, quality="HQ")
    monkeypatch.setattr(stretches, "_CHUNK", 5_000)
    gathering = Gathering(RATE)
    for block in np.split(noise, [1, 7_000, 7_001, 90_000]):
        gathering.take(block, rate)
    np.testing.assert_array_equal(gathering.samples(), at_once[: noise.size * RATE // rate])


def test_what_an_encoder_pads_is_left_out_at_the_end_alone(noise: Array) -> None:
    for stop, left in ((noise.size - 3_000, noise.size - 3_000), (1_000, noise.size)):
        gathering = Gathering(44_100)
        gathering.take(noise, 44_100)
        np.testing.assert_array_equal(gathering.samples(stop), noise[:left])


def test_a_long_sound_lies_in_a_file_and_is_the_same(
    noise: Array, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    soundfile.write(tmp_path / "a.wav", noise, 44_100, subtype="FLOAT")
    held = read_sound(tmp_path / "a.wav").samples
    monkeypatch.setattr(stretches, "HELD_S", 2.0)
    monkeypatch.setattr(stretches, "_CHUNK", 5_000)
    monkeypatch.setenv("DANCEIT_CACHE", str(tmp_path / "cache"))
    mapped = read_sound(tmp_path / "a.wav").samples
    np.testing.assert_array_equal(mapped, held)
    assert isinstance(mapped.base, np.memmap)
    assert not mapped.flags.writeable
    assert not list((tmp_path / "cache").iterdir())


@pytest.mark.parametrize("mirrored", [False, True])
def test_windows_are_those_of_the_padded_whole(noise: Array, mirrored: bool) -> None:
    padded = np.pad(noise, (700, 1_000), mode="reflect" if mirrored else "constant")
    whole = np.lib.stride_tricks.sliding_window_view(padded, 512)[::300]
    got = [
        windows(noise, 512, 300, -700, (start, min(start + 100, len(whole))), mirrored=mirrored)
        for start in range(0, len(whole), 100)
    ]
    np.testing.assert_array_equal(np.concatenate(got), whole)


def test_a_stretch_beyond_the_sound_is_silence() -> None:
    sound = np.ones(10, np.float32)
    assert not stretch(sound, 20, 25).any()
    assert not stretch(sound, -9, -2).any()
    np.testing.assert_array_equal(stretch(sound, -1, 11), [0, *[1] * 10, 0])


def test_the_network_hears_the_same_in_stretches(
    noise: Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    from danceit.audio.decoding import Sound

    heard = hear(Sound(np.tile(noise, 3), RATE))
    whole = network.activation(heard)
    monkeypatch.setattr(network, "_STRETCH", 400)
    parts = network.activation(heard)
    np.testing.assert_allclose(parts.beat, whole.beat, atol=1e-4)
    np.testing.assert_allclose(parts.one, whole.one, atol=1e-4)


@pytest.mark.parametrize(("value", "seen"), [(1e10, "1e\\+10"), (-3e4, "3e\\+04")])
def test_a_sample_that_drowns_all_others_is_refused_not_danced_to(
    tmp_path: Path, noise: Array, value: float, seen: str
) -> None:
    damaged = noise.copy()
    damaged[50_000] = value
    soundfile.write(tmp_path / "a.wav", damaged, 44_100, subtype="FLOAT")
    with pytest.raises(InputError, match=f"holds 1 samples of up to {seen} times full scale"):
        read_sound(tmp_path / "a.wav")


def test_floats_that_were_scaled_as_whole_numbers_are_read(tmp_path: Path, noise: Array) -> None:
    soundfile.write(tmp_path / "a.wav", noise * 32_768, 44_100, subtype="FLOAT")
    assert np.abs(read_sound(tmp_path / "a.wav").samples).max() > 10_000


def test_who_asks_is_told_of_the_seconds_decoded(tmp_path: Path) -> None:
    from danceit.audio import listen

    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 35 * 8_000)
    soundfile.write(tmp_path / "a.wav", noise, 8_000)
    told: list[tuple[int, int, str]] = []
    listen(tmp_path / "a.wav", told=lambda *at: told.append(at))
    assert [(total, what) for _, total, what in told] == [(35, "decoding")] * 3
    assert [done for done, _, _ in told] == pytest.approx([10, 20, 30], abs=1)
