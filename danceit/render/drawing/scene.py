"""A dance, or several side by side or on one stage, as a sequence of pictures.

`Scene.frame(i)` is the picture at ``start_s + i / fps`` seconds of the song. What can
be computed for many frames at once (joints, camera, polygons) is, a second or two ahead,
so drawing a frame costs little more than its fills and memory stays flat.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from danceit.data import Dance, Float32, Float64, Int64
from danceit.errors import InputError
from danceit.render.drawing.camera import Camera, View, follow, gather, posed, world
from danceit.render.drawing.figure import Figure, figure, mixed
from danceit.render.drawing.motion import joints_at, output_frames, source_frames
from danceit.render.drawing.overlay import (
    CARD_S,
    credits_of,
    draw_caption,
    draw_card,
    draw_debug,
    draw_lane,
    n_cards,
    pulse_at,
)
from danceit.render.drawing.stage import (
    Backdrop,
    draw_grid,
    draw_ring,
    draw_shadow,
    draw_trails,
    spot,
)
from danceit.render.drawing.together import far_to_near, one_stage
from danceit.render.options import RenderOptions

Picture = npt.NDArray[np.uint8]

MAX_DANCERS = 12
BATCH = 48
"""Frames whose polygons are computed together."""
_LANE_SHARE = 0.09


@dataclass
class _Dancer:
    """One dance at the video's frame rate with its camera and the polygons at hand."""

    dance: Dance
    joints: Float32
    shown: Int64
    camera: Camera
    batch: int = -1
    polygons: Figure | None = None

    def figure(self, frame: int, options: RenderOptions) -> tuple[Figure, int]:
        batch, within = divmod(frame, BATCH)
        if self.polygons is None or batch != self.batch:
            frames = slice(batch * BATCH, min(len(self.joints), (batch + 1) * BATCH))
            self.polygons = figure(self.joints, self.camera, frames, options.look)
            self.batch = batch
        return self.polygons, within


