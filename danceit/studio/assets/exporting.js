// A version as a file: which kind, which shape; it is made as a job and can then be downloaded.

const KINDS = [
  ["mp4", "Video", "with sound, for everywhere"], ["gif", "Animated picture", "four seconds, or the part danced"], ["html", "Page", "plays in any browser, without a network"],
  ["bvh", "Motion capture", "BVH, for Blender and others"], ["glb", "3-D scene", "glTF, for games and the web"], ["zip", "OpenPose", "for pose-to-video models"],
  ["otio", "Edit list", "of the dancers' own videos"], ["csv", "Table", "a row a frame"], ["npz", "Dance file", "for danceit itself"],
];
const SHAPES = [["1:1", "Square"], ["9:16", "Upright"], ["16:9", "Wide"]];

class Exporting {
  constructor() {
    this.wanted = { format: "mp4", aspect: "9:16", size: 720, theme: "night", beats: false, credits: true, who: "" };
  }

  open(version) {
    const dialog = $("export");
    const { wanted } = this;
    const flat = deck.current.dims === 2;
    const part = deck.song.part ? `${clock(deck.song.part[0])} to ${clock(deck.song.part[1])}` : "the whole song";
    const kinds = element("div", { class: "kinds", role: "radiogroup", "aria-label": "Kind of file" });
    const look = element("div", { class: "look" });
    const sync = () => {
      look.hidden = !["mp4", "gif"].includes(wanted.format);
      for (const row of look.querySelectorAll("[data-video]")) row.hidden = wanted.format !== "mp4";
    };
    for (const [kind, name, text] of KINDS) {
      const input = element("input", { type: "radio", name: "kind", value: kind });
      // A skeleton that turns needs depth.
      input.disabled = flat && ["bvh", "glb"].includes(kind);
      input.checked = wanted.format === kind;
      input.addEventListener("change", () => { wanted.format = kind; sync(); });
      kinds.append(element("label", { class: "kind" }, input, element("span", {}, element("strong", {}, name), element("span", { class: "dim" }, text))));
    }
    const tick = (name, text, video = true) => {
      const input = element("input", { type: "checkbox" });
      input.checked = wanted[name];
      input.addEventListener("change", () => (wanted[name] = input.checked));
      return element("label", { class: "tick", ...(video ? { "data-video": "" } : {}) }, input, text);
    };
    const size = labelled("Size", picker("Size", [[360, "360"], [512, "512"], [720, "720"], [1080, "1080"]].map(([value, text]) => [String(value), `${text} px`]), String(wanted.size), (value) => (wanted.size = Number(value))));
    size.dataset.video = "";
    // Drawn, as filmed, or a person of the project's folder `people`.
    const { people } = project.state;
    const shown = [["", "A drawn figure"], ["footage", "The dancers' own footage"], ...people.map((name) => [`person ${name}`, name])];
    if (!shown.some(([value]) => value === wanted.who)) wanted.who = "";
    const who = labelled("Dancer", picker("Dancer", shown, wanted.who, (value) => (wanted.who = value)));
    who.dataset.video = "";
    look.append(
      who,
      labelled("Shape", picker("Shape", SHAPES, wanted.aspect, (value) => (wanted.aspect = value))),
      size,
      labelled("Colours", picker("Colours", ["night", "paper", "mono", "dusk"].map((name) => [name, name]), wanted.theme, (value) => (wanted.theme = value))),
      tick("beats", "Beats under the dancer", false),
      tick("credits", "Name every dancer at the end"),
    );
    const go = button("Export", async () => {
      const person = wanted.who.startsWith("person ") ? wanted.who.slice(7) : "";
      await api.post("/exports", { ...wanted, footage: wanted.who === "footage", person, dance: version.id });
      dialog.close();
      await project.refresh();
    }, { kind: "primary", shape: "out" });
    dialog.replaceChildren(
      element("h2", { id: "export-title" }, `Export ${version.name}`),
      element("p", { class: "dim" }, `Danced is ${part}.`),
      kinds,
      look,
      element("div", { class: "actions" }, go, button("Cancel", () => dialog.close())),
    );
    sync();
    dialog.showModal();
  }
}
