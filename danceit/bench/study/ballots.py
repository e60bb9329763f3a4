"""The votes of a study, kept in DuckDB: one row a viewer, trial and question.

A vote is on disk before it is answered for, so that neither a reload nor a kill loses
it; the same question answered again takes the place of the earlier answer.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from danceit.bench.study.trials import Share, Trial, share_of
from danceit.closing import Closing
from danceit.duck import connected
from danceit.errors import InputError

_TABLE = """
CREATE TABLE IF NOT EXISTS votes (
    voter VARCHAR, trial_id VARCHAR, question VARCHAR,
    song_sha256 VARCHAR, start_s DOUBLE, end_s DOUBLE,
    first VARCHAR, first_sha256 VARCHAR, second VARCHAR, second_sha256 VARCHAR,
    swapped BOOLEAN,
    chosen VARCHAR CHECK (chosen IN ('first', 'second', 'yes', 'no')),
    voted_at TIMESTAMP DEFAULT current_timestamp,
    PRIMARY KEY (voter, trial_id, question)
)
"""
_VOTE = """
INSERT INTO votes BY NAME SELECT
    $voter AS voter, $trial_id AS trial_id, $question AS question,
    $song AS song_sha256, $start_s AS start_s, $end_s AS end_s,
    $first AS first, $first_sha256 AS first_sha256,
    $second AS second, $second_sha256 AS second_sha256,
    $swapped AS swapped, $chosen AS chosen, now()::TIMESTAMP AS voted_at
ON CONFLICT DO UPDATE SET
    chosen = excluded.chosen, swapped = excluded.swapped, voted_at = excluded.voted_at
"""
_SHARES = """
SELECT question, first, second,
       count(*) FILTER (chosen IN ('first', 'yes')), count(*), count(DISTINCT voter)
FROM votes WHERE $trials IS NULL OR list_contains($trials, trial_id)
GROUP BY ALL ORDER BY question, first, second
"""


class Ballots(Closing):
    """Votes in one file; closed by `close` or as a context manager.

    Parameters
    ----------
    path : Path
        A DuckDB file; made where there is none.
    create : bool
        Whether it may be made.

    Raises
    ------
    InputError
        If it is missing, not such a file, or in use by another process.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        import duckdb

        if not create and not path.is_file():
            raise InputError(f"no votes at {path}; run a study first, or say where (`out`)")
        try:
            self._connection = connected(path)
            self._connection.execute(_TABLE)
        except duckdb.Error as exc:
            raise InputError(
                f"{path} cannot be used for votes: another program has it open, "
                f"or it is not a DuckDB file ({str(exc).splitlines()[0]})"
            ) from exc

    def vote(self, voter: str, trial: Trial, question: str, chosen: str, *, swapped: bool) -> None:
        """Write one answer; it is on disk when this returns.

        Parameters
        ----------
        chosen : str
            ``first`` or ``second`` contestant of the trial; ``yes`` or ``no`` for a single one.

        Raises
        ------
        InputError
            If the question or the answer is not one of the trial's.
        """
        if question not in trial.questions:
            raise InputError(f"the trial has no question '{question}'")
        answers = ("yes", "no") if len(trial.entries) == 1 else ("first", "second")
        if chosen not in answers:
            raise InputError(f"the answer must be {' or '.join(answers)}; got '{chosen}'")
        first, second = trial.entries[0], trial.entries[-1]
        alone = len(trial.entries) == 1
        self._connection.execute(
            _VOTE,
            {
                "voter": voter,
                "trial_id": trial.trial_id,
                "question": question,
                "song": first.song_sha256,
                "start_s": trial.start_s,
                "end_s": trial.end_s,
                "first": first.contestant,
                "first_sha256": first.sha256,
                "second": "" if alone else second.contestant,
                "second_sha256": "" if alone else second.sha256,
                "swapped": swapped,
                "chosen": chosen,
            },
        )

    def given_by(self, voter: str) -> Mapping[str, Mapping[str, str]]:
        """Answers of one viewer: trial to question to what was chosen."""
        rows = self._all("SELECT trial_id, question, chosen FROM votes WHERE voter = ?", [voter])
        given: dict[str, dict[str, str]] = {}
        for trial_id, question, chosen in rows:
            given.setdefault(trial_id, {})[question] = chosen
        return given

    def shares(self, trials: Iterable[Trial] | None = None) -> list[Share]:
        """Count the votes of every question and pair of contestants, over all songs and viewers.

        Parameters
        ----------
        trials : iterable of Trial, optional
            Only what was voted of these; a contestant of the same name may have been another.
        """
        wanted = None if trials is None else [trial.trial_id for trial in trials]
        return [share_of(*row) for row in self._all(_SHARES, {"trials": wanted})]

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def _all(self, query: str, values: list[Any] | dict[str, Any]) -> list[tuple[Any, ...]]:
        return list(self._connection.execute(query, values).fetchall())
