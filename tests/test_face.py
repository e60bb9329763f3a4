"""`import danceit` alone: quick, light, and all of the face at hand."""

import subprocess
import sys

import pytest

import danceit
from danceit.errors import InputError


def fresh(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_it_loads_nothing_heavy() -> None:
    heavy = "{'torch', 'faiss', 'librosa', 'matplotlib', 'numpy', 'scipy', 'click', 'duckdb'}"
    assert fresh(f"import danceit, sys; print({heavy} & set(sys.modules))") == "set()"


@pytest.mark.parametrize("first", ["danceit.align", "danceit.render"])
def test_packages_that_are_functions_stay_packages_in_either_order(first: str) -> None:
    name = first.rpartition(".")[2]
    probe = f"import danceit; assert callable(danceit.{name}); import {first} as p; "
    assert fresh(probe + f"print(p is danceit.{name}, callable(p), p.__path__ != [])") == (
        "True True True"
    )
    assert fresh(f"import {first}, danceit; print(callable(danceit.{name}))") == "True"


def test_every_name_of_the_face_is_there() -> None:
    assert all(callable(getattr(danceit, name)) for name in danceit.__all__)
    assert set(danceit.__all__) <= set(dir(danceit))
    with pytest.raises(AttributeError, match="has no attribute 'qeury'"):
        danceit.qeury  # noqa: B018 - asking is the test


@pytest.mark.parametrize("limit", [float("inf"), 1e9, 0, -1, float("nan"), "2"])
@pytest.mark.parametrize("name", ["beat", "warp"])
def test_a_stretch_limit_out_of_range_is_refused(name: str, limit: object) -> None:
    from danceit.align import ALIGNERS

    with pytest.raises(InputError, match=f"{name}: `max_warp` must be from 1 to 4, or none"):
        ALIGNERS.get(name)(max_warp=limit)


@pytest.mark.parametrize("limit", ["inf", "1e9", "0", "-1", "nan"])
def test_methods_are_read_before_the_song_is_looked_for(limit: str) -> None:
    with pytest.raises(InputError, match="max_warp"):
        danceit.dance("no-such-song.mp3", methods=f"warp:max_warp={limit}")
