// One move of a dance: why it is there, and everything that could be there instead, moving.

const ORDERS = [["fit", "Best fit"], ["alike", "Like this"], ["calmer", "Calmer"], ["bigger", "Bigger"]];
const HOVER_MS = 220;

class Moving {
  constructor() {
    this.order = "fit";
    this.trying = null;
  }

  panel() {
    this.#leave(false);
    this.box = element("section", { class: "card move", tabindex: "-1", "aria-label": "Move" });
    this.show();
    return this.box;
  }

  get version() {
    return project.dance(deck.ids[deck.dance]);
  }

  // Tell of the move that is on show, or that was picked.
  show() {
    if (!this.box || !deck.current || this.trying) return;
    const { fragment, segment, current, version } = { fragment: deck.fragment, segment: deck.segment, current: deck.current, version: this.version };
    if (!version) return;
    const key = JSON.stringify([version.id, version.revision, segment, fragment.id, deck.selected !== null]);
    if (key === this.key && this.box.firstChild) return;
    this.key = key;
    const [start, end] = deck.stretch;
    // The middle: a window may begin between two frames.
    this.at = (start + end) / 2;
    const seam = segment > 0 && current.seamSet.has(current.segments[segment][0]);
    const kept = version.changes.some((one) => one.kind === "pin" && one.what === fragment.id && Math.abs(one.at - this.at) < 0.05);
    const again = this.#again(segment);
    this.status = element("p", { role: "status", class: "dim status" });
    redraw(
      this.box,
      element("h2", {}, `${clock(start)} to ${clock(end)}`),
      element("h3", {}, swatch(fragment), element("span", {}, nameOf(fragment.clip))),
      element("p", { class: "why" }, why(fragment, segment, seam)),
      element(
        "div",
        { class: "actions" },
        kept ? element("span", { class: "kept" }, icon("keep"), "Kept") : this.#act("Keep", "keep", { kind: "pin", at: this.at, what: fragment.id, text: `Keep ${clock(start)} to ${clock(end)}` }, "No later change may replace it"),
        this.#act("Not this move", "ban", { kind: "ban", what: fragment.id, text: `Without the move at ${clock(start)}` }, "Another one here and everywhere"),
        this.#act("Nothing of this clip", "ban", { kind: "ban", what: fragment.clip, text: `Without ${nameOf(fragment.clip)}` }, "Take nothing from this recording"),
        button("Loop it", () => { deck.transport.setLoop([start, end]); deck.player.clock.seek(start); }, { shape: "loop" }),
        this.#mirror(version),
        ...(deck.selected === null ? [] : [button("Follow the song", () => deck.select(deck.dance, null))]),
        ...(again.length ? [this.#copy(again)] : []),
      ),
      this.status,
      this.#instead(fragment),
      facts([
        ["In the source", `${clock(current.sourceS[current.segments[segment][0]])} to ${clock(current.sourceS[current.segments[segment][1] - 1])} of ${fragment.source}`],
        ["Part", partOf(fragment.clip)],
        ["Style", fragment.style],
        ["Side", fragment.mirrored ? "left for right" : ""],
        ["Licence", fragment.licence],
      ]),
      numbersOf(fragment, segment, seam),
    );
  }

  #act(text, shape, change, title) {
    return button(text, () => changeDance([change]), { shape, title });
  }

  // Changes that dance this eight again, its moves and its side, wherever the song sounds like here.
  #again(segment) {
    const { counts, current } = deck;
    const here = partAt(counts, this.at);
    const eight = eightAt(this.at);
    const inside = eight ? segmentsIn(current, eight) : [];
    const own = inside.length ? inside : [segment];
    const copied = counts.sections.filter((one) => here && one !== here && one.label === here.label).flatMap((other) => this.#copied(own, here, other));
    return copied.length ? [...this.#kept(own), ...copied] : [];
  }

  // What is danced again stays as it is: the parts may lie so near that one is chosen anew with the other.
  #kept(own) {
    const { current } = deck;
    const pinned = new Set(this.version.changes.filter(({ kind }) => kind === "pin").map(({ at }) => current.segmentAt(current.frameAt(at))));
    return own.filter((which) => !pinned.has(which)).map((which) => ({ kind: "pin", at: middleOfMove(current, which), what: current.fragmentOf(which).id, text: `${clock(middleOfMove(current, which))}: kept, to be danced again` }));
  }

  #copied(own, here, other) {
    const { counts, current } = deck;
    const segmentAt = (at) => current.segmentAt(current.frameAt(at));
    // A part that is cut otherwise may have one place for two of them: the first has it.
    const places = own.map((which) => ({ which, at: sameIn(counts, here, other, middleOfMove(current, which)) })).filter(({ at }, i, all) => at !== null && all.findIndex((one) => one.at !== null && segmentAt(one.at) === segmentAt(at)) === i);
    const pins = places.map(({ which, at }) => ({ kind: "pin", at, what: current.fragmentOf(which).id, text: `${clock(at)}: as at ${clock(middleOfMove(current, which))}` }));
    const sideOf = (which) => Boolean(current.fragmentOf(which).mirrored);
    const turned = places.filter(({ which, at }) => sideOf(which) !== sideOf(segmentAt(at))).map(({ at }) => segmentAt(at));
    if (!turned.length) return pins;
    // A whole eight as one change, which its own button then shows; what is left, move by move.
    const eight = eightAt(middleOfMove(current, turned[0]));
    const inEight = eight ? segmentsIn(current, eight) : [];
    const whole = inEight.length > 0 && inEight.every((which) => turned.includes(which));
    const rest = whole ? turned.filter((which) => !inEight.includes(which)) : turned;
    const stretches = rest.map((which) => current.segments[which].slice(0, 2).map((frame) => frame / current.fps));
    return [...pins, ...[...(whole ? [eight] : []), ...stretches].map(otherSide)];
  }

