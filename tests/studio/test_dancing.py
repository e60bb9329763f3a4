"""Dances made and changed without a browser: what is kept, undone, offered instead."""

import base64
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from danceit.audio import read_sound
from danceit.data import JOINT, Dance
from danceit.errors import InputError
from danceit.index.synthetic import SyntheticLibrary
from danceit.studio.dancing import Dancing
from danceit.studio.desk import Desk
from danceit.studio.exporting import FORMATS, cut_out, export, look_of, people
from danceit.studio.jobs import Job, Jobs
from danceit.studio.library.opened import Library
from danceit.studio.library.others import ORDERS, others
from danceit.studio.names import new_id
from danceit.studio.project import Project, Song, Version, changed
from danceit.studio.songs import correct, make_ready, part_of
from danceit.studio.tasks import take_song
from danceit.studio.wishes import Wishes


@pytest.fixture(scope="module")
def opened(
    tmp_path_factory: pytest.TempPathFactory, index: Path, library: SyntheticLibrary
) -> Project:
    made = Project.open(tmp_path_factory.mktemp("dancing") / "mine.danceit")
    made.library = index
    make_ready(made, take_song(made, library.query_song, "a song"))
    return made


@pytest.fixture(scope="module")
def dancing(opened: Project) -> Iterator[Dancing]:
    made = Dancing(opened, device="cpu")
    yield made
    made.close()


@pytest.fixture
def song(opened: Project) -> Song:
    return opened.songs()[0]


def shown(project: Project, version: object) -> list[str]:
    dance = Dance.load(project.dance_file(version))  # type: ignore[arg-type]
    return [placed.fragment_id for placed in dance.fragments]


def test_a_seed_is_another_version_and_the_same_seed_the_same(
    opened: Project, dancing: Dancing, song: Song
) -> None:
    first, second = dancing.make(song, Wishes(seed=1)), dancing.make(song, Wishes(seed=2))
    again = dancing.make(song, Wishes(seed=1))
    assert len({first.name, second.name, again.name}) == 3
    assert shown(opened, first) == shown(opened, again) != shown(opened, second)


def test_another_one_is_unlike_those_there_are(
    opened: Project, dancing: Dancing, song: Song
) -> None:
    def ids(version: Version) -> np.ndarray:
        dance = Dance.load(opened.dance_file(version))
        return np.array([placed.fragment_id for placed in dance.fragments])[dance.source_index]

    for version in opened.versions():
        opened.remove("dances", version.id)
    before = dancing.make(song, Wishes())
    other = dancing.another(song, Wishes())
    seeds = [dancing.make(song, Wishes(seed=seed)) for seed in (1, 2, 3)]
    shares = [float((ids(version) == ids(before)).mean()) for version in seeds]
    wanted = next((n for n, share in enumerate(shares) if share <= 0.5), int(np.argmin(shares)))
    assert other.wishes.seed == 1 + wanted
    assert (ids(other) == ids(before)).mean() == shares[wanted] < 1.0
    assert dancing.another(song, Wishes()).wishes.seed > 3


def test_wishes_are_heeded(opened: Project, dancing: Dancing, song: Song) -> None:
    made = dancing.make(song, Wishes(style="waltz"))
    dance = Dance.load(opened.dance_file(made))
    assert {placed.style for placed in dance.fragments} == {"waltz"}
    with pytest.raises(InputError, match="polka"):
        dancing.make(song, Wishes(style="polka"))


