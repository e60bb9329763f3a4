"""Who dances in a video: the drawn figure, the sources' own people, or a trained person."""

from collections.abc import Sequence

from danceit.data import Dance
from danceit.errors import InputError
from danceit.render.drawing.scene import Scene
from danceit.render.options import RenderOptions


def scene_of(dances: Sequence[Dance], options: RenderOptions, song_s: float) -> Scene:
    """Scene that the options ask for.

    Raises
    ------
    InputError
        If the dances or the options cannot be shown so.
    """
    if options.footage and options.person:
        raise InputError("choose footage or a person: one video shows one of them")
    if options.person:
        from danceit.render.person.scene import PersonScene

        return PersonScene(dances, options, song_s)
    if options.footage:
        from danceit.render.footage.scene import FootageScene

        return FootageScene(dances, options, song_s)
    return Scene(dances, options, song_s)
