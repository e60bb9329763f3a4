"""Counts are read from movement: of dances that were not learned from, whose counts are known."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from danceit.data import MIRRORED
from danceit.retrieval.encoder.configuration import EncoderConfig
from danceit.retrieval.encoder.count_reader import CountReader
from danceit.retrieval.encoder.dataset import Part, Performance, performances_of
from danceit.retrieval.encoder.hearing import CODE
from tests.retrieval.conftest import ToyLibrary

CONFIG = EncoderConfig(counted=300)
HELD = (1, 4)
"""A waltz and a march that are not learned from."""


@pytest.fixture(scope="module")
def performances(toys: ToyLibrary) -> tuple[Performance, ...]:
    return performances_of(toys.clips, CONFIG, read_features=toys.read)


def learned(performances: tuple[Performance, ...], config: EncoderConfig = CONFIG) -> CountReader:
    reader = CountReader(config)
    parts = [Part(i, 0, p.n_frames) for i, p in enumerate(performances) if i not in HELD]
    reader.fit(performances, parts, mirror=True, rng=np.random.default_rng(0))
    return reader


def read(reader: CountReader, poses: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return reader(torch.from_numpy(np.ascontiguousarray(poses))).numpy()


@pytest.mark.parametrize("n_frames", [24, 40, 48])
def test_the_count_of_dances_never_seen_is_read(
    performances: tuple[Performance, ...], n_frames: int
) -> None:
    reader = learned(performances)
    for which in HELD:
        take = performances[which].takes[0]
        starts = np.arange(0, len(take.poses) - n_frames, 5)
        found = read(reader, take.poses[starts[:, None] + np.arange(n_frames)])
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
        codes = take.heard.codes_at(starts + take.first)
        beat = round(take.heard.beat_frames)
        later = take.heard.codes_at(starts + take.first + beat)
        own, other = (((found - code) ** 2).sum(axis=1) for code in (codes, later))
        assert np.mean(own < other) > 0.9


def test_left_and_right_do_not_matter_to_the_count(performances: tuple[Performance, ...]) -> None:
    reader = learned(performances)
    take = performances[HELD[0]].takes[0]
    poses = take.poses[None, 10:58]
    flipped = poses[:, :, list(MIRRORED)] * np.array([-1, 1, 1], np.float32)
    beat = round(take.heard.beat_frames)
    codes = take.heard.codes_at(take.first + np.array([10, 10 + beat]))
    near, far = ((read(reader, flipped) - codes) ** 2).sum(axis=1)
    assert near < far


def test_the_same_dances_give_the_same_reader(performances: tuple[Performance, ...]) -> None:
    once, again = learned(performances).state_dict(), learned(performances).state_dict()
    assert all(torch.equal(once[name], again[name]) for name in once)


def test_dances_without_counts_leave_it_as_it_was(
    performances: tuple[Performance, ...], toys: ToyLibrary
) -> None:
    silent = tuple(
        replace(p, takes=tuple(
            replace(take, heard=replace(take.heard, codes=np.zeros_like(take.heard.codes)))
            for take in p.takes
        ))
        for p in performances
    )  # fmt: skip
    reader = learned(silent)
    assert not reader.weights.any()
    found = read(reader, toys.clips[0].poses[None, :48])
    np.testing.assert_allclose(found, np.full((1, CODE), CODE**-0.5), atol=1e-6)


def test_fewer_poses_than_components_are_enough(performances: tuple[Performance, ...]) -> None:
    reader = CountReader(CONFIG)
    reader.fit(performances, [Part(0, 0, 24)], mirror=False, rng=np.random.default_rng(0))
    assert not reader.weights.any()  # one fragment tells nothing
    reader.fit(performances, [Part(0, 0, 40)], mirror=False, rng=np.random.default_rng(0))
    assert np.isfinite(read(reader, performances[0].takes[0].poses[None, :48])).all()


@pytest.mark.parametrize("counted", [20, 2000])
def test_few_features_and_few_examples_solve_the_same_ridge_regression(
    performances: tuple[Performance, ...], counted: int
) -> None:
    config = replace(CONFIG, counted=counted)
    reader = CountReader(config)
    parts = [Part(0, 0, 200), Part(3, 0, 200)]
    reader.fit(performances, parts, mirror=False, rng=np.random.default_rng(0))
    takes = [performances[part.performance].takes[0] for part in parts]
    starts = np.arange(0, 200 - 48 + 1, 6)
    poses = np.concatenate([take.poses[starts[:, None] + np.arange(48)] for take in takes])
    codes = np.concatenate([take.heard.codes_at(starts + take.first) for take in takes])
    with torch.inference_mode():
        features = reader._features(reader._looked_at(torch.from_numpy(poses))).double().numpy()
    # Independently: the minimum of |features w - codes|² + |w|², by least squares.
    wanted, *_ = np.linalg.lstsq(
        np.concatenate([features, np.eye(counted)]),
        np.concatenate([codes - codes.mean(axis=0), np.zeros((counted, CODE))]),
        rcond=None,
    )
    np.testing.assert_allclose(reader.weights[1].numpy(), wanted, atol=2e-4)
