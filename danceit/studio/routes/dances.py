"""Dances: made, changed, shown, compared, exported."""

from starlette.responses import FileResponse, Response
from starlette.routing import Route

from danceit.studio.answers import Asked, changing, reading
from danceit.studio.desk import Desk


def routes(desk: Desk) -> list[Route]:
    """Return the room's part of the table."""

    def footage(asked: Asked) -> Response:
        video = desk.footage(asked)
        # Named as what it holds: a browser asks no further where it knows the name.
        kind = "video/mp4" if video.suffix.lower() in (".mov", ".m4v") else None
        return FileResponse(video, media_type=kind)

    def exported(asked: Asked) -> Response:
        file = desk.exported(str(asked["name"]))
        return FileResponse(file, filename=file.name)

    return [
        Route("/view", reading(desk.view)),
        Route("/dances", changing(desk.make), methods=["POST"]),
        Route("/dances/{id}", changing(desk.change), methods=["POST"]),
        Route("/dances/{id}/try", changing(desk.attempt), methods=["POST"]),
        Route("/dances/{id}/others", reading(desk.others)),
        Route("/dances/{id}/usable", reading(desk.shelf.usable)),
        Route("/dances/{id}/footage/{video}", reading(footage)),
        Route("/dances/{id}/lags", reading(desk.lags)),
        Route("/study", reading(desk.asking.results)),
        Route("/study", changing(desk.asking.start), methods=["POST"]),
        Route("/exports", changing(desk.export), methods=["POST"]),
        Route("/exports/{name}", reading(exported)),
    ]
