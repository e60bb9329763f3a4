"""Votes: counted under the right name, changed by a second thought, kept through a kill."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from danceit.bench.study.ballots import Ballots
from danceit.bench.study.polling import Polling
from danceit.bench.study.trials import Trial, entries, order_for, trials
from danceit.errors import InputError
from danceit.files import sha256_of_file
from danceit.render.options import RenderOptions
from tests.bench.study.test_trials import write


@pytest.fixture
def pair(tmp_path: Path, song: Path) -> Trial:
    of = sha256_of_file(song)
    files = [write(tmp_path / f"{name}.dance.npz", of, phase=i) for i, name in enumerate("ab")]
    (trial,) = trials(entries(files), single=False, seconds=4, seed=0)
    return trial


def test_votes_are_counted_by_contestant(tmp_path: Path, pair: Trial) -> None:
    with Ballots(tmp_path / "v.duckdb") as ballots:
        for i in range(10):
            chosen = "first" if i < 7 else "second"
            ballots.vote(f"viewer-{i % 5}", pair, "realism", "first", swapped=False)
            ballots.vote(f"viewer-{i}", pair, "music", chosen, swapped=bool(i % 2))
        music, realism = ballots.shares()
    assert (music.question, music.first, music.second) == ("music", "a", "b")
    assert (music.chosen, music.votes, music.voters) == (7, 10, 10)
    assert (realism.chosen, realism.votes) == (5, 5)  # asked twice, counted once


def test_votes_of_other_dances_of_the_same_names_are_another_study(
    tmp_path: Path, pair: Trial, song: Path
) -> None:
    of = sha256_of_file(song)
    files = [write(tmp_path / f"{name}.dance.npz", of, phase=i + 5) for i, name in enumerate("ab")]
    (later,) = trials(entries(files), single=False, seconds=4, seed=0)
    with Ballots(tmp_path / "v.duckdb") as ballots:
        ballots.vote("someone", pair, "music", "first", swapped=False)
        ballots.vote("someone", later, "music", "second", swapped=False)
        (one,), (other,) = ballots.shares([pair]), ballots.shares([later])
        (both,) = ballots.shares()
    assert (one.first, one.chosen, one.votes) == (other.first, 1, 1)
    assert (other.chosen, other.votes) == (0, 1)
    assert (both.chosen, both.votes) == (1, 2)


def test_a_second_thought_replaces_the_first(tmp_path: Path, pair: Trial) -> None:
    with Ballots(tmp_path / "v.duckdb") as ballots:
        ballots.vote("someone", pair, "music", "first", swapped=False)
        ballots.vote("someone", pair, "music", "second", swapped=False)
        (share,) = ballots.shares()
        assert ballots.given_by("someone") == {pair.trial_id: {"music": "second"}}
    assert (share.chosen, share.votes) == (0, 1)


@pytest.mark.parametrize(
    ("question", "chosen", "message"),
    [("taste", "first", "no question 'taste'"), ("music", "yes", "must be first or second")],
)
def test_answers_that_are_none_are_refused(
    tmp_path: Path, pair: Trial, question: str, chosen: str, message: str
) -> None:
    with (
        Ballots(tmp_path / "v.duckdb") as ballots,
        pytest.raises(InputError, match=message),
    ):
        ballots.vote("someone", pair, question, chosen, swapped=False)


def test_a_vote_survives_the_kill_of_the_program(tmp_path: Path, pair: Trial) -> None:
    """Killed without a chance to close anything, right after the answer."""
    files = [str(entry.file) for entry in pair.entries]
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from danceit.bench.study.ballots import Ballots\n"
        "from danceit.bench.study.trials import entries, trials\n"
        "(trial,) = trials(entries([Path(p) for p in sys.argv[2:]]), single=False, seconds=4,"
        " seed=0)\n"
        "ballots = Ballots(Path(sys.argv[1]))\n"
        "ballots.vote('someone', trial, 'music', 'first', swapped=False)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "v.duckdb"), *files]
    done = subprocess.run(command, check=False, env=os.environ)
    assert done.returncode == -signal.SIGKILL
    with Ballots(tmp_path / "v.duckdb", create=False) as ballots:
        assert ballots.given_by("someone") == {pair.trial_id: {"music": "first"}}


def test_a_file_that_is_missing_or_no_ballot_box_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no votes at"):
        Ballots(tmp_path / "none.duckdb", create=False)
    (tmp_path / "text.duckdb").write_text("hello " * 10_000)
    with pytest.raises(InputError, match="cannot be used for votes"):
        Ballots(tmp_path / "text.duckdb")


def test_sides_are_told_back_to_contestants(tmp_path: Path, pair: Trial, song: Path) -> None:
    """Whichever side a viewer's own order put it on, `a` gets the vote for its side."""
    with Ballots(tmp_path / "v.duckdb") as ballots:
        polling = Polling([pair], ballots, RenderOptions(), song=song)
        seen = set()
        for i in range(12):
            voter = f"viewer-{i}"
            ((_, swapped),) = order_for(voter, [pair], 0)
            seen.add(swapped)
            answer = "right" if swapped else "left"
            told = {"voter": voter, "trial": pair.trial_id, "question": "music", "answer": answer}
            told["ballot"] = polling.ballot(voter, pair.trial_id)
            assert polling.vote(told) == {"complete": False}
        (share,) = ballots.shares()
    assert seen == {True, False}
    assert (share.first, share.chosen, share.votes) == ("a", 12, 12)


