"""Recordings and dancers taken out of an index for good.

A dancer who withdraws must not come back with the next build, so the names are kept
beside the index, whatever engine holds it.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from danceit.errors import IndexStateError
from danceit.files import replacing

WORK = ".work"
"""Folder within the index for work not yet published; hidden, so that no scan finds it."""
_NAME = "withdrawn.json"


@dataclass(frozen=True)
class Withdrawn:
    """Recording ids and dancers that a build leaves out."""

    recordings: frozenset[str] = frozenset()
    dancers: frozenset[str] = frozenset()

    @classmethod
    def read(cls, index: Path) -> Self:
        """Read the names kept at an index; none where there is no file.

        Raises
        ------
        IndexStateError
            If the file is damaged: guessing would bring somebody back.
        """
        path = Path(index) / _NAME
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            names = {key: frozenset(map(str, stored[key])) for key in ("recordings", "dancers")}
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise IndexStateError(
                f"{path} is damaged, so who withdrew is not known; correct or delete it ({exc})"
            ) from exc
        return cls(**names)

    def write(self, index: Path) -> None:
        """Keep the names at an index."""
        names = {"recordings": sorted(self.recordings), "dancers": sorted(self.dancers)}
        with replacing(Path(index) / _NAME) as temporary:
            temporary.write_text(json.dumps(names, indent=1) + "\n", encoding="utf-8")
