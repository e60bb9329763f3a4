// Learning a dance: an eight at a time, slower at the same pitch, in a mirror or from behind, with the
// counts before it to come in on, clicked or called, as large as the screen.

const COUNT_IN = 4; // counts before an eight, danced to by nobody
const SPEEDS = [[0.5, "½"], [0.75, "¾"], [1, "1×"]];
const CALLED_AHEAD_S = 0.09; // a voice takes this long to begin

class Learning {
  constructor() {
    this.at = null;
    this.called = -1;
    this.voice = "speechSynthesis" in window;
    this.wishes = { in: true, call: false };
    deck.addEventListener("picture", () => document.body.dataset.part === "learn" && this.#picture());
    // By which it is left where all else is gone.
    const leave = this.#chip("Full screen", () => this.#fill(false), true, { shape: "close", kind: "fill-off" });
    document.querySelector(".transport").append(leave);
    document.addEventListener("fullscreenchange", () => document.fullscreenElement || this.#fill(false));
  }

  // The stage alone, with count and play, as large as the screen; where a browser has no full screen
  // (as on some phones), as large as the page.
  async #fill(on) {
    $("work").classList.toggle("filled", on);
    if (on) await $("work").requestFullscreen?.().catch(() => {});
    else if (document.fullscreenElement) await document.exitFullscreen();
  }

  unfill() {
    return this.#fill(false);
  }

  // How things were before is how they are again afterwards.
  leave() {
    this.unfill();
    if (!this.before) return;
    const { speed, mirror } = this.before;
    this.before = null;
    if (!deck.player) return;
    this.#speed(speed, false);
    deck.transport.setMirror(mirror);
    deck.transport.setLoop(deck.song.part);
    deck.player.front();
  }

  async open(id) {
    if (deck.ids.length !== 1 || deck.ids[0] !== id) await deck.openDances([id]);
    this.before ||= { speed: Number(deck.transport.speed.value), mirror: deck.player.mirror };
    this.eights = eightsOf(deck.counts, deck.player.data.duration_s);
    const part = deck.song.part;
    if (part) this.eights = this.eights.filter(([start, end]) => end > part[0] + 0.05 && start < part[1] - 0.05);
    if (this.at === null || this.at >= this.eights.length) this.at = this.eights.findIndex(([, end]) => end > deck.seconds);
    this.at = Math.max(0, this.at);
    this.show();
    this.#practise(false);
  }

  show() {
    const tools = (...chips) => element("div", { class: "tools" }, ...chips);
    redraw(
      $("aside"),
      element("div", { class: "aside-head" }, element("h1", {}, moving.version.name), element("a", { class: "chip", href: `#/dance/${deck.ids[0]}` }, "To the dance")),
      element(
        "section",
        { class: "card learn" },
        element("h2", {}, "The eight"),
        this.#stepper(),
        tools(...this.#practice()),
        element("h2", {}, "Speed, at the same pitch"),
        tools(...SPEEDS.map(([rate, text]) => this.#chip(text, () => this.#speed(rate), Number(deck.transport.speed.value) === rate, { kind: "large", label: `Speed ${text}` }))),
        element("h2", {}, "View"),
        tools(...this.#views()),
        element("h2", {}, "Counts"),
        tools(...this.#heard()),
      ),
      element("p", { class: "dim for-keys" }, "↑ and ↓ go to another eight, space plays, M is the mirror image, - and + change the speed."),
    );
  }

  #chip(text, on, pressed, options = {}) {
    const made = button(text, on, options);
    made.setAttribute("aria-pressed", String(pressed));
    return made;
  }

  #stepper() {
    const [start, end] = this.eights[this.at];
    const step = (by, text, shape) => {
      const made = button("", () => this.go(this.at + by), { shape, kind: "large", label: text });
      made.disabled = !this.eights[this.at + by];
      return made;
    };
    const where = element("p", { role: "status" }, element("strong", {}, `${this.at + 1} of ${this.eights.length}`), element("span", { class: "dim" }, `${clock(start, 0)} to ${clock(end, 0)}`));
    return element("div", { class: "stepper" }, step(-1, "The eight before", "back"), where, step(1, "The next eight", "next"));
  }

  #practice() {
    const { loop } = deck.player.clock;
    return [
      this.#chip("Over and over", () => this.#loop(!deck.player.clock.loop), Boolean(loop), { shape: "loop" }),
      this.#chip("Two eights", () => this.#two(), Boolean(this.two), { shape: "plus" }),
      this.#chip("Count in", () => this.#wish("in"), this.wishes.in),
    ];
  }

  #views() {
    const { player, transport } = deck;
    const back = Math.abs(Math.cos((player.painters[0] || { yaw: 0 }).yaw) + 1) < 0.01;
    const mirror = () => {
      transport.setMirror(!player.mirror);
      this.show();
    };
    return [
      this.#chip("Mirror image", mirror, player.mirror, { shape: "mirror" }),
      ...(player.turns ? [this.#chip("From behind", () => this.#turn(!back), back, { shape: "front" })] : []),
      button("Full screen", () => this.#fill(true), { shape: "beside", title: "The stage alone, with its count" }),
    ];
  }

  #heard() {
    const clicks = () => {
      deck.setClicks(!deck.clicks.on);
      this.show();
    };
    return [
      this.#chip("Clicks", clicks, deck.clicks.on, { shape: "click" }),
      ...(this.voice ? [this.#chip("Called out", () => this.#wish("call"), this.wishes.call, { shape: "sound" })] : []),
    ];
  }

  go(at) {
    this.at = Math.min(Math.max(at, 0), this.eights.length - 1);
    this.two = false;
    this.show();
    this.#practise(true);
  }

  // Where the deck's transport hops to, one eight at a time.
  hop(by) {
    this.go(this.at + by);
  }

  #speed(rate, shown = true) {
    deck.transport.speed.value = String(rate);
    deck.player.clock.setRate(rate);
    if (shown) this.show();
  }

  #wish(name) {
    this.wishes[name] = !this.wishes[name];
    this.show();
    if (name === "in") this.#practise(false);
  }

  #two() {
    this.two = !this.two;
    this.#practise(false);
    this.show();
  }

  #turn(back) {
    for (const painter of deck.player.painters) painter.yaw = back ? Math.PI : 0;
    deck.player.redraw();
    this.show();
  }

  #loop(on) {
    if (on) this.#practise(true);
    else deck.transport.setLoop(null);
    this.show();
  }

  // Loop the eight, with the counts before it where there are some.
  #practise(seek) {
    const [start] = this.eights[this.at];
    const [, end] = this.eights[Math.min(this.at + (this.two ? 1 : 0), this.eights.length - 1)];
    const before = this.wishes.in ? this.#countIn(start) : start;
    deck.transport.setLoop([before, end]);
    const { clock: time } = deck.player;
    if (seek || time.seconds < before || time.seconds > end) time.seek(before);
  }

