"""Errors name options as Python does, in backticks; here they become the flags of a command."""

import re
from collections.abc import Sequence

import click

_NAMED = re.compile(r"`([a-z][a-z0-9_]*)`")


def note(text: str) -> None:
    """Print what the user should know, with options as flags of the command that runs."""
    command = click.get_current_context().command
    click.echo(f"note: {_named(text, command)}", err=True)


def with_flags(message: str, group: click.Group, args: Sequence[str]) -> str:
    """Return a message with the options that it names as the flags of the command that ran.

    What the command has no flag for stays as it is.
    """
    return _named(message, _command(group, args))


def _named(message: str, command: click.Command) -> str:
    flags = _flags(command)
    return _NAMED.sub(lambda found: flags.get(found[1], found[0]), message)


def _command(group: click.Group, args: Sequence[str]) -> click.Command:
    command: click.Command = group
    for word in args:
        if not isinstance(command, click.Group):
            break
        nested = command.get_command(click.Context(command), word)
        if nested is None:
            break
        command = nested
    return command


def _flags(command: click.Command) -> dict[str, str]:
    """Flags by the names of Python's parameters and by their own without dashes."""
    flags: dict[str, str] = {}
    for param in command.params:
        flag = next((name for name in param.opts if name.startswith("--")), "")
        if flag:
            flags[flag[2:].replace("-", "_")] = flag
            flags[str(param.name)] = flag
    return flags
