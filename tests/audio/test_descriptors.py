import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from danceit.audio import (
    FEATURE_SETS,
    RATE,
    RHYTHM_COLUMNS,
    TEMPOGRAM_BPM,
    cache,
    features,
    listen,
    read_sound,
)
from danceit.audio.descriptors import count_columns
from danceit.audio.recent import hashed
from danceit.counts import Counts
from danceit.data import FPS
from danceit.errors import InputError
from tests.audio.media import clicks, encode, write_pcm

Array = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten and a bit seconds of a click on every beat of 120 bpm over soft noise."""
    rng = np.random.default_rng(0)
    beats = np.arange(0.5, 10.0, 0.5)
    samples = clicks(44100, beats, 10.03) + rng.normal(scale=0.003, size=round(10.03 * 44100))
    return write_pcm(tmp_path_factory.mktemp("song") / "song.wav", samples, 44100, 2)


def lit(column: Array) -> list[int]:
    """Frames that stand clearly above the silence between clicks."""
    column = column - np.median(column)
    return [int(frame) for frame in np.flatnonzero(column > column.max() / 2)]


@settings(max_examples=25, deadline=None)
@given(
    frames=st.lists(st.integers(0, 70), min_size=1, max_size=12, unique=True),
    offset=st.floats(0.0, 0.98),
)
def test_frame_i_of_mfcc_is_frame_i_of_poses(
    tmp_path_factory: pytest.TempPathFactory, frames: list[int], offset: float
) -> None:
    samples = np.zeros(3 * RATE, np.float32)
    samples[[int((frame + offset) * 1000) for frame in frames]] = 0.9
    path = tmp_path_factory.getbasetemp() / "clicks.wav"
    soundfile.write(path, samples, RATE, "FLOAT")
    rows = features(path, "mfcc")
    assert rows.shape == (72, 13)
    assert lit(rows[:, 0]) == sorted(frames)


@pytest.mark.parametrize("name", ["a.wav", "a.ogg", "a.mp3", "a.m4a", "a.mp4", "a.webm"])
def test_frames_stay_in_step_through_every_codec(tmp_path: Path, name: str) -> None:
    frames = [3, 4, 10, 31, 57, 90, 139]
    rate = 48000
    samples = clicks(rate, [(frame + 0.4) / FPS for frame in frames])
    path = tmp_path / name
    if name == "a.mp3":
        encode(path, "libmp3lame", samples, rate)
    elif name in ("a.wav", "a.ogg"):
        write_pcm(path, samples, rate, 2)
    else:
        video = None if name == "a.m4a" else "libvpx" if name == "a.webm" else "libx264"
        encode(path, "libopus" if name == "a.webm" else "aac", samples, rate, video=video)
    energy = np.exp(features(path, "mfcc")[:, 0])  # codecs smear a little in logarithms
    assert lit(energy) == frames


def test_mfcc_is_that_of_python_speech_features_on_16_bit_samples(song: Path) -> None:
    from python_speech_features import mfcc

    samples = np.asarray(read_sound(song).samples, np.float64) * 32768
    expected = mfcc(samples[:240000], 24000, winlen=1 / 24, winstep=1 / 24, nfft=1024)
    np.testing.assert_allclose(features(song, "mfcc"), expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("kind", FEATURE_SETS)
def test_every_set_has_its_width_a_row_a_frame_and_no_surprises(song: Path, kind: str) -> None:
    rows = features(song, kind)
    assert rows.shape == (240, FEATURE_SETS[kind])
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()
    assert listen(song).n_frames == len(rows)


@pytest.mark.parametrize("n_samples", [24000, 24999, 25000, 47999, 71000])
def test_length_is_rounded_down_to_whole_frames(tmp_path: Path, n_samples: int) -> None:
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "a.wav", rng.normal(scale=0.1, size=n_samples), RATE, "FLOAT")
    n_frames = n_samples // 1000
    assert {len(features(tmp_path / "a.wav", kind)) for kind in FEATURE_SETS} == {n_frames}
    assert listen(tmp_path / "a.wav").n_frames == n_frames


def test_lee_is_mfcc_differences_and_log_energy(song: Path) -> None:
    rows, mfcc = features(song, "lee"), features(song, "mfcc")
    np.testing.assert_array_equal(rows[:, 1:13], mfcc[:, 1:])
    np.testing.assert_array_equal(rows[:, 26], mfcc[:, 0])
    for columns, differences in ((slice(0, 13), slice(13, 26)), (slice(26, 27), slice(27, 28))):
        np.testing.assert_allclose(np.diff(rows[:, columns], axis=0), rows[1:, differences])
        assert not rows[0, differences].any()


def test_rhythm_columns_follow_the_clicks(song: Path) -> None:
    rows = features(song, "rhythm")
    column = dict(zip(RHYTHM_COLUMNS, rows.T, strict=True))
    beats_s = listen(song).beats_s
    beat_frames = np.floor(beats_s * FPS + 0.5).astype(int)
    beat_frames = beat_frames[beat_frames < len(rows)]  # the last click may start the next frame
    # Clicks on the half seconds lie on the border of frames 12 k - 1 and 12 k.
    assert {(frame + 1) // 12 * 12 for frame in lit(column["onset"])} == set(range(12, 240, 12))
    np.testing.assert_array_equal(np.flatnonzero(column["beat"]), beat_frames)
    np.testing.assert_allclose(column["beat_phase_cos"][beat_frames], 1.0, atol=0.05)
    halfway = ((beat_frames[:-1] + beat_frames[1:]) / 2).astype(int)
    np.testing.assert_allclose(column["beat_phase_cos"][halfway], -1.0, atol=0.1)
    np.testing.assert_allclose(column["log2_tempo"], 0.0, atol=0.06)
    for name in ("onset", "onset_low", "onset_mid", "onset_high"):
        assert np.sqrt(np.mean(column[name] ** 2)) == pytest.approx(1.0, abs=1e-3)


def test_count_columns_are_places_among_beats_and_bars() -> None:
    beats_s = np.array([0.5, 1.0, 1.5, 2.0, 3.0, 4.0])
    numbers = np.array([3, 1, 2, 3, 1, 2], np.int32)
    rows = count_columns(Counts(beats_s, numbers, 3, bar_confidence=0.4), 120)
    at = (np.array([0.5, 1.0, 1.25, 2.0, 2.5, 3.0, 4.0]) * FPS).astype(int)
    np.testing.assert_allclose(rows[at, 0], [0, 1, 1.5, 3, 3.5, 4, 5], atol=1e-5)
    np.testing.assert_allclose(rows[at, 1] * 3, [-1, 0, 0.5, 2, 2.5, 3, 4], atol=1e-5)
    np.testing.assert_allclose(rows[:, 2:], [(3, 0.4)] * 120, atol=1e-6)
    assert not count_columns(Counts.none(), 120).any()
    assert not count_columns(Counts.of_beats(beats_s), 120)[:, 1:].any()


def test_onset_bands_hear_their_part_of_the_spectrum(tmp_path: Path) -> None:
    t = np.arange(RATE // 5) / RATE
    samples = np.random.default_rng(0).normal(scale=1e-3, size=4 * RATE)
    for start_s, hertz in ((1.0, 80.0), (2.0, 700.0), (3.0, 6000.0)):
        at = round((start_s + 0.02) * RATE)
        swell = np.minimum(1, t / 0.01) * np.exp(-t / 0.05)  # a hard edge is heard everywhere
        samples[at : at + t.size] += 0.8 * swell * np.sin(2 * np.pi * hertz * t)
    soundfile.write(tmp_path / "a.wav", samples, RATE, "FLOAT")
    bands = features(tmp_path / "a.wav", "rhythm")[:, 1:4]
    assert [int(frame) for frame in bands.argmax(axis=0)] == [24, 48, 72]


def test_chroma_names_the_notes(tmp_path: Path) -> None:
    t = np.arange(2 * RATE) / RATE
    notes = {"c4": 261.63, "e4": 329.63, "g4": 392.0}
    a4 = 0.5 * np.sin(2 * np.pi * 440.0 * t)
    chord = sum(0.3 * np.sin(2 * np.pi * hertz * t) for hertz in notes.values())
    samples = np.concatenate([a4, np.zeros(RATE), chord])
    soundfile.write(tmp_path / "a.wav", samples, RATE, "FLOAT")
    rows = features(tmp_path / "a.wav", "chroma")
    assert (rows[3:45].argmax(axis=1) == 9).all()
    assert not rows[52:68].any()
    strongest = np.sort(np.argsort(rows[80], kind="stable")[-3:])
    np.testing.assert_array_equal(strongest, [0, 4, 7])
    assert rows.max() == 1.0


@pytest.mark.parametrize("bpm", [70.0, 100.0, 160.0])
def test_tempogram_peaks_at_the_tempo(tmp_path: Path, bpm: float) -> None:
    path = write_pcm(tmp_path / "a.wav", clicks(RATE, np.arange(0.3, 19.9, 60 / bpm), 20.0), RATE)
    profile = features(path, "tempogram")[120:360].mean(axis=0)
    nearest = int(np.abs(np.log2(np.array(TEMPOGRAM_BPM) / bpm)).argmin())
    # Half the tempo repeats as well; between the two and just above there is nothing.
    assert int(profile[nearest - 2 :].argmax()) == 2
    assert profile[nearest] > 3 * np.median(profile)


def test_full_is_the_sets_side_by_side(song: Path) -> None:
    parts = [features(song, kind) for kind in ("lee", "rhythm", "chroma", "tempogram")]
    np.testing.assert_array_equal(features(song, "full"), np.hstack(parts))


def test_digital_silence_within_a_song_stays_in_range(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    samples = rng.normal(scale=0.1, size=3 * RATE)
    samples[RATE : 2 * RATE] = 0
    soundfile.write(tmp_path / "a.wav", samples, RATE, "FLOAT")
    energy = features(tmp_path / "a.wav", "mfcc")[:, 0]
    assert (energy[25:48] == 0).all()  # pre-emphasis carries one sample into frame 24
    assert (energy[:24] > 10).all()
    assert np.isfinite(features(tmp_path / "a.wav", "full")).all()


def test_an_unknown_set_lists_the_known_ones(song: Path) -> None:
    with pytest.raises(
        InputError, match=r"unknown features 'mfccs'; known: mfcc, lee.*mean 'mfcc'"
    ):
        features(song, "mfccs")
    with pytest.raises(InputError, match="no such file"):
        features(song.with_name("other.wav"), "mfcc")


def test_results_are_kept_by_content_not_by_name(
    song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from danceit.audio import recent

    rows, music = features(song, "full"), listen(song)
    copy = Path(shutil.copy(song, tmp_path / "renamed.wav"))

    def refuse(path: Path, **_: object) -> None:
        raise AssertionError(f"{path} was decoded again")

    monkeypatch.setattr(recent, "read_sound", refuse)
    recent._decoded.cache_clear()
    np.testing.assert_array_equal(features(copy, "full"), rows)
    again = listen(copy)
    assert (again.path, again.sha256, again.tempo_bpm) == (copy, music.sha256, music.tempo_bpm)
    np.testing.assert_array_equal(again.beats_s, music.beats_s)
    with copy.open("ab") as stream:
        stream.write(b"changed")
    with pytest.raises(AssertionError, match="decoded again"):
        features(copy, "mfcc")


@pytest.mark.parametrize("damage", ["cut", "other bytes", "other file", "other width"])
def test_a_damaged_cache_is_computed_and_written_again(
    song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setenv("DANCEIT_CACHE", str(tmp_path / "cache"))
    rows = features(song, "mfcc")
    (entry,) = (tmp_path / "cache" / "audio").glob("*-mfcc-*")
    good = entry.read_bytes()
    if damage == "cut":
        entry.write_bytes(good[: len(good) // 2])
    elif damage == "other bytes":
        entry.write_bytes(good[:2000] + b"?" + good[2001:])
    elif damage == "other file":
        entry.write_bytes(b"this is not a cache entry")
    else:
        np.savez(entry, features=np.zeros((240, 7), np.float32))
    np.testing.assert_array_equal(features(song, "mfcc"), rows)
    assert entry.read_bytes() == good


def test_no_flipped_bit_of_a_kept_feature_is_danced_to(
    song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DANCEIT_CACHE", str(tmp_path / "cache"))
    rows = features(song, "chroma")
    (entry,) = (tmp_path / "cache" / "audio").glob("*-chroma-*")
    good = entry.read_bytes()
    rng = np.random.default_rng(0)
    # Headers of a zip file's members most of all: numpy believes what they say of its size.
    places = [*range(32 * 8, 400 * 8, 17), *rng.integers(0, len(good) * 8, 200)]
    for place in places:
        flipped = bytearray(good)
        flipped[place // 8] ^= 1 << place % 8
        entry.write_bytes(flipped)
        assert cache.load(hashed(song), "chroma") is None
    np.testing.assert_array_equal(features(song, "chroma"), rows)


def test_a_cache_that_cannot_be_written_is_no_error(
    song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = features(song, "mfcc")
    (tmp_path / "file").touch()
    monkeypatch.setenv("DANCEIT_CACHE", str(tmp_path / "file" / "cache"))
    np.testing.assert_array_equal(features(song, "mfcc"), rows)
    assert listen(song).n_frames == 240


def test_only_beats_need_librosa(song: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from danceit import audio\n"
        "heavy = {'av', 'scipy', 'soxr', 'librosa', 'numba', 'python_speech_features'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "for kind in ('mfcc', 'lee', 'chroma', 'tempogram'):\n"
        "    audio.features(Path(sys.argv[1]), kind)\n"
        "assert not {'librosa', 'numba'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(song)], check=True)