class Scene:
    """Pictures of one or several dances to the same song.

    Parameters
    ----------
    dances : sequence of Dance
        From left to right, all to one song.
    options : RenderOptions
    song_s : float, optional
        Length of the song; without it the dance's own.
    fps : float, optional
        Instead of that of `options`.
    lane : bool
        Whether progress and beats are drawn.
    stills : bool
        Whether frames are looked at one by one: the camera of a group then need not be steady.

    Attributes
    ----------
    n_frames : int
        Pictures in all.
    n_danced : int
        Those before the credits.
    times_s : float64 (T,)
        Second of the song that each of those shows.
    tags : mapping of str to str
        What a video file must say of the pictures.
    """

    tags: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        dances: Sequence[Dance],
        options: RenderOptions,
        song_s: float | None = None,
        *,
        fps: float | None = None,
        lane: bool = True,
        stills: bool = False,
    ) -> None:
        check_dances(dances, options)
        self.options = options
        self.fps = float(options.fps if fps is None else fps)
        self.lane = lane and (options.look.scenery or options.debug)
        self.total_s = dances[0].n_frames / dances[0].fps if song_s is None else song_s
        rest_s = self.total_s - options.start_s
        if rest_s <= 0:
            raise InputError(
                f"start_s is {options.start_s:g} s, but the dance ends at {self.total_s:.2f} s"
            )
        length_s = min(rest_s, options.seconds or rest_s)
        self.n_danced = output_frames(length_s, self.fps)
        self.length_s = length_s
        self.times_s = options.start_s + np.arange(self.n_danced) / self.fps
        self._credits = credits_of(dances) if options.credits else []
        self.n_frames = self.n_danced + n_cards(self._credits) * round(CARD_S * self.fps)
        moving = [joints_at(dance, self.times_s) for dance in dances]
        self._together = one_stage(dances)
        n_views = 1 if self._together else len(dances)
        self._views = split_views(n_views, options.frame_size, self.lane)
        if self._together:
            framed = posed if stills else gather
            cameras = [framed(moving, self._views[0], self.fps)] * len(dances)
            self._drawn_order = far_to_near(moving)
        else:
            cameras = follow(moving, self._views, self.fps)
            self._drawn_order = np.tile(np.arange(len(dances)), (self.n_danced, 1))
        self._dancers = [
            _Dancer(dance, joints, source_frames(dance, self.times_s), camera)
            for dance, joints, camera in zip(dances, moving, cameras, strict=True)
        ]
        self._backdrop = Backdrop(options)

    def frame(self, index: int, into: Picture | None = None) -> Picture:
        """Picture (height, width, 3) of red, green, blue.

        Parameters
        ----------
        into : uint8 (height, width, 3), optional
            Drawn over and returned; without it a new array. Fresh memory for every
            frame costs as much as the drawing.
        """
        if not 0 <= index < self.n_frames:
            raise IndexError(f"the scene has {self.n_frames} frames; got {index}")
        width, height = self.options.frame_size
        picture = np.empty((height, width, 3), dtype=np.uint8) if into is None else into
        if index >= self.n_danced:
            self._card(picture, index - self.n_danced)
        else:
            self._stage(picture, index)
            self._figures(picture, index)
            self._overlays(picture, index)
        return picture

    def pictures(self) -> Generator[Picture]:
        """All frames in order, each good until the next is asked for."""
        width, height = self.options.frame_size
        canvas = np.empty((height, width, 3), dtype=np.uint8)
        for index in range(self.n_frames):
            yield self.frame(index, canvas)

    def pixels(self) -> list[Float64]:
        """Where each dancer's joints are in the pictures: (T, 18, 2), missing ones NaN."""
        return [
            dancer.camera.project(world(dancer.joints), slice(None))[0] for dancer in self._dancers
        ]

    def time_s(self, index: int) -> float:
        """Second of the song that a frame of the dance shows."""
        return float(self.times_s[index])

    def _stage(self, picture: Picture, index: int) -> None:
        look = self.options.look
        if not look.scenery:
            self._backdrop.paint(picture, [])
            return
        flash = (
            self._pulse(self._dancers[0].dance, index)
            if self.options.beats_shown == "flash"
            else 0.0
        )
        seen_by = self._dancers[: len(self._views)]
        self._backdrop.paint(picture, [spot(d.camera, index) for d in seen_by], flash)
        for dancer in seen_by:
            pulse = self._pulse(dancer.dance, index)
            draw_grid(picture, dancer.camera, index, look)
            draw_ring(picture, dancer.camera, index, look, pulse)
        for dancer in self._dancers:
            draw_shadow(picture, dancer.joints, dancer.camera, index, look)

    def _figures(self, picture: Picture, index: int) -> None:
        look, fps = self.options.look, self.fps
        outline = mixed(look.sky, look.ground, 0.4) if look.scenery else None
        for dancer in (self._dancers[place] for place in self._drawn_order[index]):
            if self.options.trails:
                draw_trails(picture, dancer.joints, dancer.camera, index, fps, look)
            polygons, within = dancer.figure(index, self.options)
            polygons.draw(picture, within, outline)

    def _overlays(self, picture: Picture, index: int) -> None:
        options, time_s = self.options, self.time_s(index)
        if self.lane:
            draw_lane(picture, self._dancers[0].dance, time_s, self.total_s, options)
        for text, view in zip(options.captions, self._views, strict=False):
            draw_caption(picture, text, view, options)
        if options.debug:
            for dancer in self._dancers[: len(self._views)]:
                shown = int(dancer.shown[index])
                draw_debug(picture, dancer.dance, shown, time_s, dancer.camera.view, options)

    def _card(self, picture: Picture, index: int) -> None:
        self._backdrop.paint(picture, [])
        draw_card(picture, self._credits, index // round(CARD_S * self.fps), self.options)

    def _pulse(self, dance: Dance, index: int) -> float:
        return (
            0.0
            if self.options.beats_shown == "none"
            else pulse_at(dance.beats_s, self.time_s(index))
        )


def split_views(count: int, frame_size: tuple[int, int], lane: bool) -> list[View]:
    """Cells of the frame for `count` dancers: the grid in which a standing body is largest."""
    width, height = frame_size
    usable = height - (_LANE_SHARE * min(width, height) if lane else 0.0)

    def body_size(columns: int) -> float:
        rows = -(-count // columns)
        return min(width / columns / 0.62, usable / rows)

    columns = max(range(1, count + 1), key=body_size)
    rows = -(-count // columns)
    cell_width, cell_height = width / columns, usable / rows
    views = []
    for place in range(count):
        row, column = divmod(place, columns)
        in_row = min(columns, count - row * columns)
        indent = (columns - in_row) * cell_width / 2
        views.append(View(indent + column * cell_width, row * cell_height, cell_width, cell_height))
    return views


def check_dances(dances: Sequence[Dance], options: RenderOptions) -> None:
    """Check that dances can be shown side by side.

    Raises
    ------
    InputError
        If there are none or too many, one is empty, their lengths or captions differ.
    """
    if not 1 <= len(dances) <= MAX_DANCERS:
        raise InputError(f"a picture holds 1 to {MAX_DANCERS} dances; got {len(dances)}")
    for dance in dances:
        if dance.n_frames == 0:
            raise InputError("nothing to draw: the dance has no frames")
    lengths = [dance.n_frames / dance.fps for dance in dances]
    if max(lengths) - min(lengths) > 1 / min(dance.fps for dance in dances):
        listed = ", ".join(f"{length:.2f}" for length in lengths)
        raise InputError(f"dances side by side must be to one song; theirs last {listed} s")
    if len(options.captions) > len(dances):
        raise InputError(
            f"{len(options.captions)} captions for {len(dances)} dances; give one a dance at most"
        )
