"""A dance shown by the people who danced it: their own videos, cut and retimed.

Each frame shows its source's video at the dance's `source_s`, so that whatever the
aligners did to the time of the movement is done to the footage. People are brought to
one size and one floor line (`framing`), one shot follows another on the beat (`shots`, `joins`),
and where a source has no video, the drawn figure dances on in the same frame.

A frame is made in two steps. What it shows is looked up and decoded in order, for videos are read
forward; how that is put together depends on nothing else, so that several frames can be at
once (`FootageScene.pictures`).
"""

import os
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from danceit.data import MIRRORED, Dance, Float64
from danceit.errors import InputError
from danceit.render.drawing.scene import Scene
from danceit.render.footage.cutout import CutOut
from danceit.render.footage.framing import canvas_place
from danceit.render.footage.grading import Curves, curves_of, graded
from danceit.render.footage.joins import Join, meeting
from danceit.render.footage.morph import morph
from danceit.render.footage.outline import outline
from danceit.render.footage.reel import KEPT_BYTES, Reel
from danceit.render.footage.shots import Cut, Shot, cut
from danceit.render.footage.surroundings import Surroundings
from danceit.render.options import RenderOptions

Picture = npt.NDArray[np.uint8]

WIDER = 1.3
"""Width of an outline that surely holds the dancer, in the usual."""
MOST_AWAKE = 6
"""Videos that are open at once: a decoder of large pictures holds some tens of megabytes."""
MOST_THREADS = 4
"""That put frames together: the segmenter is one for all, and soon the slowest."""


@dataclass(frozen=True)
class _Seen:
    """What one shot shows at a frame.

    Attributes
    ----------
    source : uint8 (height, width, 3)
        Picture of the video; of the drawn figure, and then the frame itself, where there is none.
    placing : float64 (2, 3), optional
        Where it stands in the frame: an affine map; None for the drawn figure.
    joints : float64 (18, 2)
        In pixels of the frame.
    curves : uint8 (256, 1, 3), optional
        How it is graded.
    mirrored : bool
    """

    source: Picture
    placing: Float64 | None
    joints: Float64
    curves: Curves | None = None
    mirrored: bool = False


@dataclass(frozen=True)
class _Looked:
    """What a frame shows: one shot, or one on its way to another.

    Attributes
    ----------
    seen : tuple of _Seen
        One or two.
    share : float
        How far the first has come to the second.
    kind : str
        How the two meet: ``dissolve`` or ``morph``.
    dancers : uint8 (height, width), optional
        Where the dancers of both are, for a morph.
    """

    seen: tuple[_Seen, ...]
    share: float = 0.0
    kind: str = "cut"
    dancers: Picture | None = None