@pytest.mark.parametrize("order", ORDERS)
def test_what_is_offered_can_be_taken_undone_and_taken_again(
    opened: Project, dancing: Dancing, song: Song, order: str
) -> None:
    made = dancing.make(song, Wishes())
    before = Dance.load(opened.dance_file(made))
    placed = before.fragments[1]
    at_s = placed.window_start_s + 0.5
    offered = others(dancing, made, at_s, placed.fragment_id, order)
    if order in ("calmer", "bigger") and not offered:
        pytest.skip(f"this small library has nothing {order}")
    table = {row["id"] for row in offered}
    assert placed.fragment_id not in table
    energy = dict(zip(dancing.library().everything.fragment_id,
                      dancing.library().everything.energy, strict=True))  # fmt: skip
    for row in offered:
        if order == "calmer":
            assert energy[row["id"]] < energy[placed.fragment_id]
        if order == "bigger":
            assert energy[row["id"]] > energy[placed.fragment_id]
    wanted = offered[0]["id"]
    change = {"kind": "pin", "at": at_s, "what": wanted, "text": "x"}
    tried, n_changed = dancing.solved(made, [change])
    assert n_changed >= 1
    taken, _ = dancing.change(made, [change])
    assert shown(opened, taken)[1] == wanted == tried.fragments[1].fragment_id
    undone = dancing.go(taken, taken.at - 1)
    after = Dance.load(opened.dance_file(undone))
    np.testing.assert_array_equal(after.joints, before.joints)
    redone = dancing.go(undone, undone.at + 1)
    assert shown(opened, redone)[1] == wanted
    with pytest.raises(InputError, match="nothing more to undo or redo"):
        dancing.go(redone, redone.at + 1)


@pytest.mark.parametrize("order", ORDERS)
def test_only_what_was_wished_for_is_offered(
    opened: Project, dancing: Dancing, song: Song, order: str
) -> None:
    made = dancing.make(song, Wishes(style="waltz"))
    placed = Dance.load(opened.dance_file(made)).fragments[1]
    offered = others(dancing, made, placed.window_start_s + 0.5, placed.fragment_id, order)
    everything = dancing.library().everything
    style = dict(zip(everything.fragment_id, everything.style, strict=True))
    assert {style[row["id"]] for row in offered} <= {"waltz"}
    assert offered or order in ("calmer", "bigger")


def test_a_change_after_an_undo_forgets_what_was_undone(
    opened: Project, dancing: Dancing, song: Song
) -> None:
    made = dancing.make(song, Wishes())
    names = shown(opened, made)
    one, _ = dancing.change(made, [{"kind": "ban", "what": names[0], "text": "a"}])
    back = dancing.go(one, 0)
    other, _ = dancing.change(back, [{"kind": "ban", "what": names[1], "text": "b"}])
    assert [len(step) for step in other.steps] == [0, 1]
    assert names[1] not in shown(opened, other)


def test_after_other_counts_a_dance_is_shown_but_not_changed(
    tmp_path: Path, index: Path, library: SyntheticLibrary
) -> None:
    project = Project.open(tmp_path / "a.danceit")
    project.library = index
    song = make_ready(project, take_song(project, library.query_song, "s"))
    dancing = Dancing(project, device="cpu")
    made = dancing.make(song, Wishes())
    recounted, told = correct(project, song, {"levels": -1})
    assert told["counts"]["tempo_bpm"] == pytest.approx(
        float(Dance.load(project.dance_file(made)).beats_s.size and 54.7), rel=0.1
    )
    assert recounted.counted == song.counted + 1
    with pytest.raises(InputError, match="counts of s were changed after Version 1"):
        dancing.change(made, [{"kind": "ban", "what": "x", "text": ""}])
    assert dancing.make(recounted, Wishes()).counted == recounted.counted
    dancing.close()


class Unfinished(Jobs):
    """Jobs that are begun and never get anywhere."""

    def __init__(self, project: Project) -> None:
        super().__init__(project)
        self.begun: list[Job] = []

    def start(self, task: str, title: str, asked: Mapping[str, Any]) -> Job:
        self.begun.append(Job(new_id(), task, title, dict(asked), 0.0))
        return self.begun[-1]

    def all(self) -> list[Job]:
        return self.begun


