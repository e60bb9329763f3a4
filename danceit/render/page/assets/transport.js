// Playing: buttons, keys, speed, loop, mirror. There is one on a page, attached to what is played
// now; `followed` says where its parts begin (`marks`), which stretch is meant (`stretch`), `fps`.

class Transport extends EventTarget {
  constructor(more = {}) {
    super();
    for (const id of ["previous", "play", "next", "time", "speed", "loop", "mirror", "front", "volume"]) {
      this[id] = document.getElementById(id);
    }
    this.play.addEventListener("click", () => this.clock.toggle());
    this.previous.addEventListener("click", () => this.hop(-1));
    this.next.addEventListener("click", () => this.hop(1));
    this.loop.addEventListener("click", () => this.toggleLoop());
    this.mirror.addEventListener("click", () => this.setMirror(!this.player.mirror));
    this.front.addEventListener("click", () => this.player.front());
    this.speed.addEventListener("change", () => this.clock.setRate(Number(this.speed.value)));
    this.volume.addEventListener("input", () => this.clock.setVolume(Number(this.volume.value)));
    this.keys = { ...this.#usual(), ...more };
    document.addEventListener("keydown", (event) => this.#pressed(event));
    document.addEventListener("keyup", (event) => this.#released(event));
  }

  get clock() {
    return this.player.clock;
  }

  // Play this from now on; speed, mirror and volume stay as they are.
  attach(player, followed) {
    this.player = player;
    this.followed = followed;
    player.clock.addEventListener("state", () => this.#showState());
    player.addEventListener("picture", () => this.#showTime());
    player.clock.setRate(Number(this.speed.value));
    player.clock.setVolume(Number(this.volume.value));
    player.setMirror(this.mirror.getAttribute("aria-pressed") === "true");
    this.setLoop(player.clock.loop);
    this.#showState();
    this.#showTime();
  }

  setLoop(loop) {
    this.clock.loop = loop && loop[1] - loop[0] > 0.1 ? loop : null;
    this.loop.setAttribute("aria-pressed", String(Boolean(this.clock.loop)));
    this.player.redraw();
  }

  toggleLoop() {
    this.setLoop(this.clock.loop ? null : this.followed.stretch);
  }

  setMirror(on) {
    this.player.setMirror(on);
    this.mirror.setAttribute("aria-pressed", String(on));
  }

  stepSpeed(by) {
    const { options, selectedIndex } = this.speed;
    this.speed.selectedIndex = Math.min(Math.max(selectedIndex + by, 0), options.length - 1);
    this.clock.setRate(Number(this.speed.value));
  }

  // To the start of the part before or after; twice in a row goes two back.
  hop(by) {
    const { marks } = this.followed;
    const now = this.clock.seconds;
    let at = 0;
    while (at + 1 < marks.length && marks[at + 1] <= now + 1e-3) at += 1;
    const to = by < 0 && now - marks[at] > 0.5 ? at : at + by;
    this.clock.seek(marks[Math.min(Math.max(to, 0), marks.length - 1)] || 0);
  }

  #frame(by) {
    const fps = this.followed.fps || 24;
    this.clock.seek((Math.round(this.clock.seconds * fps) + by) / fps);
  }

  #usual() {
    return {
      " ": () => this.clock.toggle(),
      ArrowLeft: () => this.clock.seek(this.clock.seconds - 1),
      ArrowRight: () => this.clock.seek(this.clock.seconds + 1),
      ",": () => this.#frame(-1),
      ".": () => this.#frame(1),
      ArrowUp: () => this.hop(-1),
      ArrowDown: () => this.hop(1),
      "[": () => this.setLoop([this.clock.seconds, (this.clock.loop || [0, this.clock.durationS])[1]]),
      "]": () => this.setLoop([(this.clock.loop || [0])[0], this.clock.seconds]),
      l: () => this.toggleLoop(),
      m: () => this.setMirror(!this.player.mirror),
      f: () => this.player.front(),
      "-": () => this.stepSpeed(-1),
      "+": () => this.stepSpeed(1),
      "=": () => this.stepSpeed(1),
      Home: () => this.clock.seek(0),
      "?": () => document.getElementById("keys").showModal(),
    };
  }

  #pressed(event) {
    if (event.altKey || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const action = this.keys[keyOf(event)];
    if (!action || !meantForPage(event)) return;
    if (!this.player && event.key !== "?") return;
    event.preventDefault();
    action();
  }

  // Some browsers press a button when space is let go.
  #released(event) {
    if (event.key === " " && this.player && meantForPage(event) && !document.querySelector("dialog[open]")) event.preventDefault();
  }

  #showState() {
    const { playing } = this.clock;
    this.play.setAttribute("aria-label", playing ? "Pause" : "Play");
    this.play.querySelector("use").setAttribute("href", playing ? "#i-pause" : "#i-play");
  }

  #showTime() {
    const text = `${clock(this.clock.seconds)} / ${clock(this.clock.durationS)}`;
    if (this.time.textContent !== text) this.time.textContent = text;
  }
}

function keyOf(event) {
  const plain = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (!event.ctrlKey && !event.metaKey) return plain;
  return `${event.shiftKey ? "shift+" : ""}ctrl+${plain}`;
}

// Space plays wherever nothing is typed or ticked; other keys leave every field alone.
function meantForPage(event) {
  const field = event.target.closest("input, select, textarea");
  if (!field) return true;
  return event.key === " " && !event.ctrlKey && field.matches("select, input[type=range]");
}
