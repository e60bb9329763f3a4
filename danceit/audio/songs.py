"""Which song belongs to a dance: one rule for aligning, drawing, viewing and changing it."""

from collections.abc import Sequence
from pathlib import Path

from danceit.data import Dance
from danceit.errors import InputError
from danceit.files import sha256_of_file


def song_of(
    dances: Sequence[Dance], song: str | Path | None = None, names: Sequence[str | Path] = ()
) -> Path:
    """Return the file of the song that dances were made for.

    Parameters
    ----------
    dances : sequence of Dance
        At least one.
    song : str or Path, optional
        Where it is now; without it, where the dances say.
    names : sequence of str or Path
        What the dances are called in messages.

    Raises
    ------
    InputError
        If the dances are to different songs, there is no such file, or its contents are
        not those that the dances were made for.
    """
    check_one_song(dances, names)
    known = [dance.song for dance in dances if dance.song]
    sha256 = next((each.sha256 for each in known if each.sha256), "")
    if song is not None:
        given = Path(song)
        if not given.is_file():
            raise InputError(f"no such song: {given}")
        if sha256 and sha256_of_file(given) != sha256:
            whose = names[0] if names else "the dance"
            raise InputError(
                f"{given} is not the song that {whose} was made for: its contents differ"
            )
        return given
    if not known:
        raise InputError("the dance does not name its song; say which it is (`song`)")
    there = [each.path for each in known if each.path.is_file()]
    if not there:
        raise InputError(
            f"the dance's song is not at {known[0].path} any more; say where it is now (`song`)"
        )
    if sha256 and sha256_of_file(there[0]) != sha256:
        raise InputError(f"{there[0]} has changed since the dance was made; query it again")
    return there[0]


def check_one_song(dances: Sequence[Dance], names: Sequence[str | Path] = ()) -> None:
    """Raise `InputError` where dances are known to be to different songs."""
    called = names or [f"dance {number}" for number in range(1, len(dances) + 1)]
    known = [
        (dance.song.sha256, name)
        for dance, name in zip(dances, called, strict=True)
        if dance.song and dance.song.sha256
    ]
    for sha256, name in known:
        if sha256 != known[0][0]:
            raise InputError(
                f"{known[0][1]} and {name} are dances to different songs; "
                "only dances to one song can be shown side by side"
            )
