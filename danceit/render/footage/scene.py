"""A dance shown by the people who danced it: their own videos, cut and retimed.

Each frame shows its source's video at the dance's `source_s`, so that whatever the
aligners did to the time of the movement is done to the footage. People are brought to
one size and one floor line (`shots`), seams are morphed (`morph`), and where a source has
no video, the drawn figure dances on in the same frame.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from danceit.data import Dance, Float64
from danceit.errors import InputError
from danceit.render.drawing.scene import Scene
from danceit.render.footage.morph import morph
from danceit.render.footage.outline import outline
from danceit.render.footage.reel import KEPT_BYTES, Reel
from danceit.render.footage.shots import Shot, canvas_place, cut
from danceit.render.footage.surroundings import Surroundings
from danceit.render.options import RenderOptions

Picture = npt.NDArray[np.uint8]

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
        self._cut = cut(dances[0], self._times_s, options.locate, self._canvas)
        made_by = sorted({placed.generator for placed in dances[0].fragments if placed.generator})
        if made_by:
            raise InputError(
                f"the dance was made up by {made_by[0]}: there is no footage of it; render it "
                "without"
            )
        if all(shot.filmed is None for shot in self._cut.shots):
            named = ", ".join(sorted({Path(f.source).name for f in dances[0].fragments})[:3])
            raise InputError(
                f"none of the dance's sources has a video with a dancer in it ({named}): "
                "render it without footage"
            )
        self._reels = _reels(self._cut.shots)
        self._order: list[Path] = []
        self._surroundings = Surroundings(options)
        self._drawn: Float64 | None = None

    @property
    def footage_share(self) -> float:
        """Share of the danced frames that show footage."""
        filmed = [self._cut.at(i)[0].filmed is not None for i in range(self.n_danced)]
        return float(np.mean(filmed))

    @property
    def n_decoded(self) -> int:
        """Frames decoded so far, of all videos."""
        return sum(reel.n_decoded for reel in self._reels.values())

    def close(self) -> None:
        """Close the videos."""
        for reel in self._reels.values():
            reel.close()

    def _stage(self, picture: Picture, index: int) -> None:
        first, second, share = self._cut.at(index)
        shown = self._shown(first, index)
        if second is not None:
            other = self._shown(second, index)
            places = (self._placed(first, index), self._placed(second, index))
            shown = morph(shown, other, places, share, refine=_one_place(first, second))
        np.copyto(picture, shown)

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
        placing = shot.placing(index, self._canvas)
        mask = None
        if self.options.surroundings != "kept":
            mask = outline(self._placed(shot, index), self.options.frame_size, self._canvas.unit)
        return self._surroundings.compose(source, _for_reel(placing, reel), mask)

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
        moved: Float64 = shot.joints(index) @ placing[:, :2].T + placing[:, 2]
        return moved

    def _drawn_joints(self) -> Float64:
        if self._drawn is None:
            self._drawn = self.pixels()[0]
        drawn: Float64 = self._drawn
        return drawn


def _one_place(first: Shot, second: Shot) -> bool:
    """Whether two shots are of one video."""
    if first.filmed is None or second.filmed is None:
        return False
    return first.filmed.video == second.filmed.video


def _for_reel(placing: Float64, reel: Reel) -> Float64:
    """Return the map (2, 3) from a reel's pictures, where `placing` is from the source's pixels."""
    scaled: Float64 = placing.copy()
    scaled[:, :2] /= reel.scale
    return scaled


def _reels(shots: Sequence[Shot]) -> dict[Path, Reel]:
    """Open each video once, told of every moment that the shots need, at the size they need."""
    needs: dict[Path, list[Float64]] = {}
    scales: dict[Path, float] = {}
    for shot in shots:
        if shot.filmed is not None:
            video = shot.filmed.video
            needs.setdefault(video, []).append(shot.source_s)
            scales[video] = max(scales.get(video, 0.0), shot.scale)
    return {
        video: Reel(video, np.concatenate(times), scales[video], KEPT_BYTES // len(needs))
        for video, times in needs.items()
    }
