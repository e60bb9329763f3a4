"""Counts heard while a dance is learned: clicked beside the song, called by the browser's voice."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tests.browser import watched
from tests.studio.browsing import button, open_page
from tests.studio.conftest import Served

HEARD = """(() => {
  window.called = [];
  window.clicked = [];
  Object.defineProperty(window, "speechSynthesis", { value: {
    cancel() {},
    speak(said) { window.called.push([said.text, danceit.seconds]); },
  } });
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (when, ...rest) {
    if (this.buffer.duration < 0.1) {
      const samples = this.buffer.getChannelData(0);
      let crossings = 0;
      for (let i = 1; i < samples.length; i += 1) crossings += samples[i] * samples[i - 1] < 0;
      window.clicked.push([when, crossings]);
    }
    return start.call(this, when, ...rest);
  };
})()"""
"""Takes down every count that is spoken and every click that is planned, beside playing it."""


@pytest.mark.parametrize("speed", [1.0, 0.5])
def test_clicks_are_on_the_counts_and_the_1_is_higher(
    browser: Any, danced: Served, speed: float
) -> None:
    (version,) = danced.get("/state")["dances"]
    with watched(browser) as seen:
        seen.page.add_init_script(HEARD)
        open_page(seen, danced, f"#/learn/{version['id']}")
        seen.page.locator("#aside .large", has_text={1.0: "1", 0.5: "½"}[speed]).click()
        seen.page.locator("#aside").get_by_role("button", name="Clicks").click()
        counts = seen.state("studio.deck.counts")
        seen.page.keyboard.press(" ")
        seen.until("clicked.length >= 6")
        seen.page.keyboard.press(" ")
        planned = seen.state("clicked")[:6]
    at_s, crossings = np.array(planned).T
    high = crossings > 1.5 * crossings.min()
    steps = np.diff(at_s) * speed
    beats, ones = np.array(counts["beats_s"]), np.array(counts["numbers"]) == 1
    # Somewhere in the song these counts follow one another, at its speed, 1s where it has them.
    fits = [
        k
        for k in range(len(beats) - 5)
        if np.abs(np.diff(beats[k : k + 6]) - steps).max() < 0.004
        and (ones[k : k + 6] == high).all()
    ]
    assert fits
    assert high.any()
    assert not high.all()


def test_counts_are_called_a_little_before_they_are_due(browser: Any, danced: Served) -> None:
    (version,) = danced.get("/state")["dances"]
    with watched(browser) as seen:
        seen.page.add_init_script(HEARD)
        open_page(seen, danced, f"#/learn/{version['id']}")
        button(seen, "Speed ½").click()
        button(seen, "Called out").click()
        counts = seen.state("studio.deck.counts")
        seen.page.keyboard.press(" ")
        seen.until("called.length >= 5")
        seen.page.keyboard.press(" ")
        called = seen.state("called")
        assert seen.complaints == []
    beats = np.array(counts["beats_s"])
    for text, at_s in called:
        # The moment is read after the word is on its way, and may by then be that of the count.
        coming = int(np.searchsorted(beats, at_s - 0.02, side="right"))
        assert text == str(counts["eights"][coming])
        # 0.09 s of the room's time at half speed.
        assert beats[coming] - at_s < 0.05
    assert all(one != other for one, other in pairwise(text for text, _ in called))
