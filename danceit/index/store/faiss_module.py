"""The import of FAISS, in one place, because how it is imported matters."""

import os
from typing import Any

from danceit.errors import MissingDependencyError


def load_faiss() -> Any:
    """Import FAISS.

    Raises
    ------
    MissingDependencyError
        If it is not installed, or its GPU build lacks the CUDA libraries.
    """
    # Threads that spin while they wait made two threads three times slower than one on a
    # busy machine. It must be set before the first import.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        import faiss
    except (ImportError, RuntimeError, OSError) as exc:
        reason = (str(exc).splitlines() or [type(exc).__name__])[0]
        raise MissingDependencyError(
            f"FAISS cannot be loaded ({reason}); install it with: pip install 'danceit[cpu]'"
        ) from exc
    return faiss
