// What a dance is to be like, in people's words.

const CHOICES = {
  moves: ["Moves", [["short", "Short"], ["medium", "Medium"], ["long", "Long"]], "How long one move lasts before another may follow"],
  variety: ["Variety", [["little", "Comes back"], ["some", "Some"], ["much", "Ever new"]], "How much the dance repeats itself"],
  energy: ["Energy", [["even", "Even"], ["music", "With the music"], ["strong", "Contrast"]], "How much loud parts are danced larger than quiet ones"],
};

const SLOW_MS = 1500; // from which it is said what is being waited for

class Making {
  constructor() {
    this.wishes = { style: "", dancer: "", licence: "", body: "any", moves: "medium", variety: "some", energy: "music", alike: true, seed: 0 };
  }

  // The controls, as they stand for a version.
  panel(version) {
    if (version) this.wishes = { ...version.wishes };
    const { library } = project.state;
    const box = element("section", { class: "card make" });
    if (!library) {
      box.append(element("p", {}, "There is no library to dance from."), element("a", { class: "chip primary", href: "#/library" }, "To the library"));
      return box;
    }
    const rows = element("div", { class: "wishes" });
    for (const [name, label, all] of [["style", "Style", "any style"], ["dancer", "Dancer", "any dancer"], ["licence", "Licence", "any licence"]]) {
      const known = library[`${name}s`];
      if (known.length < 2) continue;
      rows.append(labelled(label, picker(label, [["", all], ...known.map((one) => [one, one])], this.wishes[name], (value) => (this.wishes[name] = value))));
    }
    if (library.bodies.length > 1) {
      rows.append(labelled("Body", picker("Body", [["any", "whole where there is one"], ["whole", "whole bodies only"], ["upper", "upper bodies only"]], this.wishes.body, (value) => (this.wishes.body = value))));
    }
    for (const [name, [label, options, title]] of Object.entries(CHOICES)) rows.append(this.#segments(name, label, options, title));
    const alike = element("input", { type: "checkbox", id: "alike" });
    alike.checked = this.wishes.alike;
    alike.addEventListener("change", () => (this.wishes.alike = alike.checked));
    rows.append(element("label", { class: "tick" }, alike, "Choruses are danced alike"));
    const song = deck.song ? deck.song.id : null;
    const make = button(version ? "Make it so" : "Make a dance", () => makeDance(song, () => ({ wishes: { ...this.wishes, seed: 0 } })), { kind: "primary", shape: "dancer", title: "A new version with these wishes; those there are stay" });
    const other = button("Another one", () => this.another(), { shape: "other", title: "Another dance with the same wishes (N)" });
    other.id = "another";
    box.append(rows, element("div", { class: "actions" }, make, ...(version ? [other] : [])));
    if (version && version.notes.length) box.append(...version.notes.map((note) => element("p", { class: "note" }, note)));
    if (version) box.append(element("p", { class: "dim" }, `Made in ${version.solved_s.toFixed(2)} s.`));
    return box;
  }

  // One with the same wishes that is unlike those in the tray.
  another() {
    return makeDance(deck.song.id, () => ({ wishes: this.wishes, another: true }));
  }

  #segments(name, label, options, title) {
    const set = element("fieldset", { class: "segments", title }, element("legend", {}, label));
    for (const [value, text] of options) {
      const input = element("input", { type: "radio", name: `wish-${name}`, value });
      input.checked = this.wishes[name] === value;
      input.addEventListener("change", () => (this.wishes[name] = value));
      set.append(element("label", {}, input, element("span", {}, text)));
    }
    return set;
  }
}

function labelled(text, control) {
  return element("label", { class: "labelled" }, element("span", {}, text), control);
}

// Choose a dance, keep it as a version and show it; what is asked for is settled when its turn comes.
async function makeDance(song, asked = () => ({ wishes: making.wishes })) {
  const { dance } = await inTurn(async () => {
    // Mostly a moment; the first to a song looks through the whole library for it.
    let said = null;
    const slow = setTimeout(() => (said = toast("Choosing moves for the whole song. The first dance takes longest.", { stays: true })), SLOW_MS);
    try {
      const told = await api.post("/dances", { song, ...asked() });
      project.keep(told.dance);
      return told;
    } finally {
      clearTimeout(slow);
      if (said) said.remove();
    }
  });
  location.hash = `#/dance/${dance.id}`;
}
