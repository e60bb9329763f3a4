"""Several dances of one song together: as a page, served or in a file, and as a video."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from danceit.data import Dance
from danceit.errors import InputError
from danceit.files import replacing
from danceit.progress import Progress, silent
from danceit.render.options import RenderOptions
from danceit.render.page.html import page
from danceit.render.page.sound import PageSound, encode_page_sound
from danceit.render.video.sound import find_song
from danceit.workflow.line import DANCE_SUFFIX, drawn

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
    """

    files: tuple[Path, ...]
    dances: tuple[Dance, ...]
    names: tuple[str, ...]
    title: str
    sound: PageSound | None
    notice: str

    def html(self, options: RenderOptions, edit: Mapping[str, object] | None = None) -> str:
        """Return the page; `edit` as for `danceit.render.page.html.page`."""
        return page(
            self.dances,
            options=options,
            names=self.names,
            sound=self.sound,
            notice=self.notice,
            title=self.title,
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
    dances = tuple(Dance.load(file) for file in files)
    if not dances:
        raise InputError("nothing to view: no dance was given")
    check_one_song(dances, files)
    if names and len(names) != len(dances):
        raise InputError(f"{len(names)} names for {len(dances)} dances; give one a dance")
    sound, notice = _sound(dances, song, audible)
    noted = dances[0].song
    title = (song or (noted.path if noted else files[0])).stem
    return Viewed(tuple(files), dances, tuple(names) or short_names(files), title, sound, notice)


def write_page(viewed: Viewed, out: Path, options: RenderOptions) -> None:
    """Write one self-contained page."""
    if out.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"a page ends in .html; got {out.name} (for others: danceit render)")
    text = viewed.html(options)
    with replacing(out) as temporary:
        temporary.write_text(text, encoding="utf-8")


def render_files(
    files: Sequence[Path],
    out: Path,
    options: RenderOptions | None = None,
    *,
    song: Path | None = None,
    progress: Progress = silent,
) -> tuple[str, ...]:
    """Render dances to one song side by side, captioned by what sets their files apart.

    Returns
    -------
    tuple of str
        What the user should know, such as sources without footage.

    Raises
    ------
    InputError
        If a file is no dance, the dances are to different songs, or as `render_many`.
    """
    dances = [Dance.load(file) for file in files]
    check_one_song(dances, files)
    look = options or RenderOptions()
    look = replace(look, captions=look.captions or short_names(files))
    return drawn(dances, out, song, look, progress)


def short_names(files: Sequence[Path]) -> tuple[str, ...]:
    """File names without the suffix, and without the words that all of them begin with."""
    stems = [file.name.removesuffix(DANCE_SUFFIX).removesuffix(".npz") for file in files]
    parts = [stem.split(".") for stem in stems]
    shared = 0
    while len(files) > 1 and all(len(part) > shared + 1 for part in parts):
        if len({part[shared] for part in parts}) > 1:
            break
        shared += 1
    return tuple(".".join(part[shared:]) for part in parts)


def check_one_song(dances: Sequence[Dance], files: Sequence[Path]) -> None:
    """Raise `InputError` where dances are known to be to different songs."""
    first = _sha256(dances[0])
    for dance, file in zip(dances, files, strict=True):
        other = _sha256(dance)
        if first and other and other != first:
            raise InputError(
                f"{files[0]} and {file} are dances to different songs; "
                "only dances to one song can be shown side by side"
            )


def _sha256(dance: Dance) -> str:
    return dance.song.sha256 if dance.song else ""


def _sound(
    dances: Sequence[Dance], song: Path | None, audible: bool
) -> tuple[PageSound | None, str]:
    if song is None:
        try:
            found = find_song(dances, None)
        except InputError as exc:
            return None, f"No sound: {exc}."
    else:
        found = find_song(dances, song)
    return encode_page_sound(found, audible=audible), "" if audible else NO_SOUND_WANTED
