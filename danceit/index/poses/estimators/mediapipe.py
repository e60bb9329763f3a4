"""MediaPipe's BlazePose (Bazarevsky et al. 2020), with the models in its wheel or a ``.task``.

The wheel carries the detector and the "full" landmark model, but not the bundle that
MediaPipe's newer interface wants; the bundle is made of them in memory, so nothing is
downloaded.

Two landmarkers take turns. The one for a single person follows best: on a small, fast
dancer it finds 91 % of the frames where the one for several finds 83 %. Twice a second a
third looks at the whole picture; while it sees more than one person of similar size,
the landmarker for several is asked, so that people can be told apart.

Whoever is lost, small, blurred or in the dark, is looked for again in a crop around where they were
(`second_look`), and where nobody is found, in parts of the picture.
"""

import io
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from danceit.data import N_JOINTS, Float64
from danceit.errors import InputError, MissingDependencyError
from danceit.index.poses.estimators import People, Picture, model_hash
from danceit.index.poses.estimators.second_look import SecondLook, shrunk
from danceit.index.poses.skeletons import to_coco18

BLAZEPOSE = {
    "nose": 0, "left_eye": 2, "right_eye": 5, "left_ear": 7, "right_ear": 8,
    "left_shoulder": 11, "right_shoulder": 12, "left_elbow": 13, "right_elbow": 14,
    "left_wrist": 15, "right_wrist": 16, "left_hip": 23, "right_hip": 24,
    "left_knee": 25, "right_knee": 26, "left_ankle": 27, "right_ankle": 28,
}  # fmt: skip
"""MediaPipe's 33 landmarks by COCO's names; the neck is the middle of the shoulders."""

MAX_PEOPLE = 4
PROBE_S = 0.5
"""Seconds between looks at the whole picture for further people."""
SIMILAR = 0.35
"""Height of a second person, in that of the first, from which several are followed."""
LONGEST_PX = 640
"""The models look at crops of 224 and 256 px: for who fills the picture more changes nothing."""
CROPPED_PX = 1280
"""And for crops of small dancers."""

_MODELS = {
    "pose_detector.tflite": ("pose_detection/pose_detection.tflite", 127.5, 127.5),
    "pose_landmarks_detector.tflite": ("pose_landmark/pose_landmark_full.tflite", 0.0, 255.0),
}
"""Name in the bundle: file in the wheel, mean and deviation by which pixels are normalised."""


class MediaPipe:
    """The estimator; `model` is a ``.task`` bundle, by default made of the wheel's models."""

    longest_px = CROPPED_PX

    def __init__(self, model: Path | None = None) -> None:
        from importlib.metadata import PackageNotFoundError, version

        self._model = model
        try:
            release = version("mediapipe")
        except PackageNotFoundError as exc:
            raise MissingDependencyError(
                "poses from video need MediaPipe: pip install 'danceit[video]' "
                "(Python 3.11 or 3.12)"
            ) from exc
        kind = "full" if model is None else model_hash(model)
        self.estimator_id = f"mediapipe-{release}-{kind}-2"

    def open(self) -> "MediaPipeSession":
        """Load the models.

        Raises
        ------
        MissingDependencyError
            If MediaPipe is installed but cannot be loaded.
        InputError
            If the model is none of MediaPipe's pose landmarkers.
        """
        try:
            import mediapipe  # noqa: F401
        except ImportError as exc:
            raise MissingDependencyError(
                f"MediaPipe cannot be loaded ({exc}): pip install --force-reinstall "
                "'danceit[video]'"
            ) from exc
        bundle = _wheel_bundle() if self._model is None else self._model.read_bytes()
        try:
            return MediaPipeSession(bundle)
        except (RuntimeError, ValueError) as exc:
            raise InputError(
                f"{self._model or 'the bundled model'} is not a MediaPipe pose landmarker: "
                f"{str(exc).splitlines()[0]}"
            ) from exc


