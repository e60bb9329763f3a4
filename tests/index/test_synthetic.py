"""The synthetic library must be what real dances are: sound bodies, on the beat, in style."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danceit.audio import FEATURE_SETS, features, listen
from danceit.data import BONES, JOINT, Float64, Recording
from danceit.errors import InputError
from danceit.index.cleaning.cleaning import clean
from danceit.index.sources import scan
from danceit.index.synthetic import SyntheticLibrary, make_library
from danceit.index.synthetic.body import Build, rotation, two_bone
from danceit.index.synthetic.choreography import along_arc, minimum_jerk
from danceit.index.synthetic.dancing import FPS, dance
from danceit.index.synthetic.score import STYLES, Score, draw_score

SECONDS = 26.0


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> SyntheticLibrary:
    return make_library(
        tmp_path_factory.mktemp("synthetic"), seed=1, songs_per_style=1, seconds=SECONDS
    )


@pytest.fixture(scope="module")
def recordings(library: SyntheticLibrary) -> dict[str, Recording]:
    read = [found.read() for found in scan(library.folder).found]
    return {recording.style: recording for recording in read}


@pytest.fixture(scope="module")
def sounds(library: SyntheticLibrary) -> dict[str, Float64]:
    import soundfile

    songs = [*library.folder.glob("*.[!n]*"), library.query_song]
    return {song.stem: soundfile.read(song, always_2d=True)[0] for song in songs}


@pytest.fixture(scope="module")
def many() -> list[tuple[Score, Build, Float64]]:
    """Eight dances of each style, so that every move is met."""
    dances = []
    for style in STYLES:
        for seed in range(8):
            rng = np.random.default_rng(seed)
            score, build = draw_score("x", style, rng, seconds=40.0), Build.drawn(rng)
            dances.append((score, build, dance(score, build, rng)[0].astype(np.float64)))
    return dances


# --- files ---


def test_the_data_folder_holds_the_recordings_and_nothing_else(library: SyntheticLibrary) -> None:
    found = scan(library.folder)

    assert {item.path for item in found.found} == set(library.recordings)
    assert found.unrecognised == ()
    assert library.query_song.is_file()
    assert library.folder not in library.query_song.parents


def test_recordings_say_who_dances_what_under_which_licence(
    library: SyntheticLibrary, recordings: dict[str, Recording]
) -> None:
    assert set(recordings) == {"waltz", "disco", "hip-hop"}
    assert len({recording.dancer for recording in recordings.values()}) == 3
    for style, recording in recordings.items():
        assert recording.licence == "CC0-1.0"
        assert recording.audio_path is not None
        assert recording.audio_path.stem == f"{style}-1"
        assert recording.poses.shape == (round(SECONDS * 30), 18, 3)
        assert np.isfinite(recording.poses).all()
        np.testing.assert_allclose(recording.times_s, np.arange(round(SECONDS * 30)) / 30)


def test_songs_come_as_wav_flac_and_ogg_of_the_full_length(
    library: SyntheticLibrary, sounds: dict[str, Float64]
) -> None:
    assert {song.suffix for song in library.folder.iterdir()} == {".npz", ".wav", ".flac", ".ogg"}
    for sound in sounds.values():
        assert sound.shape == (round(SECONDS * 44100), 2)


def test_same_seed_same_bytes_and_another_seed_another_library(tmp_path: Path) -> None:
    def contents(folder: str, seed: int) -> dict[str, bytes]:
        made = make_library(tmp_path / folder, seed=seed, songs_per_style=1, seconds=5.0)
        files = [*made.folder.iterdir(), made.query_song]
        return {file.name: file.read_bytes() for file in files}

    first, again, other = contents("a", 4), contents("b", 4), contents("c", 5)
    assert first == again
    assert first.keys() == other.keys()
    assert all(first[name] != other[name] for name in first)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": -1}, "seed must be 0 or above; got -1"),
        ({"songs_per_style": 0}, "songs_per_style must be at least 1; got 0"),
        ({"seconds": 4.0}, "seconds must be at least 5; got 4"),
        ({"seconds": float("nan")}, "seconds must be at least 5; got nan"),
    ],
)
def test_numbers_out_of_range(tmp_path: Path, options: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make_library(tmp_path, **options)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(InputError, match="cannot write to"):
        make_library(tmp_path / "taken")


# --- songs ---


def test_the_beats_that_were_written_are_heard(library: SyntheticLibrary) -> None:
    import mir_eval

    songs = [found.read().audio_path for found in scan(library.folder).found]
    scores = []
    for song in (*songs, library.query_song):
        assert song is not None
        truth_s, music = library.beats_s[song.stem], listen(song)
        octave = np.log2(music.tempo_bpm * np.diff(truth_s).mean() / 60.0)
        assert abs(octave - round(octave)) < np.log2(1.04)  # 4 %, as tempo estimators are judged
        scores.append(mir_eval.beat.f_measure(truth_s, music.beats_s))  # within 70 ms
    assert np.median(scores) > 0.95
    assert min(scores) > 0.75


def test_every_feature_of_a_song_is_finite(library: SyntheticLibrary) -> None:
    for kind, width in FEATURE_SETS.items():
        columns = features(library.query_song, kind)
        assert columns.shape == (round(SECONDS * 24), width)
        assert np.isfinite(columns).all()


def test_styles_sound_different(sounds: dict[str, Float64]) -> None:
    from scipy.signal import butter, find_peaks, sosfilt

    bass, strokes_a_second = {}, {}
    for style in STYLES:
        mono = sounds[f"{style}-1"].mean(axis=1)
        power = np.abs(np.fft.rfft(mono)) ** 2
        bass[style] = power[np.fft.rfftfreq(mono.size, 1 / 44100) < 120].sum() / power.sum()
        treble = np.abs(sosfilt(butter(4, 6000, "high", fs=44100, output="sos"), mono))
        level = treble[: treble.size // 441 * 441].reshape(-1, 441).mean(axis=1)
        peaks, _ = find_peaks(level, prominence=0.1 * level.max(), distance=8)
        strokes_a_second[style] = peaks.size / SECONDS

    assert bass["hip-hop"] > bass["disco"] > 5 * bass["waltz"]
    assert strokes_a_second["disco"] > 1.5 * strokes_a_second["hip-hop"]
    assert strokes_a_second["hip-hop"] > 1.2 * strokes_a_second["waltz"]


def test_songs_are_level_stereo_and_unclipped(sounds: dict[str, Float64]) -> None:
    for sound in sounds.values():
        left, right = sound.T
        assert 0.8 < np.abs(sound).max() < 0.99
        assert 0.1 < np.sqrt((sound**2).mean()) < 0.4
        assert abs(sound.mean()) < 0.01
        assert 0.3 < np.corrcoef(left, right)[0, 1] < 0.99


def test_the_query_has_a_tempo_that_no_recording_has(library: SyntheticLibrary) -> None:
    tempi = {name: 60 / np.diff(beats_s).mean() for name, beats_s in library.beats_s.items()}
    query = tempi.pop("song")
    assert set(tempi) == {path.stem for path in library.recordings}
    assert min(abs(query - tempo) for tempo in tempi.values()) > 5


# --- bodies ---


def test_bones_keep_their_length(many: list[tuple[Score, Build, Float64]]) -> None:
    for _, build, poses in many:
        lengths = {
            bone: np.linalg.norm(poses[:, bone[0]] - poses[:, bone[1]], axis=1) for bone in BONES
        }
        for length in lengths.values():
            np.testing.assert_allclose(length, length[0], rtol=1e-4)
        assert lengths[JOINT["left_knee"], JOINT["left_ankle"]][0] == pytest.approx(build.shank)
        assert lengths[JOINT["left_elbow"], JOINT["left_wrist"]][0] == pytest.approx(build.forearm)


def test_a_foot_on_the_floor_does_not_slide(many: list[tuple[Score, Build, Float64]]) -> None:
    for _, build, poses in many:
        ankles = poses[:, [JOINT["left_ankle"], JOINT["right_ankle"]]]
        floor_speed = np.linalg.norm(np.diff(ankles[:, :, [0, 2]], axis=0), axis=2) * FPS
        moving = floor_speed > 1e-3
        assert not moving.all(axis=1).any()  # one foot always stands
        # A step's first and last centimetre are near the floor; the middle is well above it.
        height = -ankles[:, :, 1] - build.ankle
        assert (height > -1e-5).all()
        assert (np.maximum(height[1:], height[:-1])[floor_speed > 0.5] > 0.002).all()
        assert moving.any(axis=1).mean() > 0.1


def test_knees_bend_forwards(many: list[tuple[Score, Build, Float64]]) -> None:
    for _, _, poses in many:
        across = poses[:, JOINT["left_hip"]] - poses[:, JOINT["right_hip"]]
        forward = np.cross(across, np.array([0.0, -1.0, 0.0]))
        for side in ("left", "right"):
            hip, knee, ankle = (
                poses[:, JOINT[f"{side}_{part}"]] for part in ("hip", "knee", "ankle")
            )
            bend = ((knee - (hip + ankle) / 2) * forward).sum(axis=1)
            assert (bend > 0).all()
            straight = np.linalg.norm(hip - knee, axis=1) + np.linalg.norm(knee - ankle, axis=1)
            assert (np.linalg.norm(hip - ankle, axis=1) < 0.99 * straight).all()


def test_arms_stay_out_of_the_body(many: list[tuple[Score, Build, Float64]]) -> None:
    for _, _, poses in many:
        pelvis = (poses[:, JOINT["left_hip"]] + poses[:, JOINT["right_hip"]]) / 2
        spine = poses[:, JOINT["neck"]] - pelvis
        skull = (poses[:, JOINT["left_ear"]] + poses[:, JOINT["right_ear"]]) / 2
        for side in ("left", "right"):
            elbow, wrist = poses[:, JOINT[f"{side}_elbow"]], poses[:, JOINT[f"{side}_wrist"]]
            for share in (0.3, 0.65, 1.0):
                point = elbow + share * (wrist - elbow)
                along = ((point - pelvis) * spine).sum(axis=1) / (spine**2).sum(axis=1)
                nearest = pelvis + np.clip(along, 0, 1)[:, None] * spine
                assert np.linalg.norm(point - nearest, axis=1).min() > 0.15
                assert np.linalg.norm(point - skull, axis=1).min() > 0.15


def test_movement_is_smooth_and_of_human_speed(many: list[tuple[Score, Build, Float64]]) -> None:
    for _, _, poses in many:
        speed = np.linalg.norm(np.diff(poses, axis=0), axis=2) * FPS
        acceleration = np.linalg.norm(np.diff(poses, n=2, axis=0), axis=2) * FPS**2
        assert speed.max() < 7.5
        assert acceleration.max() < 100
        assert (speed.max(axis=1) > 1e-3).all()  # nobody freezes dead


def test_dancers_differ(many: list[tuple[Score, Build, Float64]]) -> None:
    builds = np.array([[build.leg, build.torso, build.upper_arm] for _, build, _ in many])
    assert (builds.std(axis=0) / builds.mean(axis=0) > 0.03).all()


# --- on the beat, in style ---


@pytest.mark.parametrize("style", STYLES)
def test_movement_comes_to_rest_on_the_beat(
    style: str, many: list[tuple[Score, Build, Float64]]
) -> None:
    for score, _, poses in many:
        if score.style == style:
            speed = np.linalg.norm(np.diff(poses, axis=0), axis=2).mean(axis=1)
            beat = ((np.arange(len(speed)) + 0.5) / FPS - score.start_s) * score.tempo_bpm / 60
            phase = beat[beat > 0] % 1.0
            bins = (phase * 8 + 0.5).astype(int) % 8  # bin 0 is centred on the beat
            profile = np.array([speed[beat > 0][bins == b].mean() for b in range(8)])
            assert profile.argmin() == 0
            assert profile[0] < 0.45 * profile.mean()


@pytest.mark.parametrize("style", STYLES)
def test_a_chorus_is_danced_larger_than_a_verse(style: str) -> None:
    def mean_speed(energy: float, seed: int) -> float:
        rng = np.random.default_rng(seed)
        score = draw_score("x", style, rng, seconds=20.0)
        poses, _ = dance(replace(score, energies=(energy,)), Build.drawn(rng), rng)
        return float(np.linalg.norm(np.diff(poses, axis=0), axis=2).mean())

    verse = np.mean([mean_speed(0.5, seed) for seed in range(6)])
    chorus = np.mean([mean_speed(1.0, seed) for seed in range(6)])
    assert chorus > 1.1 * verse


def test_styles_move_differently(many: list[tuple[Score, Build, Float64]]) -> None:
    def knee_angle(poses: Float64) -> float:
        hip, knee, ankle = (poses[:, JOINT[f"left_{p}"]] for p in ("hip", "knee", "ankle"))
        cos = ((hip - knee) * (ankle - knee)).sum(axis=1)
        cos /= np.linalg.norm(hip - knee, axis=1) * np.linalg.norm(ankle - knee, axis=1)
        return float(np.degrees(np.arccos(cos)).mean())

    knees = {s: [knee_angle(p) for score, _, p in many if score.style == s] for s in STYLES}
    assert max(knees["hip-hop"]) < min(knees["waltz"])  # a low stance
    turned: dict[str, list[float]] = {style: [] for style in STYLES}
    for score, _, poses in many:
        across = poses[:, JOINT["left_hip"]] - poses[:, JOINT["right_hip"]]
        yaw = np.unwrap(np.arctan2(across[:, 2], across[:, 0]))
        turned[score.style].append(float(np.ptp(yaw)))
    assert np.mean(turned["waltz"]) > np.pi  # round the floor
    assert max(turned["hip-hop"]) < np.pi / 2  # to the front


def test_cleaning_keeps_every_frame_of_the_library(recordings: dict[str, Recording]) -> None:
    for recording in recordings.values():
        cleaned = clean(recording)
        assert cleaned.report.warnings == ()
        assert cleaned.report.frames_kept >= 0.97 * cleaned.report.frames_in
        assert len(cleaned.clips) == 1


# --- the mathematics underneath ---

_number = st.floats(-2.0, 2.0)
_point = st.tuples(_number, _number, _number).map(np.array)


@given(_point, _point, st.floats(0.1, 1.0), st.floats(0.1, 1.0))
def test_two_bones_keep_their_lengths_wherever_the_end_is(
    root: Float64, end: Float64, first: float, second: float
) -> None:
    towards = np.array([[0.3, 0.2, 0.9]])
    middle, reached = two_bone(root[None], end[None], first, second, towards)
    if np.linalg.norm(end - root) > 1e-6:
        assert np.linalg.norm(middle - root) == pytest.approx(first, abs=1e-6)
        assert np.linalg.norm(reached - middle) == pytest.approx(second, abs=1e-6)


def test_two_bones_by_pythagoras() -> None:
    # Legs of 3 and 4 with the ends 5 apart meet at a right angle, 2.4 off the line.
    middle, end = two_bone(
        np.zeros((1, 3)), np.array([[0.0, -5.0, 0.0]]), 3.0, 4.0, np.array([[0.0, 0.0, 1.0]])
    )
    np.testing.assert_allclose(middle, [[0.0, -1.8, 2.4]], atol=1e-12)
    np.testing.assert_allclose(end, [[0.0, -5.0, 0.0]], atol=1e-12)


@given(st.lists(st.floats(0.2, 3.0), min_size=2, max_size=6), st.floats(0.0, 1.0), st.data())
@settings(max_examples=50)
def test_minimum_jerk_passes_through_its_keys_without_a_jump(
    gaps: list[float], flow: float, data: st.DataObject
) -> None:
    keys = np.cumsum(gaps)
    values = np.array([data.draw(_number) for _ in gaps])[:, None]
    np.testing.assert_allclose(minimum_jerk(keys, keys, values, flow), values, atol=1e-9)
    before, after = (minimum_jerk(keys + shift, keys, values, flow) for shift in (-1e-6, 1e-6))
    np.testing.assert_allclose(before, after, atol=1e-3)


def test_minimum_jerk_between_two_keys_is_flash_and_hogans() -> None:
    # Their curve is half-way at half time and 15/8 of the mean speed there.
    at = np.array([0.5 - 1e-4, 0.5, 0.5 + 1e-4])
    early, half, late = minimum_jerk(at, np.array([0.0, 1.0]), np.array([[0.0], [1.0]]), 0.0)[:, 0]
    assert half == pytest.approx(0.5)
    assert (late - early) / 2e-4 == pytest.approx(15 / 8, rel=1e-5)


@given(_point, _point, st.floats(0.0, 1.0))
def test_an_arc_is_travelled_evenly(start: Float64, end: Float64, share: float) -> None:
    if min(np.linalg.norm(start), np.linalg.norm(end)) < 0.1:
        return
    start, end = start / np.linalg.norm(start), end / np.linalg.norm(end)
    angle = np.arccos(np.clip(start @ end, -1, 1))
    if 0.01 < angle < 3.1:
        there = along_arc(start, end, np.array([share]))
        assert np.linalg.norm(there) == pytest.approx(1.0)
        assert np.arccos(np.clip(start @ there, -1, 1)) == pytest.approx(share * angle, abs=1e-6)


@given(_point)
def test_rotations_are_rotations(angles: Float64) -> None:
    matrix = rotation(angles)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(1.0)


def test_what_the_angles_mean() -> None:
    left, up, forward = np.eye(3)
    quarter = np.pi / 2
    np.testing.assert_allclose(rotation(np.array([quarter, 0, 0])) @ forward, left, atol=1e-12)
    np.testing.assert_allclose(rotation(np.array([0, quarter, 0])) @ up, forward, atol=1e-12)
    np.testing.assert_allclose(rotation(np.array([0, 0, quarter])) @ left, -up, atol=1e-12)
