// Moves as small moving pictures. Each is drawn once, frame by frame, into a sheet, and from then on
// only copied: thirty of them move at the display's own rate. In time with the song where one plays.

const LOOP = { wide: 104, high: 118, columns: 8, most: 72, batch: 24, budgetMs: 7, againMs: 4000 };

class Loops {
  constructor(look) {
    this.look = look;
    this.index = "";
    this.sheets = new Map(); // id to { canvas, drawn, frames }
    this.wanted = new Map(); // id to whether it is still to be asked for
    this.shown = new Set();
    this.drawing = [];
    this.still = window.matchMedia("(prefers-reduced-motion: reduce)");
    this.seen = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) this.#enter(target);
        else this.shown.delete(target);
      }
    });
    const next = (now) => {
      this.#draw(now);
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  }

  // Other colours: everything is drawn anew.
  setLook(look) {
    this.look = look;
    this.sheets.clear();
  }

  // A canvas that shows a move; `timing` gives the share of the move at a moment, 0 to 1.
  picture(index, id, label, timing = null, frames = Infinity) {
    if (index !== this.index) this.sheets.clear();
    this.index = index;
    const ratio = this.ratio;
    const canvas = element("canvas", {
      class: "loop", ...(label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" }), width: Math.round(LOOP.wide * ratio), height: Math.round(LOOP.high * ratio),
    });
    Object.assign(canvas, { move: id, timing, last: -1, frames });
    this.seen.observe(canvas);
    return canvas;
  }

  get ratio() {
    return Math.min(window.devicePixelRatio || 1, 1.5);
  }

  #enter(canvas) {
    if (!canvas.isConnected) return this.seen.unobserve(canvas);
    this.shown.add(canvas);
    if (!this.sheets.has(canvas.move)) this.#want(canvas.move);
    return undefined;
  }

  #want(id) {
    if (this.wanted.has(id)) return;
    this.wanted.set(id, true);
    // All that come into view at once are asked for at once.
    this.asking ||= setTimeout(() => {
      this.asking = 0;
      const ids = [...this.wanted].filter(([, waits]) => waits).map(([id]) => id);
      for (const id of ids) this.wanted.set(id, false);
      for (let i = 0; i < ids.length; i += LOOP.batch) this.#fetch(ids.slice(i, i + LOOP.batch));
    }, 15);
  }

  // `alone`: after all of a batch were refused, of which one may be gone.
  async #fetch(ids, alone = false) {
    const query = ids.map((id) => `f=${encodeURIComponent(id)}`).join("&");
    try {
      const moves = await api.get(`/moves?i=${encodeURIComponent(this.index)}&${query}`);
      for (const [id, move] of Object.entries(moves)) this.#sheet(id, move);
    } catch (error) {
      if (!alone) toast(error.message, { kind: "bad" });
      if (error.status === 404 && ids.length > 1) return ids.forEach((id) => this.#fetch([id], true));
      // Not at once again: what is in view asks with every picture.
      setTimeout(() => ids.forEach((id) => this.wanted.delete(id)), LOOP.againMs);
      return undefined;
    }
    for (const id of ids) this.wanted.delete(id);
    return undefined;
  }

  #sheet(id, move) {
    const { ratio } = this;
    const [wide, high] = [Math.round(LOOP.wide * ratio), Math.round(LOOP.high * ratio)];
    const rows = Math.ceil(move.frames / LOOP.columns);
    const canvas = Object.assign(document.createElement("canvas"), { width: wide * LOOP.columns, height: high * rows });
    const brush = Object.assign(document.createElement("canvas"), { width: wide, height: high });
    const sheet = { canvas, wide, high, frames: move.frames, drawn: 0, dance: new Dance(move) };
    sheet.painter = new Painter(brush, this.look.figure, this.look.theme);
    this.sheets.set(id, sheet);
    this.drawing.push(sheet);
    // The oldest go where there are too many; who needs them asks again.
    if (this.sheets.size > LOOP.most) {
      const inView = new Set([...this.shown].map((shown) => shown.move));
      for (const old of this.sheets.keys()) {
        if (this.sheets.size <= LOOP.most) break;
        if (!inView.has(old)) this.sheets.delete(old);
      }
    }
  }

  #draw(now) {
    const until = performance.now() + LOOP.budgetMs;
    while (this.drawing.length && performance.now() < until) {
      const sheet = this.drawing[0];
      this.#paint(sheet);
      if (sheet.drawn >= sheet.frames) {
        this.drawing.shift();
        sheet.painter = sheet.dance = null;
      }
    }
    for (const canvas of this.shown) {
      if (!canvas.isConnected) {
        this.shown.delete(canvas);
        this.seen.unobserve(canvas);
        continue;
      }
      const sheet = this.sheets.get(canvas.move);
      if (sheet && sheet.drawn) this.#copy(canvas, sheet, now);
      else if (!sheet) this.#want(canvas.move);
    }
  }

  #paint(sheet) {
    const { painter, wide, high, drawn } = sheet;
    painter.draw(sheet.dance, drawn, 0);
    const [x, y] = [(drawn % LOOP.columns) * wide, Math.floor(drawn / LOOP.columns) * high];
    sheet.canvas.getContext("2d").drawImage(painter.canvas, x, y);
    sheet.drawn += 1;
  }

  #copy(canvas, sheet, now) {
    const length = Math.min(sheet.frames, canvas.frames);
    const resting = this.still.matches && !canvas.closest(":hover, :focus-within");
    let share = resting ? 0.5 : (now / 1000 / (length / 24)) % 1;
    if (canvas.timing && !resting) share = canvas.timing() ?? share;
    const frame = Math.min(Math.floor(share * length), length - 1, sheet.drawn - 1);
    if (frame === canvas.last) return;
    canvas.last = frame;
    const { wide, high } = sheet;
    const [x, y] = [(frame % LOOP.columns) * wide, Math.floor(frame / LOOP.columns) * high];
    canvas.getContext("2d").drawImage(sheet.canvas, x, y, wide, high, 0, 0, canvas.width, canvas.height);
  }
}
