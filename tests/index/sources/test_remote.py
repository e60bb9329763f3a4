"""Dances in an object store, read from a real S3 server on this machine by the real client."""

import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from danceit.cli.main import main
from danceit.errors import DanceitError, IndexStateError, InputError, MissingDependencyError
from danceit.index.building.build import add, build
from danceit.index.sources.remote import address_of, fetched
from danceit.index.store.engines import open_store
from danceit.index.store.manifest import take_lock
from danceit.testing import FixedEmbedder
from danceit.workflow.indexing import train_encoder
from tests.index.conftest import MakeRecording
from tests.index.s3_server import S3Server, s3_server

pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install 'danceit[cluster]'")

DANCES = Path("s3://bucket/dances")
EMBEDDER = FixedEmbedder(dims=2)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    (tmp_path / "store" / "bucket").mkdir(parents=True)
    with s3_server(tmp_path / "store") as running:
        for name, value in {
            "AWS_ENDPOINT_URL": running.address,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/nowhere",
            "DANCEIT_CACHE": str(tmp_path / "cache"),
        }.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def stored(server: S3Server, make_recording: MakeRecording) -> Path:
    """Objects under `DANCES`, as the files they are on the server's side."""
    folder = server.root / "bucket" / "dances"
    make_recording(folder, "a", 1, style="waltz")
    make_recording(folder / "it's ü 100% #1", "b", 2)
    make_recording(folder, "c", 3)
    (folder / ".hidden").write_bytes(b"not a dance")
    for path in folder.rglob("*.npz"):
        touch(path, 1_700_000_000)
    return folder


def touch(path: Path, changed_s: float) -> None:
    os.utime(path, (changed_s, changed_s))


def contents(index: Path) -> dict[str, bytes]:
    with open_store(index) as store:
        rows = np.arange(len(store))
        names = store.table(rows).fragment_id.tolist()
        return dict(zip(names, [one.tobytes() for one in store.vectors(rows)], strict=True))


def test_dances_in_a_bucket_give_the_index_that_the_same_files_give(
    server: S3Server, stored: Path, tmp_path: Path
) -> None:
    report = build(DANCES, tmp_path / "index", EMBEDDER)
    assert report.added == ("a.npz", "c.npz", "it's ü 100% #1/b.npz")
    assert not report.failed
    build(stored, tmp_path / "other", EMBEDDER)
    assert contents(tmp_path / "index") == contents(tmp_path / "other")
    assert ".hidden" not in " ".join(server.fetched)


def test_only_what_changed_is_fetched_and_indexed_again(
    server: S3Server, stored: Path, tmp_path: Path, make_recording: MakeRecording
) -> None:
    index = tmp_path / "index"
    build(DANCES, index, EMBEDDER)
    server.fetched.clear()
    again = build(DANCES, index, EMBEDDER)
    assert server.fetched == []
    assert len(again.unchanged) == 3

    make_recording(stored, "a", 9, style="waltz")
    touch(stored / "a.npz", 1_700_000_001)
    (stored / "c.npz").unlink()
    report = build(DANCES, index, EMBEDDER)
    assert set(server.fetched) == {"dances/a.npz"}
    assert (report.changed, report.removed) == (("a.npz",), ("c.npz",))
    build(stored, tmp_path / "other", EMBEDDER)
    assert contents(index) == contents(tmp_path / "other")


def test_other_bytes_of_the_same_size_are_fetched(server: S3Server, stored: Path) -> None:
    for changed_s, text in enumerate((b"one", b"two"), 1_700_000_000):
        (stored / "notes.txt").write_bytes(text)
        touch(stored / "notes.txt", changed_s)
        assert (fetched(DANCES) / "notes.txt").read_bytes() == text


def test_a_dance_that_is_gone_leaves_the_copy_too(server: S3Server, stored: Path) -> None:
    copy = fetched(DANCES)
    (stored / "it's ü 100% #1" / "b.npz").unlink()
    (copy / ".a.npz.half.npz").write_bytes(b"left by a copy that was killed")
    fetched(DANCES)
    assert sorted(path.name for path in copy.rglob("*")) == ["a.npz", "c.npz"]


def test_more_can_be_added_from_a_bucket(
    server: S3Server, stored: Path, tmp_path: Path, make_recording: MakeRecording
) -> None:
    index = tmp_path / "index"
    make_recording(tmp_path / "local", "own", 7)
    build(tmp_path / "local", index, EMBEDDER)
    report = add(DANCES, index, EMBEDDER)
    assert len(report.added) == 3
    with open_store(index) as store:
        assert len(store.recordings()) == 4
        assert store.info().missing == ()


def test_an_object_just_changed_is_not_trusted_to_be_settled(
    server: S3Server, stored: Path
) -> None:
    """Within the resolution of its time it could change to other bytes of the same size."""
    os.utime(stored / "a.npz")
    fetched(DANCES)
    server.fetched.clear()
    fetched(DANCES)
    assert set(server.fetched) == {"dances/a.npz"}


def test_a_copy_that_was_tampered_with_is_fetched_again(server: S3Server, stored: Path) -> None:
    copy = fetched(DANCES) / "a.npz"
    copy.write_bytes(b"x" * copy.stat().st_size)
    assert (fetched(DANCES) / "a.npz").read_bytes() == (stored / "a.npz").read_bytes()


