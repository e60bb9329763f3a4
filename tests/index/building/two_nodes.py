"""Build an index on two Ray nodes of this machine and kill one of them; run by `test_cluster`.

Usage: python -m tests.index.building.two_nodes DATA INDEX ENGINE SURVIVE|PREPARING|WRITING

The last word says in which of the two passes a node is killed, if at all.

Prints one line of JSON. It runs in a process of its own, where one can be made in a
network of its own, because Ray listens on ports and trusts whoever reaches them.
"""

import json
import os
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danceit.data import Float32
from danceit.index.building import cluster as cluster_module
from danceit.index.building.build import build
from danceit.index.building.cluster import ray_workers
from danceit.index.building.options import BuildOptions
from danceit.index.building.withdrawn import WORK
from danceit.index.store.contract import PartWriter
from danceit.testing import FixedEmbedder

KILLED_AFTER = 3
"""Recordings that are done when the node is killed."""
write_group = cluster_module._write_group


@dataclass(frozen=True)
class SlowEmbedder(FixedEmbedder):
    """Takes its time, so that a node is killed in the middle, and says where it ran."""

    dims: int = 2

    def embed_poses(self, poses: Float32) -> Float32:
        time.sleep(0.15)
        if os.environ["DANCEIT_TEST_FATE"] != "WRITING":
            note_node()
        return super().embed_poses(poses)


def slow_write(row: dict[str, Any], write: PartWriter) -> dict[str, Any]:
    """Write a group, die late: the files are there before the answer is."""
    written = write_group(row, write)
    note_node()
    time.sleep(0.3)
    return written


def note_node() -> None:
    """Write down on which node this runs."""
    import ray

    with Path(os.environ["DANCEIT_TEST_LOG"]).open("a") as stream:
        stream.write(f"{ray.get_runtime_context().get_node_id()}\n")


def main(data: Path, index: Path, engine: str, fate: str) -> dict[str, Any]:
    """Build with two nodes of one processor each; return what happened."""
    from ray.cluster_utils import Cluster

    common = {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False}
    log = index.with_suffix(".log")
    log.touch()
    os.environ |= {"DANCEIT_TEST_LOG": str(log), "DANCEIT_TEST_FATE": fate}
    if fate == "WRITING":
        cluster_module._GROUP_BYTES = 1
        cluster_module._write_group = slow_write
    cluster = Cluster(
        initialize_head=True, head_node_args={**common, "node_ip_address": "127.0.0.1"}
    )
    try:
        second = cluster.add_node(**common, node_ip_address="127.0.0.1")
        killed_at: list[int] = []

        def done() -> int:
            if fate == "WRITING":
                return len(list(index.glob("generation-*/fragments.lance/data/*.lance")))
            return len(list((index / WORK).glob("*.npz")))

        def kill() -> None:
            # Not before the second node is seen at work.
            while done() < KILLED_AFTER or len(set(log.read_text().split())) < 2:
                time.sleep(0.02)
            killed_at.append(done())
            cluster.remove_node(second, allow_graceful=False)

        killer = threading.Thread(target=kill, daemon=True)
        if fate != "SURVIVE":
            killer.start()
        with ray_workers(cluster.address) as workers:
            report = build(
                data, index, SlowEmbedder(), BuildOptions(engine=engine), workers=workers
            )
        if fate != "SURVIVE":
            killer.join(60)
        return {
            "added": len(report.added),
            "failed": [failure.recording_id for failure in report.failed],
            "nodes": len(set(log.read_text().split())),
            "killed_at": killed_at,
        }
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    folder, out, engine, fate = sys.argv[1:]
    print(json.dumps(main(Path(folder), Path(out), engine, fate)))
