from pathlib import Path

import numpy as np
import pytest
import torch

from danceit.audio.counts.activation import WEIGHTS, activation, as_read
from danceit.audio.counts.heard import WIDTH, Heard, hear
from danceit.audio.counts.learning.material import load, make
from danceit.audio.counts.learning.training import PulseNetwork, restore, save, train
from danceit.audio.decoding import RATE, Sound
from danceit.errors import InputError
from tests.audio.counts import made


def test_numpy_hears_what_torch_was_taught(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = PulseNetwork().eval()
    save(network, tmp_path / "pulse.safetensors")
    restore(network, tmp_path / "pulse.safetensors")
    features = np.random.default_rng(0).normal(size=(700, WIDTH)).astype(np.float32)
    with torch.no_grad():
        wanted = network(torch.from_numpy(as_read(features).T[None].copy()))[0].numpy()
    found = activation(Heard(features), tmp_path / "pulse.safetensors")
    np.testing.assert_allclose(found.beat, wanted[0], atol=1e-4)
    np.testing.assert_allclose(found.one, wanted[1], atol=1e-4)


def test_weights_that_are_none_are_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"no weights")
    with pytest.raises(InputError, match=r"bad\.safetensors does not hold the pulse"):
        activation(Heard(np.zeros((10, WIDTH), np.float32)), bad)


def test_the_shipped_weights_are_small() -> None:
    assert WEIGHTS.stat().st_size < 200_000


def test_what_is_heard_does_not_depend_on_loudness() -> None:
    samples = made.waltz(90, 6.0).sound.samples
    loud, quiet = hear(Sound(samples, RATE)), hear(Sound(samples * np.float32(1e-3), RATE))
    np.testing.assert_allclose(loud.features, quiet.features, atol=1e-2)


def test_a_stroke_rises_in_the_frame_that_holds_it() -> None:
    samples = np.zeros(3 * RATE, np.float32)
    samples[RATE : RATE + 200] = 0.5
    heard = hear(Sound(samples, RATE))
    # A second into the song, and half a second of silence before it, 50 frames a second.
    assert abs(int(heard.rises.sum(axis=1).argmax()) - 75) <= 1


def test_a_change_of_chord_is_heard_and_a_stroke_alone_is_not() -> None:
    time_s = np.arange(4 * RATE) / RATE
    tone = np.sin(2 * np.pi * np.where(time_s < 2.0, 220.0, 294.0) * time_s)
    change = hear(Sound(tone.astype(np.float32), RATE)).changes[:, 1]
    inside = change[50:-50]
    assert abs(int(inside.argmax()) + 50 - 125) <= 3  # of 50 a second, found at 25
    assert float(np.delete(inside, np.arange(45, 106)).max()) < 0.1 * float(inside.max())


def test_training_on_made_songs_writes_weights_that_can_be_read(tmp_path: Path) -> None:
    make(tmp_path, 0, 2)
    lesson = load(tmp_path / "0.npz")
    assert lesson.beat.max() == 1.0
    train(tmp_path, tmp_path / "pulse.safetensors", minutes=0.01)
    found = activation(Heard(lesson.features), tmp_path / "pulse.safetensors")
    assert np.isfinite(found.beat).all()