def test_a_fetch_that_broke_off_goes_on(server: S3Server, stored: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    server.failing["dances/c.npz"] = 403
    with pytest.raises(InputError, match=r"cannot read s3://bucket/dances: .*credentials") as error:
        build(DANCES, index, EMBEDDER)
    assert "\n" not in str(error.value)
    assert not index.exists()
    server.failing.clear()
    server.fetched.clear()
    build(DANCES, index, EMBEDDER)
    assert set(server.fetched) == {"dances/c.npz"}


def test_an_object_that_changes_while_it_is_fetched_is_not_taken(
    server: S3Server, stored: Path
) -> None:
    server.before_body["dances/a.npz"] = lambda: touch(stored / "a.npz", 1_700_000_009)
    with pytest.raises(InputError, match="changed while it was fetched"):
        fetched(DANCES)
    assert (fetched(DANCES) / "a.npz").read_bytes() == (stored / "a.npz").read_bytes()


@pytest.mark.parametrize(
    "key", ["dances/../../../evil", "dances/a//b", "dances/a.npz/b", "dances/./x"]
)
def test_names_that_cannot_be_files_are_refused(
    server: S3Server, stored: Path, tmp_path: Path, key: str
) -> None:
    server.extra_keys.append(key)
    before = {path for path in tmp_path.rglob("*") if "cache" not in path.parts}
    with pytest.raises(InputError, match=r"s3://bucket/dances"):
        fetched(DANCES)
    assert {path for path in tmp_path.rglob("*") if "cache" not in path.parts} == before


@pytest.mark.parametrize(
    ("address", "status", "message"),
    [
        ("s3://nobody/dances", 0, "cannot read s3://nobody/dances: .*NO_SUCH_BUCKET"),
        ("s3://bucket/nothing", 0, "there is nothing at s3://bucket/nothing"),
        ("s3://bucket/dances/a.npz", 0, "there is nothing at|not a folder"),
        ("s3://bucket/dances", 403, "cannot read s3://bucket/dances: .*are the credentials set"),
        ("s3://", 0, "s3:// needs a bucket"),
        ("s3://me:secret@bucket/dances", 0, "credentials for s3:// out of the address"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    server: S3Server,
    stored: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    address: str,
    status: int,
    message: str,
) -> None:
    if status:
        server.failing[""] = status
    index = tmp_path / "index"
    with pytest.raises(InputError, match=message) as error:
        fetched(Path(address))
    assert "\n" not in str(error.value)
    assert "secret" not in str(error.value)
    with pytest.raises(SystemExit) as ended:
        main(["index", "build", address, "--out", str(index)])
    assert ended.value.code == 1
    assert capsys.readouterr().err == f"danceit: {error.value}\n"
    assert not index.exists()


def test_without_pyarrow_one_line_says_what_to_install(
    server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'danceit\[cluster\]'"):
        fetched(DANCES)


def test_an_encoder_can_be_trained_on_a_bucket(server: S3Server, stored: Path) -> None:
    """It gets as far as reading all of it: dances without songs teach nothing."""
    with pytest.raises(DanceitError, match="nothing to learn from"):
        train_encoder(DANCES, stored.parent / "encoder")
    assert len({name for name in server.fetched if name.endswith(".npz")}) == 3


def test_an_index_in_an_object_store_is_refused(stored: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"an index cannot be kept at s3://bucket/index"):
        build(stored, Path("s3://bucket/index"), EMBEDDER)
    with pytest.raises(InputError, match=r"an index cannot be kept at s3://bucket/index"):
        add(stored, Path("s3://bucket/index"), EMBEDDER)
    with pytest.raises(InputError, match=r"an index cannot be kept at s3://bucket/index"):
        open_store(Path("s3://bucket/index"))
    assert not Path("s3:").exists()


def test_a_disk_that_takes_no_more_is_named(server: S3Server, stored: Path) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, most))
    try:
        with pytest.raises(InputError, match=r"cannot keep 'bucket/dances/a.npz' .*too large"):
            fetched(DANCES)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    assert (fetched(DANCES) / "a.npz").read_bytes() == (stored / "a.npz").read_bytes()


def test_two_do_not_fetch_the_same_at_once(server: S3Server, stored: Path) -> None:
    lock = take_lock(fetched(DANCES).parent)
    try:
        with pytest.raises(IndexStateError, match="by another process"):
            fetched(DANCES)
    finally:
        os.close(lock)
    fetched(DANCES)


def test_addresses_are_told_from_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert address_of(Path("s3://bucket/a b/c/")) == "s3://bucket/a b/c"
    assert address_of(Path("gs://bucket")) == "gs://bucket"
    assert address_of("s3://bucket/x?endpoint_override=h") == "s3://bucket/x?endpoint_override=h"
    for local in ("dances", "/s3/dances", "./s3:/dances", "http://x/y"):
        assert address_of(local) == ""
    monkeypatch.chdir(tmp_path)
    Path("s3:/mine").mkdir(parents=True)
    assert address_of(Path("s3://mine")) == ""