class MediaPipeSession:
    """Landmarkers for one shot."""

    def __init__(self, bundle: bytes) -> None:
        self._bundle = bundle
        self._one = _landmarker(bundle, 1, still=False)
        self._several: Any = None
        self._probe = _landmarker(bundle, MAX_PEOPLE, still=True)
        self._alone = _landmarker(bundle, 1, still=True)
        self._again = SecondLook(self._look_at)
        self._crowded = False
        self._probed_s = -np.inf
        self._stamp_ms = -1

    def people(self, picture: Picture, time_s: float) -> People:
        """Find the people; see `Session`."""
        import mediapipe as mp

        image = _as_image(mp, shrunk(picture, LONGEST_PX))
        # MediaPipe counts whole milliseconds, which must increase.
        self._stamp_ms = max(self._stamp_ms + 1, round(time_s * 1000))
        height, width = picture.shape[:2]
        probed = None
        if time_s - self._probed_s >= PROBE_S:
            self._probed_s = time_s
            found = self._probe.detect(image)
            self._look_around(found)
            probed = _people(found, width, height)
        follower = self._several if self._crowded else self._one
        seen = _people(follower.detect_for_video(image, self._stamp_ms), width, height)
        return self._again.completed(picture, time_s, seen, probed)

    def close(self) -> None:
        """Free the models."""
        for landmarker in (self._one, self._several, self._probe, self._alone):
            if landmarker is not None:
                with suppress(RuntimeError, ValueError):
                    landmarker.close()

    def _look_at(self, crop: Picture) -> People:
        """The person in a crop."""
        import mediapipe as mp

        height, width = crop.shape[:2]
        return _people(self._alone.detect(_as_image(mp, crop)), width, height)

    def _look_around(self, found: Any) -> None:
        heights = sorted(
            (np.ptp([mark.y for mark in person]) for person in found.pose_landmarks), reverse=True
        )
        crowded = len(heights) > 1 and heights[1] > SIMILAR * heights[0]
        if crowded and not self._crowded:
            # Begun anew: what it followed is long gone.
            if self._several is not None:
                self._several.close()
            self._several = _landmarker(self._bundle, MAX_PEOPLE, still=False)
        self._crowded = crowded


def _as_image(mp: Any, picture: Picture) -> Any:
    return mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(picture))


def _landmarker(bundle: bytes, n_people: int, *, still: bool) -> Any:
    from mediapipe.tasks.python import BaseOptions, vision

    mode = vision.RunningMode.IMAGE if still else vision.RunningMode.VIDEO
    return vision.PoseLandmarker.create_from_options(
        vision.PoseLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=bundle),
            running_mode=mode,
            num_poses=n_people,
        )
    )


def _people(found: Any, width: int, height: int) -> People:
    n_people = len(found.pose_landmarks)
    if not n_people:
        empty = np.empty((0, N_JOINTS, 3), dtype=np.float32)
        return People(empty, empty)
    image: Float64 = np.array(
        [
            [(mark.x * width, mark.y * height, mark.visibility) for mark in person]
            for person in found.pose_landmarks
        ]
    )
    world: Float64 = np.array(
        [[(mark.x, mark.y, mark.z) for mark in person] for person in found.pose_world_landmarks]
    )
    return People(
        to_coco18(image, BLAZEPOSE).astype(np.float32),
        to_coco18(world, BLAZEPOSE).astype(np.float32),
    )


def _wheel_bundle() -> bytes:
    """Make a pose landmarker's bundle of the two models that the wheel holds."""
    import mediapipe
    from mediapipe.tasks.python.metadata.metadata_writers import metadata_writer

    modules = Path(mediapipe.__file__).parent / "modules"
    packed = io.BytesIO()
    # Stored, not deflated: MediaPipe maps the models where they lie.
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, (file, mean, deviation) in _MODELS.items():
            try:
                model = (modules / file).read_bytes()
            except OSError as exc:
                raise MissingDependencyError(
                    f"this MediaPipe has no {Path(file).name}: pip install 'danceit[video]', "
                    "or give a .task model"
                ) from exc
            writer = metadata_writer.MetadataWriter.create(bytearray(model))
            writer.add_image_input(norm_mean=[mean], norm_std=[deviation])
            archive.writestr(name, writer.populate()[0])
    return packed.getvalue()
