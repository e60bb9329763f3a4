// Which fragment is on show, where it comes from and why it was chosen.

class Inspector extends EventTarget {
  constructor(player, timeline) {
    super();
    this.player = player;
    this.timeline = timeline;
    this.dance = 0;
    this.selected = null;
    this.shown = [];
    for (const id of ["tabs", "card", "fragments", "about"]) this[id] = document.getElementById(id);
    timeline.addEventListener("pick", ({ detail }) => this.select(detail.dance, detail.segment));
    player.addEventListener("picture", () => this.#follow());
    this.refresh();
  }

  get current() {
    return this.player.dances[this.dance];
  }

  // The segment that the card tells of: the one picked, else the one on show.
  get segment() {
    return this.selected === null ? this.shown[this.dance] || 0 : this.selected;
  }

  // For the transport: where fragments begin, and the stretch that is on show.
  get marks() {
    return this.current.segments.map(([start]) => start / this.current.fps);
  }

  get stretch() {
    const [start, end] = this.current.segments[this.segment];
    return [start / this.current.fps, end / this.current.fps];
  }

  get fps() {
    return this.current.fps;
  }

  get fragment() {
    return this.current.fragmentOf(this.segment);
  }

  // Pick a segment of a dance; null goes back to the one on show.
  select(dance, segment) {
    const other = dance !== this.dance;
    this.dance = dance;
    this.selected = segment;
    this.timeline.selected = segment === null ? null : { dance, segment };
    this.player.redraw();
    if (other) this.refresh();
    else this.#card();
    this.#mark();
  }

  refresh() {
    this.selected = this.selected !== null && this.selected < this.current.segments.length ? this.selected : null;
    this.timeline.selected = this.selected === null ? null : { dance: this.dance, segment: this.selected };
    this.shown = [];
    this.#tabs();
    this.#list();
    this.#about();
    this.#follow();
    this.#card();
    this.#emit("turned");
  }

  #follow() {
    const seconds = this.player.clock.seconds;
    this.player.dances.forEach((dance, i) => {
      const position = dance.frameAt(seconds);
      const segment = dance.segmentAt(position);
      const frame = Math.floor(position + 1e-6);
      const fragment = dance.fragmentOf(segment);
      const line = this.player.lines[i];
      if (this.shown[i] !== segment || !line.lastChild) {
        line.replaceChildren(swatch(fragment), element("span"));
        this.shown[i] = segment;
        if (i === this.dance) {
          if (this.selected === null) this.#card();
          this.#mark();
        }
      }
      const text = `${nameOf(fragment.clip)} · ${clock(dance.sourceS[frame])}`;
      if (line.lastChild.textContent !== text) line.lastChild.textContent = text;
    });
  }

  #tabs() {
    const { dances } = this.player;
    this.tabs.hidden = dances.length < 2;
    this.tabs.replaceChildren(
      ...dances.map((dance, i) =>
        element(
          "button",
          {
            type: "button", class: "chip", role: "tab", title: dance.name,
            "aria-selected": String(i === this.dance), onclick: () => this.select(i, null),
          },
          dance.name,
        ),
      ),
    );
  }

  #card() {
    const { segment, fragment } = this;
    const dance = this.current;
    const [start, end] = dance.segments[segment];
    const [from, to] = [start / dance.fps, end / dance.fps];
    const seam = segment > 0 && dance.seamSet.has(start);
    const reason = why(fragment, segment, seam);
    this.card.replaceChildren(
      element("h3", {}, swatch(fragment), element("span", {}, nameOf(fragment.clip))),
      reason ? element("p", { class: "why" }, reason) : "",
      this.#actions(from, to),
      facts([
        ["In the song", `${clock(from)} to ${clock(to)}`],
        ["In the source", `${clock(dance.sourceS[start])} to ${clock(dance.sourceS[end - 1])} of ${fragment.source}`],
        ["Part", partOf(fragment.clip)],
        ["Style", fragment.style],
        ["Licence", fragment.licence],
      ]),
      numbersOf(fragment, segment, seam),
      this.#others(fragment),
    );
  }

  #actions(from, to) {
    const box = element(
      "div",
      { class: "actions" },
      element("button", { type: "button", class: "chip", onclick: () => this.player.clock.seek(from) }, "Go there"),
      element(
        "button",
        { type: "button", class: "chip", onclick: () => this.#emit("loop", [from, to]) },
        "Loop it",
      ),
    );
    if (this.selected !== null) {
      box.append(element("button", { type: "button", class: "chip", onclick: () => this.select(this.dance, null) }, "Follow the song"));
    }
    this.#emit("actions", box);
    return box;
  }

  #others(fragment) {
    if (!fragment.others.length) return "";
    const rows = fragment.others.map((other, i) => {
      const words = [momentOf(other.id), fitOf(other, fragment)].filter(Boolean).join(" · ");
      const row = element("li", { "data-move": other.id }, element("span", {}, nameOf(clipOf(other.id)), element("span", { class: "dim" }, words)));
      this.#emit("other", { row, other, number: i + 1 });
      return row;
    });
    const costs = fragment.others.map(({ id, target }) => [id, target === null ? "" : `costs ${target.toFixed(3)}`]);
    return element("div", {}, element("h2", {}, "What else there was, the best first"), element("ul", { class: "others" }, ...rows), numbers(costs));
  }

  #list() {
    const dance = this.current;
    this.fragments.replaceChildren(
      ...dance.segments.map(([start], segment) => {
        const fragment = dance.fragmentOf(segment);
        const time = clock(start / dance.fps);
        return element(
          "li",
          {},
          element(
            "button",
            {
              type: "button",
              "aria-label": `${time}, ${nameOf(fragment.clip)}`,
              onclick: () => {
                this.player.clock.seek(start / dance.fps);
                this.select(this.dance, segment);
              },
            },
            swatch(fragment),
            element("span", { class: "dim" }, time),
            element("span", { class: "clip" }, nameOf(fragment.clip)),
            element("span", { class: "dim" }, fragment.style),
          ),
        );
      }),
    );
    this.#mark();
  }

  // Mark the fragment on show and the one picked in the list.
  #mark() {
    const now = this.shown[this.dance];
    [...this.fragments.children].forEach((item, segment) => {
      const button = item.firstChild;
      button.classList.toggle("selected", segment === this.selected);
      if (segment !== now) button.removeAttribute("aria-current");
      else button.setAttribute("aria-current", "true");
    });
  }

  #about() {
    const dance = this.current;
    const seconds = new Map();
    dance.segments.forEach(([start, end], i) => {
      const { clip, licence } = dance.fragmentOf(i);
      const key = licence ? `${nameOf(clip)} (${licence})` : nameOf(clip);
      seconds.set(key, (seconds.get(key) || 0) + (end - start) / dance.fps);
    });
    const sources = [...seconds].sort((a, b) => b[1] - a[1]).map(([key, s]) => `${key}, ${s.toFixed(0)} s`);
    const rows = [
      ["How it was made", madeBy(dance)],
      ["Steps", dance.steps.join(" → ")],
      ["Length", `${clock(dance.seconds)}, ${dance.frames} frames, ${dance.dims === 3 ? "with depth" : "flat"}`],
      ["Moves", `${dance.segments.length}, ${plural(dance.seams.length, "seam")}`],
      ["Index", dance.index_id],
      ["Encoder", dance.encoder_id],
      ["Sources", sources.join("; ")],
    ];
    this.about.replaceChildren(...facts(rows).childNodes);
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
