"""Dancing a score: which moves, how large, and the life between them.

Phrases repeat moves the way dances do: A, A mirrored, B, C; verses draw from the small
moves of the style's vocabulary, choruses from the large ones.
"""

import numpy as np

from danceit.data import Float32, Float64
from danceit.index.synthetic.body import Build, Motion, joints
from danceit.index.synthetic.choreography import Choreography, Cue
from danceit.index.synthetic.moves import BARS_PER_MOVE, VOCABULARIES, Move, Vocabulary
from danceit.index.synthetic.score import BARS_PER_PHRASE, Score

FPS = 30.0
"""Not the engine's 24, so that reading the library exercises resampling."""


def dance(score: Score, build: Build, rng: np.random.Generator) -> tuple[Float32, Float64]:
    """Dance a score.

    Returns
    -------
    poses : float32 (T, 18, 3)
        Metres; x right, y down, z away.
    times_s : float64 (T,)
        30 frames a second from 0.
    """
    vocabulary = VOCABULARIES[score.style]
    floor = Choreography(build, vocabulary.flow)
    _ready(floor, score)
    for number, (move, side) in enumerate(_plan(score, vocabulary, rng)):
        bar = number * BARS_PER_MOVE
        size = float(np.clip(score.energy(bar) * rng.normal(1.0, 0.06), 0.4, 1.1))
        if score.style != "waltz":
            floor.facing = 2 * np.pi * round(floor.facing / (2 * np.pi)) + float(rng.normal(0, 0.2))
        # Drift is taken back a little at a time, by where the next steps land.
        floor.centre -= np.clip(0.4 * floor.centre, -0.08, 0.08)
        move(Cue(floor, float(bar * score.beats_per_bar), side, size))
    times_s = np.arange(int(np.floor(score.seconds * FPS + 1e-9)), dtype=np.float64) / FPS
    beats = (times_s - score.start_s) * score.tempo_bpm / 60.0
    return joints(build, _alive(floor.motion(beats), times_s, rng)), times_s


def _ready(floor: Choreography, score: Score) -> None:
    """Stand before the first beat."""
    cue = Cue(floor, -2.0 * score.beats_per_bar, 1, 1.0)
    cue.hips(0)
    cue.drop(0, 0.02)
    cue.heels(0, 0.0)
    cue.torso(0)
    cue.chest(0)
    cue.head(0)
    cue.arms(0, "rest", "rest")


def _plan(score: Score, vocabulary: Vocabulary, rng: np.random.Generator) -> list[tuple[Move, int]]:
    """Choose moves and leading sides to the end of the song: A, A mirrored, B, C in each phrase."""
    plan: list[tuple[Move, int]] = []
    for phrase in range(score.n_phrases):
        loud = score.energy(phrase * BARS_PER_PHRASE) > 0.8
        moves = vocabulary.large if loud else vocabulary.small
        first, second = (moves[i] for i in rng.permutation(len(moves))[:2])
        ending = vocabulary.ending[int(rng.integers(len(vocabulary.ending)))]
        side = 1 if rng.random() < 0.5 else -1
        # A waltz goes on turning the same way: two turning boxes close the square.
        again = side if score.style == "waltz" else -side
        plan += [(first, side), (first, again), (second, side), (ending, again)]
    return plan


def _alive(motion: Motion, times_s: Float64, rng: np.random.Generator) -> Motion:
    """Add the sway and breath that keep a person from ever standing still."""

    def drift(scale: float, n_values: int) -> Float64:
        hz = rng.uniform(0.12, 0.45, size=(3, n_values))
        phase = rng.uniform(0, 2 * np.pi, size=(3, n_values))
        waves = np.sin(2 * np.pi * hz * times_s[:, None, None] + phase)
        return np.asarray(scale * waves.sum(axis=1), dtype=np.float64)

    return Motion(
        hips=motion.hips + drift(0.003, 2),
        drop=motion.drop + drift(0.001, 1)[:, 0],
        torso=motion.torso + drift(0.008, 3),
        chest=motion.chest + drift(0.012, 3),
        head=motion.head + drift(0.02, 3),
        ankles=motion.ankles,
        toes=motion.toes,
        arms=motion.arms + drift(0.012, 12).reshape(-1, 2, 2, 3).transpose(1, 0, 2, 3),
    )
