// The studio: which part is on show, by the address, and what belongs to it.

const project = new Project();
let deck, loops, making, moving, carrying, footage, counting, tray, exporting, learning, libraryPage;
let tab = "make";

const NEEDS = { library: false, songs: false, song: true, dance: true, learn: true };

function showPart(part) {
  const work = NEEDS[part];
  $("page").hidden = work;
  $("work").hidden = !work;
  document.body.dataset.part = part;
  leaveToasts(part);
  const named = part === "songs" ? "song" : part;
  for (const link of document.querySelectorAll("[data-part]")) {
    if (link.dataset.part === named) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (!work && deck.player) deck.player.clock.pause();
  $("stage").classList.remove("waiting");
  if (part !== "learn") learning.leave();
}

// What the address asks for, where that is there; else what comes first.
async function route() {
  const { state } = project;
  const [, part = "", what = ""] = location.hash.split("/");
  if (part === "library") return openLibrary();
  if (part === "songs") return openSongs();
  if (part === "song" && project.song(what)) return openSong(what);
  if (part === "dances" && project.dancesOf(what).length) return go(`#/dance/${project.dancesOf(what).at(-1).id}`);
  if (part === "dance" && what) {
    const ids = what.split(",").filter((id) => project.dance(id));
    if (ids.length) return openDances(ids);
  }
  if (part === "learn" && project.dance(what)) return openLearning(what);
  const last = state.dances.at(-1);
  const shown = deck.ids.find((id) => project.dance(id)) || last?.id;
  if (part === "learn" && shown) return go(`#/learn/${shown}`);
  if ((part === "dance" || !part) && last) return go(`#/dance/${shown}`);
  if (!state.library) return go("#/library");
  const song = state.songs.at(-1);
  return go(song ? `#/song/${song.id}` : "#/songs");
}

// `route`, and say when what the address asks for is there.
async function arrive() {
  const { hash } = location;
  await route();
  if (location.hash === hash) document.body.dataset.at = hash;
}

function go(hash) {
  if (location.hash === hash) return route();
  location.replace(hash);
  return undefined;
}

async function openLibrary() {
  showPart("library");
  const page = $("page");
  if (!project.state.library || libraryJob()) return showWelcome(page);
  page.dataset.shown = "";
  return libraryPage.show();
}

function openSongs() {
  showPart("songs");
  showSongs($("page"));
}

async function openSong(id) {
  const song = project.song(id);
  if (!song.ready) return openWaiting(song);
  showPart("song");
  $("tray").hidden = true;
  $("count").hidden = false;
  $("stage").hidden = true;
  await counting.open(id);
  return undefined;
}

function openWaiting(song) {
  showPart("songs");
  const job = project.state.jobs.find(({ task, asked }) => task === "song" && asked.song === song.id);
  if (job && job.state === "running") return showMaking($("page"), job);
  return showSongs($("page"));
}

async function openLearning(id) {
  showPart("learn");
  $("tray").hidden = true;
  $("count").hidden = $("stage").hidden = false;
  await learning.open(id);
}

async function openDances(ids) {
  showPart("dance");
  $("tray").hidden = false;
  $("count").hidden = true;
  $("stage").hidden = false;
  await deck.openDances(ids);
  tray.show(deck.song.id, ids);
  showAside();
}

// The dance's controls: what it is to be like, and the move that is on show.
function showAside() {
  const version = moving.version;
  if (!version || document.body.dataset.part !== "dance") return;
  const head = element("div", { class: "aside-head" });
  const step = (way, key) => {
    const text = way === "undo" ? "Undo" : "Redo";
    // In use while it works: pressed twice it goes two steps.
    const made = element("button", { type: "button", class: "chip bare", "aria-label": text, title: `${text} (${key})`, onclick: () => attempt(() => goDance(way)) }, icon(way));
    made.disabled = !version[way];
    return made;
  };
  head.append(
    element("a", { class: "chip", href: `#/song/${deck.song.id}`, title: "Counts and parts of the song" }, icon("song"), element("span", { class: "name" }, deck.song.name)),
    element("div", { class: "group" }, step("undo", "Ctrl+Z"), step("redo", "Ctrl+Shift+Z"), button("Export", () => exporting.open(version), { kind: "primary", shape: "out" })),
  );
  const tabs = element("div", { class: "tabs", role: "tablist", "aria-label": "Controls" });
  for (const [name, text] of [["make", "The dance"], ["move", "This move"], ["library", "Moves"]]) {
    tabs.append(element("button", { type: "button", class: "chip", role: "tab", id: `tab-${name}`, "aria-selected": String(tab === name), "aria-controls": "panel", onclick: () => { tab = name; showAside(); $(`tab-${name}`).focus(); } }, text));
  }
  const panel = element("div", { id: "panel", role: "tabpanel", "aria-labelledby": `tab-${tab}`, class: "panel" });
  panel.append({ make: () => making.panel(version), move: () => moving.panel(), library: () => carrying.panel() }[tab]());
  if (tab === "make" && version.changes.length) panel.append(changesOf(version));
  redraw($("aside"), head, tabs, panel);
  // What had the keyboard is no more: it goes on in what is shown in its place.
  if (document.activeElement === $("aside")) panel.querySelector("section[tabindex]")?.focus({ preventScroll: true });
}

function changesOf(version) {
  const rows = version.changes.map((change) =>
    element("li", {}, element("span", {}, change.text), button("Take back", () => takeBack(change), { label: `Take back: ${change.text}` })),
  );
  return element("section", { class: "edits", "aria-label": "Changes" }, element("h2", {}, "Your changes"), element("ul", {}, ...rows));
}

// Something is new: show it where it matters, and leave alone what is being worked on.
let seen = null;
async function renew() {
  const { part } = document.body.dataset;
  const { state } = project;
  const made = part === "library" && $("page").querySelector(".making"); // by a job that may be over
  if (part === "songs" || made || (part === "library" && (!state.library || libraryJob() || !seen?.library))) {
    const waiting = location.hash.startsWith("#/song/");
    seen = state;
    return part === "songs" && !waiting ? showSongs($("page")) : route();
  }
  if (part === "library" && state.library.index_id !== seen.library.index_id) {
    seen = state;
    return libraryPage.show();
  }
  seen = state;
  if (part === "learn" && !project.dance(deck.ids[0])) return route();
  if (part !== "dance") return undefined;
  const gone = deck.ids.filter((id) => !project.dance(id));
  if (gone.length) return route();
  if (deck.ids.length) tray.show(deck.song.id, deck.ids);
  return deck.renew();
}

// A song, or on the library's page dances, wherever on the page they are dropped.
function takeDrops() {
  const over = $("drop");
  let depth = 0;
  const carries = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  window.addEventListener("dragenter", (event) => {
    if (!carries(event)) return;
    depth += 1;
    over.hidden = false;
    over.firstElementChild.textContent = document.body.dataset.part === "library" ? "Drop dances" : "Drop a song";
  });
  window.addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    over.hidden = depth === 0;
  });
  window.addEventListener("dragover", (event) => carries(event) && event.preventDefault());
  window.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    depth = 0;
    over.hidden = true;
    const dances = document.body.dataset.part === "library";
    attempt(async () => {
      const files = await filesOf(event.dataTransfer);
      if (files.length) await (dances ? takeDances(files) : takeSong(files));
    });
  });
}