@pytest.mark.parametrize(("kind", "ending"), [("csv", ".csv"), ("npz", ".dance.npz")])
def test_two_exports_at_once_are_two_files(
    opened: Project, dancing: Dancing, song: Song, kind: str, ending: str
) -> None:
    made = dancing.make(song, Wishes())
    jobs = Unfinished(opened)
    desk = Desk(opened, jobs, dancing)
    for _ in range(2):
        desk.export({"dance": made.id, "format": kind})
    report = lambda *told: None  # noqa: E731
    files = [str(export(opened, job.asked, report)["file"]) for job in jobs.begun]  # type: ignore[arg-type]
    assert files[0] == f"{song.name} - {made.name}{ending}"
    assert files[1] == f"{song.name} - {made.name}-2{ending}"
    assert all((opened.folder / "exports" / name).is_file() for name in files)
    again = export(opened, jobs.begun[0].asked, report)  # type: ignore[arg-type]
    assert again["file"] not in files


def test_what_could_not_be_made_ready_is_tried_again(
    tmp_path: Path, index: Path, library: SyntheticLibrary
) -> None:
    project = Project.open(tmp_path / "late.danceit")
    song = take_song(project, library.query_song, "s")
    dancing = Dancing(project, device="cpu")
    made: list[Song] = []
    dancing._composed = lambda song, wishes: made.append(song)  # type: ignore[assignment, method-assign, return-value, func-returns-value]
    dancing.warm(song)
    dancing._warming.submit(lambda: None).result()  # there is no library yet
    project.library = index
    dancing.warm(song)
    dancing._warming.submit(lambda: None).result()
    dancing.close()
    assert made == [song]


