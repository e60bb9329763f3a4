"""Errors name options as Python does, `k` or `dims=2`; here they become flags of a command."""

import re
from collections.abc import Sequence

import click

_NAMED = re.compile(r"`([a-z][a-z0-9_]*)(?:=([^`]+))?`")


def note(text: str) -> None:
    """Print what the user should know, with options as flags of the command that runs."""
    click.echo(f"note: {told(text)}", err=True)


def told(text: str) -> str:
    """Return a text with the options that it names as flags of the command that runs."""
    return _named(text, click.get_current_context().command)


def with_flags(message: str, group: click.Group, args: Sequence[str]) -> str:
    """Return a message with the options that it names as the flags of the command that ran.

    What the command has no flag for stays as it is.
    """
    return _named(message, _command(group, args))


def _named(message: str, command: click.Command) -> str:
    flags = _flags(command)

    def flag(found: re.Match[str]) -> str:
        name, value = found[1], found[2]
        if name not in flags:
            return found[0]
        return flags[name] if value is None else f"{flags[name]} {value}"

    return _NAMED.sub(flag, message)


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
