"""Losses are the paper's equations, their gradients those of a plain reference, and they fall."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from danceit.data import Clip
from danceit.generate.course import fingerprint_of
from danceit.generate.material import material_of
from danceit.generate.rates import features_at
from danceit.generate.ren.ensemble import Ensemble
from danceit.generate.ren.judges import GlobalJudge, LocalJudge
from danceit.generate.ren.lessons import DanceLesson, GraphLesson, poses_of, sound_of
from danceit.generate.ren.losses import (
    dance_distance,
    global_loss,
    local_loss,
    matching_loss,
    perceptual_loss,
)
from danceit.generate.ren.options import RenOptions
from danceit.generate.ren.pieces import (
    EDGE,
    PIECE,
    Frame,
    Take,
    blended,
    centred,
    drawn_pieces,
    even_pieces,
    joined,
    takes_of,
)
from danceit.generate.ren.st_gcn import Block, StGcn
from danceit.generate.ren.training import Studied
from danceit.generate.scale import SMALLEST
from danceit.generate.setting import Pace, Setting
from danceit.generate.songs import heard_songs

PACE = Pace(10, 5, 5)


@pytest.fixture(scope="module")
def takes(swings: tuple[Clip, ...]) -> tuple[Take, ...]:
    labels = {clip.audio_path: int(clip.style == "high") for clip in swings}
    return takes_of(swings, Frame.of(swings), labels)


def test_the_frame_holds_all_poses_within_one_and_gives_them_back(swings: tuple[Clip, ...]) -> None:
    frame = Frame.of(swings)
    rows = frame.within(swings[0].poses)
    assert rows.shape == (swings[0].n_frames, 36)
    pieces = centred(rows[:500].reshape(10, PIECE, 36))
    assert np.abs(pieces).max() <= 1
    assert (np.abs(pieces) < 1).mean() > 0.99
    assert np.abs(pieces[..., [16, 22]].mean(axis=(1, 2))).max() < 1e-3  # x of both hips
    assert frame.known == tuple(range(14))
    again = frame.on_canvas(rows)
    np.testing.assert_allclose(again[:, :14], swings[0].poses[:, :14], atol=1e-2)
    assert np.isnan(again[:, 14:]).all()
    assert (rows[:, 28:30] == rows[:, :2]).all()  # eyes stand on the nose


def test_gaps_are_drawn_straight(swings: tuple[Clip, ...]) -> None:
    torn = swings[0].poses.copy()
    torn[10:13, 4] = np.nan
    rows = Frame.of(swings).within(torn)
    assert np.isfinite(rows).all()
    assert rows[11, 8] == pytest.approx((rows[9, 8] + rows[13, 8]) / 2, abs=1e-4)


def test_takes_have_a_tenth_of_a_second_of_sound_for_each_pose(takes: tuple[Take, ...]) -> None:
    assert len(takes) == 4
    assert takes[0].sound.shape == (len(takes[0].poses), 1600)
    assert len(takes[0].poses) == 230  # 23 s at 10 frames a second
    assert len(even_pieces(takes)) == 16
    rng = np.random.default_rng(0)
    for take, start in drawn_pieces(takes, 50, rng):
        assert 0 <= start <= len(take.poses) - PIECE
    ramp = np.arange(24, dtype=np.float32)[:, None]
    assert features_at(ramp, 24.0, 10.0, 10)[:, 0] == pytest.approx(np.arange(10) * 2.4)


def test_overlapping_pieces_of_one_dance_give_it_back() -> None:
    rows = np.random.default_rng(0).normal(size=(125, 4)).astype(np.float32)
    pieces = np.stack([rows[start : start + PIECE] for start in (0, 25, 50, 75)])
    np.testing.assert_allclose(blended(pieces, 25, 125), rows, atol=1e-5)
    pieces[1] += 1.0
    mixed = blended(pieces, 25, 125)[:, 0] - rows[:, 0]
    assert mixed[0] == pytest.approx(0, abs=1e-6)
    assert (np.diff(mixed[25:49]) > -1e-6).all()


def test_where_a_piece_begins_or_ends_the_other_has_the_word() -> None:
    pieces = np.zeros((3, PIECE, 4), dtype=np.float32)
    pieces[:, :EDGE] = pieces[:, -EDGE:] = 100.0
    mixed = blended(pieces, 25, 100)
    np.testing.assert_allclose(mixed[EDGE:-EDGE], 0, atol=1e-4)
    np.testing.assert_allclose(mixed[:EDGE], 100, atol=1e-4)  # nobody else is there


def test_pieces_are_joined_where_their_hips_go_on() -> None:
    rows = np.random.default_rng(0).normal(0, 0.02, (125, 36)).astype(np.float32)
    rows[:, 0::2] += np.linspace(0, 2, 125, dtype=np.float32)[:, None]  # travels to the right
    pieces = np.stack([rows[start : start + PIECE] for start in (0, 25, 50, 75)])
    again = blended(joined(centred(pieces), 25), 25, 125)
    away = again[0, 0] - rows[0, 0]
    np.testing.assert_allclose(again[:, 0::2] - away, rows[:, 0::2], atol=1e-4)
    np.testing.assert_allclose(again[:, 1::2], rows[:, 1::2], atol=1e-5)


def test_a_blocks_gradient_is_that_of_a_plain_reference() -> None:
    torch.manual_seed(0)
    block = Block(2, 3, 1, residual=False).double().eval()
    rows = np.random.default_rng(0).normal(size=(1, 2, 11, 18))
    edges = np.random.default_rng(1).random((3, 18, 18))
    loss = block(torch.from_numpy(rows), torch.from_numpy(edges)).sum()
    loss.backward()
    weights = {name: p.detach().numpy().copy() for name, p in block.named_parameters()}

    def plain(w: dict[str, np.ndarray]) -> float:
        """Eval-mode BatchNorm is a plain scale: running mean 0, running variance 1."""
        gathered = np.einsum("kc,nctv->nktv", w["graph.weight"][:, :, 0, 0], rows)
        gathered = (gathered + w["graph.bias"][None, :, None, None]).reshape(1, 3, 3, 11, 18)
        x = np.einsum("nkctv,kvw->nctw", gathered, edges)
        scale = 1 / np.sqrt(1 + 1e-5)
        x = x * scale * w["time.0.weight"][:, None, None] + w["time.0.bias"][:, None, None]
        x = np.pad(np.maximum(x, 0), ((0, 0), (0, 0), (4, 4), (0, 0)))
        kernel, out = w["time.2.weight"][..., 0], np.zeros((1, 3, 11, 18))
        for t in range(11):
            out[:, :, t] = np.einsum("dck,nckv->ndv", kernel, x[:, :, t : t + 9])
        out = (out + w["time.2.bias"][None, :, None, None]) * scale
        out = out * w["time.3.weight"][:, None, None] + w["time.3.bias"][:, None, None]
        return float(np.maximum(out, 0).sum())

    assert loss.item() == pytest.approx(plain(weights), rel=1e-9)
    for name in ("graph.weight", "time.2.weight"):
        gradient = dict(block.named_parameters())[name].grad.numpy().ravel()
        place, step, values = int(np.abs(gradient).argmax()), 1e-6, []
        for sign in (1, -1):
            nudged = {key: value.copy() for key, value in weights.items()}
            nudged[name].ravel()[place] += sign * step
            values.append(plain(nudged))
        assert gradient[place] == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-5)


def test_the_perceptual_loss_weighs_the_first_blocks_most() -> None:
    torch.manual_seed(0)
    graph = StGcn(3).eval().requires_grad_(False)
    made, real = torch.rand(2, 50, 36), torch.rand(2, 50, 36)
    each = [(a - b).abs().mean().item()
            for a, b in zip(graph.maps(made), graph.maps(real), strict=True)]  # fmt: skip
    expected = 20 * each[0] + 5 * each[1] + sum(each[2:])
    assert perceptual_loss(graph, made, real).item() == pytest.approx(expected, rel=1e-5)
    assert perceptual_loss(graph, real, real).item() == 0


def test_judges_losses_are_equation_4() -> None:
    torch.manual_seed(0)
    local, whole = LocalJudge().eval(), GlobalJudge().eval()
    made, real, sound = torch.rand(2, 50, 36), torch.rand(2, 50, 36), torch.randn(2, 50, 1600)
    with torch.no_grad():
        true, false = local(real).sigmoid().log(), (1 - local(made).sigmoid()).log()
        expected = -(true.mean() + false.mean()).item() / 2
        assert local_loss(local, made, real).item() == pytest.approx(expected, rel=1e-4)
        assert matching_loss(whole.reader, real, real).item() == 0
        heard = whole.heard(sound)
        plain = -(whole(real, heard).sigmoid().log().mean()
                  + (1 - whole(made, heard).sigmoid()).log().mean()).item() / 2  # fmt: skip
    assert global_loss(whole, made, real, sound, 0.0).item() == pytest.approx(plain, rel=1e-4)
    # A judge that looks at nothing has no slope: the penalty is (0 - 1)².
    nn.init.zeros_(whole.pair.weight)
    blind = global_loss(whole, made, real, sound, 1.0) - global_loss(whole, made, real, sound, 0.0)
    assert blind.item() == pytest.approx(1.0, abs=1e-5)


def test_a_mean_pose_is_far_from_a_set_of_dances() -> None:
    torch.manual_seed(0)
    graph = StGcn(3).eval()
    walks = torch.randn(60, 50, 36).cumsum(dim=1) / 10
    real, others = walks[:30], walks[30:]
    mean = real.mean(dim=0, keepdim=True).expand_as(real)
    with torch.no_grad():
        assert dance_distance(graph, real, real).item() == pytest.approx(0, abs=1e-9)
        near, far = dance_distance(graph, others, real), dance_distance(graph, mean, real)
    # The mean is the better guess piece by piece, and the worse set.
    assert (mean - real).abs().mean() < (others - real).abs().mean()
    assert near.item() < 0.2 * far.item()


def test_low_precision_gives_the_same_losses_but_for_its_digits(takes: tuple[Take, ...]) -> None:
    taken = {}
    for precision in ("fp32", "bf16"):
        torch.manual_seed(0)
        options = RenOptions(batch=2, inner=16, precision=precision)
        setting = options.setting(10, "cpu")
        lesson = DanceLesson(Ensemble(options, 2), takes, takes, options, setting)
        taken[precision] = lesson.step(np.random.default_rng(0))
        assert np.isfinite(lesson.check())
    assert taken["bf16"] == pytest.approx(taken["fp32"], rel=0.1)


def test_the_graph_network_tells_dances_apart(takes: tuple[Take, ...]) -> None:
    torch.manual_seed(0)
    lesson = GraphLesson(StGcn(2), takes, takes, Setting(4, 0.0, PACE))
    rng = np.random.default_rng(0)
    losses = [lesson.step(rng)["cross-entropy"] for _ in range(8)]
    assert np.mean(losses[-2:]) < 0.7 * losses[0]


def test_the_dance_comes_nearer_to_what_was_danced(takes: tuple[Take, ...]) -> None:
    torch.manual_seed(0)
    options = RenOptions(losses="l1", batch=2, inner=64, learning_rate=3e-3)
    one, setting = takes[:1], options.setting(12, "cpu")
    lesson = DanceLesson(Ensemble(options, 2), one, one, options, setting)
    rng = np.random.default_rng(0)
    losses = [lesson.step(rng)["L1"] for _ in range(12)]
    assert np.mean(losses[-3:]) < 0.7 * losses[0]


@pytest.mark.parametrize(("losses", "part"), [("local", "local judge"), ("global", "global judge")])
def test_a_judge_tells_one_dance_from_what_never_learns(
    takes: tuple[Take, ...], losses: str, part: str
) -> None:
    torch.manual_seed(0)
    options = RenOptions(losses=losses, batch=2, inner=16, penalty=0.0)
    lesson = DanceLesson(Ensemble(options, 2), takes[:1], (), options, options.setting(9, "cpu"))
    rng = np.random.default_rng(0)
    pieces = drawn_pieces(takes[:1], 2, rng)
    real, sound = poses_of(pieces, "cpu"), sound_of(pieces, "cpu")
    made = torch.zeros_like(real)
    judged = [float(lesson._judged_losses(made, real, sound)[part].detach()) for _ in range(6)]
    assert np.mean(judged[-2:]) < 0.95 * judged[0]


def test_what_is_judged_and_kept_is_the_average_of_the_weights(takes: tuple[Take, ...]) -> None:
    torch.manual_seed(0)
    options = RenOptions(losses="l1", batch=2, inner=16, average=0.5)
    ensemble = Ensemble(options, 2)
    lesson = DanceLesson(ensemble, takes, takes, options, options.setting(9, "cpu"))
    assert lesson.modules["dancer"] is ensemble.kept is not ensemble.dancer
    rng = np.random.default_rng(0)
    for _ in range(2):
        lesson.step(rng)
    before = lesson.check()
    ensemble.dancer.poses.last.weight.data.fill_(9.0)  # one wild step
    assert lesson.check() == before
    single = Ensemble(RenOptions(losses="l1", inner=16, average=0.0), 2)
    assert single.kept is single.dancer


def test_each_ablation_adds_its_part(takes: tuple[Take, ...]) -> None:
    torch.manual_seed(0)
    expected = {"l1": {"L1"}, "global": {"L1", "global", "matching", "global judge"}}
    expected["local"] = expected["global"] | {"local", "local judge"}
    expected["perceptual"] = expected["local"] | {"perceptual"}
    for losses, parts in expected.items():
        options = RenOptions(losses=losses, batch=2, inner=16)
        lesson = DanceLesson(Ensemble(options, 2), takes, (), options, options.setting(9, "cpu"))
        assert set(lesson.step(np.random.default_rng(0))) == parts
        assert np.isnan(lesson.check())


def test_a_run_is_another_where_songs_are_of_other_styles(swings: tuple[Clip, ...]) -> None:
    relabelled = [replace(clip, style="low" if clip.style == "high" else "high") for clip in swings]
    options = RenOptions(graph_steps=1, steps=0)
    seen = [fingerprint_of({}, Studied.of(material_of((*clips, *clips), 0), options).arrays)
            for clips in (swings, swings, relabelled)]  # fmt: skip
    assert seen[0] == seen[1] != seen[2]


def test_kinds_of_music_do_not_hang_on_how_loud_a_feature_is_written(
    swings: tuple[Clip, ...],
) -> None:
    # Log energy, the 27th column, is some twenty times as large as the MFCC's differences.
    songs, scale = heard_songs(material_of(swings, 0))
    learnt = np.concatenate([songs[clip.audio_path] for clip in material_of(swings, 0).train
                             if clip.audio_path])  # fmt: skip
    np.testing.assert_allclose(learnt.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(learnt.std(axis=0)[scale.deviation > SMALLEST], 1, atol=1e-3)
