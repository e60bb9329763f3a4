"""No default of the command line stands twice: each is that of what the command calls."""

import ast
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import danceit.cli
from danceit.align import DEFAULT_METHODS
from danceit.cli.main import COMMANDS, group
from danceit.cli.options import OptionOf
from danceit.index.fragments import GRIDS
from danceit.index.sources.settings import ReadSettings
from danceit.render.options import RenderOptions
from danceit.retrieval.options import SHOWN, QueryOptions

OWN = {"cli/study.py", "cli/demo.py", "cli/generate.py", "cli/bench.py", "cli/person.py"}
"""Modules with a number of their own: of seeds and sizes that no dataclass has."""


def options_of(command: click.Command, path: str = "") -> Iterator[tuple[str, click.Option]]:
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            nested = command.get_command(click.Context(command), name)
            assert nested is not None
            yield from options_of(nested, f"{path} {name}".strip())
    for param in command.params:
        if isinstance(param, click.Option):
            yield f"{path} {param.opts[0]}", param


EVERY = dict(options_of(group))


def test_every_default_that_is_looked_up_is_there() -> None:
    looked_up = {name: option for name, option in EVERY.items() if isinstance(option, OptionOf)}
    assert len(looked_up) > 30
    for name, option in looked_up.items():
        default = option.get_default(click.Context(group), call=False)
        assert option.type_cast_value(click.Context(group), default) not in (None, "", ()), name


@pytest.mark.parametrize(
    ("option", "default"),
    [
        ("index build --grid", "counts"),
        ("index build --lengths", "1,2,3,4"),
        ("index build --estimator", ReadSettings.estimator),
        ("index gaps --length", QueryOptions.length_s),
        ("query --k", QueryOptions.k),
        ("render --theme", RenderOptions.theme),
        ("bench retrieval --losses", "infonce"),
        ("view --theme", RenderOptions.theme),
    ],
)
def test_a_default_is_that_of_the_options_it_becomes(option: str, default: object) -> None:
    found = EVERY[option]
    assert found.get_default(click.Context(group)) == default


def test_choices_are_those_of_the_options_they_become() -> None:
    choices = {"index build --grid": GRIDS, "index gaps --body": SHOWN, "query --body": SHOWN}
    for option, known in choices.items():
        kind = EVERY[option].type
        assert isinstance(kind, click.Choice)
        assert sorted(kind.choices) == sorted(known)


def test_what_help_alone_tells_is_not_taken_for_typed() -> None:
    shown = EVERY["align --method"]
    assert shown.get_default(click.Context(group)) is None
    assert shown.get_default(click.Context(group), call=False) == DEFAULT_METHODS


def test_no_command_writes_a_default_that_its_options_have() -> None:
    """Beside folders, ports and what is empty."""
    folder = Path(danceit.cli.__file__).parent
    for module in sorted(folder.rglob("*.py")):
        if str(module.relative_to(folder.parent)) in OWN:
            continue
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "default":
                literal = isinstance(node.value, ast.Constant) and bool(node.value.value)
                assert not literal, f"{module}:{node.value.lineno}"


def test_every_command_is_looked_at() -> None:
    assert {name.split()[0] for name in EVERY} >= COMMANDS.keys() - {"plugins", "doctor"}