  #copy(changes) {
    const here = partAt(deck.counts, this.at);
    const places = new Set(changes.filter(({ kind }) => kind === "pin").map(({ at }) => partAt(deck.counts, at)).filter((part) => part && part !== here)).size;
    return button("Also where the song comes back", async () => {
      if (!(await changeDance(changes))) toast("It is danced this way there already.");
    }, { shape: "loop", title: `Dance this eight the same way in ${plural(places, "other part")} that sound${places === 1 ? "s" : ""} alike` });
  }

  #instead(fragment) {
    const set = element("div", { class: "orders", role: "group", "aria-label": "Which moves instead" });
    for (const [order, text] of ORDERS) {
      const chip = element("button", { type: "button", class: "chip", "aria-pressed": String(order === this.order), onclick: () => { this.order = order; this.key = ""; this.show(); } }, text);
      set.append(chip);
    }
    const grid = element("ul", { class: "moves", "aria-label": "Moves that could be here instead" });
    // While the song plays on, moves pass too quickly to be worth looking for each one's rivals.
    if (deck.selected === null && deck.player.clock.playing) {
      grid.append(element("li", { class: "dim" }, "Press a move on the timeline to see what else could be there."));
    } else attempt(() => this.#fill(grid, fragment));
    return element("div", { class: "instead" }, element("h2", {}, "Instead"), set, grid);
  }

  // The eight to the other side, or back again.
  #mirror(version) {
    const eight = eightAt(this.at) || deck.stretch;
    const change = otherSide(eight);
    const made = button("Mirror this eight", () => turnEight(change), { shape: "mirror", title: `${clock(eight[0])} to ${clock(eight[1])}, left for right` });
    made.setAttribute("aria-pressed", String(version.changes.some((one) => sameEight(one, change))));
    return made;
  }

  async #fill(grid, fragment) {
    const [start, end] = deck.stretch;
    const { version } = this;
    const { at } = this;
    const query = `at=${at}&shown=${encodeURIComponent(fragment.id)}&order=${this.order}`;
    const { others, index_id: index } = await api.get(`/dances/${version.id}/others?${query}`);
    // A move lasts as long here as what it would take the place of.
    const timing = () => (deck.player && deck.player.clock.playing ? ((((deck.seconds - start) / (end - start)) % 1) + 1) % 1 : null);
    grid.replaceChildren(
      ...others.map((other, i) => {
        const from = `${nameOf(other.clip)} at ${clock(other.start_s)}`;
        const words = [other.words, other.dancer === fragment.dancer ? "" : other.dancer].filter(Boolean).join(", ");
        const change = { kind: "pin", at, what: other.id, text: `${clock(start)}: a move of ${nameOf(other.clip)}` };
        const card = element(
          "button",
          { type: "button", class: "move-card", title: [from, words].filter(Boolean).join(": "), "aria-label": `Take move ${i + 1}, of ${from}${words ? `, ${words}` : ""}`, "data-move": other.id },
          loops.picture(index, other.id, "", timing, other.frames),
          element("span", { class: "words" }, swatch(other), element("span", {}, [`${clock(other.start_s)} ${nameOf(other.clip)}`, other.words].filter(Boolean).join(", "))),
        );
        card.addEventListener("click", () => this.#take(change, card));
        carry(card, { id: other.id, name: nameOf(other.clip) });
        // A list that comes to be under a mouse at rest is not being pointed at.
        card.addEventListener("pointermove", (event) => {
          if (event.pointerType !== "mouse" || this.over === card || !(event.movementX || event.movementY)) return;
          this.over = card;
          this.#hover(change, [start, end]);
        });
        card.addEventListener("pointerleave", () => this.#leave());
        // The keyboard points by its focus, but for what comes back to a move that is taken.
        card.addEventListener("focus", () => card !== this.taken && card.matches(":focus-visible") && this.#hover(change, [start, end]));
        card.addEventListener("blur", () => this.#leave());
        return element("li", {}, card);
      }),
    );
    if (!others.length) grid.append(element("li", { class: "dim" }, "Nothing else was found. Try another order, or a larger library."));
  }

  // Show it in its place without keeping it, while the pointer or the keyboard rests on it.
  #hover(change, [start, end]) {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(async () => {
      const mine = (this.trying = new AbortController());
      const { version } = this;
      try {
        const told = await api.post(`/dances/${version.id}/try`, { changes: withChange(version.changes, change, deck.current) }, mine.signal);
        if (this.trying !== mine || mine.signal.aborted) return;
        this.before ||= { loop: deck.player.clock.loop };
        deck.preview(told.dances);
        deck.transport.setLoop([Math.max(0, start - 1), Math.min(end + 1, deck.player.data.duration_s)]);
        if (deck.seconds < start - 1 || deck.seconds > end + 1) deck.player.clock.seek(Math.max(0, start - 1));
        this.status.textContent = "Trying it in its place: press to take it.";
      } catch (error) {
        if (error.name !== "AbortError") this.status.textContent = error.message;
      }
    }, HOVER_MS);
  }

  // What is only tried is shown no more.
  settle() {
    this.#leave();
  }

  #leave(back = true) {
    clearTimeout(this.waiting);
    this.over = null;
    if (this.trying) this.trying.abort();
    this.trying = null;
    if (!this.before) return;
    const { loop } = this.before;
    this.before = null;
    if (back) deck.preview(deck.raw); // which may have become another meanwhile
    deck.transport.setLoop(loop);
    this.status.textContent = "";
    if (back) this.show();
  }

  async #take(change, card) {
    this.#leave(false); // it stays in its place until it is there for good
    this.taken = card;
    const taken = await attempt(async () => {
      await changeDance([change]);
      return true;
    }, card);
    if (!taken) deck.preview(deck.raw);
    if ([document.body, $("aside")].includes(document.activeElement)) this.box.focus({ preventScroll: true });
  }
}

