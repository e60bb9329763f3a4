from pathlib import Path

import numpy as np
import pytest

from danceit.index.poses.footage.shots import boundaries, signature
from tests.index.poses.footage.conftest import Picture, write_film

SIZE = (90, 160)


def scene(seed: int, brightness: float = 1.0) -> Picture:
    """A room: smooth patches of its own colours."""
    import cv2

    rng = np.random.default_rng(seed)
    patches = rng.integers(0, 255, (5, 8, 3)).astype(np.uint8)
    grown = cv2.resize(patches, (SIZE[1], SIZE[0]), interpolation=cv2.INTER_CUBIC)
    return np.clip(grown * brightness, 0, 255).astype(np.uint8)


def with_dancer(room: Picture, x: int) -> Picture:
    picture = room.copy()
    picture[20:85, x : x + 24] = (200, 30, 40)
    return picture


def marks(pictures: list[Picture]) -> np.ndarray:
    return np.stack([signature(picture) for picture in pictures])


def test_cuts_are_found_at_the_first_picture_of_the_new_shot() -> None:
    film = [with_dancer(scene(seed), 20 + 3 * i) for seed in (1, 2, 3) for i in range(20)]
    assert boundaries(marks(film)).tolist() == [20, 40]


def test_a_dancer_who_dashes_across_is_no_cut() -> None:
    film = [with_dancer(scene(1), 30 * (i % 5)) for i in range(40)]
    assert boundaries(marks(film)).tolist() == []


def test_a_flash_is_no_cut() -> None:
    room = scene(4)
    film = [room] * 20 + [np.full_like(room, 250)] * 2 + [room] * 20
    assert boundaries(marks(film)).tolist() == []


def test_a_fade_is_no_cut() -> None:
    film = [scene(5, brightness) for brightness in np.linspace(1.0, 0.2, 60)]
    assert boundaries(marks(film)).tolist() == []


@pytest.mark.parametrize("count", [0, 1, 2])
def test_very_short_films(count: int) -> None:
    assert boundaries(np.zeros((count, 132), dtype=np.uint8)).tolist() == []


def test_cuts_are_kept_and_found_again_where_nothing_can_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from danceit.index.poses.footage import cuts

    video = write_film(tmp_path / "a.mp4", [scene(1)] * 24 + [scene(2)] * 24)
    looked: list[Path] = []
    look = cuts._looked_for
    monkeypatch.setattr(cuts, "_looked_for", lambda path: (looked.append(path), look(path))[1])

    def asked() -> list[float]:
        cuts._cuts_in.cache_clear()
        return cuts.cuts_in(video).tolist()

    monkeypatch.setenv("DANCEIT_CACHE", str(tmp_path / "cache"))
    first = asked()
    assert first == pytest.approx([1.0])
    assert (asked(), len(looked)) == (first, 1)
    (kept,) = (tmp_path / "cache" / "video").iterdir()
    kept.write_bytes(kept.read_bytes()[:-1] + b"!")
    assert (asked(), len(looked)) == (first, 2)
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("DANCEIT_CACHE", str(tmp_path / "file" / "cache"))
    assert (asked(), len(looked)) == (first, 3)
