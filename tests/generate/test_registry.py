"""Generators are found by name, and their options are read by type."""

from pathlib import Path

import pytest

from danceit.errors import InputError, PluginError
from danceit.generate.registry import GENERATORS, load_generator, options_of


def test_every_generator_loads_and_says_what_it_is() -> None:
    assert not [info.problem for info in GENERATORS.listing() if info.problem]
    for name in GENERATORS.names():
        kind = GENERATORS.get(name)
        assert kind.name == name
        assert kind.options_class() == kind.options_class()


def test_options_are_read_by_their_type() -> None:
    options = options_of("lee", ["hidden=32", "learning-rate=1e-3", "composition=no"])
    assert (options.hidden, options.learning_rate, options.composition) == (32, 1e-3, False)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["hiden=3"], "no option 'hiden'.*did you mean 'hidden'"),
        (["hidden=wide"], "'hidden' of generator 'lee' must be a whole number; got 'wide'"),
        (["composition=2"], "must be true or false; got '2'"),
        (["hidden=1", "hidden=2"], "given twice"),
        (["hidden"], "needs a value"),
        (["hidden=0"], "hidden must be 2 or more"),
        (["learning_rate=0"], "learning_rate must be over 0"),
    ],
)
def test_a_bad_option_is_named(texts: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        options_of("lee", texts)


def test_an_unknown_generator_and_a_folder_that_is_none_are_named(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"unknown generator 'leee'.*did you mean 'lee'"):
        options_of("leee", [])
    with pytest.raises(InputError, match="not a folder"):
        load_generator(tmp_path / "nothing")
    with pytest.raises(InputError, match=r"it has no generator\.json"):
        load_generator(tmp_path)