class FootageScene(Scene):
    """Pictures of one dance in its sources' footage.

    Parameters
    ----------
    dances : sequence of Dance
        One.
    options : RenderOptions
        With `locate`, which finds the footage.
    song_s : float, optional
        Length of the song.

    Raises
    ------
    InputError
        If there are several dances, no locator, or none of the sources has a video.
    """

    def __init__(
        self, dances: Sequence[Dance], options: RenderOptions, song_s: float | None = None
    ) -> None:
        super().__init__(dances, options, song_s)
        if len(dances) != 1:
            raise InputError(f"footage shows one dance at a time; got {len(dances)}")
        if options.locate is None:
            raise InputError("footage needs RenderOptions.locate, which finds the sources' videos")
        self._canvas = canvas_place(options.frame_size)
        self.cut = cut(dances[0], self.times_s, options.locate, self._canvas, options.joins)
        made_by = sorted({placed.generator for placed in dances[0].fragments if placed.generator})
        if made_by:
            raise InputError(
                f"the dance was made up by {made_by[0]}: there is no footage of it; render it "
                "without"
            )
        if all(shot.filmed is None for shot in self.cut.shots):
            named = ", ".join(sorted({Path(f.source).name for f in dances[0].fragments})[:3])
            raise InputError(
                f"none of the dance's sources has a video with a dancer in it ({named}): "
                "render it without footage"
            )
        self._reels = _reels(self.cut)
        self._order: list[Path] = []
        self._surroundings = Surroundings(options)
        self._cut_out: CutOut | None = None
        if options.surroundings != "kept":
            self._cut_out = CutOut(options.frame_size, self._canvas.unit)
        self._curves = _curves(self.cut.shots) if options.match_colours else {}
        self._kinds: dict[int, str] = {}
        self._drawn: Float64 | None = None

    @property
    def footage_share(self) -> float:
        """Share of the danced frames that show footage."""
        shots = [self.cut.shots[self.cut.at(i)[0]] for i in range(self.n_danced)]
        return float(np.mean([shot.filmed is not None for shot in shots]))

    @property
    def n_decoded(self) -> int:
        """Frames decoded so far, of all videos."""
        return sum(reel.n_decoded for reel in self._reels.values())

    def close(self) -> None:
        """Close the videos."""
        for reel in self._reels.values():
            reel.close()

    def pictures(self) -> Generator[Picture]:
        """All frames in order: videos are read here while others are put together elsewhere.

        The same pictures as those of `frame`, to the byte.
        """
        n_threads = min(MOST_THREADS, os.cpu_count() or 1)
        under_way: deque[Future[Picture]] = deque()
        with ThreadPoolExecutor(n_threads, thread_name_prefix="footage") as others:
            try:
                for index in range(self.n_danced):
                    under_way.append(others.submit(self._put_together, self._looked(index)))
                    if len(under_way) > n_threads + 1:
                        yield self._overlaid(under_way, index + 1 - len(under_way))
                while under_way:
                    yield self._overlaid(under_way, self.n_danced - len(under_way))
            finally:
                for future in under_way:
                    future.cancel()
        for index in range(self.n_danced, self.n_frames):
            yield self.frame(index)

    def _overlaid(self, under_way: deque[Future[Picture]], index: int) -> Picture:
        picture = under_way.popleft().result()
        self._overlays(picture, index)
        return picture

    def _stage(self, picture: Picture, index: int) -> None:
        np.copyto(picture, self._put_together(self._looked(index)))

    def _looked(self, index: int) -> _Looked:
        """Decode what a frame shows."""
        number, join = self.cut.at(index)
        if join is None:
            return _Looked((self._seen(self.cut.shots[number], index),))
        kind = self.kind(join)
        share = self.cut.joins[join].share(index, kind)
        first, second = self.cut.shots[join : join + 2]
        if share <= 0.0 or share >= 1.0:
            return _Looked((self._seen(first if share <= 0.0 else second, index),))
        seen = (self._seen(first, index), self._seen(second, index))
        return _Looked(seen, share, kind, self._where_dancers(seen) if kind == "morph" else None)

    def _put_together(self, looked: _Looked) -> Picture:
        """One frame without what is drawn over it; changes nothing here, so in any thread."""
        import cv2

        shown = [self._shown(seen) for seen in looked.seen]
        if len(shown) == 1:
            return shown[0]
        if looked.dancers is None:
            mixed = cv2.addWeighted(shown[0], 1 - looked.share, shown[1], looked.share, 0.0)
            return np.asarray(mixed, dtype=np.uint8)
        places = (looked.seen[0].joints, looked.seen[1].joints)
        return morph(shown[0], shown[1], places, looked.share, looked.dancers)

    def kind(self, number: int) -> str:
        """``cut``, ``dissolve`` or ``morph``: how the shots at a join meet."""
        if not self.cut.joins[number].overlaps:
            return "cut"
        if self.options.joins in ("cut", "dissolve"):
            return self.options.joins
        if number not in self._kinds:
            at = self.cut.joins[number].at
            seen = [self._seen(shot, at) for shot in self.cut.shots[number : number + 2]]
            ours, theirs = map(self._shown, seen)
            kind = meeting(ours, theirs, self._where_dancers(seen))
            # Asked for a morph, poses may be far apart: dissolved, there would be two dancers.
            far = kind == "dissolve" and self.options.joins == "morph"
            self._kinds[number] = "cut" if far else kind
        return self._kinds[number]

    def _where_dancers(self, seen: Sequence[_Seen]) -> Picture:
        """Mask (height, width), 255 on the dancers of two shots, generously, and 0 around."""
        masks = [
            outline(each.joints, self.options.frame_size, self._canvas.unit, WIDER) for each in seen
        ]
        return np.maximum(*masks)

    def _figures(self, picture: Picture, index: int) -> None:
        """Nothing: `_stage` has drawn whatever stands in for missing footage."""

    def _seen(self, shot: Shot, index: int) -> _Seen:
        """What one shot shows at a frame."""
        joints = self._placed(shot, index)
        if shot.filmed is None:
            width, height = self.options.frame_size
            drawn = np.empty((height, width, 3), dtype=np.uint8)
            super()._stage(drawn, index)
            super()._figures(drawn, index)
            return _Seen(drawn, None, joints)
        video = shot.filmed.video
        reel = self._woken(video)
        source = reel.frame(float(shot.source_s[index - shot.start]))
        placing = _for_reel(shot.placing(index, self._canvas), reel)
        return _Seen(source, placing, joints, self._curves.get(video), shot.mirrored)

    def _shown(self, seen: _Seen) -> Picture:
        """One shot alone in the frame."""
        source, placing = seen.source, seen.placing
        if placing is None:
            return source
        if seen.curves is not None:
            source = graded(source, seen.curves)
        if seen.mirrored:
            source, placing = self._in_a_mirror(source, placing)
        cut_out = self._cut_out
        if cut_out is None:
            return self._surroundings.compose(source, placing)
        return self._surroundings.compose(
            source, placing, lambda picture: cut_out.mask(picture, seen.joints)
        )

    def _in_a_mirror(self, source: Picture, placing: Float64) -> tuple[Picture, Float64]:
        """Return a source's picture turned round, and where it then goes; its surroundings stay."""
        width, _ = self.options.frame_size
        turned: Float64 = placing.copy()
        turned[0, 2] = width - 1 - placing[0, 0] * (source.shape[1] - 1) - placing[0, 2]
        return np.ascontiguousarray(source[:, ::-1]), turned

    def _woken(self, video: Path) -> Reel:
        """Reel of a video; decoders that were longest without work are put to rest."""
        if video in self._order:
            self._order.remove(video)
        self._order.append(video)
        if len(self._order) > MOST_AWAKE:
            self._reels[self._order.pop(0)].rest()
        return self._reels[video]

    def _placed(self, shot: Shot, index: int) -> Float64:
        """Joints (18, 2) of a shot in picture pixels; of the drawn figure where it has none."""
        if shot.filmed is None:
            drawn: Float64 = self._drawn_joints()[index]
            return drawn
        placing = shot.placing(index, self._canvas)
        moved: Float64 = shot.followed(index) @ placing[:, :2].T + placing[:, 2]
        if shot.mirrored:
            moved = moved[list(MIRRORED)]
            moved[:, 0] = self.options.frame_size[0] - 1 - moved[:, 0]
        return moved

    def _drawn_joints(self) -> Float64:
        if self._drawn is None:
            self._drawn = self.pixels()[0]
        drawn: Float64 = self._drawn
        return drawn


