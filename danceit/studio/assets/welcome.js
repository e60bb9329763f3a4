// Before there is a library, and before there is a song: what to drop where.

// Whether a library can be made of a file of this name, by what the server takes.
function isRecording(path) {
  const name = path.toLowerCase();
  return project.state.recordings.some((suffix) => name.endsWith(suffix));
}

// The files of what was dropped, folders and all, with their paths.
async function filesOf(transfer) {
  const found = [];
  const walk = async (entry, path) => {
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      found.push({ file, path: path + file.name });
    } else {
      const reader = entry.createReader();
      for (;;) {
        const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
        if (!some.length) break;
        for (const each of some) await walk(each, `${path}${entry.name}/`);
      }
    }
  };
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry()).filter(Boolean);
  for (const entry of entries) await walk(entry, "");
  return entries.length ? found : [...transfer.files].map((file) => ({ file, path: file.name }));
}

// A place to drop files on, or to press and choose them.
function dropZone(title, text, { multiple, folder, accept, on }) {
  const chooser = element("input", { type: "file", class: "chooser", tabindex: "-1", "aria-hidden": "true", accept });
  chooser.multiple = multiple;
  chooser.webkitdirectory = Boolean(folder);
  chooser.addEventListener("change", () => {
    const files = [...chooser.files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
    if (files.length) attempt(() => on(files));
    chooser.value = "";
  });
  const open = element("button", { type: "button", class: "zone", onclick: () => chooser.click() }, icon("plus"), element("strong", {}, title), element("span", { class: "dim" }, text));
  return element("div", { class: "zone-box" }, open, chooser);
}

// Send a song; it opens by itself once it was listened to.
async function takeSong(files) {
  const { file } = files[0];
  const told = sending(`Sending ${file.name}`);
  try {
    const { song } = await api.send(`/songs?name=${encodeURIComponent(file.name)}`, file, told.tell);
    await project.refresh();
    location.hash = `#/song/${song.id}`;
  } finally {
    told.end();
  }
}

// Send dances and begin to make a library of them; what is left out is named.
async function takeDances(files) {
  const good = files.filter(({ path }) => isRecording(path));
  const out = files.filter(({ path }) => !isRecording(path)).map(({ path }) => ({ path, why: `${path.split("/").at(-1)} is left out: it is no dance` }));
  if (!good.length) return leaveOut(out, "drop videos, .bvh, .npz or OpenPose .json files");
  const { drop } = await api.post("/drops");
  const told = sending(`Sending ${plural(good.length, "file")}`);
  let sent = 0;
  try {
    for (const [i, { file, path }] of good.entries()) {
      try {
        await api.send(`/drops/${drop}?path=${encodeURIComponent(path)}`, file, (share) => told.tell((i + share) / good.length));
        sent += 1;
      } catch (error) {
        // One that is not what it is called does not keep the others out.
        if (error.status !== 400) throw error;
        out.push({ path, why: error.message });
      }
    }
    if (out.length) leaveOut(out);
    if (sent) await api.post("/library", { of: "drop", drop });
  } finally {
    told.end();
  }
  return undefined;
}

// Name every file that is left out: one with its reason, of several the reasons one press away.
function leaveOut(files, instead = "") {
  const [{ why }] = files;
  const end = instead ? `; ${instead}.` : ".";
  if (files.length === 1) return toast(`${why}${end}`, { kind: "bad" });
  const dialog = $("move");
  const list = () => {
    dialog.replaceChildren(
      element("h2", { id: "move-title" }, `${files.length} files are left out`),
      element("ul", { class: "plain" }, ...files.map((one) => element("li", {}, one.why))),
      element("div", { class: "actions" }, button("Close", () => dialog.close())),
    );
    dialog.showModal();
  };
  return toast(`${files.length} files are left out: ${files.map(({ path }) => path.split("/").at(-1)).join(", ")}${end}`, { kind: "bad", act: "Why", on: list });
}

function sending(text) {
  const bar = element("progress", { max: 1, value: 0, "aria-label": text });
  const box = element("div", { class: "toast" }, element("span", { class: "said" }, text), bar);
  $("toasts").append(box);
  return { tell: (share) => (bar.value = share), end: () => box.remove() };
}

// The job that makes a library, if one is at it.
function libraryJob() {
  // The oldest: those after it wait for it.
  return project.state.jobs.findLast(({ task, state }) => (task === "demo" || task === "library") && state === "running");
}

function showWelcome(page) {
  const job = libraryJob();
  if (job) return showMaking(page, job);
  const { trouble, data } = project.state;
  const start = (body) => async () => {
    await api.post("/library", body);
    await project.refresh();
  };
  const ways = element("div", { class: "ways" });
  if (data) ways.append(way(`The dances in ${data}`, "The folder that the studio was started with.", button("Make a library of it", start({ of: "folder" }), { kind: "primary" })));
  ways.append(
    way("Try it first", "Nine dancers and a song, made on this machine. Nothing is loaded from anywhere.", button("Use the demo's dancers", start({ of: "demo" }), { kind: data ? "" : "primary" })),
    way(
      "Your own dancers",
      "Phone videos, motion capture (BVH, AIST++, .npz) or OpenPose files, with their music. They stay on this machine.",
      element(
        "div",
        { class: "zones" },
        dropZone("Drop files here", "or press to choose", { multiple: true, on: takeDances }),
        dropZone("A whole folder", "press to choose", { folder: true, multiple: true, on: takeDances }),
      ),
    ),
  );
  if (!project.state.reads_videos) ways.append(element("p", { class: "note" }, "Videos alone cannot be read here: the part that finds poses in them is not installed. Close the studio, run pip install 'danceit[video]' (Python 3.11 or 3.12), and open it again. All else can be dropped."));
  page.replaceChildren(
    element(
      "section",
      { class: "hero" },
      element("h1", {}, "Whose moves shall be danced?"),
      element("p", { class: "lead" }, "danceit puts real movement to your song, every second of it by a dancer you can name. First it needs dancers."),
      trouble ? element("p", { class: "bad" }, trouble) : "",
      ways,
    ),
  );
  return undefined;
}

function way(title, text, ...more) {
  return element("section", { class: "way" }, element("h2", {}, title), element("p", { class: "dim" }, text), ...more);
}

function showMaking(page, job) {
  const there = page.querySelector(".making");
  const words = doing(job);
  if (there && there.dataset.job === job.id) {
    there.querySelector("progress").value = job.share;
    there.querySelector(".doing").textContent = words;
    return;
  }
  page.replaceChildren(
    element(
      "section",
      { class: "hero making", "data-job": job.id },
      icon("dancer"),
      element("h1", {}, job.title),
      element("progress", { max: 1, value: job.share, "aria-label": job.title }),
      element("p", { class: "lead doing", role: "status" }, words),
      element("p", { class: "dim" }, "It goes on if you close this page."),
      button("Stop", () => api.post(`/jobs/${job.id}`, { do: "stop" })),
    ),
  );
}

function showSongs(page) {
  const { songs, jobs, library } = project.state;
  const cards = [...songs].reverse().map((song) => {
    const dances = project.dancesOf(song.id).length;
    const job = jobs.find((each) => each.task === "song" && each.asked.song === song.id);
    const state = song.ready ? `${clock(song.duration_s, 0)} · ${plural(dances, "dance")}` : job && job.state !== "running" ? job.error : "listening…";
    return element(
      "li",
      {},
      element("a", { class: "song-card", href: dances ? `#/dances/${song.id}` : `#/song/${song.id}` }, icon("song"), element("strong", {}, song.name), element("span", { class: job && job.state === "failed" ? "bad" : "dim" }, state)),
      button("", () => removeSong(song), { shape: "bin", kind: "bare", label: `Remove ${song.name}` }),
    );
  });
  const zone = dropZone("Drop a song here", "mp3, wav, flac, m4a, ogg, or a video: its sound is taken", { accept: "audio/*,video/*", on: takeSong });
  page.replaceChildren(
    element(
      "section",
      { class: "hero songs" },
      element("h1", {}, songs.length ? "Songs" : "Now a song"),
      element("p", { class: "lead" }, songs.length ? "Choose one, or drop another." : `Any song that you have. It stays on this machine.${library ? ` The dancers are those of ${library.name}: ${plural(library.clips, "clip")}, ${plural(library.moves, "move")}.` : ""}`),
      zone,
      element("ul", { class: "song-cards" }, ...cards),
    ),
  );
}

async function removeSong(song) {
  await api.post(`/songs/${song.id}`, { do: "remove", revision: song.revision });
  await project.refresh();
  toast(`${song.name} was removed.`, { act: "Bring it back", on: () => attempt(async () => {
    await api.post(`/songs/${song.id}`, { do: "restore" });
    await project.refresh();
  }) });
}
