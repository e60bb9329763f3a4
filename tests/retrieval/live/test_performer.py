"""A made song danced while it is heard: moves on its 1s, and waiting where there is nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from danceit.audio.decoding import RATE
from danceit.audio.live.following import Followed
from danceit.audio.live.streams import BLOCK
from danceit.bench.measures import counts as measure
from danceit.bench.measures.seams import seam_jumps, warp
from danceit.data import FPS, Dance, Float32
from danceit.errors import InputError
from danceit.index.building.build import build
from danceit.index.building.options import BuildOptions
from danceit.index.fragments import FragmentGrid
from danceit.index.store.contract import FragmentStore
from danceit.index.store.engines import open_store
from danceit.index.synthetic import make_library
from danceit.movement import joint_steps
from danceit.retrieval.encoder.configuration import EncoderConfig
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.live.performer import LiveOptions, Performer, Shown
from danceit.retrieval.options import QueryOptions
from danceit.workflow.live.recording import danced
from tests.audio.counts import made

QUIET_S = (14.0, 19.0)
SECONDS = 30.0


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FragmentStore]:
    folder = tmp_path_factory.mktemp("live")
    library = make_library(folder, songs_per_style=1, seconds=20.0)
    torch.manual_seed(0)
    options = BuildOptions(grid=FragmentGrid(grid="counts"))
    build(library.folder, folder / "index", FragmentEncoder.create(EncoderConfig()), options)
    with open_store(folder / "index") as opened:
        yield opened


@dataclass(frozen=True)
class Danced:
    song: made.Track
    performer: Performer
    shown: list[Shown]
    dance: Dance
    lead: list[int]
    """Frames that were fixed beyond what had been heard, after each block."""


def dance_to(samples: Float32, store: FragmentStore, **options: str) -> Danced:
    performer = Performer(store, FragmentEncoder.load(store.encoder), QueryOptions(**options))
    shown, lead = [], []
    for start in range(0, len(samples) - BLOCK, BLOCK):
        performer.hear(samples[start : start + BLOCK])
        shown += performer.dance()
        performer.plan()
        lead.append(performer.n_frames - int((start + BLOCK) / RATE * FPS))
    n_frames = min(performer.n_frames, int(len(samples) / RATE * FPS))
    dance = danced(shown, performer, None, n_frames)
    return Danced(made.Track([0.0, 1.0], 1.0), performer, shown, dance, lead)


@pytest.fixture(scope="module")
def rock(store: FragmentStore) -> Danced:
    """A song that falls silent for five seconds."""
    song = made.rock(made.steady(112, SECONDS), SECONDS)
    samples = song.samples.copy()
    samples[round(QUIET_S[0] * RATE) : round(QUIET_S[1] * RATE)] = 0.0
    found = dance_to(samples, store)
    return Danced(song, found.performer, found.shown, found.dance, found.lead)


def test_every_frame_is_fixed_once_and_before_it_is_due(rock: Danced) -> None:
    ends = [part.first + len(part.joints) for part in rock.shown]
    assert [part.first for part in rock.shown] == [0, *ends[:-1]]
    lead_s = LiveOptions().lead_s
    assert min(rock.lead) >= int(lead_s * FPS) - 1
    assert np.isfinite(rock.dance.joints[:, :14]).all()


def test_moves_begin_on_the_1s_of_the_song(rock: Danced) -> None:
    # A move begins where another fragment is shown, be it that the source goes on in it.
    begins = np.flatnonzero(np.diff(rock.dance.source_index)) + 1
    begins = begins[in_music(rock)[begins]]
    assert len(begins) >= 6
    numbers = np.arange(len(rock.song.beats_s)) % 4 + 1
    assert np.abs(rock.song.beats_s[:, None] - begins / FPS).min(axis=0).max() < 0.09
    # Which of a bar's beats this song's 1 is, its bass tells: it changes on it.
    assert measure.seams_on(begins, rock.song.beats_s, numbers) >= 0.7


def in_music(rock: Danced) -> np.ndarray:
    """Frames (T,) at which the song has been heard for long enough, and does not pause."""
    times_s = np.arange(rock.dance.n_frames) / FPS
    return (times_s > 4.0) & ((times_s < QUIET_S[0]) | (times_s > QUIET_S[1] + 4.0))


def test_the_dancer_waits_before_the_first_beat_and_through_silence(rock: Danced) -> None:
    speed = np.nanmean(joint_steps(rock.dance.joints), axis=1) * FPS
    speed = np.append(speed[:1], speed)
    times_s = np.arange(rock.dance.n_frames) / FPS
    quiet = (times_s > QUIET_S[0] + 3.0) & (times_s < QUIET_S[1])
    waiting = speed[quiet].mean()
    assert 0 < waiting < 0.4 * speed[in_music(rock)].mean()
    waited = rock.performer.placements[0].fragment_id
    index = rock.dance.source_index
    shown = {rock.dance.fragments[i].fragment_id for i in set(index[quiet].tolist())}
    assert shown == {waited}
    assert rock.dance.fragments[index[12]].fragment_id == waited


def test_seams_are_repaired_and_nothing_is_stretched_too_far(rock: Danced) -> None:
    assert seam_jumps(rock.dance.joints, rock.dance.seams).largest < 60
    fragments = rock.dance.fragments
    waits = [one.fragment_id == fragments[0].fragment_id for one in fragments]
    inside = in_music(rock) & ~np.array(waits)[rock.dance.source_index]
    index, source_s = rock.dance.source_index[inside], rock.dance.source_s[inside]
    # A move may be laid on its window at 1.25, and its window be off by as much again.
    assert warp(index, source_s, FPS).largest < 1.25**2 + 0.05


def test_every_frame_can_be_traced_to_its_source(rock: Danced, store: FragmentStore) -> None:
    dance, table = rock.dance, store.table(np.arange(len(store)))
    frames = np.flatnonzero(in_music(rock))[::37]
    assert len(frames) > 5
    for frame in frames:
        placed = dance.fragments[dance.source_index[frame]]
        row = np.flatnonzero(table.fragment_id == placed.fragment_id)
        poses = store.poses(row)[0]
        at = (dance.source_s[frame] - table.start_s[row[0]]) * FPS
        if not 2 < at < len(poses) - 3 or near_seam(dance, frame):
            continue
        danced_height = np.interp(at, np.arange(len(poses)), poses[:, 4, 1])
        assert dance.joints[frame, 4, 1] == pytest.approx(danced_height, abs=3.0)


def near_seam(dance: Dance, frame: int) -> bool:
    return bool(dance.seams.size) and bool(np.abs(dance.seams - frame).min() <= 9)


@pytest.fixture(scope="module")
def changed(store: FragmentStore) -> Danced:
    """A song that goes on at another pace, half as fast again, from a 1 on."""
    slow_s = 0.2 + np.arange(20) * 60 / 88
    quick_s = slow_s[-1] + 60 / 88 + np.arange(40) * 60 / 132
    song = made.rock(np.concatenate([slow_s, quick_s]), 29.0)
    found = dance_to(song.samples, store)
    return Danced(song, found.performer, found.shown, found.dance, found.lead)


def test_a_song_that_changes_its_pace_is_danced_without_a_jump(changed: Danced) -> None:
    dance = changed.dance
    assert min(changed.lead) >= int(LiveOptions().lead_s * FPS) - 1
    assert seam_jumps(dance.joints, dance.seams).largest < 60
    # Between the repaired seams nobody moves faster than anybody does elsewhere.
    steps = np.nanmax(joint_steps(dance.joints), axis=1)
    assert steps.max() < 80
    moving = np.array([len(one.beats_s) > 0 for one in dance.fragments])[dance.source_index]
    begins = round(7.0 * FPS)
    assert moving[begins:].all()
    stretch = warp(dance.source_index[begins:], dance.source_s[begins:], FPS)
    assert stretch.largest < 1.25**2 + 0.05


def test_moves_begin_on_the_1s_of_a_pace_that_is_new(changed: Danced) -> None:
    begins = np.flatnonzero(np.diff(changed.dance.source_index)) + 1
    late = begins[begins / FPS > 23.0] / FPS
    assert len(late) >= 2
    assert np.abs(changed.song.beats_s[:, None] - late).min(axis=0).max() < 0.09
    ones_s = changed.song.beats_s[20::4]
    assert np.mean(np.abs(ones_s[:, None] - late).min(axis=0) < 0.09) >= 0.5


def test_the_same_sound_gives_the_same_dance(store: FragmentStore) -> None:
    samples = made.rock(made.steady(112, 9.0), 9.0).samples
    one, other = (dance_to(samples, store).dance for _ in range(2))
    np.testing.assert_array_equal(one.joints, other.joints)
    assert one.fragments == other.fragments


def test_only_what_passes_the_filters_is_danced(store: FragmentStore) -> None:
    samples = made.rock(made.steady(112, 9.0), 9.0).samples
    found = dance_to(samples, store, style="waltz")
    assert {placed.style for placed in found.dance.fragments} == {"waltz"}
    with pytest.raises(InputError, match="holds no fragment"):
        dance_to(samples, store, style="tango")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"lead_s": 0.0}, "`lead_s` must be from 0.2 to 2 s; got 0"),
        ({"beam": 0}, "`beam` must be from 1 to 100; got 0"),
        ({"bpm": 500.0}, "`bpm` must be from 44 to 250"),
        ({"metre": 1}, "`metre` must be from 2 to 12"),
    ],
)
def test_options_that_are_none_are_refused(options: dict[str, float], told: str) -> None:
    with pytest.raises(InputError, match=told):
        LiveOptions(**options)  # type: ignore[arg-type]


def test_a_take_goes_on_while_nobody_can_rely_on_the_1(
    store: FragmentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = made.rock(made.steady(104), 20.0).samples
    cuts = {}
    for steady in (True, False):
        monkeypatch.setattr(Followed, "steady", steady)
        dance = dance_to(samples, store).dance
        cuts[steady] = len(dance.seams)
    assert cuts[False] < cuts[True]
