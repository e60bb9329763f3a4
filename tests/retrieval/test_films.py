"""Which videos show the same film."""

from types import SimpleNamespace

import numpy as np
import pytest

from danceit.data import FPS, MIRRORED, Float32
from danceit.retrieval.films import Films, films_of

LENGTH = 48


def danced(seed: int, seconds: float = 12.0, tempo: float = 1.0) -> Float32:
    """Somebody (T, 18, 3) whose joints swing about a stance, each in its own way."""
    rng = np.random.default_rng(seed)
    stance = np.random.default_rng(0).uniform(100, 400, (18, 3))
    beats = np.arange(round(seconds * FPS))[:, None, None] / FPS * tempo
    rate, phase = rng.uniform(0.3, 1.2, (2, 1, 18, 3))
    poses = stance + 60 * np.sin(2 * np.pi * (rate * beats + 3 * phase))
    return poses.astype(np.float32)


def told(*clips: tuple[str, str, float, Float32]) -> tuple[Films, SimpleNamespace]:
    """Films of clips (name, video, second at which it starts, poses), cut every two seconds."""
    rows = [
        (name, video, start_s + first / FPS, poses[first : first + LENGTH])
        for name, video, start_s, poses in clips
        for first in range(0, len(poses) - LENGTH + 1, LENGTH)
    ]
    names, videos, starts, poses = zip(*rows, strict=True)
    table = SimpleNamespace(
        clip_id=np.array(names), video=np.array(videos), start_s=np.array(starts)
    )
    return films_of(table, np.stack(poses)), table  # type: ignore[arg-type]


def test_a_copy_that_begins_later_is_the_same_film_so_many_seconds_ahead() -> None:
    whole = danced(1)
    noise = np.random.default_rng(3).normal(0, 1.5, whole.shape).astype(np.float32)
    copy = 0.5 * (whole + noise)[round(2.5 * FPS) :] + 40
    films, _ = told(("a", "a.mp4", 0.0, whole), ("b", "b.webm", 0.0, copy))
    assert len(set(films.number)) == 1
    assert films.ahead_s[-1] == pytest.approx(2.5, abs=1 / FPS)
    assert films.ahead_s[0] == 0


HALF_A_SECOND = round(0.5 * FPS)
OTHERS = {
    "another dance": danced(2),
    "the same quicker": danced(1, tempo=1.1),
    "the same with the sides swapped": danced(1)[:, list(MIRRORED)],
    "half a second in common": np.concatenate([danced(1)[-HALF_A_SECOND:], danced(5)]),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=list(OTHERS))
def test_other_dances_are_other_films(other: Float32) -> None:
    films, _ = told(("a", "a.mp4", 0.0, danced(1)), ("b", "b.mp4", 0.0, other))
    assert len(set(films.number)) == 2
    assert not films.ahead_s.any()


def test_two_who_stand_still_are_not_taken_for_one() -> None:
    still = np.repeat(danced(1)[:1], 120, axis=0)
    films, _ = told(("a", "a.mp4", 0.0, still), ("b", "b.mp4", 0.0, still.copy()))
    assert len(set(films.number)) == 2


def test_what_has_no_video_is_of_no_film_and_each_clip_a_take_of_its_own() -> None:
    films, table = told(
        ("a", "", 0.0, danced(1)),
        ("b", "", 0.0, danced(1)),
        ("c", "c.mp4", 0.0, danced(1)),
        ("c#2", "c.mp4", 20.0, danced(2)),
        ("c person 2", "c.mp4", 0.0, danced(3)),
    )
    takes = dict(zip(table.clip_id.tolist(), films.takes(table).tolist(), strict=True))
    assert (films.number[table.video == ""] == -1).all()
    assert len(set(films.number[table.video != ""])) == 1
    assert takes["c"] == takes["c#2"]
    assert len({takes[name] for name in ("a", "b", "c", "c person 2")}) == 4
