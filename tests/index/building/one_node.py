"""Give a Ray cluster of one node something to choke on; run by `test_cluster`.

Usage: python -m tests.index.building.one_node deadly|bucket DATA INDEX ENGINE

Prints one line of JSON. As in `two_nodes`, Ray has a process and, where one can be made, a
network of its own.
"""

import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danceit.data import Float32
from danceit.errors import InputError
from danceit.index.building.build import add, build
from danceit.index.building.cluster import ray_workers
from danceit.index.building.options import BuildOptions
from danceit.index.fragments import FragmentGrid
from danceit.testing import FixedEmbedder
from tests.index.s3_server import s3_server

DEADLY = 9
"""A recording of so many fragments kills its process."""


@dataclass(frozen=True)
class Deadly(FixedEmbedder):
    """Does what a codec does that meets the wrong file."""

    dims: int = 2

    def embed_poses(self, poses: Float32) -> Float32:
        if len(poses) == DEADLY:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().embed_poses(poses)


def deadly(data: Path, index: Path, engine: str) -> dict[str, Any]:
    """Build with a recording that kills whoever reads it."""
    options = BuildOptions(grid=FragmentGrid((24,)), engine=engine)
    with ray_workers("local") as workers:
        report = build(data, index, Deadly(), options, workers=workers)
    failed = {failure.recording_id: failure.reason for failure in report.failed}
    return {"added": len(report.added), "failed": failed}


def bucket(data: Path, index: Path, engine: str) -> dict[str, Any]:
    """Add dances from a bucket twice, then with an object that cannot be read."""
    embedder = FixedEmbedder(dims=2)
    with s3_server(data.parent) as server:
        os.environ |= {
            "AWS_ENDPOINT_URL": server.address,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_EC2_METADATA_DISABLED": "true",
            "DANCEIT_CACHE": str(index.with_name("cache")),
        }
        address = Path(f"s3://{data.name}")
        with ray_workers("local") as workers:
            first = add(address, index, embedder, workers=workers)
            n_fetched = len(set(server.fetched))
            server.fetched.clear()
            again = add(address, index, embedder, workers=workers)
            problem, n_again = "", len(server.fetched)
            touched = sorted(data.glob("*.npz"))[-1]
            os.utime(touched, (1, 1))
            server.failing[touched.name] = 403
            try:
                add(address, index, embedder, workers=workers)
            except InputError as exc:
                problem = str(exc)
    return {
        "added": len(first.added),
        "failed": [failure.recording_id for failure in first.failed],
        "fetched": n_fetched,
        "unchanged": len(again.unchanged),
        "fetched_again": n_again,
        "problem": problem,
    }


if __name__ == "__main__":
    what, folder, out, kind = sys.argv[1:]
    print(json.dumps({"deadly": deadly, "bucket": bucket}[what](Path(folder), Path(out), kind)))
