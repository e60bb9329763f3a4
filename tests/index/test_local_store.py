"""The local engine keeps the contract of every store."""

from danceit.index.local_store import LocalStore
from danceit.testing import StoreConformance


class TestLocalStore(StoreConformance):
    engine = LocalStore
