"""The Lance engine keeps the contract, finds what the local one finds, and notices damage."""

import pytest

pytest.importorskip("lance", reason="Lance is not installed: pip install 'danceit[cluster]'")

from danceit.index.lance_store import LanceStore
from danceit.testing import StoreConformance


class TestLanceStore(StoreConformance):
    engine = LanceStore