def test_an_editor_is_of_a_library_that_nobody_can_close_meanwhile(
    dancing: Dancing, song: Song, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, held = dancing.make(song, Wishes()), []
    usual = dancing.library

    def library() -> Library:
        held.append(dancing._lock._is_owned())  # type: ignore[attr-defined]
        return usual()

    monkeypatch.setattr(dancing, "library", library)
    dancing.editor_of(made)
    assert held
    assert all(held)


def test_a_part_is_cut_out_of_a_dance_to_the_frame(
    opened: Project, dancing: Dancing, song: Song
) -> None:
    dance = Dance.load(opened.dance_file(dancing.make(song, Wishes())))
    part = cut_out(dance, (4.0, 9.5))
    assert part.n_frames == round(5.5 * 24)
    np.testing.assert_array_equal(part.joints, dance.joints[96:228])
    np.testing.assert_allclose(part.beats_s + 4.0, dance.beats_s[
        (dance.beats_s >= 4.0) & (dance.beats_s < 9.5)])  # fmt: skip
    assert set(part.seams + 96) <= set(dance.seams.tolist())


def test_every_kind_of_file_comes_out_of_the_part_that_is_danced(
    tmp_path: Path, opened: Project, dancing: Dancing, song: Song
) -> None:
    version = dancing.make(song, Wishes())
    opened.keep_song(changed(opened.song(song.id), part=(4.0, 7.0)))
    made = {}
    for kind in FORMATS.keys() - {"otio"}:
        asked = {"dance": version.id, "format": kind, "size": 360}
        told = export(opened, asked, lambda doing, share: None)
        made[kind] = opened.folder / "exports" / told["file"]
        assert made[kind].name.startswith(f"{song.name} - {version.name}")
    with pytest.raises(InputError, match="no footage to cut"):
        export(opened, {"dance": version.id, "format": "otio"}, lambda doing, share: None)
    opened.keep_song(changed(opened.song(song.id), part=None))
    n_frames = 3 * 24
    assert f"Frames: {n_frames}\n" in made["bvh"].read_text().replace("\t", " ")
    assert made["glb"].read_bytes()[:4] == b"glTF"
    with zipfile.ZipFile(made["zip"]) as poses:
        assert len([name for name in poses.namelist() if name.endswith(".json")]) == n_frames
    assert len(made["csv"].read_text().splitlines()) == n_frames + 1
    assert made["gif"].read_bytes()[:4] == b"GIF8"
    # A dance file is of the whole song, which is what danceit goes on from.
    assert Dance.load(made["npz"]).n_frames == Dance.load(opened.dance_file(version)).n_frames
    with av.open(str(made["mp4"])) as film:
        assert float(film.streams.video[0].frames / film.streams.video[0].average_rate) == 3.0
    page = re.search(r'id="data">(.*?)</script>', made["html"].read_text(), re.S)
    assert page is not None
    held = json.loads(page[1])
    assert (held["title"], held["duration_s"]) == (song.name, 3.0)
    assert [dance["name"] for dance in held["dances"]] == [version.name]
    # Its sound is that of the part.
    sound = tmp_path / "page.mp4"
    sound.write_bytes(base64.b64decode(held["sound"].split(",", 1)[1]))
    heard, whole = read_sound(sound), read_sound(opened.song_file(song))
    start = 4 * whole.rate
    own = whole.samples[start : start + 3 * whole.rate]
    of_page = heard.samples[: len(own)]
    assert np.corrcoef(own[: len(of_page)], of_page)[0, 1] > 0.95


@pytest.mark.parametrize("asked", [[1.0], "1-9", [1, "x"], [None, 9], [3, 4], [9, 3]])
def test_a_part_that_is_none_is_refused(song: Song, asked: object) -> None:
    with pytest.raises(InputError, match="part"):
        part_of(song, asked)


@pytest.mark.parametrize("size", ["large", None, [512], 100])
def test_a_size_that_is_none_is_refused(opened: Project, size: object) -> None:
    with pytest.raises(InputError, match="size must be one of"):
        look_of(opened, {"format": "mp4", "size": size}, None)


def test_an_eight_is_mirrored_and_nothing_else(
    opened: Project, dancing: Dancing, song: Song
) -> None:
    made = dancing.make(song, Wishes())
    before = Dance.load(opened.dance_file(made))
    change = {"kind": "mirror", "from": 4.5, "to": 8.0, "text": "4.5 to 8 to the other side"}
    turned, n_changed = dancing.change(made, [change])
    after = Dance.load(opened.dance_file(turned))
    assert n_changed == 0
    assert shown(opened, made) == shown(opened, turned)
    sides = np.array([placed.mirrored for placed in after.fragments])
    assert sides.any()
    assert not sides.all()
    left, right = JOINT["left_wrist"], JOINT["right_wrist"]
    for number, placed in enumerate(after.fragments):
        own = np.flatnonzero(after.source_index == number)[4:-4]  # seams are smoothed
        one, other = (right, left) if placed.mirrored else (left, right)
        heights = np.corrcoef(after.joints[own, left, 1], before.joints[own, one, 1])
        assert heights[0, 1] > 0.95
        heights = np.corrcoef(after.joints[own, right, 1], before.joints[own, other, 1])
        assert heights[0, 1] > 0.95
    # Mirrored twice it is as it was.
    twice, _ = dancing.change(turned, [change, change])
    np.testing.assert_array_equal(Dance.load(opened.dance_file(twice)).joints, before.joints)
    with pytest.raises(InputError, match="must end after it begins"):
        dancing.change(twice, [{**change, "to": 4.0}])


def test_a_trained_person_of_the_project_may_dance_and_nobody_else(opened: Project) -> None:
    folder = opened.folder / "people" / "Ann"
    folder.mkdir(parents=True)
    assert people(opened) == []  # prepared, not yet trained
    (folder / "painter.safetensors").write_bytes(b"")
    assert people(opened) == ["Ann"]
    look = look_of(opened, {"format": "mp4", "person": "Ann", "footage": True}, None)
    assert (look.person, look.footage) == (str(folder), False)
    assert look_of(opened, {"format": "gif", "person": "Ann"}, None).person == ""
    shown = {"format": "mp4", "footage": True, "surroundings": "still", "match_colours": True}
    look = look_of(opened, shown, None)
    assert (look.footage, look.surroundings, look.match_colours) == (True, "still", True)
    drawn = look_of(opened, {**shown, "footage": False}, None)
    assert (drawn.surroundings, drawn.match_colours) == ("kept", False)
    with pytest.raises(InputError, match="surroundings"):
        look_of(opened, {**shown, "surroundings": "gone"}, None)
    for name in ("Anne", "../people/Ann", "/etc"):
        with pytest.raises(InputError, match="person"):
            look_of(opened, {"format": "mp4", "person": name}, None)
