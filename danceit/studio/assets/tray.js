// The versions of a song: shown one at a time or side by side, named, taken away, brought back.

class Tray {
  constructor(box) {
    this.box = box;
  }

  show(songId, ids) {
    const versions = project.dancesOf(songId);
    const key = JSON.stringify([versions.map(({ id, name, revision }) => [id, name, revision]), ids]);
    if (key === this.key && this.box.firstChild) return;
    this.key = key;
    const focused = document.activeElement && document.activeElement.dataset.key;
    this.box.replaceChildren(
      ...versions.map((version, i) => this.#card(version, ids, i)),
      button("Another one", () => making.another(), { shape: "other", kind: "ghost", title: "Another dance with the same wishes (N)" }),
      ...(versions.length > 1 ? [button("Ask people", () => askPeople(ids.length > 1 ? ids : versions.slice(-4).map(({ id }) => id)), { kind: "ghost", title: ids.length > 1 ? "A blind study of the versions side by side" : "A blind study of the latest versions, or of those side by side" })] : []),
    );
    const again = focused && this.box.querySelector(`[data-key="${focused}"]`);
    if (again) again.focus();
    const shown = this.box.querySelector('[aria-current="true"]');
    if (shown) shown.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #card(version, ids, i) {
    const shown = ids.includes(version.id);
    const alone = shown && ids.length === 1;
    const told = [version.wishes.style, version.changes.length ? plural(version.changes.length, "change") : ""].filter(Boolean).join(" · ");
    const open = element(
      "a",
      { class: "version", href: `#/dance/${version.id}`, "aria-current": shown ? "true" : null, "data-key": version.id, title: `Show ${version.name} (${i + 1})` },
      element("strong", {}, version.name),
      told ? element("span", { class: "dim" }, told) : "",
    );
    const beside = element("button", { type: "button", class: "chip bare", "aria-pressed": String(shown && !alone), "aria-label": `${version.name} side by side`, title: "Side by side" }, icon("beside"));
    beside.disabled = alone;
    beside.addEventListener("click", () => this.#beside(version.id, ids));
    const more = alone
      ? [
          button("", () => this.#rename(version), { shape: "pencil", kind: "bare", label: `Rename ${version.name}` }),
          button("", () => this.#remove(version), { shape: "bin", kind: "bare", label: `Remove ${version.name}` }),
        ]
      : [beside];
    return element("div", { class: `version-box${shown ? " shown" : ""}` }, open, ...more);
  }

  #beside(id, ids) {
    const wanted = ids.includes(id) ? ids.filter((one) => one !== id) : [...ids, id].slice(-4);
    location.hash = `#/dance/${wanted.join(",")}`;
  }

  async #rename(version) {
    const name = await askName("Name of the version", version.name);
    if (name === null) return;
    await editDance(version.id, () => ({ do: "rename", name }));
  }

  async #remove(version) {
    await editDance(version.id, () => ({ do: "remove" }));
    const rest = project.dancesOf(version.song);
    location.hash = rest.length ? `#/dance/${rest.at(-1).id}` : `#/song/${version.song}`;
    toast(`${version.name} was removed.`, { act: "Bring it back", everywhere: true, on: () => attempt(async () => {
      await api.post(`/dances/${version.id}`, { do: "restore" });
      await project.refresh();
      location.hash = `#/dance/${version.id}`;
    }) });
  }
}

// A blind study of the versions that stand side by side: its own page, and what was voted.
async function askPeople(ids) {
  const { url } = await api.post("/study", { dances: ids });
  const dialog = $("study");
  const votes = element("div", { role: "status" });
  const look = async () => {
    const { shares } = await api.get("/study");
    votes.replaceChildren(
      ...(shares.length
        ? shares.map((one) => element("p", {}, `${one.question}: ${one.first} over ${one.second}, ${Math.round(100 * one.share)} % (${Math.round(100 * one.low)} to ${Math.round(100 * one.high)} %) of ${plural(one.votes, "vote")}`))
        : [element("p", { class: "dim" }, "No votes yet.")]),
    );
  };
  dialog.replaceChildren(
    element("h2", { id: "study-title" }, "Ask people, blind"),
    element("p", {}, "Each viewer sees two versions at a time, on sides drawn by lot, without their names. Open it on this machine; it runs as long as the studio does, and its votes stay in the project."),
    element("p", {}, element("a", { class: "chip primary", href: url, target: "_blank", rel: "noopener" }, "Open the study")),
    votes,
    element("div", { class: "actions" }, button("Count the votes", look), button("Close", () => dialog.close())),
  );
  await look();
  dialog.showModal();
}
