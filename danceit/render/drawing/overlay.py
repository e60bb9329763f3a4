"""What is laid over the picture: progress, beats, captions, debugging text, credits."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
import numpy.typing as npt

from danceit.data import SEAM_PX, Dance, Float64
from danceit.render.drawing.camera import View
from danceit.render.drawing.figure import SHIFT, mixed
from danceit.render.drawing.text import draw_text, fitted
from danceit.render.options import Colour, RenderOptions

Picture = npt.NDArray[np.uint8]

LANE_S = 3.0
"""Seconds of beats shown before and after the playhead."""
PULSE_S = 0.16
"""Time in which a beat's pulse falls to 1/e."""
CARD_S = 4.0
"""Seconds that each card of credits stands."""
CARD_ROWS = 12
_TALL = 1.4
"""Height to width from which a picture is for phones."""
_MARGIN = 0.06
_ONE = 1 << SHIFT
_HUES: tuple[Colour, ...] = (
    (240, 98, 92), (246, 176, 66), (126, 200, 92), (66, 190, 190), (86, 140, 240),
    (168, 112, 236), (236, 110, 178), (160, 160, 120),
)  # fmt: skip


@dataclass(frozen=True)
class Credit:
    """One line of the credits."""

    source: str
    licence: str
    seconds: float


def pulse_at(beats_s: Float64, time_s: float) -> float:
    """1 on a beat, falling to 0 after it."""
    passed = int(np.searchsorted(beats_s, time_s + 1e-6, side="right"))
    if passed == 0:
        return 0.0
    return float(np.exp(-(time_s - beats_s[passed - 1]) / PULSE_S))


def draw_lane(
    picture: Picture, dance: Dance, time_s: float, total_s: float, options: RenderOptions
) -> None:
    """Progress through the song and, above it, beats that pass a playhead.

    Over the dancers' own pictures nothing, where no beats are asked for.
    """
    import cv2

    bare = options.beats_shown == "none" and not options.debug
    if bare and options.footage:
        return

    height, width = picture.shape[:2]
    unit = min(width, height) / 512
    look = options.look
    left, right = _MARGIN * width, (1 - _MARGIN) * width
    dim, faint = mixed(look.ground, look.ink, 0.45), mixed(look.ground, look.ink, 0.2)
    bottom = height - 15 * unit
    _bar(picture, (left, right), bottom, 1.5 * unit, faint)
    done = left + (right - left) * min(1.0, time_s / max(total_s, 1e-9))
    _bar(picture, (left, done), bottom, 1.5 * unit, look.accent)
    if bare:
        return
    middle, lane = width / 2, height - 31 * unit
    per_s = (right - left) / 2 / LANE_S
    if options.debug:
        _sources(picture, dance, time_s, (left, right), lane, unit)
    beats = dance.beats_s[np.abs(dance.beats_s - time_s) < LANE_S]
    for beat in beats.tolist() if options.beats_shown != "none" else []:
        ahead = beat - time_s
        fade = (1 - abs(ahead) / LANE_S) ** 0.7
        lit = float(np.exp(ahead / PULSE_S)) if ahead <= 1e-6 else 0.0
        colour = mixed(mixed(look.ground, dim, fade), look.accent, max(lit, 0.0))
        tall = (4.0 + 4.5 * lit) * unit
        x = round((middle + ahead * per_s) * _ONE)
        ends = ((x, round((lane - tall) * _ONE)), (x, round((lane + tall) * _ONE)))
        cv2.line(picture, *ends, colour, max(1, round(2 * unit)), cv2.LINE_AA, SHIFT)
    pulse = pulse_at(dance.beats_s, time_s) if options.beats_shown != "none" else 0.0
    centre = (round(middle * _ONE), round(lane * _ONE))
    radius = round((3.2 + 3.0 * pulse) * unit * _ONE)
    cv2.circle(picture, centre, radius, look.accent, -1, cv2.LINE_AA, SHIFT)


def _bar(
    picture: Picture, across: tuple[float, float], y: float, thick: float, colour: Colour
) -> None:
    import cv2

    ends = [(round(x * _ONE), round(y * _ONE)) for x in across]
    cv2.line(picture, ends[0], ends[1], colour, max(1, round(2 * thick)), cv2.LINE_AA, SHIFT)


def _sources(
    picture: Picture,
    dance: Dance,
    time_s: float,
    across: tuple[float, float],
    y: float,
    unit: float,
) -> None:
    """Draw the fragments around now as bars in their clip's colour; a seam is the gap between."""
    first = max(0, int((time_s - LANE_S) * dance.fps))
    last = min(dance.n_frames, int((time_s + LANE_S) * dance.fps) + 1)
    if first >= last:
        return
    inside = dance.source_index[first:last]
    cuts = np.flatnonzero(np.diff(inside)) + 1
    middle, per_s = sum(across) / 2, (across[1] - across[0]) / 2 / LANE_S
    for start, stop in zip([0, *cuts], [*cuts, len(inside)], strict=True):
        clip = dance.fragments[int(inside[start])].clip_id
        ends = [middle + ((first + f) / dance.fps - time_s) * per_s for f in (start, stop)]
        low, high = max(across[0], ends[0] + 1.5 * unit), min(across[1], ends[1] - 1.5 * unit)
        if low < high:
            top, bottom = round(y + 10 * unit), round(y + 13 * unit)
            picture[top:bottom, round(low) : round(high)] = clip_colour(clip)


