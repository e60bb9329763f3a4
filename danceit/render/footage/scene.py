"""A dance shown by the people who danced it: their own videos, cut and retimed.

Each frame shows its source's video at the dance's `source_s`, so that whatever the
aligners did to the time of the movement is done to the footage. People are brought to
one size and one floor line (`framing`), one shot follows another on the beat (`shots`, `joins`),
and where a source has no video, the drawn figure dances on in the same frame.
"""

from collections.abc import Sequence
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

    def _stage(self, picture: Picture, index: int) -> None:
        number, join = self.cut.at(index)
        if join is None:
            np.copyto(picture, self._shown(self.cut.shots[number], index))
            return
        kind = self.kind(join)
        share = self.cut.joins[join].share(index, kind)
        first, second = self.cut.shots[join : join + 2]
        if share <= 0.0 or share >= 1.0:
            np.copyto(picture, self._shown(first if share <= 0.0 else second, index))
        else:
            np.copyto(picture, self._between(first, second, index, share, kind))

    def kind(self, number: int) -> str:
        """``cut``, ``dissolve`` or ``morph``: how the shots at a join meet."""
        if not self.cut.joins[number].overlaps:
            return "cut"
        if self.options.joins in ("cut", "dissolve"):
            return self.options.joins
        if number not in self._kinds:
            at = self.cut.joins[number].at
            first, second = self.cut.shots[number : number + 2]
            kind = meeting(
                self._shown(first, at),
                self._shown(second, at),
                self._where_dancers(first, second, at),
            )
            # Asked for a morph, poses may be far apart: dissolved, there would be two dancers.
            far = kind == "dissolve" and self.options.joins == "morph"
            self._kinds[number] = "cut" if far else kind
        return self._kinds[number]

    def _between(self, first: Shot, second: Shot, index: int, share: float, kind: str) -> Picture:
        """Return one shot on its way to another."""
        import cv2

        ours, theirs = self._shown(first, index), self._shown(second, index)
        if kind == "dissolve":
            mixed = cv2.addWeighted(ours, 1 - share, theirs, share, 0.0)
            return np.asarray(mixed, dtype=np.uint8)
        places = (self._placed(first, index), self._placed(second, index))
        return morph(ours, theirs, places, share, self._where_dancers(first, second, index))

    def _where_dancers(self, first: Shot, second: Shot, index: int) -> Picture:
        """Mask (height, width), 255 on the dancers of two shots, generously, and 0 around."""
        masks = [
            outline(self._placed(shot, index), self.options.frame_size, self._canvas.unit, WIDER)
            for shot in (first, second)
        ]
        return np.maximum(*masks)

    def _figures(self, picture: Picture, index: int) -> None:
        """Nothing: `_stage` has drawn whatever stands in for missing footage."""

    def _shown(self, shot: Shot, index: int) -> Picture:
        """One shot alone at a frame."""
        if shot.filmed is None:
            width, height = self.options.frame_size
            drawn = np.empty((height, width, 3), dtype=np.uint8)
            super()._stage(drawn, index)
            super()._figures(drawn, index)
            return drawn
        reel = self._woken(shot.filmed.video)
        source = reel.frame(float(shot.source_s[index - shot.start]))
        if shot.filmed.video in self._curves:
            source = graded(source, self._curves[shot.filmed.video])
        placing = _for_reel(shot.placing(index, self._canvas), reel)
        if shot.mirrored:
            source, placing = self._in_a_mirror(source, placing)
        if self._cut_out is None:
            return self._surroundings.compose(source, placing)
        joints = self._placed(shot, index)
        return self._surroundings.compose(
            source, placing, lambda picture: self._masked(picture, joints)
        )

    def _in_a_mirror(self, source: Picture, placing: Float64) -> tuple[Picture, Float64]:
        """Return a source's picture turned round, and where it then goes; its surroundings stay."""
        width, _ = self.options.frame_size
        turned: Float64 = placing.copy()
        turned[0, 2] = width - 1 - placing[0, 0] * (source.shape[1] - 1) - placing[0, 2]
        return np.ascontiguousarray(source[:, ::-1]), turned

    def _masked(self, picture: Picture, joints: Float64) -> Picture:
        assert self._cut_out is not None
        return self._cut_out.mask(picture, joints)

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
