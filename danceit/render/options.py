"""What a picture of a dance may look like: `RenderOptions` and the themes.

Sizes are in pixels of the output, colours are (red, green, blue) from 0 to 255.
"""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from danceit.data import Placement
from danceit.errors import InputError
from danceit.plugins import unknown_name
from danceit.render.footage.locating import Locator

Colour = tuple[int, int, int]

ASPECTS: dict[str, tuple[int, int]] = {"1:1": (1, 1), "9:16": (9, 16), "16:9": (16, 9)}
FRAME_RATES = (24, 30, 60)
BEAT_STYLES = ("auto", "lane", "flash", "none")
"""``lane``: ticks pass a playhead under the dancer; ``flash`` also lights the floor; ``none``."""
SURROUNDINGS = ("kept", "blurred", "still")
"""Around the dancer in footage: as filmed, blurred, or `RenderOptions.background`."""
JOINS = ("auto", "cut", "dissolve", "morph")
"""How one shot of footage follows another: ``auto`` a cut, and something softer only where both
show one dancer in one place and nearly one pose; ``cut`` or ``dissolve`` always; ``morph``
wherever the pictures agree enough for one, however far apart the poses are."""
SIZE_LIMITS = (64, 4096)
VIDEO_PX, GIF_PX, POSE_PX = 512, 256, 192
"""Sizes that the formats choose for themselves."""


@dataclass(frozen=True)
class Theme:
    """Colours and manner of one look.

    Attributes
    ----------
    sky, ground : Colour
        Background at the top and at the bottom.
    glow : Colour
        Light on the floor under the dancer.
    ink : Colour
        Text, ticks and floor marks.
    accent : Colour
        Playhead, progress and beats.
    skin : Colour
        Torso and head.
    limb : Colour or None
        One colour for all limbs; None for OpenPose's.
    limb_mix : float
        Share of `skin` mixed into the limbs' colours, from 0 to 1.
    scenery : bool
        Floor, shadow, torso and head; without them bare limbs on `sky`, as the
        models that turn poses into video are trained on.
    """

    sky: Colour
    ground: Colour
    glow: Colour
    ink: Colour
    accent: Colour
    skin: Colour
    limb: Colour | None = None
    limb_mix: float = 0.0
    scenery: bool = True


