"""The toy library of the encoder's tests serves here too."""

from tests.retrieval.conftest import _one_thread, toys

__all__ = ["_one_thread", "toys"]
