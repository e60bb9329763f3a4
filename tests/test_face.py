"""`import danceit` alone: quick, light, and all of the face at hand."""

import subprocess
import sys

import pytest

import danceit


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
