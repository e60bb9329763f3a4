"""How an encoder does on the songs that its own training held out, beside the baselines.

The table that `danceit train` prints at its end. Those songs decided when training
stopped, which flatters it a little; `danceit bench retrieval` asks with songs that
decided nothing.
"""

from collections.abc import Sequence

import numpy as np

from danceit.bench.retrieval.evaluation import DEFAULT_AUDIO_WEIGHT, QUERY_FRAMES, Answer, combined
from danceit.bench.retrieval.fold import Fold
from danceit.data import Clip
from danceit.retrieval.encoder.dataset import performances_of
from danceit.retrieval.encoder.training import TrainingReport


def held_out_table(clips: Sequence[Clip], trained: TrainingReport, *, seed: int = 0) -> str:
    """Ranks, style precision and DanceIt's Table III row on the held-out songs, as text.

    Parameters
    ----------
    clips : sequence of Clip
        Those that were trained on.
    trained : TrainingReport
    seed : int
        Of the bootstrap and of ties.

    Returns
    -------
    str
        Empty where the split was not by song, so that no song was unheard, and where no dance to
        those songs, or to the others, is as long as a question (`QUERY_FRAMES`).
    """
    held, heard = set(trained.validation_songs), set(trained.training_songs)
    if held & heard or not held or not heard:
        return ""
    performances = performances_of(clips, trained.encoder.config, tempi=())
    known = [item for item in performances if item.recording_id in heard]
    asking = [item for item in performances if item.recording_id in held]
    if min(max(item.n_frames for item in side) for side in (known, asking)) < QUERY_FRAMES:
        return ""
    fold = Fold.of(known, asking, trained.encoder, QUERY_FRAMES)
    ties = np.random.default_rng(seed)
    answer = Answer.of(fold, DEFAULT_AUDIO_WEIGHT, ties, trained.best_step)
    return combined([answer], QUERY_FRAMES).table(seed=seed)
