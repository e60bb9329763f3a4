"""Losses are the paper's equations, their gradients those of a plain reference, and they fall."""

import numpy as np
import pytest
import torch
from torch import nn

from danceit.data import Clip
from danceit.generate.lee.composer import (
    Composer,
    ComposerLesson,
    ComposerWeights,
    Danced,
    Judges,
    Paired,
    PairingLesson,
    SequenceBatch,
    Sequences,
    composed,
    composer_losses,
    judge_losses,
)
from danceit.generate.lee.music_style import (
    HEARD,
    StyleLesson,
    heard_around,
    mean_within,
)
from danceit.generate.lee.networks import (
    DanceDecoder,
    DanceEncoder,
    Gaussian,
    InitialPoseEncoder,
    Judge,
    MovementEncoder,
    MusicStyle,
    StyleRegressor,
    StyleToDance,
    UnitDecoder,
)
from danceit.generate.lee.unit_vae import UnitVae, VaeLesson, VaeWeights
from danceit.generate.lee.units import units_of
from danceit.generate.scale import Scale
from danceit.generate.setting import Pace, Setting
from danceit.generate.songs import features_at_15
from danceit.generate.styles import labels_of

PACE = Pace(40, 20, 5)
Weights = dict[str, np.ndarray]


def small_vae() -> UnitVae:
    torch.manual_seed(0)
    return UnitVae(InitialPoseEncoder(4), MovementEncoder(3), UnitDecoder(3)).double()


def certain(vae: UnitVae) -> None:
    """Take the chance out of the codes: their variance becomes nothing."""
    for head in (vae.initial.head, vae.movement.head):
        nn.init.zeros_(head.log_variance.weight)
        nn.init.constant_(head.log_variance.bias, -80.0)


def plain(w: Weights, name: str, rows: np.ndarray) -> np.ndarray:
    return rows @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def plain_norm(w: Weights, name: str, rows: np.ndarray) -> np.ndarray:
    centred = rows - rows.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt(rows.var(axis=-1, keepdims=True) + 1e-5)
    return scaled * w[f"{name}.weight"] + w[f"{name}.bias"]


def plain_gru(w: Weights, name: str, rows: np.ndarray, state: np.ndarray, way: str = "") -> list:
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    out = []
    for row in rows:
        given = w[f"{name}.weight_ih_l0{way}"] @ row + w[f"{name}.bias_ih_l0{way}"]
        held = w[f"{name}.weight_hh_l0{way}"] @ state + w[f"{name}.bias_hh_l0{way}"]
        (gr, gz, gn), (hr, hz, hn) = np.split(given, 3), np.split(held, 3)
        update = sigmoid(gz + hz)
        new = np.tanh(gn + sigmoid(gr + hr) * hn)
        state = (1 - update) * new + update * state
        out.append(state)
    return out


def plain_loss(w: Weights, unit: np.ndarray, shifted: np.ndarray) -> float:
    """L_decomp without KL of one unit, written out (eq. 3-5 with certain codes)."""
    inner = unit[0]
    for layer in (0, 3):
        inner = plain_norm(
            w, f"initial.inner.{layer + 1}", plain(w, f"initial.inner.{layer}", inner)
        )
        inner = np.where(inner > 0, inner, 0.2 * inner)
    initial = plain(w, "initial.head.mean", inner)
    total = 0.0
    for seen in (unit, shifted):
        first = w["movement.first"][:, 0]
        forth = plain_gru(w, "movement.recurrent", seen, first[0])[-1]
        back = plain_gru(w, "movement.recurrent", seen[::-1], first[1], "_reverse")[-1]
        movement = plain(w, "movement.head.mean", np.concatenate([forth, back]))
        state = plain(w, "unit.first", np.concatenate([initial, movement]))
        states = np.array(plain_gru(w, "unit.recurrent", [movement] * 32, state))
        inner = plain_norm(w, "unit.poses.1", plain(w, "unit.poses.0", states))
        poses = plain(w, "unit.poses.3", np.maximum(inner, 0))
        total += np.abs(poses - unit).mean()
    return float(total)


def test_one_steps_gradients_are_those_of_a_plain_reference() -> None:
    vae = small_vae()
    certain(vae)
    rng = np.random.default_rng(0)
    unit = rng.normal(size=(32, 28))
    shifted = unit + np.tile([0.5, -0.2], 14)
    weights = VaeWeights(kl=0.0)
    batch = (torch.from_numpy(unit)[None], torch.from_numpy(shifted)[None])
    loss = torch.stack(list(vae.losses(*batch, weights).values())).sum()
    loss.backward()
    loss = loss.detach()
    plain_weights = {name: p.detach().numpy().copy() for name, p in vae.named_parameters()}
    assert float(loss) == pytest.approx(plain_loss(plain_weights, unit, shifted), rel=1e-6)
    names = ("initial.inner.0.weight", "movement.recurrent.weight_hh_l0_reverse",
             "unit.first.weight", "unit.recurrent.weight_ih_l0", "unit.poses.3.bias")  # fmt: skip
    for name in names:
        gradient = dict(vae.named_parameters())[name].grad.numpy().ravel()
        place = int(np.abs(gradient).argmax())
        values, step = [], 1e-6
        for sign in (1, -1):
            nudged = {key: value.copy() for key, value in plain_weights.items()}
            nudged[name].ravel()[place] += sign * step
            values.append(plain_loss(nudged, unit, shifted))
        assert gradient[place] == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-4)


