"""Every measure that a bench reports: its name, unit, direction, definition and source.

One table for terminal, Markdown and page, so that no figure appears without saying what
it is. `PUBLISHED` holds what papers report under the same names, each with the reason why
it may not be compared.
"""

from dataclasses import dataclass
from typing import Literal

Better = Literal["larger", "smaller", "near real", ""]


@dataclass(frozen=True)
class Measure:
    """How one measure is shown and explained.

    Attributes
    ----------
    key : str
        Name in `results.parquet`.
    label : str
        Column heading.
    unit : str
        "" for plain numbers, "%" for shares that are shown in per cent.
    better : str
        Direction, or "" where it has none.
    digits : int
        After the point, as shown.
    meaning : str
        Definition in a sentence, with its source.
    """

    key: str
    label: str
    unit: str
    better: Better
    digits: int
    meaning: str


@dataclass(frozen=True)
class Published:
    """A paper's own figure, `value` in the measure's unit, and why it is not comparable."""

    key: str
    value: float
    paper: str
    reservation: str


_S_BA = (
    "Share of music beats in whose window (half-way to the neighbouring beats) the frame of "
    "largest summed joint displacement is {}. DanceIt eq. 14, 17."
)
_KL = (
    "Symmetrised KL divergence, in nats, of the histogram of frame-to-frame {} ({}) "
    "from that of real dances. DanceIt eq. 18."
)
MEASURES = (
    Measure(
        "timing_kept", "timing kept", "", "larger", 3,
        "1 where every frame shows what was danced equally far from a beat of its own music: "
        "resultant length of the difference of both phases in the beat, over frames.",
    ),
    Measure(
        "timing_offset", "shown late", "beats", "", 2,
        "By how much the dancers' moments are shown too late, in beats; 0 is on theirs.",
    ),
    Measure(
        "timing_kept_bar", "kept in the bar", "", "larger", 3, "Timing kept, by phase in the bar.",
    ),
    Measure(
        "bar_lock", "bar lock", "", "near real", 3,
        "How strongly speed goes with the place in the bar: resultant length R of bar phases "
        "weighted by speed above the median.",
    ),
    Measure(
        "bar_lock_phase", "its peak", "beats", "near real", 2,
        "Beats after the 1 at which movement is largest.",
    ),
    Measure("seams_on_1", "seams on a 1", "%", "larger", 0, "Within 2 frames of a 1."),
    Measure(
        "steps_on_count", "steps on a count", "%", "near real", 1,
        "Share of foot plants (a foot coming to rest) within 2 frames of a beat.",
    ),
    Measure(
        "steps_on_count_chance", "by chance", "%", "", 1,
        "Share of all frames that lie within 2 frames of a beat.",
    ),
    Measure(
        "energy_follows", "energy", "", "near real", 2,
        "Correlation, over bars, of mean joint speed with the music's loudness.",
    ),
    Measure(
        "choreography_repeated", "moves return", "%", "larger", 0,
        "Share of the frames of sections that return that show what the first of their kind shows "
        "at the same count, within a quarter of a beat.",
    ),
    Measure("s_ba", "S_BA", "%", "larger", 1, _S_BA.format("the beat's own")),
    Measure("s_ba_1", "S_BA ±1", "%", "larger", 1, _S_BA.format("within 1 of the beat's")),
    Measure("s_ba_2", "S_BA ±2", "%", "larger", 1, _S_BA.format("within 2 of the beat's")),
    Measure(
        "kinematic_coverage", "coverage", "%", "near real", 1,
        "Kinematic beats (abrupt stops and turns) a music beat, B_k / B_m. Lee et al. eq. 1.",
    ),
    *(
        Measure(
            f"kinematic_hit_{k}", f"hit rate {k}", "%", "larger", 1,
            f"Share of kinematic beats within {k} frame{'s' * (k > 1)} of 15 fps "
            f"({k * 67} ms) of a music beat, B_a / B_k. Lee et al. eq. 2.",
        )
        for k in (1, 2, 3)
    ),
    Measure(
        "bas_fact", "BAS (FACT)", "", "larger", 3,
        "Mean over kinematic beats of exp(-d²/2s²), s = 50 ms, d to the nearest music beat; "
        "minima of summed joint speed over ±167 ms. Li et al. 2021.",
    ),
    Measure(
        "bas_bailando", "BAS (Bailando)", "", "larger", 3,
        "Mean over music beats of exp(-d²/2s²), s = 50 ms, d to the nearest minimum of smoothed "
        "speed. Surplus kinematic beats go unpunished: read with the counts. Siyao et al. 2022.",
    ),
    Measure("n_music_beats", "music beats", "", "", 0, "Music beats within the dance."),
    Measure("n_kinematic_fact", "beats (FACT)", "", "near real", 0, "Kinematic beats, FACT's."),
    Measure(
        "n_kinematic_bailando", "beats (Bailando)", "", "near real", 0,
        "Kinematic beats, Bailando's.",
    ),
    Measure("mdd_hands", "MDD-H", "", "smaller", 3, _KL.format("displacement", "hands")),
    Measure("mdd_feet", "MDD-F", "", "smaller", 3, _KL.format("displacement", "feet")),
    Measure("sdd_hands", "SDD-H", "", "smaller", 3, _KL.format("change of spacing", "hands")),
    Measure("sdd_feet", "SDD-F", "", "smaller", 3, _KL.format("change of spacing", "feet")),
    Measure(
        "moving_hands_0_20", "hands < 20 px", "%", "near real", 2,
        "Share of hand displacements under 20 px a frame. DanceIt V-D2.",
    ),
    Measure(
        "moving_feet_0_20", "feet < 20 px", "%", "near real", 2,
        "Share of foot displacements under 20 px a frame. DanceIt V-D2.",
    ),
    Measure("seams", "seams", "", "", 0, "Frames at which a new fragment starts."),
    Measure(
        "seam_px_mean", "seam", "px", "near real", 1,
        "Largest joint displacement at a seam, mean. Real dances: every 48th frame.",
    ),
    Measure("seam_px_p95", "seam p95", "px", "near real", 1, "The same, 95th percentile."),
    Measure("seam_px_max", "seam max", "px", "near real", 1, "The same, largest."),
    Measure(
        "seams_over_10px", "seams > 10 px", "%", "near real", 1,
        "Share of seams where a joint moves over 10 px. DanceIt IV-C.",
    ),
    Measure(
        "frames_over_10px", "frames > 10 px", "%", "near real", 1,
        "Share of all frames into which a joint moves over 10 px.",
    ),
    Measure(
        "warp_max", "warp max", "x", "smaller", 2,
        "Largest local stretch of time, 1 = untouched, from the source times of the frames.",
    ),
    Measure("warp_mean", "warp mean", "x", "smaller", 3, "Mean local stretch of time."),
    Measure(
        "warp_still", "still", "%", "smaller", 1,
        "Share of frames within a fragment that show the same moment as the one before.",
    ),
    *(
        Measure(
            f"gap_px_{n}", f"gap {n}", "px", "smaller", 2,
            f"Gap filling: {n} frames of a real dance hidden, mean joint error.",
        )
        for n in (4, 8, 12, 16, 24)
    ),
    Measure(
        "frames_per_s", "frames/s", "", "", 0, "Dance frames aligned a second, one core, warm."
    ),
    Measure(
        "pfc", "PFC", "", "near real", 3,
        "Physical foot contact, ankles for feet, 360 px = 1.5 m. EDGE, Tseng et al. 2023.",
    ),
    Measure(
        "foot_skate_cm", "foot skate", "cm/s", "near real", 2,
        "Horizontal slide of planted ankles. Zhang et al. 2018.",
    ),
    Measure(
        "pfc_picture", "PFC, flat", "", "near real", 3,
        "PFC of what the picture shows, depth taken for 0: pushes and slides across it only.",
    ),
    Measure(
        "skate_picture_cm", "skate, flat", "cm/s", "near real", 2,
        "Foot skate of what the picture shows, depth taken for 0.",
    ),
    Measure(
        "feet_off", "feet off", "%", "near real", 1,
        "Share of frames in which both feet are over 25 px above the floor for 0.3 s or longer.",
    ),
    Measure(
        "bone_change", "bones at seams", "%", "near real", 1,
        "How far the limb furthest off its own length is off, within 8 frames of a seam.",
    ),
    Measure(
        "fid_k", "FID_k", "", "smaller", 2,
        "Fréchet distance to real dances over 5 s windows; AIST++ kinetic features with the "
        "acceleration's bracket put right. Real dances: one half against the other.",
    ),
    Measure("diversity_k", "diversity", "", "near real", 2, "Mean distance of those windows."),
    *(
        measure
        for kind, features in (
            ("kinetic", "AIST++ kinetic features without depth."),
            ("geometric", "Poses after Müller et al. 2005, as far as a picture shows them."),
            ("graph", "Features of an ST-GCN that tells the library's styles apart (a ren's)."),
        )
        for measure in (
            Measure(
                f"fid_{kind}", f"FID, {kind}", "", "smaller", 2,
                "Fréchet distance to real dances over 5 s. Real dances: half against half. "
                + features,
            ),
            Measure(
                f"diversity_{kind}", f"diversity, {kind}", "", "near real", 2,
                "Mean distance of 5 s of different dances. " + features,
            ),
            Measure(
                f"multimodality_{kind}", f"multimodality, {kind}", "", "", 2,
                "Mean distance of several dances to one song; 0 where all are the same. "
                + features,
            ),
        )
    ),
    Measure(
        "bar_lock", "bar lock", "", "near real", 2,
        "How strongly movement goes with the bar, 0 to 1, by annotated counts.",
    ),
    Measure(
        "frozen", "frozen", "%", "near real", 2,
        "Share of frames into which no joint moves over 0.5 px.",
    ),
    Measure(
        "limb_excess", "limbs too long", "%", "near real", 2,
        "How far the worst limb exceeds the 95th percentile of its own length, mean over frames.",
    ),
    Measure(
        "s_per_minute", "s a minute", "s", "smaller", 2,
        "Processor time for a minute of dance, the song's features included where not cached.",
    ),
    Measure("million_parameters", "parameters", "M", "", 2, "Of the networks that are asked."),
    Measure("weights_mb", "weights", "MB", "smaller", 1, "Memory of these networks."),
    Measure(
        "cross_modal", "cross-modal", "", "near real", 3,
        "Distance of a dance to what was really danced to the most similar music, by a pose metric "
        "network (MMD-NCA) trained on the real dances. Ren et al. 6.3.2.",
    ),
    Measure("copied", "copied", "%", "", 1, "Share of the dance that the library repeats."),
    Measure(
        "recall_1", "R@1", "%", "larger", 1,
        "Share of windows whose own dance fragment is found first among all of unseen songs.",
    ),
    Measure("recall_5", "R@5", "%", "larger", 1, "The same, among the first 5."),
    Measure("recall_10", "R@10", "%", "larger", 1, "The same, among the first 10."),
    Measure(
        "median_rank", "median rank", "%", "smaller", 1,
        "Median rank of the true fragment over the number of candidates; chance is 50 %.",
    ),
    Measure(
        "style_5", "style @5", "%", "larger", 1,
        "Share of the first 5 found that are of the song's style, macro-averaged over styles.",
    ),
    Measure(
        "figure_5", "figure @5", "%", "larger", 1,
        "Share of windows for which one of the first 5 shows the annotated figure.",
    ),
    Measure(
        "beat_accuracy", "beat acc.", "", "larger", 3,
        "Share of unheard windows nearer to their own movement than to the same dance a beat later "
        "(or earlier, at its end); 0.5 is chance.",
    ),
    Measure(
        "accuracy", "correlation acc.", "", "larger", 3,
        "Correlation accuracy: matching pairs told from delayed ones. DanceIt V-C.",
    ),
    Measure(
        "train_distance", "train d", "", "smaller", 3, "Distance of matching pairs trained on."
    ),
    Measure("test_distance", "test d", "", "smaller", 3, "Distance of unseen matching pairs."),
)  # fmt: skip
BY_KEY = {measure.key: measure for measure in MEASURES}

