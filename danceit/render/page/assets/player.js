// Dancers on canvases, in step with one clock. A page with dancers on it makes one Player
// and calls nothing else to show them.

class Player extends EventTarget {
  constructor(stage, data, labels) {
    super();
    this.data = data;
    this.clock = new Clock(data.duration_s, data.sound, data.coded);
    this.clock.addEventListener("seek", () => this.redraw());
    this.mirror = false;
    this.stage = stage;
    this.beats = data.counts.beats_s;
    this.drawn = [];
    this.frameTimes = [];
    this.setDances(data.dances, labels);
    this.observer = new ResizeObserver(() => this.redraw());
    this.observer.observe(stage);
    this.redraw();
    const next = (now) => {
      if (this.closed) return;
      this.#picture(now);
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  }

  // Show these dances instead; without `labels` their own names.
  setDances(dances, labels) {
    this.dances = dances.map((dance) => new Dance(dance));
    const views = this.painters ? this.painters.map(({ yaw, pitch, zoom }) => ({ yaw, pitch, zoom })) : [];
    this.stage.replaceChildren();
    this.together = onOneStage(this.dances);
    this.stage.style.setProperty("--columns", this.together ? 1 : columnsFor(this.dances.length));
    // What is on show of each dance, in words; a stage that is shared has no room for it.
    this.lines = this.dances.map(() => element("p", { class: "from" }));
    this.painters = this.together
      ? [this.#place(this.dances[0], `${this.dances.length} dancers on one stage`, null)]
      : this.dances.map((dance, i) => this.#place(dance, labels ? labels[i] : dance.name, this.lines[i]));
    this.painters.forEach((painter, i) => Object.assign(painter, views[i]));
    this.redraw();
  }

  setMirror(on) {
    this.mirror = on;
    for (const painter of this.painters) painter.mirror = on;
    this.redraw();
  }

  // Seen from the front again.
  front() {
    for (const painter of this.painters) {
      Object.assign(painter, { yaw: 0, pitch: this.data.figure.pitch_rad, zoom: 1 });
    }
    this.redraw();
  }

  redraw() {
    this.stale = true;
  }

  // Stop for good: another player takes the stage.
  close() {
    this.closed = true;
    this.observer.disconnect();
    this.clock.close();
    this.stage.replaceChildren();
  }

  get turns() {
    return this.dances.some((dance) => dance.dims === 3);
  }

  #place(dance, label, line) {
    const canvas = element("canvas", { role: "img", "aria-label": `${label}: a dancer` });
    const first = !this.stage.querySelector(".hint") && !this.turned;
    const hint = dance.dims === 3 && first ? element("span", { class: "hint" }, "drag to turn") : null;
    const caption = element("figcaption", {}, element("span", { class: "name" }, label), hint);
    const box = element("figure", { class: dance.dims === 3 ? "dancer turns" : "dancer" }, canvas, caption, line);
    this.stage.append(box);
    const painter = new Painter(canvas, this.data.figure, this.data.theme);
    painter.mirror = this.mirror;
    if (dance.dims === 3) this.#turnable(canvas);
    return painter;
  }

  // Drag to walk round the dancer; all dancers turn together, so that they stay comparable.
  #turnable(canvas) {
    let held = null;
    canvas.addEventListener("pointerdown", (event) => {
      held = { x: event.clientX, y: event.clientY };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!held) return;
      this.#learned();
      const sign = this.mirror ? -1 : 1;
      for (const painter of this.painters) {
        painter.yaw += (sign * (event.clientX - held.x)) / 140;
        painter.pitch = Math.min(Math.max(painter.pitch + (event.clientY - held.y) / 220, -0.1), 1.35);
      }
      held = { x: event.clientX, y: event.clientY };
      this.redraw();
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (held = null));
    canvas.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey) return;
        event.preventDefault();
        const factor = Math.exp(-event.deltaY / 300);
        for (const painter of this.painters) painter.zoom = Math.min(Math.max(painter.zoom * factor, 0.5), 4);
        this.redraw();
      },
      { passive: false },
    );
  }

  #learned() {
    if (this.turned) return;
    this.turned = true;
    for (const hint of this.stage.querySelectorAll(".hint")) hint.remove();
  }

  // Where a joint was drawn last, on its canvas.
  drawnAt(joint, dance) {
    const seen = this.together ? this.painters[0].seen[dance] : this.painters[dance].seen[0];
    return Array.from(seen.slice(2 * joint, 2 * joint + 2));
  }

  #picture(now) {
    const seconds = this.clock.tick();
    if (!this.clock.playing && !this.stale) return;
    this.stale = false;
    const beat = this.#beat(seconds);
    this.drawn = this.dances.map((dance) => dance.frameAt(seconds));
    for (const painter of this.painters) painter.resize();
    if (this.together) this.painters[0].drawAll(this.dances, this.drawn, beat);
    else this.painters.forEach((painter, i) => painter.draw(this.dances[i], this.drawn[i], beat));
    this.frameTimes.push(now);
    if (this.frameTimes.length > 600) this.frameTimes.shift();
    this.seconds = seconds;
    this.dispatchEvent(new Event("picture"));
  }

  // 1 on a beat, falling to 0 after it.
  #beat(seconds) {
    const passed = countUpTo(this.beats, seconds);
    return passed ? Math.exp(-(seconds - this.beats[passed - 1]) / this.data.figure.pulse_s) : 0;
  }
}

// What is on the canvases, for tests and the curious.
function told(player) {
  return {
    get seconds() { return player()?.clock.seconds; },
    get playing() { return Boolean(player()?.clock.playing); },
    get audible() { return Boolean(player().clock.sound); },
    // The audio clock, the moment of it that is being heard, and all that is played.
    get sound() {
      const { sound } = player().clock;
      return sound && sound.context ? { context: sound.context, heard: sound.heard, output: sound.output } : null;
    },
    frameAt: (seconds, dance = 0) => player().dances[dance].frameAt(seconds),
    drawnFrame: (dance = 0) => player()?.drawn[dance],
    joints: (frame, dance = 0) => Array.from(player().dances[dance].pose(frame)),
    drawnAt: (joint, dance = 0) => player().drawnAt(joint, dance),
    pictureTimes: () => player().frameTimes.slice(),
  };
}

// Whether all dances are of one group.
function onOneStage(dances) {
  return dances.length > 1 && Boolean(dances[0].group) && dances.every(({ group }) => group === dances[0].group);
}

function columnsFor(count) {
  return count <= 3 ? count : Math.ceil(Math.sqrt(count));
}

// How many of the increasing `values` are at or before `limit`.
function countUpTo(values, limit) {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] <= limit + 1e-6) low = middle + 1;
    else high = middle;
  }
  return low;
}