def test_the_unit_vae_learns_one_dance(swings: tuple[Clip, ...]) -> None:
    units = units_of(swings[0]).poses
    torch.manual_seed(0)
    vae = UnitVae(InitialPoseEncoder(), MovementEncoder(32), UnitDecoder(32))
    lesson = VaeLesson(
        vae, units, units, Scale.of(units), VaeWeights(shift_x_px=5, shift_y_px=5),
        Setting(8, 1e-2, PACE),
    )  # fmt: skip
    before = lesson.check()
    rng = np.random.default_rng(0)
    for _ in range(40):
        parts = lesson.step(rng)
    assert set(parts) == {"reconstruction", "shifted", "KL"}
    assert lesson.check() < 0.85 * before


def test_the_published_width_learns_one_dance(swings: tuple[Clip, ...]) -> None:
    units = units_of(swings[0]).poses
    torch.manual_seed(0)
    vae = UnitVae(InitialPoseEncoder(), MovementEncoder(), UnitDecoder())
    assert sum(each.numel() for each in vae.parameters()) == 7_572 + 8_576_000 + 6_340_636
    weights = VaeWeights(kl=0.0, shift_x_px=0, shift_y_px=0)
    lesson = VaeLesson(vae, units[:2], units[:2], Scale.of(units), weights, Setting(2, 3e-4, PACE))
    rng = np.random.default_rng(0)
    losses = [lesson.step(rng)["reconstruction"] for _ in range(4)]
    assert losses[-1] < 0.9 * losses[0]


def test_the_style_classifier_tells_high_songs_from_low(swings: tuple[Clip, ...]) -> None:
    rows = {clip.audio_path: features_at_15(clip.audio_path) for clip in swings}
    scale = Scale.of(np.concatenate(list(rows.values())))
    songs = {path: scale.standardised(features) for path, features in rows.items()}
    labels, classes, note = labels_of(swings, songs, 0)
    assert classes == ("high", "low")
    assert note == ""
    pairs = [(songs[clip.audio_path], labels[clip.audio_path]) for clip in swings]
    torch.manual_seed(0)
    lesson = StyleLesson(
        MusicStyle(2), [pairs[0], pairs[2]], [pairs[1], pairs[3]], Setting(16, 1e-2, PACE)
    )
    before, rng = lesson.check(), np.random.default_rng(0)
    for _ in range(30):
        lesson.step(rng)
    assert lesson.check() < 0.5 * before


def test_songs_without_styles_are_told_apart_by_what_they_sound_like(
    swings: tuple[Clip, ...],
) -> None:
    from dataclasses import replace

    songs = {clip.audio_path: features_at_15(clip.audio_path) for clip in swings}
    nameless = [replace(clip, style="") for clip in swings]
    labels, classes, note = labels_of(nameless, songs, 0)
    assert note.startswith("no styles are known: music is told apart by k-means")
    assert classes == ("kind 1", "kind 2")
    high, low = (
        {labels[clip.audio_path] for clip in swings if clip.style == style}
        for style in ("high", "low")
    )
    assert len(high) == len(low) == 1
    assert high != low
    alone = [replace(clip, style="waltz") for clip in swings]
    told = labels_of(alone, songs, 0)[2]
    assert told.startswith("all songs are of one style (waltz): music is told apart by k-means")
    partly = [alone[0], *nameless[1:]]
    assert "some songs is not known (others: waltz)" in labels_of(partly, songs, 0)[2]


def test_music_is_heard_about_moments_and_over_stretches() -> None:
    song = np.arange(400, dtype=np.float32)[:, None].repeat(28, axis=1)
    heard = heard_around(song, np.array([0.0, 13.0, 99.0]))
    assert heard.shape == (3, HEARD, 28)
    assert heard[:, 0, 0].tolist() == [0, 195 - 75, 400 - HEARD]
    assert heard_around(song[:60], np.array([1.0])).shape == (1, HEARD, 28)
    means = mean_within(song, np.array([0.0, 100.0]), np.array([2.0, 101.0]))
    assert means[:, 0].tolist() == [14.5, 399.0]


def toy_composition() -> tuple[Composer, Judges, Gaussian, Sequences]:
    torch.manual_seed(0)
    composer = Composer(DanceEncoder(16), DanceDecoder(16), StyleToDance(), StyleRegressor(16))
    movements = Gaussian(torch.randn(9, 512), torch.full((9, 512), -2.0))
    sequences = Sequences(
        np.array([[0, 1, 2], [3, 4, 5], [6, 7, 8]]), torch.randn(3, 28), torch.randn(3, 30)
    )
    return composer, Judges(Judge(3, 16), Judge(1, 16)), movements, sequences


