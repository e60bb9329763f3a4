// A version as a file: which kind, which shape; it is made as a job and can then be downloaded.

const KINDS = [
  ["mp4", "Video", "with sound, for everywhere"], ["gif", "Animated picture", "four seconds, or the part danced"], ["html", "Page", "plays in any browser, without a network"],
  ["bvh", "Motion capture", "BVH, for Blender and others"], ["glb", "3-D scene", "glTF, for games and the web"], ["zip", "OpenPose", "for pose-to-video models"],
  ["otio", "Edit list", "of the dancers' own videos"], ["csv", "Table", "a row a frame"], ["npz", "Dance file", "for danceit itself"],
];
const SIZES = [360, 512, 720, 1080];
const COLOURS = [["night", "Night"], ["paper", "Paper"], ["mono", "Black and white"], ["dusk", "Dusk"]];
const AROUND = [["kept", "As it was filmed"], ["blurred", "Blurred"], ["still", "A plain ground"]];
const SHAPES = [["1:1", "Square"], ["9:16", "Upright"], ["16:9", "Wide"]];

class Exporting {
  constructor() {
    this.wanted = { format: "mp4", aspect: "9:16", size: 720, theme: "night", beats: false, credits: true, who: "", surroundings: "kept", match_colours: false };
    this.asked = false; // whether somebody said who is to be shown
  }

  open(version) {
    const dialog = $("export");
    this.filmed = isFilmed(deck.raw[deck.dance]);
    const part = deck.song.part ? `${clock(deck.song.part[0])} to ${clock(deck.song.part[1])}` : "the whole song";
    const look = this.#look();
    dialog.replaceChildren(
      element("h2", { id: "export-title" }, `Export ${version.name}`),
      element("p", { class: "dim" }, `Danced is ${part}.`),
      this.#kinds(() => this.#suit(look)),
      look,
      element("div", { class: "actions" }, button("Export", () => this.#begin(version), { kind: "primary", shape: "out" }), button("Cancel", () => dialog.close())),
    );
    this.#suit(look);
    dialog.showModal();
  }

  async #begin(version) {
    const { wanted } = this;
    const person = wanted.who.startsWith("person ") ? wanted.who.slice(7) : "";
    await api.post("/exports", { ...wanted, footage: wanted.who === "footage", person, dance: version.id });
    $("export").close();
    await project.refresh();
  }

  #kinds(chosen) {
    // A skeleton that turns needs depth, a list of cuts something to cut.
    const flat = deck.current.dims === 2 ? "needs dancers captured in depth" : "";
    const lacking = { bvh: flat, glb: flat, otio: this.filmed ? "" : UNFILMED };
    if (lacking[this.wanted.format]) this.wanted.format = "mp4";
    const kinds = element("div", { class: "kinds", role: "radiogroup", "aria-label": "Kind of file" });
    for (const [kind, name, text] of KINDS) {
      const input = element("input", { type: "radio", name: "kind", value: kind });
      input.disabled = Boolean(lacking[kind]);
      input.checked = this.wanted.format === kind;
      input.addEventListener("change", () => { this.wanted.format = kind; chosen(); });
      kinds.append(element("label", { class: "kind" }, input, element("span", {}, element("strong", {}, name), element("span", { class: "dim" }, lacking[kind] || text))));
    }
    return kinds;
  }

  // How it is drawn, where it is; `forVideo` is what a video alone has.
  #look() {
    const { wanted } = this;
    const choose = (label, name, options) => labelled(label, picker(label, options, String(wanted[name]), (value) => (wanted[name] = value)));
    const tick = (name, text) => {
      const input = element("input", { type: "checkbox" });
      input.checked = wanted[name];
      input.addEventListener("change", () => (wanted[name] = input.checked));
      return element("label", { class: "tick" }, input, text);
    };
    const forVideo = (row) => {
      row.dataset.video = "";
      return row;
    };
    // Drawn, as filmed, or a person of the project's folder `people`.
    const shown = [["", "A drawn figure"], ["footage", "The dancers' own footage"], ...project.state.people.map((name) => [`person ${name}`, name])];
    const there = shown.some(([value]) => value === wanted.who) && (this.filmed || wanted.who !== "footage");
    if (!this.asked || !there) wanted.who = this.filmed ? "footage" : "";
    const dancer = forVideo(choose("Dancer", "who", shown));
    dancer.querySelector("option[value=footage]").disabled = !this.filmed;
    dancer.addEventListener("change", () => {
      this.asked = true;
      this.#suit(dancer.parentElement);
    });
    const ofFootage = (row) => {
      row.dataset.footage = "";
      return row;
    };
    return element(
      "div",
      { class: "look" },
      dancer,
      choose("Shape", "aspect", SHAPES),
      forVideo(choose("Size", "size", SIZES.map((px) => [String(px), `${px} px`]))),
      choose("Colours", "theme", COLOURS),
      tick("beats", "Beats under the dancer"),
      ofFootage(choose("Around the dancer", "surroundings", AROUND)),
      ofFootage(tick("match_colours", "Bring the light of all footage together")),
      forVideo(tick("credits", "Name every dancer at the end")),
      this.filmed ? "" : forVideo(element("p", { class: "dim unfilmed" }, `${UNFILMED} It can only be drawn.`)),
    );
  }

  #suit(look) {
    look.hidden = !["mp4", "gif"].includes(this.wanted.format);
    const { format, who } = this.wanted;
    for (const row of look.querySelectorAll("[data-video]")) row.hidden = format !== "mp4";
    for (const row of look.querySelectorAll("[data-footage]")) row.hidden = format !== "mp4" || who !== "footage";
  }
}
