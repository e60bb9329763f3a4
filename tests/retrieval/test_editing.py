"""Pins, bans and locks on a small index, with encoders that learned nothing."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danceit.align import align
from danceit.clock import clock
from danceit.data import Dance, DanceSong
from danceit.errors import InputError
from danceit.index.store.contract import FragmentStore
from danceit.index.store.engines import open_store
from danceit.index.synthetic import SyntheticLibrary
from danceit.retrieval.composing import compose
from danceit.retrieval.constraints import Constraints
from danceit.retrieval.continuity import solve
from danceit.retrieval.editing import REACH, Editor, options_of
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.retrieval.options import QueryOptions
from danceit.workflow.view_edits import ViewEdits, constraints_of
from danceit.workflow.viewing import open_dances
from tests.retrieval.test_composing import encoder, index, library
from tests.retrieval.test_continuity import cheapest_by_brute_force, random_chain

__all__ = ["encoder", "index", "library"]  # fixtures

OPTIONS = QueryOptions(length_s=1.0, k=6)


@pytest.fixture(scope="module")
def store(index: Path) -> Iterator[FragmentStore]:
    with open_store(index) as opened:
        yield opened


@pytest.fixture(scope="module")
def editor(library: SyntheticLibrary, store: FragmentStore, encoder: FragmentEncoder) -> Editor:
    return Editor(library.query_song, store, encoder, OPTIONS)


@pytest.fixture(scope="module")
def before(library: SyntheticLibrary, store: FragmentStore, encoder: FragmentEncoder) -> Dance:
    return compose(library.query_song, store, encoder, OPTIONS).dance


def shown(dance: Dance) -> list[str]:
    return [placed.fragment_id for placed in dance.fragments]


def other(dance: Dance, window: int) -> str:
    """A fragment of the index that the window does not show."""
    return next(name for name in shown(dance) if name != shown(dance)[window])


def test_asking_for_nothing_changes_nothing(editor: Editor, before: Dance) -> None:
    edited = editor.solve(Constraints(), before)
    assert (edited.solved, edited.changed) == ((), ())
    np.testing.assert_array_equal(edited.composition.dance.joints, before.joints)
    assert edited.composition.dance.fragments == before.fragments


def test_without_a_dance_it_is_the_query_itself(editor: Editor, before: Dance) -> None:
    assert shown(editor.solve(Constraints()).composition.dance) == shown(before)


def test_a_pin_is_shown_and_only_its_neighbours_may_change(editor: Editor, before: Dance) -> None:
    wanted = other(before, 7)
    edited = editor.solve(Constraints(pins=((7.4, wanted),)), before)
    assert shown(edited.composition.dance)[7] == wanted
    assert 7 in edited.changed
    assert set(edited.changed) <= set(range(7 - REACH, 7 + REACH + 1))
    assert set(edited.solved) == set(range(7 - REACH, 7 + REACH + 1)) - {7}
    assert edited.composition.dance.choices[7].why == "you chose it"


def test_a_fragment_that_is_not_there_is_told_by_the_nearest_of_its_clip(
    editor: Editor, before: Dance
) -> None:
    clip, _, place = shown(before)[7].rpartition(":")
    start, length = map(int, place.split("+"))
    asked = f"{clip[:-1]}x:{start + 1}+{length}"
    with pytest.raises(InputError, match=re.escape(f"did you mean '{shown(before)[7]}'?")):
        editor.solve(Constraints(pins=((7.4, asked),)), before)
    recording = clip.partition("#")[0]
    with pytest.raises(InputError, match=f"did you mean '{re.escape(recording)}[#:]"):
        editor.solve(Constraints(pins=((7.4, f"{recording}:1+{length}"),)), before)
    with pytest.raises(InputError, match=r"of 1 s; danceit index list --fragments"):
        editor.solve(Constraints(pins=((7.4, "something else"),)), before)


def test_a_banned_fragment_is_gone_and_the_rest_stays(editor: Editor, before: Dance) -> None:
    banned = shown(before)[5]
    edited = editor.solve(Constraints(bans=(banned,)), before)
    now = shown(edited.composition.dance)
    assert banned not in now
    where = [w for w, name in enumerate(shown(before)) if name == banned]
    near = {v for w in where for v in range(w - REACH, w + REACH + 1)}
    assert set(edited.changed) <= near
    assert all(banned not in str(choice) for choice in edited.composition.dance.choices)


def test_a_banned_clip_is_gone_however_much_of_the_pool_it_was(
    editor: Editor, before: Dance
) -> None:
    used = Counter(placed.clip_id for placed in before.fragments)
    clips = {clip for clip, _ in used.most_common()[:2]}  # of three
    edited = editor.solve(Constraints(bans=tuple(clips)), before)
    assert not clips & {placed.clip_id for placed in edited.composition.dance.fragments}


def test_a_lock_holds_against_a_ban(editor: Editor, before: Dance) -> None:
    banned = before.fragments[5].clip_id
    edited = editor.solve(Constraints(bans=(banned,), locks=((4.0, 7.0),)), before)
    assert shown(edited.composition.dance)[4:7] == shown(before)[4:7]
    rest = [placed.clip_id for placed in edited.composition.dance.fragments]
    assert banned not in rest[:4] + rest[7:]


def test_changes_add_up(editor: Editor, before: Dance) -> None:
    first = editor.solve(Constraints(pins=((7.0, other(before, 7)),)), before).composition.dance
    banned = shown(first)[9]
    second = editor.solve(Constraints(bans=(banned,)), first).composition.dance
    assert shown(second)[7] == shown(first)[7]
    third = editor.solve(Constraints(pins=((2.0, other(second, 2)),)), second).composition.dance
    assert banned not in shown(third)


def test_the_later_word_holds(editor: Editor, before: Dance) -> None:
    wanted = other(before, 7)
    used = {"kind": "pin", "at": 7.0, "what": wanted}
    once = editor.solve(constraints_of([used]), before).composition.dance
    assert shown(once)[7] == wanted
    for ban in (wanted, wanted.rpartition(":")[0]):
        forbidden = {"kind": "ban", "what": ban}
        # All at once, as the page asks, and after one another, as the command line does.
        page = editor.solve(constraints_of([used, forbidden]), before)
        line = editor.solve(Constraints(bans=(ban,)), once)
        for edited in (page, line):
            assert not any(
                name == ban or name.startswith(f"{ban}:")
                for name in shown(edited.composition.dance)
            )
        again = editor.solve(constraints_of([forbidden, used]), before)
        assert shown(again.composition.dance)[7] == wanted


def test_an_aligned_dance_can_be_changed(editor: Editor, before: Dance) -> None:
    music = editor.solve(Constraints(), before).composition.music
    aligned = align(before, music, ["linear"])
    assert options_of(aligned) == OPTIONS
    assert shown(editor.solve(Constraints(), aligned).composition.dance) == shown(before)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 4), st.integers(0, 3))
def test_held_to_one_candidate_the_path_is_the_best_through_it(
    seed: int, window: int, candidate: int
) -> None:
    chain = random_chain(seed, 5, 4, repetition=0.7, memory=1)
    allowed = [np.arange(len(target)) for target in chain.targets]
    allowed[window] = np.array([candidate % len(chain.targets[window])])
    held = chain.only(allowed)
    assert held.cost(solve(held)) == pytest.approx(cheapest_by_brute_force(held))
    path = np.array([kept[i] for kept, i in zip(allowed, solve(held), strict=True)])
    assert chain.cost(path) == pytest.approx(held.cost(solve(held)))


@pytest.mark.parametrize(
    ("constraints", "message"),
    [
        (Constraints(pins=((1.0, "nobody:0+24"),)), "no fragment 'nobody:0\\+24' of 1 s"),
        (Constraints(bans=("nobody",)), "neither a fragment nor a clip 'nobody'"),
        (Constraints(locks=((10.0, 99.0),)), r"1:39.0 is outside the song, which lasts 0:14.5"),
    ],
)
def test_what_is_not_there_is_named(
    editor: Editor, before: Dance, constraints: Constraints, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        editor.solve(constraints, before)


def test_contradictions_are_named(editor: Editor, before: Dance) -> None:
    both = Constraints(pins=((5.0, other(before, 5)),), locks=((4.0, 8.0),))
    with pytest.raises(InputError, match=r"the pin at 0:05.0 lies within a lock"):
        editor.solve(both, before)
    with pytest.raises(InputError, match=r"say which \(`before`\)"):
        editor.solve(Constraints(locks=((4.0, 8.0),)))


def test_two_pins_in_one_window_are_named_and_a_later_change_wins(
    editor: Editor, before: Dance
) -> None:
    first = before.fragments[5].fragment_id
    wanted = other(before, 5)
    both = Constraints(pins=((5.0, first), (5.4, wanted)))
    with pytest.raises(InputError, match=r"0:05\.0=.* and 0:05\.4=.* fall into one window of 1 s"):
        editor.solve(both, before)
    once = editor.solve(Constraints(pins=((5.0, first),)), before).composition.dance
    then = editor.solve(Constraints(pins=((5.4, wanted),)), once).composition.dance
    assert then.fragments[5].fragment_id == wanted


def test_a_misspelt_fragment_is_met_with_the_nearest(editor: Editor, before: Dance) -> None:
    name = before.fragments[0].fragment_id
    with pytest.raises(InputError, match=f"did you mean '{re.escape(name)}'"):
        editor.solve(Constraints(pins=((0.0, f"{name}0"),)), before)


def test_a_dance_of_another_song_or_of_no_query_is_refused(editor: Editor, before: Dance) -> None:
    with pytest.raises(InputError, match="made for another song"):
        editor.solve(Constraints(), replace(before, song=DanceSong(Path("other.wav"), "0")))
    with pytest.raises(InputError, match="no query on record"):
        options_of(replace(before, steps=()))


def test_everything_banned_is_said(editor: Editor, before: Dance, store: FragmentStore) -> None:
    everything = tuple({str(clip) for clip in store.table(store.matching(_all())).clip_id})
    with pytest.raises(InputError, match=r"nothing is left to choose at 0:00.0"):
        editor.solve(Constraints(bans=everything), before)


def _all() -> "object":
    from danceit.index.store.contract import Where

    return Where(n_frames=24)


@pytest.mark.parametrize("seconds", [0.0, 7.4, 59.9, 83.5])
def test_times_are_read_as_they_are_written(seconds: float) -> None:
    read = Constraints.parsed([f"{clock(seconds)}=a=b:0+24"], ["c"], [f"{clock(seconds)}-99"])
    assert read.pins[0] == (pytest.approx(seconds), "a=b:0+24")
    assert read.locks[0] == (pytest.approx(seconds), 99.0)


@pytest.mark.parametrize(
    ("pin", "lock", "message"),
    [
        ("0:12", "1-2", "`pin` must be TIME=FRAGMENT"),
        ("noon=a", "1-2", "'noon' in 'noon=a' is not a time"),
        ("1=a", "5", "`lock` must be FROM-TO"),
        ("1=a", "5-5", "must end after it begins"),
    ],
)
def test_a_text_that_is_no_constraint_is_named(pin: str, lock: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Constraints.parsed([pin], [], [lock])


def test_the_pages_changes_are_solved_aligned_and_saved(
    before: Dance, editor: Editor, index: Path, tmp_path: Path
) -> None:
    music = editor.solve(Constraints(), before).composition.music
    aligned = align(before, music, ["linear"])
    aligned.save(tmp_path / "a.dance.npz")
    wanted = other(before, 3)
    change = {"kind": "pin", "at": 3.0, "what": wanted, "text": "shown again after a reload"}
    with ViewEdits(open_dances([tmp_path / "a.dance.npz"], audible=False), index) as edits:
        assert edits.refused == [""]
        answer = edits.edit({"dance": 0, "changes": [change]})
        assert answer["dances"][0]["fragments"][3]["id"] == wanted
        assert answer["changed"] >= 1
        saved = Dance.load(Path(edits.save({"dance": 0})["file"]))
        again = edits.save({"dance": 0})["file"]
        back = edits.edit({"dance": 0, "changes": []})
    assert shown(saved)[3] == wanted
    assert [step.method for step in saved.steps] == ["viterbi", "constraints", "linear"]
    assert again.endswith("a.edited-2.dance.npz")
    assert back["dances"][0]["fragments"][3]["id"] == shown(before)[3]


def test_a_changed_dance_keeps_every_option_that_it_was_aligned_with(
    before: Dance, editor: Editor, index: Path, tmp_path: Path
) -> None:
    music = editor.solve(Constraints(), before).composition.music
    align(before, music, ["warp:max_warp=none"]).save(tmp_path / "a.dance.npz")
    change = {"kind": "pin", "at": 3.0, "what": other(before, 3)}
    with ViewEdits(open_dances([tmp_path / "a.dance.npz"], audible=False), index) as edits:
        edits.edit({"dance": 0, "changes": [change]})
        saved = Dance.load(Path(edits.save({"dance": 0})["file"]))
    opened = Dance.load(tmp_path / "a.dance.npz")
    assert saved.steps[-1].options["max_warp"] is None
    assert dict(saved.steps[-1].options) == dict(opened.steps[-1].options)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"dance": 5, "changes": []}, "no dance 5"),
        ({"dance": 0, "changes": [{"kind": "pin", "at": "x", "what": "y"}]}, "is not one"),
        ({"dance": 0, "changes": "all"}, "is not one"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    before: Dance, index: Path, tmp_path: Path, asked: dict[str, object], message: str
) -> None:
    before.save(tmp_path / "a.dance.npz")
    with (
        ViewEdits(open_dances([tmp_path / "a.dance.npz"], audible=False), index) as edits,
        pytest.raises(InputError, match=message),
    ):
        edits.edit(asked)


def test_a_dance_of_another_index_can_be_seen_but_not_changed(
    before: Dance, index: Path, tmp_path: Path
) -> None:
    foreign = (replace(before.fragments[0], fragment_id="x:0+24"), *before.fragments[1:])
    replace(before, index_id="other").save(tmp_path / "grown.dance.npz")
    replace(before, index_id="other", fragments=foreign).save(tmp_path / "foreign.dance.npz")
    files = [tmp_path / "grown.dance.npz", tmp_path / "foreign.dance.npz"]
    with ViewEdits(open_dances(files, audible=False), index) as edits:
        assert edits.refused[0] == ""
        assert "has no fragment x:0+24" in edits.refused[1]
        with pytest.raises(InputError, match="has no fragment"):
            edits.edit({"dance": 1, "changes": []})
