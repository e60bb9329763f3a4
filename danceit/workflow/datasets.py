"""Public sets of dances: where they live, under which terms, and how to get them here.

`fetch` downloads an archive piece by piece into ``NAME.zip.part``, so that a download
that was cut off goes on where it stopped, and unpacks it into ``NAME`` when it is whole.
Its SHA-256 must be the one that is known of the set; where its authors publish none it is kept
in ``NAME.zip.sha256`` beside the folder, and whatever is fetched there later must be the same.
Sets that ask for a form or an agreement are only described: what to get by hand, where.
"""

import os
import re
import shutil
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path

from danceit.errors import InputError
from danceit.files import replacing, sha256_of_file
from danceit.plugins import unknown_name
from danceit.progress import Progress, silent

_CHUNK = 1 << 18
_TIMEOUT_S = 30.0
_TEMPORARY = ".unpacking"


@dataclass(frozen=True)
class Dataset:
    """A public set of dances.

    Attributes
    ----------
    name, title : str
    page : str
        Where people read about it.
    licence : str
        As its authors state it.
    archive : str
        Address of a zip file; empty where it must be fetched by hand.
    by_hand : str
        What to do where it cannot be fetched: which files, and into which folder.
    sha256 : str
        Of the archive; empty where its authors publish none, or the archive may change.
    """

    name: str
    title: str
    page: str
    licence: str
    archive: str
    by_hand: str
    sha256: str = ""


DATASETS = {
    each.name: each
    for each in (
        Dataset(
            "tang",
            "Dance with Melody (Tang, Jia, Mao, ACM MM 2018): paired dances, 3-D",
            "https://github.com/mhy12345/Music-to-Dance-Motion-Synthesis",
            "none stated; commercial recordings: for research of your own",
            "https://codeload.github.com/mhy12345/Music-to-Dance-Motion-Synthesis/zip/refs/heads/master",
            "download the repository as a zip file and unpack its DANCE_* folders",
        ),
        Dataset(
            "aistpp",
            "AIST++ annotations (Li et al., ICCV 2021): 3-D keypoints of 1 408 dances, no music",
            "https://google.github.io/aistplusplus_dataset/",
            "annotations CC BY 4.0; the music and videos are AIST's, under its own terms",
            "https://storage.googleapis.com/aist_plusplus_public/20210308/fullset.zip",
            "download the annotations and unpack keypoints2d and keypoints3d; the songs (mBR0.wav "
            "and so on) come from https://aistdancedb.ongaaccel.jp after agreeing to its terms",
        ),
        Dataset(
            "aist",
            "AIST Dance Video Database (Tsuchida et al., ISMIR 2019): videos with sound",
            "https://aistdancedb.ongaaccel.jp",
            "AIST's own terms, research only; they must be agreed to on its page",
            "",
            "agree to the terms on the page, download videos with sound (ending in _c01.mp4)",
        ),
    )
}


def fetch(name: str, folder: Path, *, progress: Progress = silent) -> Path:
    """Download a data set into ``folder/name`` and return that folder.

    Raises
    ------
    InputError
        If the name is unknown, the set must be fetched by hand, the server cannot be
        reached, or what came is not a zip file or not the archive that is known. What was
        downloaded is kept for next time.
    """
    if name not in DATASETS:
        raise InputError(unknown_name("data set", name, list(DATASETS)))
    dataset, target = DATASETS[name], Path(folder) / name
    if target.exists():
        raise InputError(f"{target} is there already; remove it to fetch it again")
    if not dataset.archive:
        raise InputError(
            f"{dataset.title} must be fetched by hand from {_by_hand(dataset, target)}"
        )
    part = Path(folder) / f"{name}.zip.part"
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        _download(dataset.archive, part, progress)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as exc:
        reason = getattr(exc, "reason", exc)
        raise InputError(
            f"{dataset.archive} cannot be reached ({reason}); try again to go on, or fetch it "
            f"by hand from {_by_hand(dataset, target)}"
        ) from exc
    sha256 = sha256_of_file(part)
    _check_known(dataset, sha256, part, _hash_beside(target))
    unpack(part, target)
    part.unlink()
    # Only what could be unpacked is worth knowing again.
    with replacing(_hash_beside(target)) as temporary:
        temporary.write_text(f"{sha256}  {name}.zip\n", encoding="utf-8")
    return target


def _hash_beside(target: Path) -> Path:
    return target.with_name(f"{target.name}.zip.sha256")


def _check_known(dataset: Dataset, sha256: str, part: Path, kept: Path) -> None:
    """Raise `InputError` where an archive is not the published one, nor that of the first time."""
    if dataset.sha256 and sha256 != dataset.sha256:
        raise InputError(
            f"{part} is not {dataset.name}'s archive: its SHA-256 is {sha256}, not "
            f"{dataset.sha256}; damaged on the way? Remove it and fetch again"
        )
    if dataset.sha256 or not kept.is_file():
        return
    found = re.match(r"[0-9a-f]{64}\b", kept.read_text(encoding="utf-8", errors="replace"))
    if found is None:
        raise InputError(f"{kept} does not begin with a SHA-256; remove it to trust what comes")
    if found[0] != sha256:
        raise InputError(
            f"{part} is not what was fetched before: its SHA-256 is {sha256}, {kept} says "
            f"{found[0]}; damaged on the way, or changed by its authors? Remove {kept.name} to "
            f"take it as it is, or {part.name} to fetch it again"
        )


def unpack(archive: Path, target: Path) -> None:
    """Unpack a zip file into a folder that is there wholly or not at all.

    Raises
    ------
    InputError
        If it is no zip file, damaged, or names files outside the folder.
    """
    working = target.with_name(target.name + _TEMPORARY)
    shutil.rmtree(working, ignore_errors=True)
    try:
        with zipfile.ZipFile(archive) as stored:
            for member in stored.namelist():
                inside = (working / member).resolve().is_relative_to(working.resolve())
                if not inside or Path(member).is_absolute():
                    raise InputError(f"{archive} names a file outside its folder: {member}")
            if bad := stored.testzip():
                raise InputError(f"{archive} is damaged at {bad}; remove it and fetch it again")
            stored.extractall(working)
        os.replace(working, target)
    except zipfile.BadZipFile as exc:
        raise InputError(f"{archive} is not a zip file: {exc}; remove it and fetch again") from exc
    finally:
        shutil.rmtree(working, ignore_errors=True)


def _download(address: str, part: Path, progress: Progress) -> None:
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as exc:
        # "Range not satisfiable": all of it is here already.
        if exc.code == 416 and have:
            return
        raise
    with answer:
        goes_on = answer.status == 206
        have = have if goes_on else 0
        length = int(answer.headers.get("Content-Length") or 0)
        whole = have + length if length else 0
        with part.open("ab" if goes_on else "wb") as stream:
            while piece := answer.read(_CHUNK):
                stream.write(piece)
                have += len(piece)
                progress(have, whole)
    if whole and have < whole:
        raise ConnectionError(f"cut off after {have} of {whole} bytes")


def _by_hand(dataset: Dataset, target: Path) -> str:
    return f"{dataset.page}: {dataset.by_hand}, into {target} (terms: {dataset.licence})"