function shortcuts() {
  const onDance = (act) => () => document.body.dataset.part === "dance" && attempt(act);
  const keys = {
    "ctrl+z": onDance(() => goDance("undo")),
    "shift+ctrl+z": onDance(() => goDance("redo")),
    "ctrl+y": onDance(() => goDance("redo")),
    n: onDance(() => making.another()),
    v: onDance(() => (footage.any ? footage.set(!footage.on) : toast(UNFILMED))),
    c: () => deck.setClicks(!deck.clicks.on),
    Escape: () => learning.unfill(),
    ArrowUp: () => (document.body.dataset.part === "learn" ? learning.hop(-1) : deck.transport.hop(-1)),
    ArrowDown: () => (document.body.dataset.part === "learn" ? learning.hop(1) : deck.transport.hop(1)),
    t: () => document.body.dataset.part === "song" && counting.tap(),
  };
  for (let i = 1; i <= 9; i += 1) {
    keys[String(i)] = onDance(() => {
      const version = project.dancesOf(deck.song.id)[i - 1];
      if (version) location.hash = `#/dance/${version.id}`;
    });
  }
  return keys;
}

// All that is on the page, once; what it holds comes later.
function build(looks) {
  deck = new Deck(looks);
  loops = new Loops(looks[scheme()]);
  deck.transport = new Transport(shortcuts());
  [making, moving, carrying, footage] = [new Making(), new Moving(), new Carrying(), new Footage($("footage"))];
  [exporting, learning] = [new Exporting(), new Learning()];
  counting = new Counting($("aside"));
  tray = new Tray($("tray"));
  libraryPage = new LibraryPage($("page"));
  new JobsPanel();
  takeDrops();
  tellTempo();
  $("keys-open").addEventListener("click", () => $("keys").showModal());
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // the address says which part is on show
    document.querySelector("main:not([hidden])").focus();
  });
}

