"""A study in the browser: its pages, and what they send."""

import hmac
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from danceit.audio.songs import song_of
from danceit.bench.study.ballots import Ballots
from danceit.bench.study.trials import Trial, order_for
from danceit.counts import Counts
from danceit.errors import InputError
from danceit.render.options import RenderOptions
from danceit.render.page.data import counts_as_json
from danceit.render.page.html import PLAYER_SCRIPTS, assemble, page_data
from danceit.render.page.server import Site, new_token
from danceit.render.page.sound import PageSound, encode_page_sound

SCRIPTS = (*PLAYER_SCRIPTS, "study.js")
WATCH_S = 5.0
"""Seconds to be watched before a trial can be answered."""
_SIDES = ("left", "right")
_VOTER = re.compile(r"[A-Za-z0-9-]{8,64}")


class Polling:
    """Shows each viewer what they have not answered yet, and writes down what they answer.

    Parameters
    ----------
    trials : sequence of Trial
    ballots : Ballots
    options : RenderOptions
    seed : int
        Of the orders.
    song : Path, optional
        Where the song is now; only for a study of one song.

    Raises
    ------
    InputError
        If a song is missing: without it nobody can say what fits the music.
    """

    def __init__(
        self,
        trials: Sequence[Trial],
        ballots: Ballots,
        options: RenderOptions,
        *,
        seed: int = 0,
        song: Path | None = None,
    ) -> None:
        self._trials, self._ballots, self._options, self._seed = trials, ballots, options, seed
        self._by_id = {trial.trial_id: trial for trial in trials}
        songs = {trial.entries[0].song_sha256: trial.entries[0].dance for trial in trials}
        if song is not None and len(songs) > 1:
            raise InputError(f"`song` is for a study of one song; this one has {len(songs)}")
        self._paths = {sha256: song_of([dance], song) for sha256, dance in songs.items()}
        self._sounds: dict[str, PageSound] = {}
        self._token = new_token()

    def site(self) -> Site:
        """What to serve."""
        return Site({"/": self.page}, {"/vote": self.vote}, self._token)

    def page(self, asked: Mapping[str, str]) -> str:
        """Return the next trial of a viewer, the end, or the question who it is."""
        voter = asked.get("voter", "")
        if not _VOTER.fullmatch(voter):
            return self._assembled({"voter": ""})
        order = order_for(voter, self._trials, self._seed)
        given = self._ballots.given_by(voter)
        left = [
            (trial, swapped)
            for trial, swapped in order
            if set(trial.questions) - set(given.get(trial.trial_id, {}))
        ]
        progress = {"voter": voter, "done": len(order) - len(left), "all": len(order)}
        if not left:
            return self._assembled(progress)
        trial, swapped = left[0]
        answers = given.get(trial.trial_id, {})
        shown = self._as_json(trial, swapped, answers)
        shown["ballot"] = self.ballot(voter, trial.trial_id)
        return self._assembled(progress | shown)

    def vote(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Write down one answer, told by side, under the contestant who stood there."""
        voter, trial_id = str(asked.get("voter", "")), str(asked.get("trial", ""))
        if not _VOTER.fullmatch(voter):
            raise InputError("the vote does not say whose it is")
        trial = self._by_id.get(trial_id)
        if trial is None:
            raise InputError("the vote is for a trial of another study; load the page again")
        given = str(asked.get("ballot", "")).encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self.ballot(voter, trial_id).encode()):
            raise InputError("the vote is not from the page of this viewer; load it again")
        order = order_for(voter, self._trials, self._seed)
        swapped = next(swapped for each, swapped in order if each is trial)
        sides = dict(
            zip(_SIDES, ("second", "first") if swapped else ("first", "second"), strict=True)
        )
        answer = str(asked.get("answer", ""))
        question = str(asked.get("question", ""))
        chosen = sides.get(answer, answer if len(trial.entries) == 1 else "")
        self._ballots.vote(voter, trial, question, chosen, swapped=swapped)
        answered = self._ballots.given_by(voter)[trial_id]
        return {"complete": not set(trial.questions) - set(answered)}

    def ballot(self, voter: str, trial_id: str) -> str:
        """Name of a viewer's page of one trial, without which no vote of theirs counts."""
        return hmac.new(self._token.encode(), f"{voter}\0{trial_id}".encode(), "sha256").hexdigest()

    def _as_json(self, trial: Trial, swapped: bool, answers: Mapping[str, str]) -> dict[str, Any]:
        shown = list(reversed(trial.entries)) if swapped else list(trial.entries)
        single = len(shown) == 1
        data = page_data(
            [entry.dance for entry in shown],
            options=self._options,
            names=["The dance"] if single else ["Left", "Right"],
            sound=self._sound(trial.entries[0].song_sha256),
        )
        for dance in data["dances"]:
            # Blind also to those who look into the page: nothing tells how a dance was made.
            for secret in ("fragments", "segments", "steps", "source_s", "index_id", "encoder_id"):
                dance[secret] = "" if isinstance(dance[secret], str) else []
        sides = dict(
            zip(("second", "first") if swapped else ("first", "second"), _SIDES, strict=True)
        )
        # A pulse on the floor would tell the eye what the ear should judge.
        data["counts"] = counts_as_json(Counts.none())
        return data | {
            "trial": trial.trial_id,
            "questions": [
                {
                    "key": key,
                    "text": text,
                    "answers": [["yes", "Yes"], ["no", "No"]]
                    if single
                    else [["left", "Left"], ["right", "Right"]],
                    "given": sides.get(answers.get(key, ""), answers.get(key, "")),
                }
                for key, text in trial.questions.items()
            ],
            "from_s": trial.start_s,
            "to_s": trial.end_s,
            "watch_s": min(WATCH_S, trial.end_s - trial.start_s),
        }

    def _sound(self, song_sha256: str) -> PageSound:
        if song_sha256 not in self._sounds:
            self._sounds[song_sha256] = encode_page_sound(self._paths[song_sha256])
        return self._sounds[song_sha256]

    def _assembled(self, data: Mapping[str, Any]) -> str:
        told = {**data, "token": self._token}
        return assemble("study.html", SCRIPTS, told, self._options.look, "Which dance?")
