"""A process that extracts one video: ``python -m danceit.index.poses.footage.worker``.

The job comes as JSON on standard input, answers go out as lines of JSON. Native libraries
write what they like to both standard streams: the answers therefore take a copy of
standard output made before any library is loaded.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Do the job on standard input; exit with 0 unless something unforeseen happens."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    job = json.loads(sys.stdin.readline())

    def answer(**fields: Any) -> None:
        answers.write(json.dumps(fields) + "\n")

    from danceit.errors import DanceitError
    from danceit.index.poses.estimators import make_estimator
    from danceit.index.poses.footage.extraction import extract

    path = Path(job["path"])
    try:
        extract(
            path,
            make_estimator(job["estimator"]),
            Path(job["folder"]),
            told=lambda done, total, what="": answer(done=done),
        )
    except DanceitError as exc:
        text = str(exc)
        answer(failed=text if str(path) in text else f"{path}: {text}")
    except OSError as exc:
        answer(failed=f"{path}: its poses cannot be kept in {job['folder']}: {exc.strerror}")
    else:
        answer(finished=True)


if __name__ == "__main__":
    try:
        main()
    except (KeyboardInterrupt, BrokenPipeError):
        # The one who asked has gone; what is whole is kept.
        os._exit(1)
