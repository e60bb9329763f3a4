// The library: every dancer's clips as moving pictures, and what of them is wanted.

const SORTS = { style: "by style", tempo: "by tempo", energy: "by energy", length: "by length" };
const FILTERS = { style: "Style", dancer: "Dancer", licence: "Licence" };
const BODIES = { whole: "Whole bodies", upper: "Upper bodies" };
const TURNS = { some: ["With turns", (clip) => clip.turns > 0], many: ["Many turns", (clip) => clip.turns / clip.seconds > 0.1], none: ["Without turns", (clip) => clip.turns === 0] };

const TEMPOS = { slow: ["Under 90 BPM", (clip) => clip.tempo_bpm > 0 && clip.tempo_bpm < 90], medium: ["90 to 125 BPM", (clip) => clip.tempo_bpm >= 90 && clip.tempo_bpm <= 125], quick: ["Over 125 BPM", (clip) => clip.tempo_bpm > 125], none: ["No tempo", (clip) => !clip.tempo_bpm] };
const ENERGIES = [["calm", "Calm"], ["medium", "Medium"], ["lively", "Lively"]];

class LibraryPage {
  constructor(page) {
    this.page = page;
    this.wanted = { style: "", dancer: "", licence: "", body: "", turns: "", tempo: "", energy: "", text: "", sort: "style" };
  }