  #countIn(start) {
    const { beats_s: beats } = deck.counts;
    const first = countUpTo(beats, start) - 1;
    return first >= COUNT_IN ? beats[first - COUNT_IN] : Math.min(start, beats[0] || 0);
  }

  #picture() {
    const { beats_s: beats, eights, numbers } = deck.counts;
    const now = deck.seconds;
    const passed = countUpTo(beats, now);
    const [start] = this.eights[this.at] || [0];
    const coming = this.wishes.in && deck.player.clock.loop && now < start - 0.02;
    const count = passed ? eights[passed - 1] || numbers[passed - 1] : 0;
    const box = $("count");
    if (!box.firstChild || box.children.length !== 2) box.replaceChildren(element("span", { class: "number" }), element("span", { class: "where" }));
    const [number, where] = box.children;
    const text = count ? String(count) : "";
    if (number.textContent !== text) number.textContent = text;
    number.classList.toggle("one", count === 1);
    number.style.setProperty("--pulse", passed ? Math.exp(-(now - beats[passed - 1]) / 0.16).toFixed(3) : "0");
    const words = coming ? "count in" : "";
    if (where.textContent !== words) where.textContent = words;
    $("stage").classList.toggle("waiting", Boolean(coming));
    this.#call(passed, now);
  }

  // The next count, by the browser's own voice, a little early: a voice takes time to begin.
  #call(passed, now) {
    if (!this.wishes.call || !deck.player.clock.playing) return;
    const { beats_s: beats, eights, numbers } = deck.counts;
    const { rate } = deck.player.clock;
    if (passed >= beats.length || (beats[passed] - now) / rate > CALLED_AHEAD_S || this.called === passed) return;
    this.called = passed;
    const said = new SpeechSynthesisUtterance(String(eights[passed] || numbers[passed] || ""));
    said.rate = 1.6;
    window.speechSynthesis.cancel();
    window.speechSynthesis.speak(said);
  }
}

// Stretches from one 1 of an eight to the next; where nothing is counted, eight seconds each.
function eightsOf(counts, durationS) {
  const ones = counts.beats_s.filter((_, i) => counts.eights[i] === 1);
  const starts = ones.length > 1 ? ones : Array.from({ length: Math.max(1, Math.ceil(durationS / 8)) }, (_, i) => 8 * i);
  return starts.map((start, i) => [start, i + 1 < starts.length ? starts[i + 1] : durationS]).filter(([start, end]) => end - start > 0.5);
}