def _for_reel(placing: Float64, reel: Reel) -> Float64:
    """Return the map (2, 3) from a reel's pictures, where `placing` is from the source's pixels."""
    scaled: Float64 = placing.copy()
    scaled[:, :2] /= reel.scale
    return scaled


def _curves(shots: Sequence[Shot]) -> dict[Path, Curves]:
    """How each video is graded."""
    shown: dict[Path, list[Float64]] = {}
    for shot in shots:
        if shot.filmed is not None:
            shown.setdefault(shot.filmed.video, []).append(shot.source_s)
    return curves_of({video: np.concatenate(times) for video, times in shown.items()})


def _looked_at(shot: Shot, joins: Sequence[Join]) -> Float64:
    """Moments of a shot that `FootageScene.kind` looks at beside those that are shown."""
    at = [j.at for j in joins if j.overlaps and shot.start <= j.at < shot.stop]
    moments: Float64 = shot.source_s[np.array(at, dtype=np.int64) - shot.start]
    return moments


def _reels(plan: Cut) -> dict[Path, Reel]:
    """Open each video once, told of every moment that the shots need, at the size they need."""
    needs: dict[Path, list[Float64]] = {}
    scales: dict[Path, float] = {}
    for shot in plan.shots:
        if shot.filmed is not None:
            video = shot.filmed.video
            needs.setdefault(video, []).extend((shot.source_s, _looked_at(shot, plan.joins)))
            scales[video] = max(scales.get(video, 0.0), shot.scale)
    return {
        video: Reel(video, np.concatenate(times), scales[video], KEPT_BYTES // len(needs))
        for video, times in needs.items()
    }