  async show() {
    const told = await api.get("/clips");
    Object.assign(this, { clips: told.clips, index: told.index_id });
    this.third = thirdsOf(told.clips);
    const { library } = project.state;
    this.grid = element("ul", { class: "clips" });
    this.sum = element("p", { class: "dim", role: "status" });
    const song = project.song(deck.song?.id) || project.state.songs.filter(({ ready }) => ready).at(-1);
    const next = nextStep();
    const ask = element("div", { class: "group" }, ...next, button("Find a move", askForMove, { shape: "other", title: "By a video or motion capture of it" }), ...(song ? [button(`Gaps for ${song.name}`, () => showGaps(this.page, song, this.#back()), { title: "What the library lacks for this song" })] : []));
    const more = dropZone("Add dancers", "drop or press", { multiple: true, on: takeDances });
    this.page.replaceChildren(
      element(
        "section",
        { class: "shelf" },
        element("div", { class: "shelf-head" }, element("div", {}, element("h1", {}, "Library"), this.sum), ask, more),
        this.#filters(library),
        this.grid,
      ),
    );
    this.#list();
  }

  #filters(library) {
    const bar = element("div", { class: "filters", role: "search" });
    const search = element("input", { type: "search", class: "field", placeholder: "Search", "aria-label": "Search by name" });
    search.value = this.wanted.text;
    search.addEventListener("input", () => this.#want({ text: search.value.trim().toLowerCase() }));
    bar.append(search);
    for (const [name, label] of Object.entries(FILTERS)) {
      const known = library[`${name}s`];
      if (known.length < 2) continue;
      bar.append(picker(label, [["", `Every ${label.toLowerCase()}`], ...known.map((one) => [one, one])], this.wanted[name], (value) => this.#want({ [name]: value })));
    }
    if (library.bodies.length > 1) {
      bar.append(picker("Body", [["", "Every body"], ...library.bodies.map((body) => [body, BODIES[body] || body])], this.wanted.body, (body) => this.#want({ body })));
    }
    const turning = this.clips.filter(({ turns }) => turns > 0).length;
    if (turning && turning < this.clips.length) {
      bar.append(picker("Turns", [["", "Turns or none"], ...Object.entries(TURNS).map(([name, [text]]) => [name, text])], this.wanted.turns, (turns) => this.#want({ turns })));
    }
    const tempos = Object.entries(TEMPOS).filter(([, [, fits]]) => this.clips.some(fits));
    if (tempos.length > 1) bar.append(picker("Tempo", [["", "Every tempo"], ...tempos.map(([name, [text]]) => [name, text])], this.wanted.tempo, (tempo) => this.#want({ tempo })));
    if (this.clips.length > 2) bar.append(picker("Energy", [["", "Calm or lively"], ...ENERGIES], this.wanted.energy, (energy) => this.#want({ energy })));
    bar.append(picker("Order", Object.entries(SORTS), this.wanted.sort, (sort) => this.#want({ sort })));
    return bar;
  }

  #want(wanted) {
    Object.assign(this.wanted, wanted);
    this.#list();
  }

  #list() {
    const { wanted } = this;
    const fits = (clip) =>
      Object.keys(FILTERS).every((name) => !wanted[name] || clip[name] === wanted[name]) &&
      (!wanted.body || clip.body === wanted.body) &&
      (!wanted.tempo || TEMPOS[wanted.tempo][1](clip)) &&
      (!wanted.energy || this.third.get(clip.id) === wanted.energy) &&
      (!wanted.turns || TURNS[wanted.turns][1](clip)) &&
      (!wanted.text || `${clip.id} ${clip.style} ${clip.dancer}`.toLowerCase().includes(wanted.text));
    const by = { style: null, tempo: (clip) => clip.tempo_bpm, energy: (clip) => -clip.energy, length: (clip) => -clip.seconds }[wanted.sort];
    const shown = this.clips.filter(fits);
    if (by) shown.sort((one, other) => by(one) - by(other));
    this.sum.textContent = `${plural(shown.length, "clip")} of ${this.clips.length} · ${plural(project.state.library.moves, "move")} in all`;
    this.cards ||= new Map();
    this.grid.replaceChildren(...shown.map((clip) => this.#card(clip)));
  }

  #card(clip) {
    if (!this.cards.has(clip.id)) {
      const facts = [clip.style, clip.dancer, clip.tempo_bpm ? `${clip.tempo_bpm.toFixed(0)} BPM` : "", clock(clip.seconds, 0)].filter(Boolean);
      this.cards.set(
        clip.id,
        element(
          "li",
          {},
          element(
            "button",
            { type: "button", class: "clip-card", "aria-label": `${nameOf(clip.id)}, ${facts.join(", ")}`, onclick: () => attempt(() => this.#open(clip)) },
            loops.picture(this.index, clip.move, `a move of ${nameOf(clip.id)}`),
            element("strong", {}, swatch(clip), ...shortened(nameOf(clip.id))),
            element("span", { class: "dim" }, facts.join(" · ")),
          ),
        ),
      );
    }
    return this.cards.get(clip.id);
  }

  // All moves of one clip, one after the other.
  async #open(clip) {
    const { moves } = await api.get(`/clip?clip=${encodeURIComponent(clip.id)}`);
    const back = this.#back();
    const stretch = stretchFields("Like a stretch of it:");
    const alike = button("Find", () => this.#like(`clip=${encodeURIComponent(clip.id)}&${stretch.query()}`, `a stretch of ${nameOf(clip.id)}`), { shape: "other", label: "Find moves like this stretch" });
    stretch.row.append(alike);
    this.stretch = stretch;
    const facts = [clip.style, clip.dancer, clip.licence, clip.tempo_bpm ? `${clip.tempo_bpm.toFixed(0)} BPM` : "", clock(clip.seconds, 0), clip.turns ? plural(clip.turns, "turn") : ""];
    this.page.replaceChildren(
      element(
        "section",
        { class: "shelf" },
        element("div", { class: "shelf-head" }, element("div", {}, element("h1", {}, nameOf(clip.id)), element("p", { class: "dim" }, facts.filter(Boolean).join(" · "))), element("div", { class: "group" }, button("How it was cleaned", async () => {
          await api.post("/library/sheet", { recording: clip.recording });
          toast("The cleaning sheet is being drawn; you will be told.");
        }), button("Take it out", () => this.#remove("recording", clip.recording, nameOf(clip.id)), { shape: "bin" }), ...(clip.dancer ? [button(`Take out ${clip.dancer}`, () => this.#remove("dancer", clip.dancer, `everything of ${clip.dancer}`), { shape: "bin" })] : []), back)),
        stretch.row,
        element("p", { class: "dim" }, `${plural(moves.length, "move")}, one after the other; ${clip.moves} with those that begin in between.`),
        element(
          "ul",
          { class: "clips small" },
          ...moves.map((move) => this.#move({ ...move, clip: clip.id }, clock(move.start_s))),
        ),
      ),
    );
    back.focus();
  }

  #move(move, words) {
    const name = `${nameOf(move.clip)} at ${clock(move.start_s)}`;
    return element("li", {}, element("button", { type: "button", class: "clip-card", "aria-label": name, onclick: () => this.#about(move, name) }, loops.picture(this.index, move.id, ""), element("span", { class: "dim" }, words)));
  }

  // One move: to be heard, looked for, danced.
  #about(move, name) {
    const dialog = $("move");
    const version = project.dance(deck.ids[0]) || project.state.dances.at(-1);
    const heard = element("audio", { controls: "", preload: "none", src: `/heard?move=${encodeURIComponent(move.id)}`, "aria-label": `Music of ${name}` });
    heard.addEventListener("error", () => heard.replaceWith(element("p", { class: "dim" }, "There is no music of its own to hear.")));
    const use = version && button(`Put it into ${version.name}`, async () => {
      if (deck.ids[0] !== version.id || deck.ids.length > 1) await deck.openDances([version.id]);
      const at = middleOf(deck.stretch);
      dialog.close();
      location.hash = `#/dance/${version.id}`;
      await putMove({ id: move.id, name }, at, version.id);
    }, { kind: "primary", shape: "dancer", title: "Where its playhead stands" });
    // Of a clip that is open: where the stretch that is looked for begins and ends.
    const mark = (text, end, seconds) => button(text, () => { this.stretch.set(end, seconds); dialog.close(); }, { title: "Of the stretch that moves are looked for by" });
    const marks = this.stretch?.row.isConnected ? element("div", { class: "actions marks" }, mark("From here", "from", move.start_s), mark("To here", "to", move.end_s)) : "";
    const picture = loops.picture(this.index, move.id, `${name}, moving`);
    dialog.replaceChildren(
      element("h2", { id: "move-title" }, name),
      element("div", { class: "about-move" }, picture, element("div", { class: "column" }, heard, button("Moves like this", () => { dialog.close(); return this.#alike(move, name); }, { shape: "other" }), marks, use || "", button("Close", () => dialog.close()))),
    );
    dialog.addEventListener("close", () => heard.pause(), { once: true });
    dialog.showModal();
  }

  #back() {
    return button("Back to all", () => this.show(), { shape: "back" });
  }

  #alike(move, name) {
    return this.#like(`move=${encodeURIComponent(move.id)}`, name);
  }

  async #like(query, name) {
    this.found(name, await api.get(`/alike?${query}`));
  }

  // Show moves that were found to be like something.
  found(name, { moves, index_id: index }) {
    this.index = index;
    const back = this.#back();
    this.page.replaceChildren(
      element(
        "section",
        { class: "shelf" },
        element("div", { class: "shelf-head" }, element("div", {}, element("h1", {}, `Moves like ${name}`), element("p", { class: "dim" }, `${plural(moves.length, "move")}, the most like it first`)), back),
        element("ul", { class: "clips small" }, ...moves.map((one) => this.#move(one, `${nameOf(one.clip)} ${clock(one.start_s, 0)}`))),
      ),
    );
    back.focus();
  }

  // Out for good: from every later dance, and from the files of the library.
  async #remove(what, name, words) {
    const dialog = $("move");
    const sure = button("Take out for good", async () => {
      await api.post("/library/remove", { [what]: name });
      dialog.close();
      await project.refresh();
      toast(`${words} was taken out of the library.`);
    }, { kind: "primary" });
    dialog.replaceChildren(
      element("h2", { id: "move-title" }, `Take out ${words}?`),
      element("p", {}, "It is gone from the library's files and from every dance made from now on. Dances that were made stay as they are. Adding it again later leaves it out."),
      element("div", { class: "actions" }, sure, button("Keep it", () => dialog.close())),
    );
    dialog.showModal();
  }
}

// A name that is cut where it is too long, but for its end: the part of a recording, the person in it.
function shortened(name) {
  const end = name.match(/(, (part|person) \d+)+$/)?.[0] || "";
  return [element("span", {}, name.slice(0, name.length - end.length)), ...(end ? [element("span", { class: "end" }, end.slice(2))] : [])];
}

// Which third of the library each clip is of, by how much it moves.
function thirdsOf(clips) {
  const calmest = [...clips].sort((one, other) => one.energy - other.energy);
  return new Map(calmest.map(({ id }, i) => [id, ENERGIES[Math.floor((3 * i) / calmest.length)][0]]));
}

function picker(label, options, value, on) {
  const select = element("select", { class: "field", "aria-label": label }, ...options.map(([key, text]) => element("option", { value: key }, text)));
  select.value = value;
  select.addEventListener("change", () => on(select.value));
  return select;
}

// What comes after a library: a song, and a dance to it; nothing once there is one.
function nextStep() {
  const { songs, dances } = project.state;
  if (!songs.length) return [element("a", { class: "chip primary", href: "#/songs" }, icon("song"), "Now a song")];
  const song = songs.filter(({ ready }) => ready).at(-1);
  if (dances.length || !song) return [];
  return [element("a", { class: "chip primary", href: `#/song/${song.id}` }, icon("dancer"), element("span", { class: "name" }, `Now a dance to ${song.name}`))];
}
