// Moves like another: of the library, a stretch of one of its clips, or a file that is dropped.

// Seconds, or minutes and seconds, from where to where.
function stretchFields(words) {
  const field = (name, text) => element("input", { type: "text", class: "field short", name, inputmode: "decimal", placeholder: text, "aria-label": `${text}, in seconds or as 1:23.5`, size: 6 });
  const [from, to] = [field("from", "From"), field("to", "To")];
  const row = element("div", { class: "stretch" }, element("span", { class: "dim" }, words), from, to);
  const told = () => ({ from: from.value.trim(), to: to.value.trim() });
  const set = (name, seconds) => (({ from, to })[name].value = clock(seconds));
  return { row, told, set, query: () => String(new URLSearchParams(told())) };
}

// Ask for a file, and for what stretch of it.
function askForMove() {
  const dialog = $("move");
  const stretch = stretchFields("Only this stretch, if you like:");
  const zone = dropZone("A video, BVH or .npz", "with its music, if it needs some: drop or press", {
    multiple: true,
    on: async (files) => {
      const wanted = stretch.told();
      dialog.close();
      const { asked } = await api.post("/asked");
      const told = sending(`Sending ${plural(files.length, "file")}`);
      try {
        for (const [i, { file, path }] of files.entries()) {
          await api.send(`/asked/${asked}?path=${encodeURIComponent(path)}`, file, (share) => told.tell((i + share) / files.length));
        }
        await api.post("/alike", { asked, ...wanted });
        await project.refresh();
        toast("It is looked for in the background; you will be told.");
      } finally {
        told.end();
      }
    },
  });
  dropOn(zone);
  dialog.replaceChildren(
    element("h2", { id: "move-title" }, "Moves like one that you have"),
    element("p", { class: "dim" }, "Somebody dancing, filmed or captured: what moves like it in the library is found, from whatever side, a little faster or slower."),
    stretch.row,
    zone,
    element("div", { class: "actions" }, button("Close", () => dialog.close())),
  );
  dialog.showModal();
}

// What is dropped on a zone in a dialog is meant for it.
function dropOn(zone) {
  const chooser = zone.querySelector("input");
  zone.addEventListener("dragover", (event) => event.preventDefault());
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation();
    chooser.files = event.dataTransfer.files;
    chooser.dispatchEvent(new Event("change"));
  });
}

// What a library lacks for a song, and what to film.
async function showGaps(page, song, back) {
  const { windows, lacking, wanted } = await api.get(`/gaps?song=${song.id}`);
  const list = (rows, none) => (rows.length ? element("ul", { class: "plain" }, ...rows.map((text) => element("li", {}, text))) : element("p", { class: "dim" }, none));
  const LACKS = { tempo: "nothing of this tempo", metre: "nothing in this metre", energy: "nothing that moves this much", number: "only one or two moves fit", whole: "only moves without feet fit" };
  page.replaceChildren(
    element(
      "section",
      { class: "shelf gaps" },
      element("div", { class: "shelf-head" }, element("div", {}, element("h1", {}, `Gaps for ${song.name}`), element("p", { class: "dim", role: "status" }, lacking.length ? `${lacking.length} of ${plural(windows, "place")} without a good choice` : `A good choice for each of ${plural(windows, "place")}`)), back),
      element("section", { class: "card" }, element("h2", {}, "What to film"), list(wanted, "Nothing is missing.")),
      ...(lacking.length ? [element("section", { class: "card" }, element("h2", {}, "Where"), list(lacking.map((one) => `${clock(one.start_s)} to ${clock(one.end_s)}: ${LACKS[one.lack]}${one.tempo_bpm ? ` (${one.tempo_bpm.toFixed(0)} BPM${one.metre ? ` in ${one.metre}` : ""}, ${one.size} movement)` : ""}`)))] : []),
    ),
  );
  back.focus();
}
