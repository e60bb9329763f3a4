"""A dance as a video: H.264 and AAC in mp4, mov or mkv.

The song is encoded first, its length decides the number of frames. Frames are drawn here, or
several at once where the scene can, while x264 compresses the ones before in another thread;
sound and picture are written interleaved, so that a player can start at once and memory
stays flat.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from danceit.data import Dance
from danceit.errors import InputError, MissingDependencyError
from danceit.files import replacing
from danceit.makers import SOUND_KEY
from danceit.progress import Progress, silent
from danceit.render.drawing.scene import Scene
from danceit.render.options import VIDEO_PX, RenderOptions
from danceit.render.renderer import FIGURE, FOOTAGE, PERSON, Renderer
from danceit.render.video.performers import scene_of
from danceit.render.video.sound import (
    BIT_RATE,
    SOUND,
    SoundTrack,
    check_length,
    encode_song,
    output_rate,
)

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

PRESET = "superfast"
CRF = 20
"""Constant quality; lower is better and larger."""
# `superfast` with the look-ahead of `veryfast`: on these pictures the same signal-to-noise
# ratio in half the time, for a seventh more bytes.
_LOOK_AHEAD = "rc-lookahead=10:mbtree=1"
_IN_FLIGHT = 4
# OpenCV converts by ITU-R BT.601 with limited range, x264's default; the rest must be said.
_COLOUR_TAGS = "colorprim=smpte170m:transfer=smpte170m:colormatrix=smpte170m"


def render_video(
    dances: Sequence[Dance],
    out: Path,
    *,
    song: Path,
    options: RenderOptions,
    progress: Progress = silent,
) -> None:
    """Write a video of one or several dances with the song's sound.

    Its length is that of the song (or of the chosen stretch) within one frame, plus
    that of the credits where they are asked for.

    Raises
    ------
    InputError
        If the song is missing or of another length than the dance, the dance has
        nothing to draw, or the output cannot be written.
    """
    import av

    options = options.sized(VIDEO_PX)
    rate = output_rate(song)
    with replacing(out) as temporary:
        try:
            with av.open(str(temporary), "w", options=_muxer(out)) as container:
                sound_stream = container.add_stream(
                    "aac", rate=rate, layout="stereo", options=SOUND
                )
                sound_stream.bit_rate = BIT_RATE
                sound = encode_song(song, sound_stream, options.start_s, options.seconds)
                for dance in dances:
                    check_length(dance, sound.duration_s, song)
                scene = scene_of(dances, options, sound.duration_s)
                container.metadata.update(scene.tags)
                told = [VIDEO.maker, scene.tags.get(SOUND_KEY, "")]
                container.metadata[SOUND_KEY] = ". ".join(filter(None, told))
                picture_stream = add_picture_stream(container, options)
                _write(container, picture_stream, scene, sound, progress)
        except (av.error.FFmpegError, OSError) as exc:
            raise InputError(f"cannot write {out}: {exc.strerror or exc}") from exc


VIDEO = Renderer(
    render_video,
    draws=(FIGURE, FOOTAGE, PERSON),
    needs_song=True,
    maker="dance filmed by danceit",
)


def add_picture_stream(container: "OutputContainer", options: RenderOptions) -> "VideoStream":
    """Add the H.264 stream to a container that is being written."""
    settings = {"preset": PRESET, "crf": str(CRF), "x264-params": f"{_LOOK_AHEAD}:{_COLOUR_TAGS}"}
    try:
        stream = container.add_stream("libx264", rate=options.fps, options=settings)
    except ValueError as exc:  # av.codec.codec.UnknownCodecError
        raise MissingDependencyError(
            "this PyAV was built without the H.264 encoder; the wheel from PyPI has it: "
            "pip install --force-reinstall --no-deps av"
        ) from exc
    stream.width, stream.height = options.frame_size
    stream.pix_fmt = "yuv420p"
    # One encoding thread beside the drawing one already fills two cores.
    stream.codec_context.thread_count = 0
    return stream


def to_yuv(picture: npt.NDArray[np.uint8]) -> Any:
    """Convert a picture (height, width, 3) of red, green, blue to a 4:2:0 video frame."""
    import av
    import cv2

    planes = cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420).astype(np.uint8, copy=False)
    return av.VideoFrame.from_ndarray(planes, "yuv420p")


def _muxer(out: Path) -> dict[str, str]:
    fast = Path(out).suffix.lower() in (".mp4", ".mov")
    return {"movflags": "+faststart"} if fast else {}


def _write(
    container: "OutputContainer",
    stream: "VideoStream",
    scene: Scene,
    sound: SoundTrack,
    progress: Progress,
) -> None:
    """Draw, encode and interleave; x264 works on older frames while new ones are drawn."""
    waiting = list(reversed(sound.packets))
    pending: list[Any] = []

    def finish(count: int) -> None:
        while len(pending) > count:
            for packet in pending.pop(0).result():
                written_s = float(packet.pts * packet.time_base)
                while waiting and float(waiting[-1].pts * waiting[-1].time_base) <= written_s:
                    container.mux(waiting.pop())
                container.mux(packet)

    with ThreadPoolExecutor(max_workers=1) as encoder, closing(scene.pictures()) as pictures:
        for index, picture in enumerate(pictures):
            frame = to_yuv(picture)
            frame.pts, frame.time_base = index, Fraction(1, round(scene.fps))
            pending.append(encoder.submit(stream.encode, frame))
            finish(_IN_FLIGHT)
            progress(index + 1, scene.n_frames)
        pending.append(encoder.submit(stream.encode, None))
        finish(0)
    while waiting:
        container.mux(waiting.pop())
