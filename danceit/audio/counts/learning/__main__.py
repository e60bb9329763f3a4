"""``python -m danceit.audio.counts.learning make|train``: how the shipped weights came to be."""

import argparse
from pathlib import Path

from danceit.audio.counts.learning.material import make


def main() -> None:
    """Make songs, or train on them."""
    parser = argparse.ArgumentParser(prog="python -m danceit.audio.counts.learning")
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make", help="make songs to learn from")
    making.add_argument("folder", type=Path)
    making.add_argument("--songs", type=int, default=3000)
    making.add_argument("--first-seed", type=int, default=0)
    training = commands.add_parser("train", help="train on the songs of a folder")
    training.add_argument("folder", type=Path)
    training.add_argument("weights", type=Path)
    training.add_argument("--minutes", type=float, default=25.0)
    training.add_argument("--start", type=Path, help="weights to go on from")
    given = parser.parse_args()
    if given.command == "make":
        make(given.folder, given.first_seed, given.songs)
        return
    from danceit.audio.counts.learning.training import train

    train(given.folder, given.weights, given.minutes, given.start)


if __name__ == "__main__":
    main()
