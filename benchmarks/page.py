"""The page: its size, its frames a second in a real Chromium, and how long a change takes.

    python benchmarks/page.py [--seconds 180] [--dancers 2] [--index INDEX --song SONG]

Needs playwright and a Chromium (`DANCEIT_CHROMIUM`, or on the path). With an index and a
song also the time to solve again after a pin, a ban and a lock, with all that a change
in the page costs. Step is judged by the sound itself: what is drawn is compared with what
an ear of the benchmark's own hears of a tone that rises with the song. Frames a second
depend on what else the machine does; the milliseconds of the page's thread beside them
hardly do.
"""

import argparse
import os
import shutil
import statistics
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile
from playwright.sync_api import sync_playwright
from render import made_up

from danceit.align import DEFAULT_METHODS, align
from danceit.index.store.engines import open_store
from danceit.render.options import RenderOptions
from danceit.render.page.html import page
from danceit.render.page.sound import encode_page_sound
from danceit.retrieval.composing import compose
from danceit.retrieval.encoder.encoders import FragmentEncoder
from danceit.workflow.line import aligners
from danceit.workflow.view_edits import ViewEdits
from danceit.workflow.viewing import open_dances

WATCHED_S = 5.0


def sizes(seconds: float, dancers: int, folder: Path) -> Path:
    dances = [made_up(seconds, folder)] * dancers
    started = time.perf_counter()
    assert dances[0].song
    sound = encode_page_sound(dances[0].song.path)
    encoded = time.perf_counter()
    silent = page(dances[:1], options=RenderOptions())
    text = page(dances, options=RenderOptions(), sound=sound)
    written = time.perf_counter()
    print(f"one dance of {seconds:g} s without its sound: {len(silent.encode()) / 1e6:.2f} MB")
    print(f"{dancers} dance(s) with it: {len(text.encode()) / 1e6:.2f} MB")
    print(f"encode the sound {encoded - started:.2f} s, both pages {written - encoded:.2f} s")
    out = folder / "page.html"
    out.write_text(text, encoding="utf-8")
    return out


def speed(out: Path, width: int, height: int) -> None:
    found = os.environ.get("DANCEIT_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as driver:
        arguments = [
            "--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required",
        ]  # fmt: skip
        browser = driver.chromium.launch(executable_path=found, args=arguments)
        shown = browser.new_page(viewport={"width": width, "height": height})
        shown.goto(out.as_uri())
        session = shown.context.new_cdp_session(shown)
        session.send("Performance.enable")

        def busy_s() -> float:
            metrics = session.send("Performance.getMetrics")["metrics"]
            return next(row["value"] for row in metrics if row["name"] == "TaskDuration")

        shown.click("#play")
        shown.wait_for_timeout(1000)
        before = busy_s()
        shown.wait_for_timeout(1000 * WATCHED_S)
        spent = busy_s() - before
        times = shown.evaluate("danceit.pictureTimes()")
        last = [moment for moment in times if moment > times[-1] - 1000 * WATCHED_S]
        late = sorted(b - a for a, b in pairwise(last))
        print(
            f"{width} x {height}: {1000 * (len(last) - 1) / (last[-1] - last[0]):.1f} frames/s, "
            f"95 % within {late[int(0.95 * len(late))]:.1f} ms, "
            f"{1000 * spent / len(last):.1f} ms of the page's thread a frame"
        )
        browser.close()


EAR = """() => {
  const { context, output } = danceit.sound;
  const ear = new AnalyserNode(context, { fftSize: 2048 });
  output.connect(ear);
  const samples = new Float32Array(ear.fftSize);
  window.listen = async () => {
    for (;;) {
      await new Promise(requestAnimationFrame);
      const before = context.currentTime;
      ear.getFloatTimeDomainData(samples);
      const told = [danceit.drawnFrame(), before - danceit.sound.heard, context.sampleRate];
      if (context.currentTime === before) return [Array.from(samples), ...told];
    }
  };
}"""
LOWEST_HZ, RISE_HZ = 400.0, 200.0


def in_step(folder: Path) -> None:
    """Drawn frame against heard song: a rising tone tells by its pitch which second it is."""
    dance = made_up(12.0, folder)
    t = np.arange(12 * 44_100) / 44_100
    song = folder / "rising.wav"
    tone = 0.3 * np.sin(2 * np.pi * (LOWEST_HZ * t + RISE_HZ * t**2 / 2))
    soundfile.write(song, tone, 44_100)
    out = folder / "rising.html"
    out.write_text(page([dance], sound=encode_page_sound(song)), encoding="utf-8")
    found = os.environ.get("DANCEIT_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu"]
        )
        for speed in (0.5, 1.0, 1.5):
            shown = browser.new_page()
            shown.goto(out.as_uri())
            shown.select_option("#speed", f"{speed:g}")
            shown.click("#play")
            shown.wait_for_timeout(800)
            shown.evaluate(EAR)
            late_ms = []
            for _ in range(60):
                samples, frame, ahead_s, rate = shown.evaluate("() => listen()")
                spectrum = np.abs(np.fft.rfft(samples * np.hanning(2048), 8 * 2048))
                played_s = (spectrum.argmax() * rate / (8 * 2048) - LOWEST_HZ) / RISE_HZ
                heard_s = played_s + (1024 / rate - ahead_s) * speed
                late_ms.append(1000 * (heard_s - frame / 24) / speed)
                shown.wait_for_timeout(20)
            print(
                f"speed {speed:g}: the picture is {np.median(late_ms):+.1f} ms behind the sound, "
                f"{min(late_ms):+.1f} to {max(late_ms):+.1f}"
            )
            shown.close()
        browser.close()


def changes(index: Path, song: Path, folder: Path) -> None:
    with open_store(index) as store:
        made = compose(song, store, FragmentEncoder.load(store.encoder))
    chain = [aligner for method in DEFAULT_METHODS for aligner in aligners([method], {})]
    align(made.dance, made.music, chain).save(folder / "a.dance.npz")
    names = [placed.fragment_id for placed in made.dance.fragments]
    middle = made.options.length_s * (len(names) // 2)
    other = next(name for name in names if name != names[len(names) // 2])
    asked = {
        "pin": {"kind": "pin", "at": middle, "what": other},
        "ban a fragment": {"kind": "ban", "what": names[len(names) // 3]},
        "ban a clip": {"kind": "ban", "what": made.dance.fragments[0].clip_id},
    }
    with ViewEdits(open_dances([folder / "a.dance.npz"], song=song, audible=False), index) as edits:
        edits.warm()
        print(f"changes to {len(names)} windows, {made.music.duration_s:.0f} s, solved and aligned")
        for label, change in asked.items():
            wall, processor = [], []
            for _ in range(5):
                before = time.process_time()
                wall.append(edits.edit({"dance": 0, "changes": [change]})["seconds"])
                processor.append(time.process_time() - before)
            print(
                f"  {label:<16}{statistics.median(wall):6.3f} s, "
                f"{statistics.median(processor):.3f} s of processor"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--dancers", type=int, default=2)
    parser.add_argument("--index", type=Path)
    parser.add_argument("--song", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        out = sizes(asked.seconds, asked.dancers, Path(name))
        for width, height in ((1360, 860), (390, 844)):
            speed(out, width, height)
        in_step(Path(name))
        if asked.index and asked.song:
            changes(asked.index, asked.song, Path(name))


if __name__ == "__main__":
    main()
