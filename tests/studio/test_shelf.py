"""The library asked by move: what is alike, what it sounds like, what is taken out for good."""

import io
import shutil
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from danceit.audio import Sound, listen, read_sound
from danceit.data import Dance
from danceit.errors import InputError
from danceit.index.store.contract import Where
from danceit.index.synthetic import SyntheticLibrary
from danceit.studio.asking import Asking
from danceit.studio.dancing import Dancing
from danceit.studio.exporting import export
from danceit.studio.library.shelf import ASKED, HEARD_S, Shelf, find_alike
from danceit.studio.names import UnknownIdError
from danceit.studio.project import Project
from danceit.studio.songs import make_ready
from danceit.studio.tasks import take_song
from danceit.studio.wishes import Wishes


@pytest.fixture
def opened(project: Path, index: Path, tmp_path: Path) -> Project:
    made = Project.open(project)
    made.library = Path(shutil.copytree(index, tmp_path / "copy" / "danceit-index"))
    return made


@pytest.fixture
def dancing(opened: Project) -> Iterator[Dancing]:
    made = Dancing(opened, device="cpu")
    yield made
    made.close()


@pytest.fixture
def shelf(opened: Project, dancing: Dancing) -> Shelf:
    return Shelf(opened, dancing)


def some_move(dancing: Dancing, style: str = "waltz") -> str:
    table = dancing.library().everything
    return str(table.fragment_id[(table.style == style) & (table.n_frames == 48)][0])


def test_what_is_alike_is_of_the_same_kind_and_drawn(shelf: Shelf, dancing: Dancing) -> None:
    move = some_move(dancing)
    found = shelf.alike({"move": move})["moves"]
    assert {row["style"] for row in found[:3]} == {"waltz"}
    apart = [row["apart_px"] for row in found]
    assert apart == sorted(apart)
    drawn = dancing.library().moves([row["id"] for row in found])
    assert set(drawn) == {row["id"] for row in found}
    with pytest.raises(UnknownIdError, match="no move x:0"):
        shelf.alike({"move": "x:0+48"})


def test_a_stretch_of_a_clip_is_looked_for_by_its_seconds(shelf: Shelf, dancing: Dancing) -> None:
    clip = dancing.library().clips[0]["id"]
    found = shelf.alike({"clip": clip, "from": "3", "to": "0:05"})["moves"]
    assert found[0]["clip"] == clip
    assert abs(found[0]["start_s"] - 3.0) < 0.6
    assert found[0]["apart_px"] < 12
    for asked, message in (
        ({"from": "5", "to": "3"}, "must come after the start"),
        ({"from": "3"}, "is not a time"),
        ({"from": "900", "to": "902"}, "got 900-902 s"),
    ):
        with pytest.raises(InputError, match=message):
            shelf.alike({"clip": clip, **asked})


def test_moves_like_motion_capture_that_is_dropped_are_found(
    opened: Project, dancing: Dancing, library: SyntheticLibrary
) -> None:
    song = make_ready(opened, take_song(opened, library.query_song, "s"))
    version = dancing.make(song, Wishes())
    made = export(opened, {"dance": version.id, "format": "bvh"}, lambda doing, share: None)
    place = opened.folder / ASKED / "0123abcd"
    place.mkdir(parents=True)
    shutil.copy(opened.folder / "exports" / made["file"], place / "mine.bvh")
    found = find_alike(
        opened, {"asked": "0123abcd", "from": "4", "to": "6"}, lambda doing, share: None
    )
    danced = {placed.clip_id for placed in Dance.load(opened.dance_file(version)).fragments}
    assert found["moves"][0]["clip"] in danced


def test_turns_and_bodies_of_clips_are_counted(dancing: Dancing) -> None:
    from danceit.index.cleaning.turns import count_turns

    library = dancing.library()
    longest = max(library.store.spec.lengths)
    for clip in library.clips:
        assert clip["body"] in library.summary["bodies"]
        rows = library.store.matching(Where(only_clips=(clip["id"],), n_frames=longest))
        table = library.store.table(rows)
        turns, free_from = 0, 0
        for i in np.argsort(table.start_frame):
            if table.start_frame[i] >= free_from:
                free_from = int(table.start_frame[i]) + longest
                turns += count_turns(library.store.poses(rows[i : i + 1])[0]) or 0
        assert clip["turns"] == turns


