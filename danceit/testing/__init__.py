"""What authors of plug-ins need for their tests; uses pytest (extra ``[dev]``).

A suite checks what every plug-in of its kind keeps; a subclass names the plug-in and, for a
source, writes a recording. `StoreConformance` checks an engine against the contract in
`danceit.index.store.contract`, `AlignerConformance` an aligner, `RendererConformance` a
renderer, `SourceConformance` a reader of recordings::

    from danceit.testing import StoreConformance

    class TestMyStore(StoreConformance):
        engine = MyStore

    class TestMyAligner(AlignerConformance):
        aligner = MyAligner

`danceit.testing.stateful.StoreMachine` does so in any order, crashes included.
`FixedEmbedder` is an encoder without training, and `batch_of_dances` makes clips with
fragments and vectors; both are quick and the same on every machine.

The suites are in `changing` and `reading` (stores), `aligners`, `renderers` and `sources`; what
they work on is in `material` and `dances`.
"""

from danceit.testing.aligners import AlignerConformance
from danceit.testing.changing import ChangingConformance
from danceit.testing.dances import made_dance, made_music
from danceit.testing.material import (
    HOSTILE,
    NAMES,
    SPEC,
    FixedEmbedder,
    batch_of_dances,
    save_fixed_encoder,
)
from danceit.testing.reading import ReadingConformance
from danceit.testing.renderers import RendererConformance
from danceit.testing.sources import SourceConformance

__all__ = [
    "StoreConformance",
    "AlignerConformance",
    "RendererConformance",
    "SourceConformance",
    "made_dance",
    "made_music",
    "FixedEmbedder",
    "batch_of_dances",
    "save_fixed_encoder",
    "SPEC",
    "NAMES",
    "HOSTILE",
]


class StoreConformance(ReadingConformance, ChangingConformance):
    """Tests that every engine passes; a subclass sets `engine`."""
