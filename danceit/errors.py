"""Errors a user can act on.

Every expected failure is a `DanceitError` whose message is one line: what was
expected, what came, and the likely cause. The command line prints that line and
exits with 1; anything else that escapes is a bug and keeps its traceback.
"""

from collections.abc import Sequence


class DanceitError(Exception):
    """Base of all expected failures; the message is a single line for the user."""


class InputError(DanceitError):
    """A file, folder, array or option from the user is not what it must be."""


class NothingReadError(InputError):
    """Of many recordings none could be read; the message ends with the reason of each.

    Attributes
    ----------
    failures : tuple of (str, str)
        Recording ids and reasons, for whoever shows them line by line.
    headline : str
        The message without them.
    """

    def __init__(self, headline: str, failures: Sequence[tuple[str, str]]) -> None:
        names = "; ".join(f"{name}: {reason}" for name, reason in failures)
        super().__init__(f"{headline}{': ' if names else ''}{names}")
        self.headline, self.failures = headline, tuple(failures)


class IndexStateError(DanceitError):
    """An index is missing, damaged, locked, too new, or made by another encoder."""


class MissingDependencyError(DanceitError):
    """An optional package is not installed; the message holds the command that installs it."""


class PluginError(DanceitError):
    """A plug-in is unknown, registered twice, or cannot be loaded."""
