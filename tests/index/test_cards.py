"""On a card the answers are those of the processor; skipped where there is none."""

from pathlib import Path

import numpy as np
import pytest

from danceit.errors import DanceitError
from danceit.index.cards import count_cards
from danceit.index.local_store import LocalStore
from danceit.index.store import Where
from danceit.testing import NAMES, SPEC, batch_of_dances, save_fixed_encoder
from danceit.testing.material import random_queries


@pytest.fixture
def _card() -> None:
    try:
        count_cards("cuda")
    except DanceitError as exc:
        pytest.skip(str(exc))


@pytest.mark.usefixtures("_card")
@pytest.mark.parametrize("factory", ["Flat", "IVF2,Flat"])
def test_a_card_answers_as_the_processor_does(tmp_path: Path, factory: str) -> None:
    for device in ("cpu", "cuda"):
        with LocalStore.create(
            tmp_path / device, SPEC, save_fixed_encoder, device=device, factory=factory
        ) as store:
            store.add(batch_of_dances(NAMES))
            store.commit()
    for made_on in ("cpu", "cuda"):
        with (
            LocalStore.open(tmp_path / made_on, device="cpu") as cpu,
            LocalStore.open(tmp_path / made_on, device="cuda") as cuda,
        ):
            for where in (Where(), Where(n_frames=24), Where(style=("waltz",))):
                wanted = cpu.search(random_queries("pose"), 9, where=where)
                found = cuda.search(random_queries("pose"), 9, where=where)
                np.testing.assert_array_equal(found.rows, wanted.rows)
                np.testing.assert_allclose(found.distances, wanted.distances, atol=1e-4)


@pytest.mark.usefixtures("_card")
def test_more_neighbours_than_a_card_gives_are_found_all_the_same(tmp_path: Path) -> None:
    with LocalStore.create(tmp_path / "x", SPEC, save_fixed_encoder, device="cuda") as store:
        store.add(batch_of_dances([f"clip {number}" for number in range(600)]))
        store.commit()
        where = Where(n_frames=24)
        hits = store.search(random_queries("pose"), 2500, where=where)
        assert hits.rows.shape == (3, 2500)
