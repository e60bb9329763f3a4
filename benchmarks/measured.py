"""What the benchmarks of drawing measure alike."""

import resource
import time
from collections.abc import Callable


def timed(label: str, n_frames: int, work: Callable[[], object]) -> None:
    """Print frames a second, and milliseconds of processor a frame, threads and all."""
    wall, processor = time.perf_counter(), _processor_s()
    work()
    wall, processor = time.perf_counter() - wall, _processor_s() - processor
    per_frame = 1000 * processor / n_frames
    print(f"{label:<28}{n_frames / wall:8.0f} frames/s   {per_frame:6.2f} ms of processor a frame")


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