def test_the_parts_of_the_composition_loss_are_equations_6_to_10() -> None:
    composer, judges, movements, sequences = toy_composition()
    rows = Gaussian(movements.mean[sequences.units], movements.log_variance[sequences.units])
    weights = ComposerWeights(style=2.0, adversarial_movement=0.3, adversarial_dance=0.7, kl=0.5)
    with torch.no_grad():
        check_equations(composer, judges, rows, sequences, weights)


def check_equations(
    composer: Composer,
    judges: Judges,
    rows: Gaussian,
    sequences: Sequences,
    weights: ComposerWeights,
) -> None:
    result = composed(composer, rows, sequences.style)
    batch = SequenceBatch(rows, sequences.audio, sequences.style)
    parts = composer_losses(composer, judges, batch, result, weights)
    real = torch.cat([rows.mean, rows.log_variance], dim=-1)
    again = torch.cat([result.movements.mean, result.movements.log_variance], dim=-1)
    told = sum((composer.regressor(code) - sequences.style).abs().mean()
               for code in (result.code, result.made_code))  # fmt: skip
    verdict = judges.movement(result.made_movements.pair(), sequences.audio)
    assert parts["reconstruction"] == pytest.approx(float((again - real).abs().mean()))
    assert parts["style"] == pytest.approx(2 * float(told))
    both = [result.dance, result.made_dance]
    from_prior = sum(0.5 * float((g.mean**2 + g.log_variance.exp() - 1 - g.log_variance).sum())
                     for g in both) / 3  # fmt: skip
    assert parts["KL"] == pytest.approx(0.5 * from_prior, rel=1e-5)
    assert parts["movements"] == pytest.approx(
        -0.3 * float(torch.log(torch.sigmoid(verdict)).mean()), rel=1e-5
    )
    judged = judge_losses(judges, batch, result, weights)
    true = judges.dance(result.dance.pair()[:, None], sequences.audio)
    made = judges.dance(result.made_dance.pair()[:, None], sequences.audio)
    expected = torch.log(torch.sigmoid(true)).mean() + torch.log(1 - torch.sigmoid(made)).mean()
    assert judged["judge of dances"] == pytest.approx(-0.7 * float(expected), rel=1e-5)


def test_judging_leaves_what_is_judged_alone() -> None:
    composer, judges, movements, sequences = toy_composition()
    rows = Gaussian(movements.mean[sequences.units], movements.log_variance[sequences.units])
    result = composed(composer, rows, sequences.style)
    batch = SequenceBatch(rows, sequences.audio, sequences.style)
    sum(judge_losses(judges, batch, result, ComposerWeights()).values()).backward()
    assert all(parameter.grad is None for parameter in composer.parameters())
    assert any(parameter.grad is not None for parameter in judges.parameters())


def test_composition_learns_one_dance() -> None:
    composer, judges, movements, sequences = toy_composition()
    danced = Danced(movements, (sequences,))
    lesson = ComposerLesson(
        composer, judges, danced, danced, ComposerWeights(), Setting(3, 3e-3, PACE)
    )
    rng = np.random.default_rng(0)
    losses = [lesson.step(rng)["reconstruction"] for _ in range(60)]
    assert np.mean(losses[-5:]) < 0.8 * losses[0]


def test_compositions_are_judged_as_sets_in_which_a_mean_is_far_off() -> None:
    """Not by how well held-out dances are rebuilt: a mean movement does that well enough."""
    composer, judges, _, _ = toy_composition()
    movements = Gaussian(torch.randn(60, 512) * 2, torch.full((60, 512), -4.0))
    sequences = Sequences(np.arange(60).reshape(20, 3), torch.randn(20, 28), torch.randn(20, 30))
    danced = Danced(movements, (sequences,))
    lesson = ComposerLesson(
        composer, judges, danced, danced, ComposerWeights(), Setting(3, 3e-3, PACE)
    )

    class Fixed(torch.nn.Module):
        """Decodes whatever code to movements about given ones."""

        def __init__(self, made: Gaussian) -> None:
            super().__init__()
            self.made = made

        def forward(self, code: torch.Tensor, n_units: int) -> Gaussian:
            assert code.shape == (20, 512)
            assert n_units == 3
            return self.made

    real = Gaussian(movements.mean.view(20, 3, 512), movements.log_variance.view(20, 3, 512))
    mean = Gaussian(real.mean.mean(dim=(0, 1)).expand(20, 3, 512), real.log_variance)
    distances = []
    for made in (real, mean):
        composer.decoder = Fixed(made)
        distances.append(lesson.check())
        assert lesson.check() == distances[-1]  # chance is the same at every check
    near, far = distances
    assert near < 0.05 < 0.5 < far


def test_pairing_without_composition_brings_music_near_its_movement() -> None:
    torch.manual_seed(0)
    style = torch.randn(2, 30)
    movements = Gaussian(torch.randn(2, 512), torch.zeros(2, 512))
    paired = Paired(movements, style)
    lesson = PairingLesson(StyleToDance(), paired, paired, 0.0, Setting(4, 1e-2, PACE))
    before, rng = lesson.check(), np.random.default_rng(0)
    for _ in range(60):
        lesson.step(rng)
    assert lesson.check() < 0.6 * before
