"""Which class each song is of, for what is trained as a classifier: its style, or its sound."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from danceit.data import Clip, Float32

MOST_CLUSTERS = 5
"""Kinds of music that are told apart where no styles are known."""


def labels_of(
    clips: Sequence[Clip], songs: Mapping[Path, Float32], seed: int
) -> tuple[dict[Path, int], tuple[str, ...], str]:
    """Class of each song, the classes' names, and what the user should know.

    The library's styles where there are two or more; else k-means of the songs' features.

    Parameters
    ----------
    songs : mapping of path to features (S, F), standardised
    """
    styles = {clip.audio_path: clip.style for clip in clips if clip.audio_path is not None}
    names = sorted(set(styles.values()))
    if len(names) >= 2 and "" not in names:
        return {path: names.index(style) for path, style in styles.items()}, tuple(names), ""
    from scipy.cluster.vq import kmeans2

    rows = np.array([np.concatenate([f.mean(axis=0), f.std(axis=0)]) for f in songs.values()])
    count = min(MOST_CLUSTERS, max(2, len(rows) // 3))
    rng = np.random.default_rng(seed)
    _, owner = kmeans2(rows.astype(np.float64), count, minit="++", seed=rng)
    if names in ([], [""]):
        why = "no styles are known"
    elif "" in names:
        why = f"the style of some songs is not known (others: {', '.join(names[1:])})"
    else:
        why = f"all songs are of one style ({names[0]})"
    note = f"{why}: music is told apart by k-means of its features into {count} kinds"
    classes = tuple(f"kind {number + 1}" for number in range(count))
    return {path: int(k) for path, k in zip(songs, owner, strict=True)}, classes, note