THEMES: dict[str, Theme] = {
    "night": Theme(
        sky=(13, 15, 22), ground=(22, 25, 36), glow=(52, 60, 88), ink=(150, 160, 186),
        accent=(255, 196, 92), skin=(58, 66, 92), limb_mix=0.06,
    ),
    "paper": Theme(
        sky=(247, 245, 240), ground=(232, 228, 219), glow=(255, 254, 250), ink=(92, 90, 86),
        accent=(214, 84, 52), skin=(205, 198, 186), limb_mix=0.12,
    ),
    "mono": Theme(
        sky=(18, 18, 19), ground=(28, 28, 30), glow=(58, 58, 62), ink=(150, 150, 154),
        accent=(255, 255, 255), skin=(74, 74, 78), limb=(232, 232, 236),
    ),
    "dusk": Theme(
        sky=(30, 18, 46), ground=(64, 32, 66), glow=(138, 66, 96), ink=(224, 184, 196),
        accent=(255, 150, 110), skin=(96, 58, 100), limb=(255, 214, 190),
    ),
    "openpose": Theme(
        sky=(0, 0, 0), ground=(0, 0, 0), glow=(0, 0, 0), ink=(128, 128, 128),
        accent=(255, 255, 255), skin=(0, 0, 0), limb_mix=0.4, scenery=False,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class RenderOptions:
    """How to draw; every renderer takes the same options and uses those that concern it.

    Attributes
    ----------
    size : int
        The shorter side in pixels, even, from 64 to 4096; 0 for the format's own: 512
        for a video, 256 for a GIF, 192 for each pose of a contact sheet.
    aspect : str
        Width to height: ``1:1``, ``9:16`` or ``16:9``.
    fps : int
        24, 30 or 60; above 24 the movement is interpolated, never across a seam.
    theme : str
        A key of `THEMES`.
    background : str
        ``#rrggbb``, or the path of a picture; empty for the theme's own.
    trails : bool
        Fading lines behind hands and feet.
    beats : str
        One of `BEAT_STYLES`; ``auto`` is ``lane``, but ``none`` over the dancers' own pictures.
    credits : bool
        Closing cards that list every source with its licence.
    debug : bool
        Frame, time, source clip, source time and seams in the picture.
    captions : tuple of str
        One line for each dancer; empty for none.
    start_s : float
        Second of the song to begin at.
    seconds : float or None
        How much to show; None goes on to the song's end (in a GIF, for four seconds).
    font : str
        Path of a TrueType or OpenType font, for scripts that the built-in one lacks.
    footage : bool
        In a video, the sources' own footage instead of a drawn figure.
    surroundings : str
        One of `SURROUNDINGS`, for footage.
    joins : str
        One of `JOINS`, for footage.
    match_colours : bool
        Bring brightness and colour of the sources together, for footage.
    locate : Locator or None
        Finds the footage; needed where `footage` is asked for.
    video_of : function or None
        Finds the video that belongs to a fragment's source, for edit lists; without it, sources
        that are videos have one.
    person : str
        Folder of a trained person who is to dance instead of a drawn figure.
    synthetic_note : bool
        The small visible note that a person's video is synthetic.
    device : str
        ``auto``, ``cpu`` or ``cuda``: where a person is painted.

    Raises
    ------
    InputError
        If a value is outside what is listed here.
    """

    size: int = 0
    aspect: str = "1:1"
    fps: int = 24
    theme: str = "night"
    background: str = ""
    trails: bool = False
    beats: str = "auto"
    credits: bool = False
    debug: bool = False
    captions: tuple[str, ...] = ()
    start_s: float = 0.0
    seconds: float | None = None
    font: str = ""
    footage: bool = False
    surroundings: str = "kept"
    joins: str = "auto"
    match_colours: bool = False
    locate: Locator | None = None
    video_of: Callable[[Placement], Path | None] | None = None
    person: str = ""
    synthetic_note: bool = True
    device: str = "auto"

    def __post_init__(self) -> None:
        _check_choice("aspect", self.aspect, ASPECTS)
        _check_choice("theme", self.theme, THEMES)
        _check_choice("beats", self.beats, BEAT_STYLES)
        _check_choice("surroundings", self.surroundings, SURROUNDINGS)
        _check_choice("joins", self.joins, JOINS)
        if self.fps not in FRAME_RATES:
            known = ", ".join(map(str, FRAME_RATES))
            raise InputError(f"fps must be one of {known}; got {self.fps}")
        low, high = SIZE_LIMITS
        if self.size and (not low <= self.size <= high or self.size % 2):
            raise InputError(f"size must be an even number from {low} to {high}; got {self.size}")
        if not 0 <= self.start_s < math.inf:
            raise InputError(f"`start_s` must be 0 or more; got {self.start_s:g}")
        if self.seconds is not None and not 0 < self.seconds < math.inf:
            raise InputError(f"`seconds` must be above 0; got {self.seconds:g}")
        if self.background and self.background_colour is None:
            _check_file("background", self.background, "a colour such as #101820 or a picture")
        if self.font:
            _check_file("font", self.font, "a .ttf or .otf file")

    @property
    def beats_shown(self) -> str:
        """How beats are shown: `beats`, or what ``auto`` stands for."""
        return self.beats if self.beats != "auto" else "none" if self.footage else "lane"

    @property
    def frame_size(self) -> tuple[int, int]:
        """Width and height in pixels, both even as 4:2:0 video needs."""
        across, down = ASPECTS[self.aspect]
        unit = (self.size or VIDEO_PX) / min(across, down)
        return 2 * round(unit * across / 2), 2 * round(unit * down / 2)

    def sized(self, usual: int) -> "RenderOptions":
        """Return the same with `usual` for a size that was left to the format."""
        return self if self.size else replace(self, size=usual)

    @property
    def look(self) -> Theme:
        """The theme's colours."""
        return THEMES[self.theme]

    @property
    def background_colour(self) -> Colour | None:
        """`background` as a colour, or None where it is a picture or empty."""
        match = re.fullmatch(r"#([0-9a-fA-F]{6})", self.background)
        if match is None:
            return None
        red, green, blue = bytes.fromhex(match.group(1))
        return red, green, blue


def _check_choice(name: str, value: str, known: Iterable[str]) -> None:
    choices = list(known)
    if value in choices:
        return
    raise InputError(unknown_name(name, value, choices))


def _check_file(name: str, value: str, wanted: str) -> None:
    if not Path(value).is_file():
        raise InputError(f"{name} must be {wanted}; there is no file {value}")