// Beats a minute under the time, wherever something is played.
function tellTempo() {
  const tempo = element("span", { class: "dim", id: "tempo" });
  const times = element("div", { class: "times" });
  $("time").replaceWith(times);
  times.append(deck.transport.time, tempo);
  for (const news of ["opened", "counted"]) {
    deck.addEventListener(news, () => (tempo.textContent = deck.counts.tempo_bpm ? `${deck.counts.tempo_bpm.toFixed(0)} BPM` : ""));
  }
}

// What the player tells: another dance, another move.
function followDeck() {
  // On a phone what can be done with a move lies below: it comes into view when one is picked.
  deck.addEventListener("picked", () => {
    if (document.body.dataset.part === "dance" && window.matchMedia("(max-width: 900px)").matches) $("timeline").scrollIntoView({ block: "start" });
  });
  deck.addEventListener("turned", () => {
    if (tab === "move") moving.show();
    else if (tab === "make" && deck.selected !== null && document.body.dataset.part === "dance") {
      tab = "move";
      showAside();
    }
  });
  deck.addEventListener("opened", () => {
    if (!deck.ids.length) return;
    showAside();
    // It was changed again while it was on its way.
    if (document.body.dataset.part === "dance") attempt(() => deck.renew());
  });
}

// What of the project cannot be read is said once.
const damaged = new Set();

function tellDamaged() {
  for (const line of project.state.damaged) {
    if (!damaged.has(line)) toast(`Left out, and left as it is: ${line}`, { kind: "bad", everywhere: true });
    damaged.add(line);
  }
}

// What the server tells, and the address.
function followProject() {
  project.addEventListener("state", tellDamaged);
  project.addEventListener("state", () => attempt(renew));
  project.addEventListener("jobs", () => {
    // How far it is; that it is over comes with what it made, for which nothing else is shown before.
    const { job: at } = $("page").querySelector(".making")?.dataset || {};
    const job = project.state.jobs.find(({ id, state }) => id === at && state === "running");
    if (job && !$("page").hidden) showMaking($("page"), job);
  });
  project.addEventListener("lost", ({ detail }) => {
    $("notice").textContent = detail;
    $("notice").hidden = !detail;
  });
  window.addEventListener("hashchange", () => attempt(arrive));
  window.matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => location.reload());
}

async function start() {
  const [looks] = await Promise.all([api.get("/looks"), project.refresh()]);
  build(looks);
  followDeck();
  followProject();
  seen = project.state;
  tellDamaged();
  await arrive();
  project.listen();
  // For tests and the curious, as on the page of `danceit view`.
  window.danceit = Object.freeze(told(() => deck.player));
  window.studio = Object.freeze({
    get deck() { return deck; },
    get project() { return project.state; },
    inView: (canvas) => loops.shown.has(canvas),
  });
  document.body.dataset.ready = "true";
}

start().catch((error) => {
  $("notice").textContent = error.message;
  $("notice").hidden = false;
  const opening = document.querySelector(".opening");
  if (opening) opening.replaceChildren(element("h1", {}, "It could not be opened"), button("Try again", () => location.reload(), { kind: "primary" }));
});
