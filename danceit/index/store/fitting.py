"""Whether a batch fits the store it is to enter; the same for every engine."""

from collections.abc import Collection, Mapping, Set

import numpy as np

from danceit.errors import InputError
from danceit.index.store.batch import FragmentBatch
from danceit.index.store.contract import StoreSpec


def check_fits(
    batch: FragmentBatch, spec: StoreSpec, widths: Mapping[str, int], added: Collection[str]
) -> None:
    """Check a batch against a store.

    Parameters
    ----------
    batch : FragmentBatch
    spec : StoreSpec
    widths : mapping of str to int
        D and A of the store; 0 where it never had a fragment.
    added : collection of str
        Clips that were added in this transaction already.

    Raises
    ------
    InputError
        If vectors, lengths or poses are others, or a clip is there twice.
    """
    check_widths(batch.pose_vectors.shape[1], batch.audio_vectors.shape[1], widths)
    lengths = set(np.unique(batch.n_frames).tolist()) - set(spec.lengths)
    if lengths:
        raise InputError(f"fragments must have {list(spec.lengths)} frames; got {sorted(lengths)}")
    check_new([entry.clip.clip_id for entry in batch.clips], added)
    for entry in batch.clips:
        if entry.clip.dims != spec.dims:
            raise InputError(
                f"clip {entry.clip.clip_id} is {entry.clip.dims}-D, the index"
                f" {spec.dims}-D: they cannot be mixed; `dims=2` projects"
            )


def check_widths(pose: int, audio: int, widths: Mapping[str, int]) -> None:
    """Check the dimensions of vectors; see `check_fits`."""
    for by, width in {"pose": pose, "audio": audio}.items():
        if widths[by] not in (0, width):
            raise InputError(
                f"{by} vectors must have {widths[by]} dimensions; got {width}: another encoder?"
            )


def check_new(clip_ids: Collection[str], added: Collection[str]) -> None:
    """Check that no clip is added twice in one transaction; see `check_fits`."""
    seen = set(added)
    for clip_id in clip_ids:
        if clip_id in seen:
            raise InputError(f"clip {clip_id} was added twice in one transaction")
        seen.add(clip_id)


def check_not_added(clip_ids: Set[str], added: Set[str]) -> None:
    """Check that no clip is to go that came in the same transaction.

    Raises
    ------
    InputError
        If one is.
    """
    if both := sorted(clip_ids & added):
        raise InputError(f"clip {both[0]} was added in the same transaction; commit first")
