"""What is done to small Lance indexes."""

from pathlib import Path

from danceit.index.store.lance.store import LanceStore
from danceit.index.store.manifest import NAME, Manifest
from danceit.testing import batch_of_dances


def add(index: Path, name: str, seed: int = 1) -> None:
    with LanceStore.open(index) as store:
        store.add(batch_of_dances([name], seed=seed))
        store.commit()


def exchange(index: Path) -> None:
    with LanceStore.open(index) as store:
        store.delete(["a"])
        store.add(batch_of_dances([f"new {number}" for number in range(15)], seed=8))
        store.commit()


def files_of(index: Path) -> list[Path]:
    manifest = Manifest.read(index / NAME, "lance")
    return [index / manifest.generation / name for name in manifest.files]
