"""Everything that may be asked of the studio, room by room."""

from collections.abc import Callable

from starlette.applications import Starlette

from danceit.studio.desk import Desk
from danceit.studio.routes import dances, library, page, songs


def application(desk: Desk, token: str, ending: Callable[[], bool]) -> Starlette:
    """Return the application; `ending` says whether the server is about to stop."""
    return Starlette(
        routes=[
            *page.routes(desk, token, ending),
            *library.routes(desk),
            *songs.routes(desk),
            *dances.routes(desk),
        ]
    )
