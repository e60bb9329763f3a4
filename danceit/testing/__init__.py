"""What authors of stores and encoders need for their tests; uses pytest (extra ``[dev]``).

`StoreConformance` checks an engine against the contract in `danceit.index.store.contract`::

    from danceit.testing import StoreConformance

    class TestMyStore(StoreConformance):
        engine = MyStore

`danceit.testing.stateful.StoreMachine` does so in any order, crashes included.
`FixedEmbedder` is an encoder without training, and `batch_of_dances` makes clips with
fragments and vectors; both are quick and the same on every machine.
"""

from danceit.testing.changing import ChangingConformance
from danceit.testing.material import (
    HOSTILE,
    NAMES,
    SPEC,
    FixedEmbedder,
    batch_of_dances,
    save_fixed_encoder,
)
from danceit.testing.reading import ReadingConformance

__all__ = [
    "StoreConformance",
    "FixedEmbedder",
    "batch_of_dances",
    "save_fixed_encoder",
    "SPEC",
    "NAMES",
    "HOSTILE",
]


class StoreConformance(ReadingConformance, ChangingConformance):
    """Tests that every engine passes; a subclass sets `engine`."""
