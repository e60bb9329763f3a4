"""The `danceit` command: parses, calls one library function, prints.

Results go to stdout, progress to stderr. Exit code 1 with one line is a known error,
2 a usage error; a traceback is a bug. Command modules are imported only when their
command runs, so that `danceit --help` is instant.
"""

from danceit.cli.main import main

__all__ = ["main"]