// A stretch danced to the other side. Windows begin on counts: a little inside, so that the
// neighbours' are not meant.
function otherSide([start, end]) {
  return { kind: "mirror", from: start + 0.05, to: end - 0.05, text: `${clock(start)} to ${clock(end)} to the other side` };
}

// The eight that the song is in at a moment; undefined before the first.
function eightAt(seconds) {
  return eightsOf(deck.counts, deck.player.data.duration_s).find(([from, to]) => from <= seconds && seconds < to);
}

// The moves whose middle lies in a stretch.
function segmentsIn(dance, [from, to]) {
  return dance.segments.map((_, which) => which).filter((which) => middleOfMove(dance, which) >= from && middleOfMove(dance, which) < to);
}

function middleOfMove(dance, which) {
  const [start, end] = dance.segments[which];
  return (start + end) / 2 / dance.fps;
}

function partAt(counts, seconds) {
  return counts.sections.find(({ start_s: start, end_s: end }) => start <= seconds && seconds < end);
}

// The moment of another part that is as many counts into it; null where it is not that long.
function sameIn(counts, here, other, seconds) {
  const { beats_s: beats } = counts;
  const first = (part) => countUpTo(beats, part.start_s + 0.05) - 1;
  const i = countUpTo(beats, seconds) - 1;
  const to = i - first(here) + first(other);
  if (i < 0 || to < 0 || to + 1 >= beats.length || i + 1 >= beats.length) return null;
  const at = beats[to] + ((seconds - beats[i]) / (beats[i + 1] - beats[i])) * (beats[to + 1] - beats[to]);
  return at >= other.start_s && at < other.end_s ? at : null;
}
