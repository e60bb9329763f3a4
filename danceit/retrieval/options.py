"""How a dance is chosen: the options of a query, checked once."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from danceit.data import BODIES, FPS, FRAGMENT_LENGTHS
from danceit.errors import InputError
from danceit.plugins import unknown_name

SOLVERS = ("viterbi", "greedy")
FACINGS = ("audience", "continue")
STRUCTURES = ("repeat", "mirror", "free")
SHOWN = (*BODIES, "any")
VARIETY: Mapping[str, Mapping[str, float]] = {
    "little": {"reuse": 0.0, "repetition": 1.0, "memory": 8},
    "some": {},
    "much": {"reuse": 3.0, "repetition": 6.0, "memory": 32},
}
"""What coming back to a move costs, in a word."""
USUAL_VARIETY = "some"
"""Of `QueryOptions` as they are."""


@dataclass(frozen=True)
class QueryOptions:
    """How a dance is chosen. All weights are at least 0.

    Attributes
    ----------
    length_s : float
        Fragment length: 1, 2, 3 or 4 s.
    k : int
        Candidates a window. More give longer takes and fewer repeats for a little less
        likeness to the music (docs/retrieval.md).
    seed : int
        0 gives the cheapest dance; every other seed its own variation of it.
    solver : str
        ``viterbi`` (cheapest path over the whole song) or ``greedy``.
    audio_weight : float
        Share, 0 to 1, of the audio-to-audio distance in the target cost.
    join_weight : float
        Cost of 1 px of root mean square disagreement at a seam (pose, and velocity x `velocity_s`).
    velocity_s : float
        Seconds by which velocities are weighed against positions at a seam.
    tempo_weight : float
        Cost of a fragment that is an octave off the song's tempo (half or double
        tempo counts as on it).
    rhythm_weight : float
        Cost of a fragment whose accents lie half-way between the beats.
    repetition : float
        Cost of using a fragment again within `memory` windows.
    memory : int
        Windows.
    reuse : float
        Cost of using a fragment again at all, for each time it was used before in the song.
    bonus : float
        Taken off the cost of a seam where the source simply goes on.
    style_change : float
        Cost of a seam between two different styles.
    style, dancer, licence : str
        Only fragments of these; empty for all.
    where : str
        Only fragments that satisfy this expression (`danceit.retrieval.search.expression`);
        empty for all.
    body : str
        ``whole`` or ``upper`` bodies only; ``any``: whole ones where there are.
    upper_weight, body_change : float
        Cost of a fragment that shows an upper body alone, and of a seam between the two.
    sure_weight : float
        Cost of a fragment of whose poses the source is not sure at all.
    headless_weight, walking_weight : float
        Cost of a fragment whose head is never in the picture, and of one that is a mere walk.
    same_shot : float
        Cost of a seam between two places of one video: its footage would jump there.
    facing : str
        ``audience``: what following on turns a dancer away is turned back; ``continue``: not.
    structure : str
        ``repeat``: parts of a song that sound alike are danced alike; ``mirror``: the same,
        every second time to the other side; ``free``: neither.
    number_weight : float
        Cost of a fragment that starts on another count of the bar than its window.
    metre_weight : float
        Cost of a fragment danced in another metre: so high that it is taken only where
        nothing else is there.
    energy_weight : float
        Cost of the least energetic fragment in the loudest window.
    facing_weight : float
        Cost of a seam at which a dancer would have to turn round.
    eight_weight : float
        Cost of a seam inside an eight.
    """

    length_s: float = 2.0
    k: int = 30
    seed: int = 0
    solver: str = "viterbi"
    audio_weight: float = 0.5
    join_weight: float = 0.03
    velocity_s: float = 0.1
    tempo_weight: float = 1.0
    rhythm_weight: float = 1.0
    repetition: float = 3.0
    memory: int = 16
    reuse: float = 1.0
    bonus: float = 0.5
    style_change: float = 1.0
    style: str = ""
    dancer: str = ""
    licence: str = ""
    where: str = ""
    body: str = "any"
    upper_weight: float = 1.0
    body_change: float = 2.0
    sure_weight: float = 0.5
    headless_weight: float = 20.0
    walking_weight: float = 12.0
    same_shot: float = 3.0
    facing: str = "audience"
    structure: str = "repeat"
    number_weight: float = 1.0
    metre_weight: float = 6.0
    energy_weight: float = 0.5
    facing_weight: float = 1.5
    eight_weight: float = 0.3

    def __post_init__(self) -> None:
        if not math.isfinite(self.length_s * FPS) or self.n_frames not in FRAGMENT_LENGTHS:
            lengths = ", ".join(f"{frames / FPS:g}" for frames in FRAGMENT_LENGTHS)
            raise InputError(f"`length_s` must be one of {lengths} s; got {self.length_s:g}")
        if self.k < 1:
            raise InputError(f"`k` must be at least 1; got {self.k}")
        if self.seed < 0:
            raise InputError(f"`seed` must be 0 or more; got {self.seed}")
        if self.solver not in SOLVERS:
            raise InputError(f"unknown solver '{self.solver}'; known: {', '.join(SOLVERS)}")
        named = (("facing", FACINGS), ("structure", STRUCTURES), ("body", SHOWN))
        for name, known in named:
            if getattr(self, name) not in known:
                raise InputError(unknown_name(name, getattr(self, name), list(known)))
        if self.where:
            from danceit.retrieval.search.columns import parsed

            parsed(self.where)
        if not 0 <= self.audio_weight <= 1:
            raise InputError(f"`audio_weight` must be between 0 and 1; got {self.audio_weight:g}")
        for name in (
            "join_weight",
            "velocity_s",
            "tempo_weight",
            "rhythm_weight",
            "repetition",
            "memory",
            "reuse",
            "bonus",
            "style_change",
            "number_weight",
            "metre_weight",
            "energy_weight",
            "facing_weight",
            "eight_weight",
            "upper_weight",
            "body_change",
            "sure_weight",
            "headless_weight",
            "walking_weight",
            "same_shot",
        ):
            if not 0 <= getattr(self, name) < math.inf:
                raise InputError(
                    f"`{name}` must be at least 0 and finite; got {getattr(self, name):g}"
                )

    @property
    def n_frames(self) -> int:
        """L, frames of a fragment."""
        return round(self.length_s * FPS)
