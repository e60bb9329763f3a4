"""What is seen: enough contrast everywhere, the dancers' footage, a phone in the same network."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from danceit.data import Dance
from danceit.index.synthetic import SyntheticLibrary
from danceit.studio.project import Project
from tests.browser import Watched, unnamed_controls, watched
from tests.studio.browsing import open_page
from tests.studio.conftest import Served, studio

CONTRASTS = """() => {
  // Relative luminance and contrast as WCAG 2.2 defines them; colours are laid over one another.
  const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const parsed = (colour) => {
    probe.clearRect(0, 0, 1, 1);
    probe.fillStyle = colour;
    probe.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = probe.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3]));
  const light = (colour) => {
    const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = colour.map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (one) => {
    const layers = [];
    for (let at = one; at; at = at.parentElement) {
      const { backgroundColor, backgroundImage } = getComputedStyle(at);
      // The ends of a gradient, of which the worse counts.
      const ends = backgroundImage.match(/rgba?\\([^)]*\\)/g);
      layers.push(ends || [backgroundColor]);
    }
    let grounds = [[255, 255, 255]];
    for (const layer of layers.reverse()) {
      grounds = grounds.flatMap((under) => layer.map((colour) => over(parsed(colour), under)));
      grounds = grounds.slice(0, 64);
    }
    return grounds;
  };
  // What cannot be used need not stand out.
  const LEFT_OUT =
    "option, script, style, [aria-hidden=true], .skip, :disabled, label:has(:disabled)";
  const poor = [];
  let looked = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { parentElement: one, textContent: text } = walker.currentNode;
    const shown = one.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    if (!text.trim() || !shown || one.closest(LEFT_OUT)) continue;
    const style = getComputedStyle(one);
    const size = Number.parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    looked += 1;
    for (const under of ground(one)) {
      const ink = over(parsed(style.color), under);
      const [high, low] = [light(ink), light(under)].sort((a, b) => b - a);
      const contrast = (high + 0.05) / (low + 0.05);
      if (contrast >= (large ? 3 : 4.5)) continue;
      poor.push(`${text.trim().slice(0, 30)}: ${contrast.toFixed(2)}`);
    }
  }
  return { looked, poor: [...new Set(poor)] };
}"""


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_all_text_stands_out_from_what_is_behind_it(
    browser: Any, danced: Served, scheme: str
) -> None:
    """WCAG 2.2, level AA: 4.5 to 1, and 3 to 1 for large text."""
    (version,) = danced.get("/state")["dances"]
    (song,) = danced.get("/state")["songs"]
    with watched(browser) as seen:
        seen.page.emulate_media(color_scheme=scheme)
        for where in ("#/library", "#/songs", f"#/song/{song['id']}", f"#/dance/{version['id']}",
                      f"#/learn/{version['id']}"):  # fmt: skip
            open_page(seen, danced, where)
            told = seen.state(CONTRASTS)
            assert told["looked"] > 5, where
            assert told["poor"] == [], where
        open_page(seen, danced, f"#/dance/{version['id']}")
        for tab in ("This move", "Moves"):
            seen.page.get_by_role("tab", name=tab).click()
            seen.page.locator(".move-card").first.wait_for()
            assert seen.state(CONTRASTS)["poor"] == [], tab
        seen.page.get_by_role("button", name="Export", exact=True).click()
        assert seen.state(CONTRASTS)["poor"] == []


FOOTAGE_S = 20.0
SHOWN_S = """(({ current, seconds }) =>
  current.sourceS[Math.floor(current.frameAt(seconds) + 1e-6)])(studio.deck)"""
"""The second of its source that the figure shows."""
SHADES = """() => {
  const reel = document.querySelector(".footage video:not([hidden])");
  if (!reel || reel.readyState < 2 || reel.seeking) return null;
  const brush = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  brush.drawImage(reel, 0, 0, 8, 8);
  return brush.getImageData(4, 4, 1, 1).data[0];
}"""
"""Brightness in the middle of the footage; null while it is on its way."""


@pytest.fixture
def filmed(
    tmp_path: Path, index: Path, library: SyntheticLibrary
) -> Iterator[tuple[Served, Project]]:
    """A studio whose one dance has footage that grows brighter with every frame."""
    from danceit.studio.dancing import Dancing
    from danceit.studio.songs import make_ready
    from danceit.studio.tasks import take_song
    from danceit.studio.wishes import Wishes

    video = tmp_path / "filmed.webm"
    film(video)
    made = Project.open(tmp_path / "mine.danceit")
    made.library = index
    song = make_ready(made, take_song(made, library.query_song, "s"))
    dancing = Dancing(made, device="cpu")
    version = dancing.make(song, Wishes())
    dancing.close()
    for which in ("base", "shown"):
        file = made.dance_file(version, which)
        dance = Dance.load(file)
        replace(
            dance, fragments=tuple(replace(one, source=str(video)) for one in dance.fragments)
        ).save(file)
    with studio(made.folder) as served:
        yield served, made


def film(path: Path) -> None:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libvpx", rate=24)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        stream.options = {"deadline": "realtime", "cpu-used": "8"}
        stream.bit_rate = 400_000
        n_frames = round(24 * FOOTAGE_S)
        for frame in range(n_frames):
            shade = np.full((64, 64, 3), round(250 * frame / n_frames), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shade, format="rgb24")))
        container.mux(stream.encode(None))


def test_the_dancers_footage_is_shown_in_step(browser: Any, filmed: tuple[Served, Project]) -> None:
    served, made = filmed
    dance = Dance.load(made.dance_file(made.versions()[0]))
    with watched(browser) as seen:
        open_page(seen, served)
        seen.until("danceit.drawnFrame() !== undefined")
        seen.page.keyboard.press("v")
        for frame in (30, 120, 250):
            seen.state(f"studio.deck.player.clock.seek({frame} / 24 + 0.001)")
            seen.until(f"Math.abs(danceit.drawnFrame() - {frame}) < 0.1")
            wanted = 250 * dance.source_s[frame] / FOOTAGE_S
            # Two frames of the footage are a shade apart.
            seen.until(f"(({SHADES})() ?? -9) > {wanted - 4} && ({SHADES})() < {wanted + 4}")
        reel = "document.querySelector('.footage video:not([hidden])')"
        seen.page.keyboard.press(" ")
        seen.until(f"!{reel}.paused && {reel}.currentTime > 0")
        seen.until(f"Math.abs({reel}.currentTime - {SHOWN_S}) < 0.15")  # caught up with
        seen.page.keyboard.press(" ")
        seen.until(f"{reel}.paused && Math.abs({reel}.currentTime - {SHOWN_S}) < 0.03")
        # A start that was on its way comes after the pause.
        seen.state(f"{reel}.play()")
        seen.until(f"{reel}.paused && Math.abs({reel}.currentTime - {SHOWN_S}) < 0.03")
        assert unnamed_controls(seen.page) == []
        seen.page.get_by_role("button", name="Footage").click()
        assert not seen.page.locator("#footage").is_visible()
        # Where there is footage it is what one gets, and what is around the dancer can be said.
        seen.page.get_by_role("button", name="Export", exact=True).click()
        dialog = seen.page.locator("#export")
        assert dialog.get_by_label("Dancer", exact=True).input_value() == "footage"
        assert dialog.get_by_label("Around the dancer").is_visible()
        dialog.get_by_label("Dancer", exact=True).select_option("")
        assert not dialog.get_by_label("Around the dancer").is_visible()
        dialog.get_by_role("button", name="Cancel").click()
        assert seen.complaints == []
        # No other file comes out by this way.
        version = made.versions()[0].id
        for name in ("0" * 16, "..%2f..%2fproject.json"):
            assert served.ask("GET", f"/dances/{version}/footage/{name}")[0] == 404


LAG_S = 0.4


@pytest.fixture
def lagging(
    tmp_path: Path, index: Path, library: SyntheticLibrary
) -> Iterator[tuple[Served, Project]]:
    """A studio whose library is of motion capture with a video beside it that comes late."""
    from danceit.index.building.options import BuildOptions
    from danceit.index.sources.settings import ReadSettings
    from danceit.studio.dancing import Dancing
    from danceit.studio.songs import make_ready
    from danceit.studio.tasks import take_song
    from danceit.studio.wishes import Wishes
    from danceit.workflow.indexing import ENCODER_IN_INDEX, ON_COUNTS, build_index

    data = tmp_path / "data"
    data.mkdir()
    captured = library.recordings[0]
    shutil.copy(captured.with_suffix(".flac"), data)
    with np.load(captured) as held:  # what it names as its music would go before what lies beside
        np.savez(data / captured.name, **{name: held[name] for name in held if name != "audio"})
    film(data / captured.with_suffix(".webm").name)
    options: BuildOptions = replace(ON_COUNTS, reading=ReadSettings(lag=str(LAG_S)))
    build_index(data, tmp_path / "danceit-index", options, encoder=index / ENCODER_IN_INDEX)
    made = Project.open(tmp_path / "mine.danceit")
    made.library = tmp_path / "danceit-index"
    song = make_ready(made, take_song(made, library.query_song, "s"))
    dancing = Dancing(made, device="cpu")
    dancing.make(song, Wishes())
    dancing.close()
    with studio(made.folder) as served:
        yield served, made


def test_a_video_beside_motion_capture_is_shown_and_its_lag_followed(
    browser: Any, lagging: tuple[Served, Project]
) -> None:
    served, made = lagging
    version = made.versions()[0]
    dance = Dance.load(made.dance_file(version))
    assert Path(dance.fragments[0].source).suffix == ".npz"
    (told,) = served.get(f"/dances/{version.id}/lags")["lags"].values()
    assert told == pytest.approx(LAG_S, abs=0.005)
    with watched(browser) as seen:
        open_page(seen, served)
        seen.until("danceit.drawnFrame() !== undefined")
        seen.page.keyboard.press("v")
        for frame in (60, 200):
            seen.state(f"studio.deck.player.clock.seek({frame} / 24 + 0.001)")
            wanted = 250 * (dance.source_s[frame] + LAG_S) / FOOTAGE_S
            # The lag is five shades.
            seen.until(f"(({SHADES})() ?? -9) > {wanted - 2} && ({SHADES})() < {wanted + 2}")
        assert seen.complaints == []


def test_a_phone_in_the_same_network_learns_a_dance(
    browser: Any, tmp_path: Path, index: Path, library: SyntheticLibrary
) -> None:
    """Opened by the address that is printed, which is not this machine's own to itself."""
    from danceit.errors import InputError
    from danceit.studio.dancing import Dancing
    from danceit.studio.serving import _own_address
    from danceit.studio.songs import make_ready
    from danceit.studio.tasks import take_song
    from danceit.studio.wishes import Wishes

    try:
        address = _own_address()
    except InputError:
        pytest.skip("this machine is in no network")
    made = Project.open(tmp_path / "mine.danceit")
    made.library = index
    song = make_ready(made, take_song(made, library.query_song, "s"))
    dancing = Dancing(made, device="cpu")
    version = dancing.make(song, Wishes())
    dancing.close()
    with studio(made.folder, "--lan") as served:
        assert served.url == f"http://{address}:{served.port}/"
        with watched(browser, width=390, height=844, touch=True) as seen:
            assert seen.page.request.get(served.url).status == 403
            seen.page.goto(f"{served.url}{served.key}")
            seen.until("document.body.dataset.ready === 'true'")
            # The key is not left in the address, where it would be read over a shoulder.
            assert "key" not in seen.page.url
            open_page(seen, served, f"#/learn/{version.id}")
            seen.page.tap("#play")
            seen.until("danceit.playing && danceit.audible && danceit.seconds > 0.3")
            seen.page.get_by_role("button", name="Speed ½").tap()
            seen.page.locator("#aside").get_by_role("button", name="Mirror").tap()
            seen.until("studio.deck.player.mirror")
            check_fits(seen)
            assert seen.complaints == []


def check_fits(seen: Watched) -> None:
    assert seen.state("document.scrollingElement.scrollWidth") <= 390
    assert unnamed_controls(seen.page) == []
