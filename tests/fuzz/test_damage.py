"""Every damaged input ends as success or one line, in bounded memory and time.

`DANCEIT_FUZZ_INPUTS` says how many (2 000; `make fuzz` 20 000), `DANCEIT_FUZZ_SEED` from which
seed on. A failure names its kind and seed; with that seed and one input it comes again.
"""

import os
import resource
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from danceit.data import Dance
from danceit.errors import DanceitError
from danceit.index.cleaning.cleaning import clean
from danceit.index.sources import scan
from tests.fuzz.kinds import KINDS, Kind
from tests.fuzz.mutation import mutated

N_INPUTS = int(os.environ.get("DANCEIT_FUZZ_INPUTS", "2000"))
SEED = int(os.environ.get("DANCEIT_FUZZ_SEED", "0"))
MEMORY = 2 << 30
"""Bytes that reading one small file may take beyond what the process has."""
LONGEST_S = 10.0
SHOWN = 5
"""Failures that are told with their tracebacks."""


class TooLong(BaseException):
    """Raised by the alarm; no reader catches it."""


@contextmanager
def bounded() -> Iterator[None]:
    """Limit the memory that may be asked for, and the time."""

    def ring(*_: Any) -> None:
        raise TooLong

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, hard))
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, LONGEST_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.parametrize("name", KINDS)
def test_damaged_inputs_are_read_or_refused_by_one_line(name: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    good = kind.write(tmp_path)
    files = sorted(tmp_path.glob(kind.damaged))
    whole = kind.read(good)
    kind.check(whole, whole)
    failures, refused = [], 0
    n_inputs = max(1, N_INPUTS // len(KINDS))
    for seed in range(SEED, SEED + n_inputs):
        problem = _problem(kind, good, files[seed % len(files)], whole, seed)
        if problem is None:
            refused += 1
        elif problem:
            failures.append(f"{name}, seed {seed}: {problem}")
    assert not failures, f"{len(failures)} of {n_inputs}:\n" + "\n".join(failures[:SHOWN])
    # Else nothing was damaged, or nobody looked.
    assert refused > n_inputs // 20 or n_inputs < 50


def _problem(kind: Kind, good: Path, file: Path, whole: Any, seed: int) -> str | None:
    """What is wrong with how one damaged input ended; None where it was refused, "" where read."""
    content = file.read_bytes()
    file.write_bytes(mutated(content, np.random.default_rng(seed)))
    try:
        with bounded():
            read = kind.read(good)
        kind.check(whole, read)
    except DanceitError as exc:
        line = str(exc)
        return None if line and "\n" not in line else f"not one line: {line!r}"
    except TooLong:
        return f"took over {LONGEST_S:.0f} s"
    except BaseException:
        return traceback.format_exc(limit=-4)
    finally:
        file.write_bytes(content)
    return ""


def test_public_files_that_gave_trouble_are_read_or_refused_by_one_line(real_data: Path) -> None:
    folder = real_data / "defects" / "public"
    recordings = [found for found in scan(folder).found if found.source != "video"]
    assert len(recordings) >= 10
    for found in recordings:
        problem = ""
        with bounded():
            try:
                clean(found.read())
            except DanceitError as exc:
                problem = str(exc)
        assert "\n" not in problem
    for path in sorted(folder.glob("*.dance.npz")):
        with bounded(), pytest.raises(DanceitError) as caught:
            Dance.load(path)
        assert "\n" not in str(caught.value)