def clip_colour(clip_id: str) -> Colour:
    """Return a colour that is always the same for a clip."""
    return _HUES[sum(clip_id.encode()) * 31 % len(_HUES)]


def draw_caption(picture: Picture, text: str, view: View, options: RenderOptions) -> None:
    """Write a dancer's name at the top of its view."""
    unit = min(picture.shape[:2]) / 512
    short = fitted(text, 17 * unit, 0.9 * view.width, options.font)
    at = (view.centre[0], view.top + 22 * unit)
    draw_text(picture, short, at, 17 * unit, options.look.ink, anchor="middle", font=options.font)


def draw_debug(
    picture: Picture, dance: Dance, shown: int, time_s: float, view: View, options: RenderOptions
) -> None:
    """Frame, time, source clip, source second and the size of a seam just passed."""
    unit = min(picture.shape[:2]) / 512
    look = options.look
    placed = dance.fragments[int(dance.source_index[shown])]
    lines = [
        (f"frame {shown}   {time_s:.2f} s", look.ink),
        (placed.clip_id, clip_colour(placed.clip_id)),
        (f"source {dance.source_s[shown]:.2f} s   rank {placed.rank}", look.ink),
        (f"distance {placed.distance:.3f}   join {placed.join_cost:.2f}", look.ink),
    ]
    passed = dance.seams[dance.seams <= shown]
    if passed.size and shown - passed[-1] < dance.fps / 2:
        jump = seam_px(dance, int(passed[-1]))
        colour = (255, 84, 70) if jump > SEAM_PX else (120, 220, 130)
        lines.append((f"seam {jump:.1f} px", colour))
    top = view.top + (40 if options.captions else 16) * unit  # under a caption
    for row, (text, colour) in enumerate(lines):
        at = (view.left + 12 * unit, top + 16 * row * unit)
        short = fitted(text, 12 * unit, view.width - 24 * unit, options.font)
        draw_text(picture, short, at, 12 * unit, colour, font=options.font)


def seam_px(dance: Dance, seam: int) -> float:
    """Largest joint displacement, canvas pixels, between a seam's frame and the one before."""
    moved = np.linalg.norm(dance.joints[seam] - dance.joints[seam - 1], axis=-1)
    return float(np.nanmax(moved)) if np.isfinite(moved).any() else float("nan")


def credits_of(dances: Sequence[Dance]) -> list[Credit]:
    """Every source that is shown, with its licence, the longest shown first."""
    seconds: dict[tuple[str, str], float] = {}
    for dance in dances:
        counts = np.bincount(dance.source_index, minlength=len(dance.fragments))
        for placed, count in zip(dance.fragments, counts.tolist(), strict=True):
            if count:
                name = placed.clip_id.split("#")[0] or placed.source
                key = (name, placed.licence or "no licence stated")
                seconds[key] = seconds.get(key, 0.0) + count / dance.fps
    ordered = sorted(seconds.items(), key=lambda item: (-item[1], item[0]))
    # Its folder only where another one has a file of that name.
    alike = Counter(PurePath(name).name for name in {name for name, _ in seconds})
    return [
        Credit(PurePath(name).name if alike[PurePath(name).name] == 1 else name, licence, shown)
        for (name, licence), shown in ordered
    ]


def n_cards(credit_lines: Sequence[Credit]) -> int:
    """Cards that the credits need."""
    return -(-len(credit_lines) // CARD_ROWS)


def draw_card(
    picture: Picture, credit_lines: Sequence[Credit], card: int, options: RenderOptions
) -> None:
    """One card of the credits over a background."""
    height, width = picture.shape[:2]
    unit, look = min(width, height) / 512, options.look
    # A tall picture is one for phones: the licence goes under the name, and both are larger.
    tall = height > _TALL * width
    name_px, terms_px, step = (19, 14, 58) if tall else (14, 12, 30)
    name_share, terms_share = (0.84, 0.84) if tall else (0.46, 0.34)
    total = n_cards(credit_lines)
    title = "Movement from" + (f"  ({card + 1}/{total})" if total > 1 else "")
    top = height / 2 - (350 if tall else 200) * unit
    draw_text(picture, title, (0.08 * width, top), 22 * unit, look.accent, font=options.font)
    faded = mixed(look.ink, look.ground, 0.3)
    for row, line in enumerate(credit_lines[card * CARD_ROWS : (card + 1) * CARD_ROWS]):
        y = top + (42 + step * row) * unit
        name = fitted(line.source, name_px * unit, name_share * width, options.font)
        terms = fitted(line.licence, terms_px * unit, terms_share * width, options.font)
        draw_text(picture, name, (0.08 * width, y), name_px * unit, look.ink, font=options.font)
        at = (0.08 * width, y + 21 * unit) if tall else (0.92 * width, y)
        draw_text(picture, terms, at, terms_px * unit, faded,
                  anchor="left" if tall else "right", font=options.font)  # fmt: skip
