"""The studio's server: from a project's folder to an address to open."""

import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from danceit.errors import DanceitError, IndexStateError, InputError, MissingDependencyError
from danceit.index.store.engines import open_store
from danceit.studio.guard import Guard
from danceit.studio.jobs import Jobs
from danceit.studio.kept import take_lock
from danceit.studio.project import Project

if TYPE_CHECKING:
    import uvicorn

ADDRESS = "127.0.0.1"
_LOCK = "open"
"""Locked as long as a server has the project open."""


@dataclass(frozen=True)
class Opened:
    """A project about to be served.

    Attributes
    ----------
    data : Path or None
        A folder of dances that a library can be made of.
    """

    project: Project
    data: Path | None


def open_project(folder: Path, library: Path | None, usual: Path) -> Opened:
    """Open a project with the library that it is to dance from.

    Parameters
    ----------
    folder : Path
        The project's.
    library : Path or None
        An index, or a folder of dances to make one of; None for what the project has.
    usual : Path
        An index that is taken where the project has none and none is given, if it is there.

    Raises
    ------
    InputError
        If the project cannot be used, or `library` is not there.
    """
    if library is not None and not library.is_dir():
        raise InputError(f"there is no folder {library}; give an index, or a folder of dances")
    project = Project.open(folder)
    if library is None:
        if project.library is None and _is_index(usual):
            project.library = usual
        return Opened(project, None)
    if _is_index(library):
        project.library = library
        return Opened(project, None)
    return Opened(project, library.absolute())


def serve(
    opened: Opened,
    *,
    port: int,
    lan: bool = False,
    device: str = "auto",
    ready: Callable[[str], None],
) -> None:
    """Serve a project until interrupted; `ready` is told the address to open.

    Raises
    ------
    InputError
        If the port is in use, or another studio has the project open.
    MissingDependencyError
        If what serves is not installed.
    """
    try:
        import uvicorn

        from danceit.studio.dancing import Dancing
        from danceit.studio.desk import Desk
        from danceit.studio.routes.table import application
    except ImportError as exc:
        raise MissingDependencyError(
            f"the studio needs {exc.name}: pip install 'danceit[studio]'"
        ) from exc

    project = opened.project
    with _alone(project), _listening(lan, port) as listening:
        token, key = secrets.token_urlsafe(24), secrets.token_urlsafe(9) if lan else ""
        names = [ADDRESS, "localhost", *([_own_address()] if lan else [])]
        hosts = [f"{name}:{listening.getsockname()[1]}" for name in names]
        jobs, dancing = Jobs(project), Dancing(project, device)
        desk = Desk(project, jobs, dancing, opened.data)
        server: uvicorn.Server
        app = application(desk, token, lambda: server.should_exit)
        server = _server(Guard(app, token=token, hosts=hosts, key=key))
        dancing.warm()
        for song in project.songs()[-1:]:
            dancing.warm(song)
        ready(f"http://{hosts[-1] if lan else hosts[0]}/{f'?key={key}' if key else ''}")
        try:
            server.run(sockets=[listening])
        finally:
            desk.asking.close()
            jobs.stop_all()
            dancing.close()


def _alone(project: Project) -> IO[bytes]:
    """Lock a project for this server."""
    lock = take_lock(project.folder / _LOCK)
    if lock is None:
        raise InputError(f"{project.folder} is open in another studio; use that, or end it first")
    return lock


def _server(app: Guard) -> "uvicorn.Server":
    import uvicorn

    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )


def _listening(lan: bool, port: int) -> socket.socket:
    if not 0 <= port <= 65_535:
        raise InputError(f"`port` must be between 0 and 65535; got {port}")
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(("0.0.0.0" if lan else ADDRESS, port))
        made.listen(128)
    except OSError as exc:
        made.close()
        raise InputError(
            f"cannot listen on port {port}: {exc.strerror or exc}; choose another `port`, "
            "or 0 for any that is free"
        ) from exc
    return made


def _own_address() -> str:
    """Find this machine's address in its network; nothing is sent for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a documentation address (RFC 5737)
        except OSError as exc:
            raise InputError("`lan`: this machine is in no network") from exc
        return str(probe.getsockname()[0])


def _is_index(folder: Path) -> bool:
    try:
        open_store(folder, device="cpu").close()
    except IndexStateError:
        return False
    except DanceitError:
        return True  # it is one, and what is wrong with it is said where it is used
    return True
