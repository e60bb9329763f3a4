"""The page of a live dance: it asks for frames that are not danced yet and shows them in time.

Joints are int16 as in `danceit.render.page.data`, sound is 16-bit mono at 24 kHz, both base64.
The camera cannot look ahead here: it goes after the dancer as on a spring.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from danceit.audio.decoding import RATE
from danceit.data import BODY_PX, CANVAS_PX, FLOOR_PX, FPS, JOINT, Float32, Float64
from danceit.render.drawing.camera import DISTANCE, HEADROOM, TALLEST_VIEW
from danceit.render.options import RenderOptions
from danceit.render.page.data import MISSING, SCALE, figure_as_json, packed, theme_as_json
from danceit.render.page.html import assemble

LIVE_SCRIPTS = ("pose.js", "figure.js", "live.js")
_HIPS = (JOINT["right_hip"], JOINT["left_hip"])
_SPRING_S = 0.5
"""Seconds in which the camera has come most of the way."""
_WIDE_PX = 1.5 * BODY_PX
"""Width that is always seen: both arms stretched out, and a step to the side."""
_TALL_PX = 1.15 * BODY_PX
"""And height: arms overhead."""


def live_page(options: RenderOptions, *, title: str, dims: int, token: str, audible: bool,
              latency_s: float) -> str:  # fmt: skip
    """Return the page.

    Parameters
    ----------
    title : str
        What is heard.
    dims : int
        C of the frames that will come.
    token : str
        For what it asks (`danceit.render.page.server.Site`).
    audible : bool
        Whether the page plays the sound, and begins when somebody says so.
    latency_s : float
        Seconds by which what is heard is late already.
    """
    data = {
        "title": title,
        "dims": dims,
        "scale": SCALE,
        "fps": FPS,
        "rate": RATE,
        "token": token,
        "audible": audible,
        "latency_s": latency_s,
        "theme": theme_as_json(options.look),
        "figure": figure_as_json(options.look),
        "view": {
            "wide": DISTANCE / (_WIDE_PX + 2 * HEADROOM),
            "tall": DISTANCE / (_TALL_PX + 2 * HEADROOM),
            "floor": FLOOR_PX,
        },
    }
    return assemble("live.html", LIVE_SCRIPTS, data, options.look, title)


def frames_as_json(
    joints: Sequence[Float32], aims: Sequence[tuple[float, float, float]]
) -> dict[str, Any]:
    """Return frames (18, C) and where the camera looks in each."""
    steps = np.asarray(joints, dtype=np.float64) * SCALE
    whole = np.where(np.isfinite(steps), np.clip(np.round(steps), -32_000, 32_000), MISSING)
    return {
        "count": len(joints),
        "joints": packed(whole, "<i2"),
        "aims": packed(np.asarray(aims, dtype=np.float64).reshape(-1, 3), "<f4"),
    }


def sound_as_text(blocks: Sequence[Float32]) -> str:
    """Blocks (n,) as base64 of 16-bit samples."""
    samples = np.concatenate([np.zeros(0, np.float32), *blocks])
    return packed(np.clip(np.round(samples * 32767), -32767, 32767), "<i2")


class Chase:
    """Where the camera looks, frame after frame: a critically damped spring on the dancer."""

    def __init__(self) -> None:
        self._at: Float64 | None = None
        self._speed = np.zeros(3)

    def aim(self, joints: Float32) -> tuple[float, float, float]:
        """Follow a frame (18, C)."""
        wanted = _middle(joints)
        if self._at is None:
            self._at = wanted
        stiff, step_s = 2.0 / _SPRING_S, 1.0 / FPS
        # Exact for a target that stands still within the frame.
        away = self._at - wanted
        fading = np.exp(-stiff * step_s)
        push = (self._speed + stiff * away) * step_s
        self._at = wanted + (away + push) * fading
        self._speed = (self._speed - stiff * push) * fading
        x, y, z = self._at.tolist()
        return x, y, z


def _middle(joints: Float32) -> Float64:
    """Point that is to be in the middle: the hips across and away, half of the body up."""
    hips = joints[list(_HIPS)].astype(np.float64)
    known = hips[np.isfinite(hips).all(axis=1)]
    across = float(known[:, 0].mean()) if len(known) else CANVAS_PX / 2
    away = float(known[:, 2].mean()) if len(known) and joints.shape[1] == 3 else 0.0
    return np.array([across, FLOOR_PX - 0.5 * TALLEST_VIEW + 0.02 * BODY_PX, away])