def test_what_is_lacking_for_a_song_is_what_the_command_line_says(
    opened: Project, shelf: Shelf, library: SyntheticLibrary
) -> None:
    from danceit.workflow.library.gaps import gaps

    song = make_ready(opened, take_song(opened, library.query_song, "s"))
    told = shelf.gaps({"song": song.id})
    assert opened.library is not None
    found = gaps([library.query_song], opened.library)
    assert told["wanted"] == [line.text for line in found.wanted]
    assert len(told["lacking"]) == len(found.songs[0].lacking)
    assert told["windows"] == len(found.songs[0].windows)


def test_a_moves_music_is_that_of_its_own_recording(shelf: Shelf, dancing: Dancing) -> None:
    move = some_move(dancing, "disco")
    heard, rate = soundfile.read(io.BytesIO(shelf.sound({"move": move})), dtype="float32")
    library = dancing.library()
    table = library.store.table(np.array([library.row(move)]))
    sound = read_sound(Path(str(table.audio[0])))
    first = round(float(table.start_s[0]) * sound.rate)
    wanted = sound.samples[first : first + round(HEARD_S * sound.rate)]
    assert rate == sound.rate
    np.testing.assert_allclose(heard, wanted, atol=2 / 32768)


def test_a_recording_is_decoded_once_for_all_its_moves(
    shelf: Shelf, dancing: Dancing, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def counted(path: Path, **told: Any) -> Sound:
        read.append(path)
        return read_sound(path, **told)

    monkeypatch.setattr("danceit.audio.recent.read_sound", counted)
    moves = dancing.library().of_clip(next(c["id"] for c in dancing.library().clips))
    assert len(moves) > 2
    heard = {shelf.sound({"move": move["id"]}) for move in moves[:3]}
    assert len(heard) == 3
    assert len(read) <= 1  # none where it is at hand already


def test_music_that_is_gone_is_one_line(shelf: Shelf, dancing: Dancing, tmp_path: Path) -> None:
    library = dancing.library()
    library.everything  # noqa: B018  # read before it is looked up
    move = some_move(dancing)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "is_file", lambda self: False)
        with pytest.raises(InputError, match="is not where it was"):
            shelf.sound({"move": move})


def test_a_dancer_who_withdraws_is_in_no_later_answer(shelf: Shelf, dancing: Dancing) -> None:
    dancers = dancing.library().summary["dancers"]
    assert len(dancers) == 3
    gone = shelf.take_out({"dancer": dancers[0]})["gone"]
    assert len(gone) == 1
    assert dancers[0] not in dancing.library().summary["dancers"]
    assert dancers[0] not in {clip["dancer"] for clip in shelf.clips({})["clips"]}
    with pytest.raises(InputError, match="no dancer"):
        shelf.take_out({"dancer": dancers[0]})
    with pytest.raises(InputError, match="name a recording or a dancer"):
        shelf.take_out({})


def test_an_eight_is_filled_with_a_move_and_what_came_after_it(
    opened: Project, shelf: Shelf, dancing: Dancing, library: SyntheticLibrary
) -> None:
    song = make_ready(opened, take_song(opened, library.query_song, "s"))
    version = dancing.make(song, Wishes(moves="short"))
    counts = listen(library.query_song).counts
    ones = counts.beats_s[counts.eights == 1]
    start_s, end_s = float(ones[1]), float(ones[2])
    move = some_move(dancing)
    asked = {"id": version.id, "move": move, "from": start_s, "to": end_s}
    pins = shelf.usable(asked)["pins"]
    assert len(pins) == 4  # two counts each
    assert all(start_s <= pin["at"] < end_s for pin in pins)
    assert pins[0]["what"].rpartition(":")[0] == move.rpartition(":")[0]
    changed, _ = dancing.change(version, [{"kind": "pin", "text": "", **pin} for pin in pins])
    dance = Dance.load(opened.dance_file(changed))
    owners = [int(dance.source_index[round(pin["at"] * 24)]) for pin in pins]
    assert owners == list(range(owners[0], owners[0] + 4))
    placed = [dance.fragments[owner] for owner in owners]
    assert [one.fragment_id for one in placed] == [pin["what"] for pin in pins]
    # As it was danced: each begins on the count that ends the one before, without a seam.
    for here, there in pairwise(placed):
        assert there.beats_s[0] == pytest.approx(here.beats_s[-1], abs=1e-6)
    inside = (dance.seams / 24 > start_s + 0.2) & (dance.seams / 24 < end_s - 0.2)
    assert not inside.any()


