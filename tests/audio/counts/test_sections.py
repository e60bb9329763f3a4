from dataclasses import replace

import mir_eval
import numpy as np

from danceit.audio import RATE, Sound
from danceit.audio.counts.sections import _Diagonals, _name, sections
from danceit.counts import Counts
from tests.audio.counts.made_songs import song_of

MADE = (("AABA", "waltz"), ("AABB", "hip-hop"), ("ABABCB", "disco"), ("AABA", "disco"))


def test_the_parts_of_songs_are_found() -> None:
    scores = []
    for form, style in MADE:
        sound, counts = song_of(form, style, 11)
        found = sections(sound, counts)
        edges_s = np.arange(len(form) + 1) * 8 * counts.metre * 60.0 / counts.tempo_bpm
        truth = np.column_stack([edges_s[:-1], edges_s[1:]])
        spans = np.array([(part.start_s, part.end_s) for part in found])
        labels = [part.label for part in found]
        spans, labels = mir_eval.util.adjust_intervals(spans, labels, t_min=0, t_max=edges_s[-1])
        bounds = mir_eval.segment.detection(truth, spans, window=0.5, trim=True)
        pairs = mir_eval.segment.pairwise(truth, list(form), spans, labels)
        scores.append((bounds[2], pairs[2]))
    # Equal parts side by side can be heard as one of twice the length.
    assert np.mean(scores, axis=0)[0] >= 0.75
    assert np.mean(scores, axis=0)[1] >= 0.95


def test_parts_begin_on_bars_and_leave_no_gap() -> None:
    sound, counts = song_of("ABABCB", "disco", 11)
    found = sections(sound, counts)
    downbeats_s = np.round(counts.downbeats_s, 6)
    assert {round(part.start_s, 6) for part in found} <= set(downbeats_s.tolist())
    assert [part.end_s for part in found[:-1]] == [part.start_s for part in found[1:]]
    assert found[0].start_s == 0.0
    assert found[0].label == "A"
    assert all(0.0 <= part.confidence <= 1.0 for part in found)


def test_parts_do_not_depend_on_loudness() -> None:
    sound, counts = song_of("AABA", "disco", 11)
    quiet = Sound(sound.samples * np.float32(0.05), RATE)
    assert [(part.start_s, part.label) for part in sections(quiet, counts)] == [
        (part.start_s, part.label) for part in sections(sound, counts)
    ]


def test_without_bars_four_beats_stand_for_one() -> None:
    sound, counts = song_of("AABA", "disco", 11)
    bare = Counts.of_beats(counts.beats_s)
    starts = [part.start_s for part in sections(sound, bare)]
    assert starts == [part.start_s for part in sections(sound, counts)]


def test_short_and_even_sounds() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 60 * RATE).astype(np.float32)
    beats_s = np.arange(0.0, 60.0, 0.5)
    counts = replace(
        Counts.of_beats(beats_s), metre=4, numbers=np.arange(120, dtype=np.int32) % 4 + 1
    )
    assert sections(Sound(noise[: 8 * RATE], RATE), Counts.of_beats(beats_s[:16])) == ()
    assert sections(Sound(noise, RATE), Counts.none()) == ()
    assert {part.label for part in sections(Sound(0 * noise + 0.1, RATE), counts)} == {"A"}


def test_diagonals_are_the_means_of_stretches_side_by_side() -> None:
    likeness = np.random.default_rng(0).random((9, 9))
    expected = [np.mean([likeness[2 + k, other + k] for k in range(3)]) for other in (0, 4, 6)]
    found = _Diagonals.of(likeness).mean(2, np.array([0, 4, 6]), 3)
    np.testing.assert_allclose(found, expected)


def test_labels_go_on_after_z() -> None:
    assert [_name(number) for number in (0, 25, 26, 27, 701, 702)] == [
        "A", "Z", "AA", "AB", "ZZ", "AAA",
    ]  # fmt: skip
