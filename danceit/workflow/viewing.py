"""Several dances of one song together as a page, served or in a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from danceit.audio.songs import check_one_song, song_of
from danceit.counts import Counts
from danceit.data import Dance
from danceit.errors import InputError
from danceit.files import replacing
from danceit.render.options import RenderOptions
from danceit.render.page.data import counts_to
from danceit.render.page.html import page
from danceit.render.page.sound import PageSound, encode_page_sound
from danceit.workflow.dance_files import loaded, short_names

NO_SOUND_WANTED = "This page was made without sound; the dance plays in silence."


@dataclass(frozen=True)
class Viewed:
    """Dances of one song with what a page of them needs.

    Attributes
    ----------
    files : tuple of Path
    dances : tuple of Dance
    names : tuple of str
        Shown above each.
    title : str
        The song's name.
    sound : PageSound or None
        None where the song could not be found.
    notice : str
        Why there is no sound; empty where there is.
    counts : Counts or None
        The song's, where the dances were made on them.
    """

    files: tuple[Path, ...]
    dances: tuple[Dance, ...]
    names: tuple[str, ...]
    title: str
    sound: PageSound | None
    notice: str
    counts: Counts | None = None

    def html(self, options: RenderOptions, edit: Mapping[str, object] | None = None) -> str:
        """Return the page; `edit` as for `danceit.render.page.html.page`."""
        return page(
            self.dances,
            options=options,
            names=self.names,
            sound=self.sound,
            notice=self.notice,
            title=self.title,
            counts=self.counts,
            edit=edit,
        )


def open_dances(
    files: Sequence[Path],
    *,
    song: Path | None = None,
    audible: bool = True,
    names: Sequence[str] = (),
) -> Viewed:
    """Load dances of one song to be looked at.

    A song that is no longer where it was is no error: the page says so and plays in silence.

    Parameters
    ----------
    song : Path, optional
        Where the song is now, if it was moved.
    audible : bool
        Whether the song goes into the page.
    names : sequence of str
        One a dance; without them, what sets the file names apart.

    Raises
    ------
    InputError
        If a file is no dance, the dances are to different songs, or `song` cannot be used.
    """
    dances = tuple(loaded(file) for file in files)
    if not dances:
        raise InputError("nothing to view: no dance was given")
    check_one_song(dances, files)
    if names and len(names) != len(dances):
        raise InputError(f"{len(names)} names for {len(dances)} dances; give one a dance")
    found, notice = _song(dances, song)
    sound = None if found is None else encode_page_sound(found, audible=audible)
    if found is not None and not audible:
        notice = NO_SOUND_WANTED
    noted = dances[0].song
    title = (song or (noted.path if noted else files[0])).stem
    counts = None if found is None else counts_to(dances, found)
    shown = tuple(names) or short_names(files)
    return Viewed(tuple(files), dances, shown, title, sound, notice, counts)


def write_page(viewed: Viewed, out: Path, options: RenderOptions) -> None:
    """Write one self-contained page."""
    if out.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"a page ends in .html; got {out.name} (for others: danceit render)")
    text = viewed.html(options)
    with replacing(out) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _song(dances: Sequence[Dance], song: Path | None) -> tuple[Path | None, str]:
    """Where the song is; None, and why, where it is not known."""
    if song is not None:
        return song_of(dances, song), ""
    try:
        return song_of(dances), ""
    except InputError as exc:
        return None, f"No sound: {exc}."