def test_one_dance_at_a_time_is_found_realistic_or_not(
    tmp_path: Path, pair: Trial, song: Path
) -> None:
    alone = trials(pair.entries, single=True, seconds=4, seed=0)
    with Ballots(tmp_path / "v.duckdb") as ballots:
        polling = Polling(alone, ballots, RenderOptions(), song=song)
        for i in range(3):
            text = polling.page({"voter": f"viewer-{i}"})
            assert "Is this dance realistic?" in text
            told = {"voter": f"viewer-{i}", "trial": alone[0].trial_id, "question": "realistic"}
            told["ballot"] = polling.ballot(told["voter"], told["trial"])
            assert polling.vote(told | {"answer": "no" if i else "yes"}) == {"complete": True}
        with pytest.raises(InputError, match="must be yes or no"):
            polling.vote(told | {"answer": "left"})
        (share,) = ballots.shares()
    assert (share.first, share.second, share.chosen, share.votes) == ("a", "", 1, 3)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"voter": "x"}, "whose it is"),
        ({"voter": "somebody", "trial": "?"}, "another study"),
        ({"voter": "somebody", "question": "music", "answer": "first"}, "must be first or second"),
    ],
)
def test_votes_that_make_no_sense_are_refused(
    tmp_path: Path, pair: Trial, song: Path, told: dict[str, str], message: str
) -> None:
    with Ballots(tmp_path / "v.duckdb") as ballots:
        polling = Polling([pair], ballots, RenderOptions(), song=song)
        own = polling.ballot(told["voter"], told.get("trial", pair.trial_id))
        with pytest.raises(InputError, match=message):
            polling.vote({"trial": pair.trial_id, "ballot": own, **told})


def test_nobody_votes_for_another_viewer(tmp_path: Path, pair: Trial, song: Path) -> None:
    with Ballots(tmp_path / "v.duckdb") as ballots:
        polling = Polling([pair], ballots, RenderOptions(), song=song)
        told = {"trial": pair.trial_id, "question": "music", "answer": "left"}
        for ballot in ("", "ü", polling.ballot("somebody-1", pair.trial_id)):
            with pytest.raises(InputError, match="not from the page of this viewer"):
                polling.vote({"voter": "somebody-2", "ballot": ballot, **told})
        assert not ballots.shares()
        own = polling.ballot("somebody-1", pair.trial_id)
        assert own in polling.page({"voter": "somebody-1"})
        polling.vote({"voter": "somebody-1", "ballot": own, **told})
        assert ballots.shares()[0].votes == 1


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import numpy as np
    import soundfile

    path = tmp_path_factory.mktemp("song") / "song.wav"
    t = np.arange(10 * 22_050) / 22_050
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * 440 * t) * (t % 0.5 < 0.1), 22_050)
    return path


def test_nothing_in_the_page_tells_whose_dance_it_is(
    tmp_path: Path, pair: Trial, song: Path
) -> None:
    with Ballots(tmp_path / "v.duckdb") as ballots:
        text = Polling([pair], ballots, RenderOptions(), song=song).page({"voter": "somebody"})
    data = text[text.index('id="data"') : text.rindex("<script>")]
    for secret in ("a.dance", "b.dance", "clip0", "library", song.stem, pair.entries[0].sha256):
        assert secret not in data


def test_in_a_browser_nothing_is_lost_by_a_reload(tmp_path: Path, song: Path) -> None:
    from threading import Thread

    from danceit.render.page.server import LocalServer
    from tests.browser import chromium, unnamed_controls, watched

    of = sha256_of_file(song)
    files = [write(tmp_path / f"{name}.dance.npz", of, phase=5 * i) for i, name in enumerate("abc")]
    both = trials(entries(files), single=False, seconds=0.8, seed=0)[:2]
    with Ballots(tmp_path / "v.duckdb") as ballots, chromium() as browser:
        site = Polling(both, ballots, RenderOptions(), song=song).site()
        with LocalServer(site) as server, watched(browser) as seen:
            thread = Thread(target=server.serve)
            thread.start()
            try:
                seen.page.goto(server.url)
                for number in (1, 2):
                    seen.page.get_by_text(f"{number} of 2").wait_for()
                    assert unnamed_controls(seen.page) == []
                    left = seen.page.get_by_role("radio", name="Left")
                    assert left.first.is_disabled()  # not before it was watched
                    seen.page.get_by_role("button", name="Play").click()
                    with seen.page.expect_response("**/vote"):
                        left.first.check()
                    seen.page.reload()
                    seen.page.get_by_role("button", name="Play").click()
                    assert left.first.is_checked()
                    # A click: the page goes on at once, so that nothing is left to be checked.
                    seen.page.get_by_role("radio", name="Right").nth(1).click()
                seen.page.get_by_text("All 2 answered and kept").wait_for()
                assert seen.complaints == []
            finally:
                server.stop()
                thread.join()
        assert sum(share.votes for share in ballots.shares()) == 4
