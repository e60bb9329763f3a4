"""Turns of a whole library: those of each movement, found out once."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from danceit.data import JOINT, Float32, Int64
from danceit.files import cache_dir
from danceit.index.building.build import build
from danceit.index.building.options import BuildOptions
from danceit.index.cleaning.turns import count_turns
from danceit.index.fragments import FragmentGrid
from danceit.index.sources.npz import write_recording
from danceit.index.store.contract import FragmentStore, Where
from danceit.index.store.engines import open_store
from danceit.retrieval.search import turning
from danceit.retrieval.search.columns import parsed
from danceit.retrieval.search.filtering import Filter
from danceit.retrieval.search.turning import turns_of
from danceit.testing.material import FixedEmbedder
from tests.index.conftest import dancing


def spinning(turns_a_second: float) -> Float32:
    """Six seconds of a dancer who turns about the vertical evenly."""
    poses = dancing(1, 144, 3)
    middle = poses[:, [JOINT["neck"]]]
    angle = 2 * np.pi * turns_a_second * np.arange(144) / 24
    x, z = (poses - middle)[..., 0], (poses - middle)[..., 2]
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    turned = np.stack([cos * x - sin * z, (poses - middle)[..., 1], sin * x + cos * z], axis=-1)
    return np.asarray(turned + middle, np.float32)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FragmentStore]:
    folder = tmp_path_factory.mktemp("turning")
    for name, pace in (("still", 0.0), ("once", 0.55), ("often", 1.1)):
        write_recording(folder / "data" / f"{name}.npz", spinning(pace), 24.0)
    grid = BuildOptions(grid=FragmentGrid((24, 48), stride=12))
    build(folder / "data", folder / "index", FixedEmbedder(), grid)
    with open_store(folder / "index", device="cpu") as opened:
        yield opened


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DANCEIT_CACHE", str(tmp_path))
    forget(monkeypatch)


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a new process does not know."""
    monkeypatch.setattr(turning, "_rows", {})
    monkeypatch.setattr(turning, "_all_turns", {})


def test_turns_are_those_of_each_movement(store: FragmentStore) -> None:
    for length, often in ((24, 1), (48, 2)):
        rows = store.matching(Where(n_frames=length))
        found = turns_of(store, rows)
        assert found.tolist() == [count_turns(poses) for poses in store.poses(rows)]
        assert found.max() == often
    mixed = store.matching(Where())[::-3]
    both = turns_of(store, mixed)
    assert both.tolist() == [
        count_turns(store.poses(mixed[i : i + 1])[0]) for i in range(len(mixed))
    ]


def test_movement_is_read_once_for_all_processes(
    store: FragmentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = store.matching(Where(n_frames=48))
    first = turns_of(store, rows)
    forget(monkeypatch)
    monkeypatch.setattr(turning, "count_all_turns", None)
    np.testing.assert_array_equal(turns_of(store, rows[::-1]), first[::-1])


def test_what_is_damaged_or_cannot_be_kept_is_found_out_again(
    store: FragmentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = store.matching(Where(n_frames=48))
    first = turns_of(store, rows)
    (entry,) = (cache_dir() / "turns").iterdir()
    content = bytearray(entry.read_bytes())
    content[-1] ^= 1
    entry.write_bytes(bytes(content))
    forget(monkeypatch)
    np.testing.assert_array_equal(turns_of(store, rows), first)
    entry.unlink()
    entry.parent.rmdir()
    entry.parent.write_text("no folder")
    forget(monkeypatch)
    np.testing.assert_array_equal(turns_of(store, rows), first)


def test_without_a_place_for_a_cache_turns_are_found_out_all_the_same(
    store: FragmentStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = store.matching(Where())
    known = turns_of(store, rows)
    (tmp_path / "file").touch()
    monkeypatch.setenv("DANCEIT_CACHE", str(tmp_path / "file" / "below"))
    monkeypatch.setattr(turning, "_all_turns", {})
    np.testing.assert_array_equal(turns_of(store, rows), known)


def test_where_neither_hips_nor_shoulders_are_seen_turns_are_not_known(
    store: FragmentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = store.matching(Where(n_frames=48))
    hidden = rows[::2]
    seen = store.poses

    def poses(asked: Int64) -> Float32:
        found = seen(asked).copy()
        trunk = [
            JOINT[f"{side}_{part}"] for side in ("left", "right") for part in ("hip", "shoulder")
        ]
        found[np.ix_(np.flatnonzero(np.isin(asked, hidden)), range(48), trunk)] = np.nan
        return found

    monkeypatch.setattr(store, "poses", poses)
    for _ in range(2):  # as they are found out, and as they were kept
        np.testing.assert_array_equal(np.isnan(turns_of(store, rows)), np.isin(rows, hidden))
        for text in ("turns < 1", "turns >= 1", "turns != 1"):
            assert not Filter(store, parsed(text)).holds(hidden).any()
        forget(monkeypatch)
