"""The `danceit` command: parses, calls one function, prints.

Results go to stdout, progress to stderr. Exit code 1 with one line is a known error,
2 a usage error; a traceback is a bug. Command modules are imported only when their
command runs, so that `danceit --help` is instant.

- `main`: the group, its table of commands, one line for a known error
- from a song to something to watch: `dance`, with `dance_options`, and `group` for several
  dancers; `view`, `studio`, `live/`, `search`, `counts`, `generate`, `person`
- the library: `index`, with what looks at one in `library/`; `train`, `fetch`, `demo`
- measuring: `bench`, `study`; the machine and its plug-ins: `system`
- what commands share: `options` and tables, `flags` in messages, `progress` bars
"""

from danceit.cli.main import main

__all__ = ["main"]