_DANCEIT = "DanceIt (Guo et al. 2021), 4 s fragments"
_OTHER_DATA = "another dance collection, 2-D, another beat tracker"
PUBLISHED = (
    Published("s_ba", 0.788, "DanceIt (Guo et al. 2021)", _OTHER_DATA),
    Published("s_ba", 0.60, "Lee et al. 2019, as measured by DanceIt", _OTHER_DATA),
    Published("mdd_hands", 5.63, _DANCEIT, "other real dances, counts of other lengths"),
    Published("mdd_feet", 5.17, _DANCEIT, "other real dances, counts of other lengths"),
    Published("sdd_hands", 6.67, _DANCEIT, "other real dances, counts of other lengths"),
    Published("sdd_feet", 5.97, _DANCEIT, "other real dances, counts of other lengths"),
    Published("moving_hands_0_20", 0.9566, "DanceIt (Guo et al. 2021)", "other dances, 2-D"),
    Published(
        "accuracy", 0.83, "DanceIt (Guo et al. 2021)",
        "random 80/20 split of fragments: windows of one song lie on both sides",
    ),
    Published(
        "kinematic_coverage", 0.394, "Lee et al. 2019",
        "kinematic beats by an unpublished detector, other dances at 15 fps",
    ),
    Published(
        "kinematic_hit_1", 0.651, "Lee et al. 2019",
        "kinematic beats by an unpublished detector, tolerance not stated",
    ),
    Published("fid_graph", 12.8, "Lee et al. 2019", "a classifier's features, other dances"),
    Published("diversity_graph", 53.2, "Lee et al. 2019", "a classifier's features"),
    Published("multimodality_graph", 47.8, "Lee et al. 2019", "a classifier's features"),
    Published("fid_graph", 3.80, "Ren et al. 2020", "ST-GCN's features, other dances"),
    Published("diversity_graph", 25.63, "Ren et al. 2020", "ST-GCN's features"),
    Published("cross_modal", 0.046, "Ren et al. 2020", "their own metric network and dances"),
    Published("fid_k", 3.80, "Ren et al. 2020", "another feature extractor, other dances"),
    Published("diversity_k", 25.63, "Ren et al. 2020", "another feature extractor, other dances"),
)  # fmt: skip


def shown(key: str, value: float, *, signed: bool = False) -> str:
    """Format a value as its measure asks; a dash for what was not measured."""
    if value != value:
        return "\N{EN DASH}"
    measure = BY_KEY[key]
    sign = "+" if signed else ""
    if measure.unit == "%":
        return f"{100 * value:{sign}.{measure.digits}f}"
    return f"{value:{sign},.{measure.digits}f}"
