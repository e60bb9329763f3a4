"""Real damage to every file of an index: it is noticed, and nothing is answered from it."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from danceit.errors import DanceitError, IndexStateError
from danceit.index.store.local.store import LocalStore
from danceit.index.store.manifest import FileEntry, Manifest
from danceit.index.store.pose_file import record_type
from danceit.index.store.vector_index import read_index, write_index
from danceit.testing import NAMES, SPEC, batch_of_dances, save_fixed_encoder
from danceit.testing.material import AUDIO_WIDTH, POSE_WIDTH, random_queries
from danceit.workflow.keeping import rebuild, verify

FILES = (
    "manifest.json",
    "catalogue.duckdb",
    "poses.bin",
    "pose.f32",
    "audio.f32",
    "encoder/config.json",
    "search/pose-24.faiss",
    "search/audio-48.faiss",
)


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def flip(path: Path, position: float = 0.5) -> None:
    raw = bytearray(path.read_bytes())
    raw[int(len(raw) * position)] ^= 0x10
    path.write_bytes(raw)


def flip_the_end(path: Path) -> None:
    flip(path, 0.999)


def grow(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"\0")


DAMAGE = (truncate, empty, flip, flip_the_end, grow, Path.unlink)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    location = tmp_path_factory.mktemp("sound") / "index"
    with LocalStore.create(location, SPEC, save_fixed_encoder) as store:
        store.add(batch_of_dances(NAMES, silent=("silent",)))
        store.commit()
    return location


@pytest.fixture
def index(sound: Path, tmp_path: Path) -> Path:
    shutil.copytree(sound, tmp_path / "index")
    return tmp_path / "index"


def file_of(index: Path, name: str) -> Path:
    if name == "manifest.json":
        return index / name
    return next(index.glob(f"generation-*/{name}"))


def test_every_file_is_damaged_in_turn(sound: Path) -> None:
    folder = next(sound.glob("generation-*"))
    kinds = {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    } - {"manifest.json", "readers/v.lock"}
    others = {"search/pose-48.faiss", "search/audio-24.faiss"}
    assert kinds == {*FILES, *others} - {"manifest.json"}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_index_is_neither_opened_nor_verified(
    index: Path, name: str, damage: Callable[[Path], None]
) -> None:
    damage(file_of(index, name))
    with pytest.raises(IndexStateError) as caught:
        LocalStore.open(index)
    message = str(caught.value)
    assert "\n" not in message
    assert Path(name).name in message
    assert "danceit index" in message or name == "manifest.json"
    assert any(Path(name).name in problem for problem in verify(index))


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", FILES)
def test_in_an_index_too_large_to_be_hashed_at_opening_sizes_and_heads_are_checked(
    index: Path, name: str, damage: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("danceit.index.store.state._HASHED_AT_OPENING", 0)
    damage(file_of(index, name))
    with pytest.raises(IndexStateError, match=Path(name).name):
        LocalStore.open(index)


@pytest.mark.parametrize("name", FILES[1:])
def test_verify_finds_a_bit_flipped_beyond_the_head(
    index: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        # As if every file were larger than what is hashed at opening.
        patch.setattr("danceit.index.store.state._HASHED_AT_OPENING", 0)
        patch.setattr(
            "danceit.index.store.local.generation.check_contents", lambda *_, whole=True: ()
        )
        with LocalStore.open(index) as store:
            assert store.verify() == ()
        flip(file_of(index, name), 0.99)
        opened = LocalStore.open(index)
    with opened as store:
        problems = store.verify()
    assert len(problems) == 1
    assert f"{name} is not what was written" in problems[0]


def test_verify_names_every_damaged_file(index: Path) -> None:
    with LocalStore.open(index) as store:
        flip(file_of(index, "poses.bin"))
        truncate(file_of(index, "pose.f32"))
        file_of(index, "search/pose-24.faiss").unlink()
        assert len(store.verify()) == 3


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", ["manifest.json", "search/pose-24.faiss", "search/audio-48.faiss"])
def test_what_is_not_the_truth_is_mended_by_rebuilding(
    sound: Path, index: Path, name: str, damage: Callable[[Path], None]
) -> None:
    damage(file_of(index, name))
    rebuild(index)
    with LocalStore.open(index) as mended, LocalStore.open(sound) as whole:
        queries = random_queries("pose")
        np.testing.assert_array_equal(mended.search(queries, 9).rows, whole.search(queries, 9).rows)
        assert mended.verify() == ()
    assert len(list(index.glob("generation-*"))) == 1


@pytest.mark.parametrize(
    "name", ["catalogue.duckdb", "poses.bin", "pose.f32", "encoder/config.json"]
)
def test_rebuilding_does_not_pass_damaged_truth_on(index: Path, name: str) -> None:
    flip(file_of(index, name))
    before = sorted(index.rglob("*"))
    with pytest.raises(IndexStateError, match="danceit index build"):
        rebuild(index)
    assert sorted(index.rglob("*")) == before


def test_without_a_manifest_the_newest_whole_generation_is_restored(index: Path) -> None:
    folder = next(index.glob("generation-*"))
    shutil.copytree(folder, index / "generation-000009-deadbeef")
    flip(index / "generation-000009-deadbeef" / "poses.bin")
    (index / "manifest.json").unlink()
    with pytest.raises(IndexStateError, match="danceit index rebuild"):
        LocalStore.open(index)
    rebuild(index)
    with LocalStore.open(index) as store:
        assert set(store.recordings()) == {name.split("#")[0] for name in NAMES}


def test_an_index_of_nothing_cannot_be_rebuilt(tmp_path: Path) -> None:
    for place in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(IndexStateError, match="no index at"):
            rebuild(place)
    assert not (tmp_path / "nowhere").exists()


def sql(text: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        import duckdb

        with duckdb.connect(str(folder / "catalogue.duckdb")) as connection:
            connection.execute(text)

    return change


def shorten(name: str, n_bytes: int) -> Callable[[Path], None]:
    return lambda folder: os.truncate(folder / name, (folder / name).stat().st_size - n_bytes)


def drop_a_vector(folder: Path) -> None:
    path = folder / "search" / "pose-24.faiss"
    index = read_index(path)
    index.remove_ids(np.array([0]))
    write_index(index, path)


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("clips", sql("DELETE FROM clips WHERE clip = 0")),
        ("fragments", sql('DELETE FROM fragments WHERE "row" = 3')),
        ("frames", sql("UPDATE clips SET n_frames = n_frames - 1 WHERE clip = 0")),
        ("poses", shorten("poses.bin", record_type(SPEC.dims).itemsize)),
        ("pose vectors", shorten("pose.f32", 4 * POSE_WIDTH)),
        ("audio vectors", shorten("audio.f32", 4 * AUDIO_WIDTH)),
        ("vectors", drop_a_vector),
    ],
)
def test_counts_that_differ_are_noticed(
    index: Path, what: str, change: Callable[[Path], None]
) -> None:
    """Files that are what their writer wrote, and do not fit one another."""
    manifest = Manifest.read(index / "manifest.json")
    folder = index / manifest.generation
    change(folder)
    files = {name: FileEntry.of(folder / name) for name in manifest.files}
    replace(manifest, files=files).write(index / "manifest.json")
    with pytest.raises(IndexStateError, match=rf"holds \d+ {what} where \d+ "):
        LocalStore.open(index)
    assert verify(index)


def test_a_database_with_a_door_to_other_files_stays_shut(tmp_path: Path) -> None:
    import duckdb

    from danceit.index.store.local.catalogue import Catalogue

    (tmp_path / "secret.csv").write_text("a\n1\n")
    with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
        connection.execute("CREATE TABLE t (a INTEGER)")
        connection.execute(f"CREATE VIEW clips AS SELECT * FROM read_csv('{tmp_path}/secret.csv')")
    with pytest.raises(DanceitError):
        Catalogue(tmp_path / "x.duckdb").clips()
