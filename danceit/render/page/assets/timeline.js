// Two strips: the whole song, and a few seconds about the playhead that pass under it.

const RULER = 18;
const WAVE = 44;
const THIN = 9;
// Height of one dance's lane: the more there are, the less each can have.
const LANES = [[2, 34], [4, 27], [Infinity, 14]];
const COUNTS = 22; // height of the row of counts, where they are known
const BAND = 16; // height of the sections above the whole song
// Sections that sound alike have one colour; told apart by their letters as well.
const SECTIONS = [[255, 196, 92], [96, 178, 255], [255, 122, 144], [120, 214, 150], [196, 148, 255], [240, 150, 90]];

class Timeline extends EventTarget {
  constructor(player, overview, detail) {
    super();
    this.player = player;
    this.peaks = unpacked(player.data.peaks, Uint8Array);
    this.lane = LANES.find(([most]) => player.dances.length <= most)[1];
    this.thin = player.dances.length > 4 ? 4 : THIN;
    this.overview = overview;
    this.detail = detail;
    this.setCounts(player.data.counts);
    this.selected = null;
    this.aim = null; // where something is about to be dropped: a dance, its first and last segment
    player.addEventListener("picture", () => this.#draw());
    new ResizeObserver(() => player.redraw()).observe(overview);
    this.#scrub(overview, (x) => (x / overview.clientWidth) * this.duration, true);
    this.#scrub(detail, null, false);
    for (const canvas of [overview, detail]) {
      canvas.setAttribute("aria-valuemax", String(Math.round(this.duration)));
    }
  }

  get duration() {
    return this.player.data.duration_s;
  }

  setCounts(counts) {
    this.counts = counts;
    this.row = counts.eights.some((count) => count > 0) ? COUNTS : 0;
    this.band = counts.sections.length > 1 ? BAND : 0;
    const labels = [...new Set(counts.sections.map(({ label }) => label))];
    this.colours = new Map(labels.map((label, i) => [label, SECTIONS[i % SECTIONS.length]]));
    this.refresh();
  }

  // Where the first dance's lane begins in the detailed strip.
  get lanes() {
    return RULER + this.row + WAVE;
  }

  // Seconds that the detailed strip shows.
  get span() {
    return Math.min(Math.max(this.detail.clientWidth / 75, 5), 16);
  }

  #scrub(canvas, secondsAt, marks) {
    let held = null;
    canvas.addEventListener("pointerdown", (event) => {
      const x = event.offsetX;
      held = { x, y: event.offsetY, from: this.player.clock.seconds, moved: false, marks: marks && event.shiftKey };
      canvas.setPointerCapture(event.pointerId);
      if (secondsAt && !held.marks) this.player.clock.seek(secondsAt(x));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!held) return;
      const x = event.offsetX;
      if (Math.abs(x - held.x) > 4) held.moved = true;
      if (!held.moved) return;
      if (held.marks) {
        const ends = [secondsAt(held.x), secondsAt(x)].map((s) => Math.min(Math.max(s, 0), this.duration));
        this.dispatchEvent(new CustomEvent("mark", { detail: ends.sort((a, b) => a - b) }));
      } else if (secondsAt) this.player.clock.seek(secondsAt(x));
      else this.player.clock.seek(held.from - ((x - held.x) / canvas.clientWidth) * this.span);
    });
    canvas.addEventListener("pointerup", () => {
      if (held && !held.moved && !secondsAt) this.#clicked(held.x, held.y);
      held = null;
    });
    canvas.addEventListener("pointercancel", () => (held = null));
  }

  #secondsAt(x) {
    return this.player.clock.seconds + (x / this.detail.clientWidth - 0.5) * this.span;
  }

  // What a place of the detailed strip is about: the nearest dance, the fragment there, the middle of
  // it in seconds; null beside the song.
  placeAt(x, y) {
    const seconds = this.#secondsAt(x);
    const { dances } = this.player;
    if (seconds < 0 || seconds >= this.duration || !dances.length) return null;
    const lane = Math.min(Math.max(Math.floor((y - this.lanes) / this.lane), 0), dances.length - 1);
    const dance = dances[lane];
    const segment = dance.segmentAt(dance.frameAt(seconds));
    const [start, end] = dance.segments[segment];
    return { dance: lane, segment, seconds: (start + end) / 2 / dance.fps };
  }

  // A click on the detailed strip: a fragment on its lane, elsewhere the moment.
  #clicked(x, y) {
    const seconds = this.#secondsAt(x);
    if (seconds < 0 || seconds > this.duration) return;
    const lane = Math.floor((y - this.lanes) / this.lane);
    if (lane >= 0 && lane < this.player.dances.length) {
      const dance = this.player.dances[lane];
      const segment = dance.segmentAt(dance.frameAt(seconds));
      this.dispatchEvent(new CustomEvent("pick", { detail: { dance: lane, segment } }));
    } else this.player.clock.seek(seconds);
  }

  #draw() {
    const { player } = this;
    if (!this.overview.clientWidth) return; // on a part of the page that is not shown
    this.seconds = player.seconds;
    this.#drawOverview(this.#fitted(this.overview, this.band + 46 + player.dances.length * (this.thin + 3) + 3));
    this.#drawDetail(this.#fitted(this.detail, this.lanes + player.dances.length * this.lane + 6));
    for (const canvas of [this.overview, this.detail]) {
      const now = String(Math.round(this.seconds));
      if (canvas.getAttribute("aria-valuenow") === now) continue;
      canvas.setAttribute("aria-valuenow", now);
      canvas.setAttribute("aria-valuetext", `${clock(this.seconds, 0)} of ${clock(this.duration, 0)}`);
    }
  }

  // The canvas at the page's resolution and this height, wiped.
  #fitted(canvas, height) {
    if (canvas.style.height !== `${height}px`) canvas.style.height = `${height}px`;
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const [wide, high] = [Math.round(canvas.clientWidth * ratio), Math.round(height * ratio)];
    if (canvas.width !== wide || canvas.height !== high) {
      Object.assign(canvas, { width: wide, height: high });
      canvas.still = null;
    }
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, wide, high);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return context;
  }

  #drawOverview(context) {
    const { theme } = this.player.data;
    const canvas = this.overview;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!canvas.still) canvas.still = this.#still(canvas, width, height);
    context.drawImage(canvas.still, 0, 0, width, height);
    const x = (this.seconds / this.duration) * width;
    context.fillStyle = css(theme.accent, 0.1);
    context.fillRect(0, 0, x, height);
    this.#loopRegion(context, 0, width / this.duration, height);
    if (this.selected) this.#frameSelected(context, width / this.duration, this.band + 46);
    context.fillStyle = css(theme.accent);
    context.fillRect(x - 1, 0, 2, height);
  }

  // What does not change while the song plays, drawn once: waveform and fragments.
  #still(canvas, width, height) {
    const made = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
    const context = made.getContext("2d");
    context.scale(canvas.width / width, canvas.height / height);
    this.#sections(context, 0, width / this.duration, 0, this.band - 2, height);
    this.#wave(context, 0, this.duration, width, this.band + 4, 38);
    this.player.dances.forEach((dance, i) => {
      const y = this.band + 46 + i * (this.thin + 3);
      for (const [segment, [start, end]] of dance.segments.entries()) {
        const [from, to] = [start, end].map((frame) => (frame / dance.frames) * width);
        context.fillStyle = css(dance.fragmentOf(segment).colour, 0.85);
        context.fillRect(from + 0.5, y, Math.max(to - from - 1, 0.75), this.thin);
      }
    });
    return made;
  }

  #frameSelected(context, perSecond, top) {
    const { dance: index, segment } = this.selected;
    const dance = this.player.dances[index];
    const [start, end] = dance.segments[segment];
    context.strokeStyle = css(this.player.data.theme.text);
    context.lineWidth = 1.5;
    const x = (start / dance.fps) * perSecond;
    context.strokeRect(x, top + index * (this.thin + 3) - 1, Math.max(((end - start) / dance.fps) * perSecond, 2), this.thin + 2);
  }

  #drawDetail(context) {
    const { theme } = this.player.data;
    const [width, height] = [this.detail.clientWidth, this.detail.clientHeight];
    const perSecond = width / this.span;
    const from = this.seconds - this.span / 2;
    if (this.band) this.#sections(context, from, perSecond, 0, 3, RULER);
    this.#ruler(context, from, perSecond, width);
    this.#loopRegion(context, from, perSecond, height);
    this.#wave(context, from, this.span, width, RULER + this.row, WAVE - 6);
    this.#beats(context, from, perSecond, width, height);
    this.player.dances.forEach((dance, i) => this.#lane(context, dance, i, from, perSecond, width));
    context.fillStyle = css(theme.accent);
    context.fillRect(width / 2 - 1, 0, 2, height);
  }

  #ruler(context, from, perSecond, width) {
    context.fillStyle = css(this.player.data.theme.ink);
    context.font = "11px system-ui, sans-serif";
    context.textBaseline = "middle";
    for (let s = Math.max(0, Math.ceil(from)); s <= Math.min(this.duration, from + width / perSecond); s += 1) {
      const x = (s - from) * perSecond;
      context.fillRect(x, 0, 1, 4);
      context.fillText(clock(s, 0), x + 4, 9);
    }
  }

  // Beats as lines, the 1s stronger; above them what a dancer counts.
  #beats(context, from, perSecond, width, height) {
    const { theme } = this.player.data;
    const { beats_s: beats, numbers, eights } = this.counts;
    context.textAlign = "center";
    for (let i = countUpTo(beats, from - 0.5); i < beats.length; i += 1) {
      const x = (beats[i] - from) * perSecond;
      if (x > width + 10) break;
      const one = numbers[i] === 1;
      context.fillStyle = css(theme.accent, one ? 0.62 : 0.3);
      context.fillRect(x - (one ? 0.75 : 0.5), RULER, one ? 1.5 : 1, height - RULER);
      if (!this.row || !eights[i]) continue;
      this.#count(context, eights[i], x, one);
    }
    context.textAlign = "start";
  }

  #count(context, count, x, one) {
    const { theme } = this.player.data;
    const y = RULER + this.row / 2;
    context.fillStyle = css(theme.ground);
    context.fillRect(x - 8, RULER + 2, 16, this.row - 4);
    if (count === 1) {
      context.fillStyle = css(theme.accent);
      context.beginPath();
      context.arc(x, y, 9, 0, 7);
      context.fill();
    }
    context.font = `${one ? 700 : 500} 12px system-ui, sans-serif`;
    context.textBaseline = "middle";
    context.fillStyle = css(count === 1 ? theme.sky : one ? theme.accent : theme.ink);
    context.fillText(String(count), x, y + 0.5);
  }

  // Parts of the song as bands of colour, with their letters where there is room.
  #sections(context, from, perSecond, top, height, below) {
    const { theme } = this.player.data;
    if (height <= 0) return;
    context.font = "600 11px system-ui, sans-serif";
    context.textBaseline = "middle";
    for (const { start_s: start, end_s: end, label } of this.counts.sections) {
      const [x, wide] = [(start - from) * perSecond, (end - start) * perSecond];
      const colour = this.colours.get(label);
      context.fillStyle = css(colour, 0.07);
      context.fillRect(x, top, wide - 1, below);
      context.fillStyle = css(colour, 0.75);
      context.fillRect(x, top, Math.max(wide - 2, 1), Math.min(height, 3));
      if (height > 10 && wide > 16) {
        context.fillStyle = css(theme.light ? mixed(colour, [0, 0, 0], 0.5) : colour);
        context.fillText(label, x + 5, top + 3 + (height - 2) / 2);
      }
    }
  }

  #wave(context, from, span, width, top, height) {
    const { data } = this.player;
    if (!this.peaks.length) return;
    context.fillStyle = css(data.theme.ink, 0.55);
    const middle = top + height / 2;
    for (let x = 0; x < width; x += 2) {
      const start = (from + (x / width) * span) * data.peaks_per_s;
      const end = (from + ((x + 2) / width) * span) * data.peaks_per_s;
      let peak = -1;
      for (let i = Math.max(0, Math.floor(start)); i < Math.max(end, Math.floor(start) + 1); i += 1) {
        if (i >= 0 && i < this.peaks.length && this.peaks[i] > peak) peak = this.peaks[i];
      }
      if (peak < 0) continue;
      // Less than linear, as the ear hears: quiet music is to be seen as well.
      const half = Math.max(0.5, (peak / 255) ** 0.6 * (height / 2));
      context.fillRect(x, middle - half, 1.4, 2 * half);
    }
  }

  // One dance: its fragments by clip, the curve of its movement, its seams.
  #lane(context, dance, index, from, perSecond, width) {
    const { theme } = this.player.data;
    const top = this.lanes + index * this.lane;
    const low = dance.segmentAt(dance.frameAt(from));
    context.font = "11px system-ui, sans-serif";
    context.textBaseline = "middle";
    for (let i = low; i < dance.segments.length; i += 1) {
      const [start, end] = dance.segments[i];
      const x = (start / dance.fps - from) * perSecond;
      if (x > width) break;
      const wide = ((end - start) / dance.fps) * perSecond;
      const fragment = dance.fragmentOf(i);
      const chosen = [this.selected, this.aim].some((one) => one && one.dance === index && i >= (one.first ?? one.segment) && i <= (one.last ?? one.segment));
      context.fillStyle = css(fragment.colour, chosen ? 0.55 : 0.26);
      context.fillRect(x, top, wide - 1, this.lane - 4);
      context.fillStyle = css(fragment.colour);
      context.fillRect(x, top, dance.seamSet.has(start) || start === 0 ? 3 : 1, this.lane - 4);
      if (chosen) {
        context.strokeStyle = css(theme.text);
        context.lineWidth = 1.5;
        context.strokeRect(x + 1, top + 0.75, wide - 3, this.lane - 5.5);
      }
      // Its second first: names are long and alike, and are cut where the box ends.
      const text = `${clock(dance.sourceS[start], 0)} ${nameOf(fragment.clip)}`;
      this.#label(context, text, Math.max(x, 0) + 9, Math.min(x + wide, width) - 4, top + 10);
    }
    this.#curve(context, dance, top, from, perSecond, width);
  }

  #label(context, text, left, right, y) {
    if (right - left < 26 || this.lane < 20) return;
    context.save();
    context.beginPath();
    context.rect(left, y - 9, right - left, 18);
    context.clip();
    context.fillStyle = css(this.player.data.theme.text);
    context.fillText(text, left, y);
    context.restore();
  }

  #curve(context, dance, top, from, perSecond, width) {
    const base = top + this.lane - 5;
    const first = Math.max(0, Math.floor(from * dance.fps));
    const last = Math.min(dance.frames - 1, Math.ceil((from + width / perSecond) * dance.fps));
    context.beginPath();
    for (let frame = first; frame <= last; frame += 1) {
      context.lineTo((frame / dance.fps - from) * perSecond, base - (dance.movement[frame] / 255) * (this.lane > 20 ? this.lane - 14 : this.lane - 6));
    }
    context.strokeStyle = css(this.player.data.theme.text, 0.75);
    context.lineWidth = 1.3;
    context.lineJoin = "round";
    context.stroke();
  }

  #loopRegion(context, from, perSecond, height) {
    const { loop } = this.player.clock;
    if (!loop) return;
    const [start, end] = loop.map((seconds) => (seconds - from) * perSecond);
    context.fillStyle = css(this.player.data.theme.accent, 0.13);
    context.fillRect(start, 0, end - start, height);
    context.fillStyle = css(this.player.data.theme.accent, 0.8);
    context.fillRect(start - 1, 0, 2, height);
    context.fillRect(end - 1, 0, 2, height);
  }

  // Draw everything again: other dances, another selection.
  refresh() {
    this.overview.still = null;
    this.player.redraw();
  }
}