def test_a_take_that_ends_within_an_eight_begins_again(
    opened: Project, shelf: Shelf, dancing: Dancing, library: SyntheticLibrary
) -> None:
    song = make_ready(opened, take_song(opened, library.query_song, "s"))
    version = dancing.make(song, Wishes(moves="short"))
    table = dancing.library().everything
    usual = np.flatnonzero(table.n_frames == 24)
    move = str(table.fragment_id[usual[int(table.start_frame[usual].argmax())]])
    pins = shelf.usable({"id": version.id, "move": move, "from": 4.0, "to": 12.0})["pins"]
    names = [pin["what"] for pin in pins]
    assert len(names) >= 6
    assert {names[0]} <= set(names[1:])
    for asked, message in (
        ({"from": "4", "to": "4"}, "must end after it begins"),
        ({"from": "", "to": "4"}, "from which second"),
        ({"from": "900", "to": "904"}, "outside the song"),
    ):
        with pytest.raises(InputError, match=message):
            shelf.usable({"id": version.id, "move": move, **asked})


def test_what_cleaning_did_is_drawn(opened: Project, dancing: Dancing, tmp_path: Path) -> None:
    from PIL import Image

    from danceit.studio.jobs import Jobs, Report
    from danceit.studio.tasks import TASKS

    recording = dancing.library().clips[0]["recording"]
    # In a process of its own, as it is done: nothing else is imported there beforehand.
    jobs = Jobs(opened)
    job = jobs.start("sheet", "Cleaning sheet", {"recording": recording})
    deadline = time.monotonic() + 120
    while jobs.job(job.id).state == "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    done = jobs.job(job.id)
    assert done.result is not None, done.error
    with Image.open(opened.folder / "exports" / done.result["file"]) as drawn:
        assert min(drawn.size) > 200
    with pytest.raises(InputError, match="neither a file nor a clip"):
        TASKS["sheet"](opened, {"recording": "nobody"}, Report(tmp_path))


def test_versions_are_voted_on_blind_and_the_votes_stay(
    opened: Project, dancing: Dancing, library: SyntheticLibrary
) -> None:
    import json
    import re
    import urllib.request

    song = make_ready(opened, take_song(opened, library.query_song, "s"))
    versions = [dancing.make(song, Wishes(seed=seed)) for seed in (0, 1)]
    asking = Asking(opened)
    with pytest.raises(InputError, match="two versions or more"):
        asking.start({"dances": [versions[0].id]})
    told = asking.start({"dances": [version.id for version in versions]})
    assert told["trials"] == 1
    page = urllib.request.urlopen(f"{told['url']}?voter=somebody-1", timeout=20).read().decode()
    assert "Version 1" not in page
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert found is not None
    data = json.loads(found[1])
    assert data["counts"]["beats_s"] == []
    for question in data["questions"]:
        vote = {
            "voter": "somebody-1", "trial": data["trial"], "question": question["key"],
            "answer": "left", "ballot": data["ballot"],
        }  # fmt: skip
        asked = urllib.request.Request(
            f"{told['url']}vote",
            json.dumps(vote).encode(),
            {"Content-Type": "application/json", "X-Danceit-Token": data["token"]},
        )
        urllib.request.urlopen(asked, timeout=20)
    shares = asking.results({})["shares"]
    assert {share["votes"] for share in shares} == {1}
    assert {share["first"] for share in shares} <= {"Version 1", "Version 2"}
    asking.close()
    assert (opened.folder / "study.duckdb").is_file()
