// A song and how it is counted: heard as clicks, seen as numbers, put right by hand.

const PART_S = 30; // a part for a short video
const TAPS = { least: 4, pauseS: 2.2, most: 16 };

class Counting {
  constructor(aside) {
    this.aside = aside;
    this.taps = [];
    deck.addEventListener("picture", () => this.#big());
    deck.addEventListener("clicks", () => this.#clicks());
  }

  async open(id) {
    this.told = await deck.openSong(id);
    this.taps = [];
    this.#show();
    this.#big(true);
  }

  get song() {
    return this.told.song;
  }

  // Tapped in time with the song: from the fourth on the tempo is what was tapped.
  tap() {
    const now = performance.now() / 1000;
    if (this.taps.length && now - this.taps.at(-1) > TAPS.pauseS) this.taps = [];
    this.taps = [...this.taps, now].slice(-TAPS.most);
    clearTimeout(this.tapping);
    if (this.taps.length < TAPS.least) {
      this.status.textContent = `Keep tapping: ${TAPS.least - this.taps.length} more.`;
      return;
    }
    const bpm = (60 * (this.taps.length - 1)) / (this.taps.at(-1) - this.taps[0]);
    this.status.textContent = `${bpm.toFixed(0)} beats a minute; stop tapping to take it.`;
    this.tapping = setTimeout(() => {
      this.taps = [];
      attempt(() => this.#count({ bpm: Math.round(bpm * 10) / 10 }, `Counted at ${bpm.toFixed(0)}.`));
    }, 1400);
  }

  async #count(asked, done) {
    this.status.textContent = "Counting again…";
    try {
      this.told = await inTurn(() => api.post(`/songs/${this.song.id}`, { do: "count", revision: this.song.revision, ...asked }));
    } catch (error) {
      this.status.textContent = error.message;
      if (error.status !== 409) return;
      throw error;
    }
    deck.song = this.song;
    deck.setCounts(this.told.counts);
    const focused = document.activeElement && document.activeElement.dataset.act;
    this.#show();
    this.status.textContent = done;
    const again = focused && this.aside.querySelector(`[data-act="${focused}"]`);
    if (again) again.focus();
    project.refresh();
  }

  #show() {
    const { counts, song } = this.told;
    const act = (name, text, asked, done, options = {}) => {
      const made = button(text, () => this.#count(typeof asked === "function" ? asked() : asked, done), options);
      made.dataset.act = name;
      return made;
    };
    this.status = element("p", { role: "status", class: "dim status" });
    const known = counts.beats_s.length > 2;
    const heading = element(
      "div",
      { class: "tempo" },
      element("strong", {}, known ? counts.tempo_bpm.toFixed(0) : "?"),
      element("span", {}, known ? "beats a minute" : "no clear beat: tap it"),
      element("span", { class: "dim" }, counts.metre ? `${counts.metre} to the bar` : "bars not known"),
    );
    const tap = element("button", { type: "button", class: "chip tap", "data-act": "tap", title: "Tap (T)", onclick: () => this.tap() }, "Tap the beat");
    const metre = picker("Beats to the bar", [["", "bar of ?"], ...[2, 3, 4, 5, 6, 7].map((n) => [String(n), `bar of ${n}`])], counts.metre ? String(counts.metre) : "", (value) => {
      if (value) attempt(() => this.#count({ metre: Number(value) }, `Bars of ${value}.`));
    });
    metre.dataset.act = "metre";
    const tools = element(
      "div",
      { class: "tools" },
      tap,
      act("halve", "Half as fast", { levels: -1 }, "Counted half as fast."),
      act("double", "Twice as fast", { levels: 1 }, "Counted twice as fast."),
      act("one", "The 1 is here", () => ({ downbeat_s: Math.round(deck.seconds * 1000) / 1000 }), "The 1 was moved."),
      metre,
      act("earlier", "Earlier", () => ({ shift_ms: this.#shift() - 10 }), "10 ms earlier.", { title: "All counts 10 ms earlier" }),
      act("later", "Later", () => ({ shift_ms: this.#shift() + 10 }), "10 ms later.", { title: "All counts 10 ms later" }),
    );
    const put = counts.corrections.length
      ? element("div", { class: "put-right" }, element("span", {}, `You said: ${counts.corrections.join(", ")}.`), act("forget", "Start over", { forget: true }, "Counted as it was heard.", { shape: "undo" }))
      : "";
    this.clicking = element("button", { type: "button", class: "chip", "aria-pressed": "false", title: "Clicks (C)", onclick: () => deck.setClicks(!deck.clicks.on) }, icon("click"), "Clicks");
    this.#clicks();
    this.aside.replaceChildren(
      element("div", { class: "aside-head" }, element("h1", {}, song.name), button("", () => this.#rename(), { shape: "pencil", kind: "bare", label: "Rename the song" })),
      element("section", { class: "card" }, heading, this.clicking, tools, put, ...counts.notes.map((note) => element("p", { class: "note" }, note)), this.status),
      this.#parts(),
      this.#next(),
    );
  }

  #shift() {
    const said = this.told.counts.corrections.find((one) => one.endsWith(" ms"));
    return said ? Number.parseFloat(said) : 0;
  }

  #clicks() {
    if (this.clicking) this.clicking.setAttribute("aria-pressed", String(deck.clicks.on));
  }

  // Which part of the song is danced: all, a section, or what is looped.
  #parts() {
    const { counts, song } = this.told;
    const set = (part, text) => async () => {
      const told = await api.post(`/songs/${song.id}`, { do: "part", revision: this.song.revision, part });
      this.told.song = deck.song = told.song;
      deck.transport.setLoop(part);
      if (part) deck.player.clock.seek(part[0]);
      this.#show();
      this.status.textContent = text;
      project.refresh();
    };
    const now = song.part ? `Only ${clock(song.part[0])} to ${clock(song.part[1])}` : "The whole song";
    const chips = counts.sections.map(({ start_s: start, end_s: end, label }) => {
      const chip = button(`${label} ${clock(start, 0)}`, set([start, end], `Only this part, ${clock(start, 0)} to ${clock(end, 0)}, is danced.`), { kind: "section", label: `Dance only part ${label}, ${clock(start, 0)} to ${clock(end, 0)}` });
      const colour = deck.timeline.colours.get(label);
      chip.prepend(swatch({ colour }));
      chip.setAttribute("aria-pressed", String(Boolean(song.part) && Math.abs(song.part[0] - start) < 0.01 && Math.abs(song.part[1] - end) < 0.01));
      return chip;
    });
    const looped = button("What is looped", () => {
      const { loop } = deck.player.clock;
      if (!loop) throw new AskError("Nothing is looped: press [ and ] while it plays, or Shift and drag over the whole song.", 400);
      return set(loop, `Only ${clock(loop[0], 0)} to ${clock(loop[1], 0)} is danced.`)();
    }, { shape: "loop" });
    const here = button(`${PART_S} s from here`, () => {
      const part = this.#partFrom(deck.seconds);
      return set(part, `Only ${clock(part[0], 0)} to ${clock(part[1], 0)} is danced.`)();
    }, { title: "From the 1 nearest to the playhead to the 1 that ends them" });
    const whole = button("The whole song", set(null, "All of it is danced."));
    whole.setAttribute("aria-pressed", String(!song.part));
    return element("section", { class: "card" }, element("h2", {}, "What is danced"), element("p", {}, now), element("div", { class: "tools" }, whole, ...(deck.player.data.duration_s > PART_S + 2 ? [here] : []), looped, ...chips));
  }

  // Half a minute from about a moment on, from a 1 to a 1 where bars are known.
  #partFrom(seconds) {
    const { beats_s: beats, numbers } = this.told.counts;
    const ends = this.told.duration_s;
    const ones = beats.filter((_, i) => numbers[i] === 1);
    const nearest = (wanted) => ones.reduce((best, one) => (Math.abs(one - wanted) < Math.abs(best - wanted) ? one : best), ones[0] ?? wanted);
    const start = nearest(Math.min(seconds, ends - PART_S));
    const end = Math.min(nearest(start + PART_S), ends);
    return [start, end - start > PART_S / 2 ? end : Math.min(start + PART_S, ends)];
  }

  #next() {
    const dances = project.dancesOf(this.song.id);
    const go = button(dances.length ? "To its dances" : "Make a dance", async () => {
      if (!dances.length) await makeDance(this.song.id);
      else location.hash = `#/dance/${dances.at(-1).id}`;
    }, { kind: "primary wide", shape: "dancer" });
    return element("div", { class: "next" }, go);
  }

  async #rename() {
    const name = await askName("Name of the song", this.song.name);
    if (name === null) return;
    const told = await api.post(`/songs/${this.song.id}`, { do: "rename", revision: this.song.revision, name });
    this.told.song = deck.song = told.song;
    this.#show();
    project.refresh();
  }

  // The count that is heard now, large.
  #big(anew = false) {
    const box = $("count");
    if (box.hidden || deck.ids.length || !this.told) return;
    const { beats_s: beats, eights, numbers, sections } = deck.counts;
    const passed = countUpTo(beats, deck.seconds);
    if (anew || !box.firstChild) box.replaceChildren(element("span", { class: "number" }), element("span", { class: "where" }));
    const [number, where] = box.children;
    const count = passed ? eights[passed - 1] || numbers[passed - 1] : 0;
    const text = count ? String(count) : "";
    if (number.textContent !== text) number.textContent = text;
    number.classList.toggle("one", count === 1);
    const since = passed ? deck.seconds - beats[passed - 1] : 9;
    number.style.setProperty("--pulse", Math.exp(-since / 0.16).toFixed(3));
    const here = sections.find(({ start_s: start, end_s: end }) => start <= deck.seconds && deck.seconds < end);
    const begin = deck.player.clock.playing ? "" : "Press play to hear it counted";
    const part = here && passed ? `Part ${here.label}` : begin;
    if (where.textContent !== part) where.textContent = part;
  }
}
