// Long work: how far it is, stopping it, what it made. It goes on without this page.

class JobsPanel {
  constructor() {
    $("jobs-open").addEventListener("click", () => $("jobs").showModal());
    this.states = new Map(project.state.jobs.map(({ id, state }) => [id, state]));
    // Whichever tells first that one is over.
    for (const news of ["state", "jobs"]) {
      project.addEventListener(news, () => {
        this.#ended(project.state.jobs);
        this.#show();
      });
    }
  }

  #show() {
    const { jobs } = project.state;
    const running = jobs.filter(({ state }) => state === "running");
    $("jobs-open").hidden = !jobs.length;
    $("jobs-open").classList.toggle("running", running.length > 0);
    $("jobs-bar").hidden = !running.length;
    if (running.length) $("jobs-bar").value = running[0].share;
    const exports = jobs.filter((job) => makesFile(job) && job.state === "done").length;
    $("jobs-text").textContent = running.length ? short(running[0]) : exports ? `Exports (${exports})` : "Work";
    this.#list(jobs);
  }

  // Rows stay where they are, so that a button under the pointer is not taken away.
  #list(jobs) {
    const list = $("jobs-list");
    const rows = new Map([...list.children].map((row) => [row.dataset.id, row]));
    for (const [id, row] of rows) if (!jobs.some((job) => job.id === id)) row.remove();
    jobs.forEach((job, i) => {
      const looks = JSON.stringify([job.state, job.error, job.result]);
      let row = rows.get(job.id);
      if (!row || row.looks !== looks) {
        const made = this.#row(job);
        made.looks = looks;
        if (row) row.replaceWith(made);
        row = made;
      }
      if (list.children[i] !== row) list.insertBefore(row, list.children[i] || null);
      const bar = row.querySelector("progress");
      if (bar) {
        bar.value = job.share;
        row.querySelector(".doing").textContent = doing(job);
      }
    });
    if (!jobs.length) list.replaceChildren(element("li", { class: "dim" }, "Nothing is being worked on."));
  }

  #row(job) {
    const tell = (act) => async () => {
      project.state.jobs = (await api.post(`/jobs/${job.id}`, { do: act })).jobs;
      this.#show();
    };
    const row = element("li", { "data-id": job.id }, element("strong", {}, job.title));
    if (job.state === "running") {
      row.append(
        element("progress", { max: 1, "aria-label": job.title }),
        element("p", { class: "dim doing" }),
        element("div", { class: "actions" }, button("Stop", tell("stop"), { label: `Stop: ${job.title}` })),
      );
      return row;
    }
    row.append(element("p", { class: job.state === "done" ? "dim" : "bad" }, job.state === "done" ? made(job) : job.error));
    const problems = job.result?.problems || [];
    if (problems.length) row.append(element("p", {}, "Left out:"), element("ul", { class: "plain" }, ...problems.map((text) => element("li", {}, text))));
    const actions = element("div", { class: "actions" });
    if (job.state === "done" && makesFile(job)) actions.append(download(job));
    if (job.state === "done" && job.task === "alike") actions.append(button("Show them", () => showFound(job), { label: `Show: ${job.title}` }));
    if (job.state !== "done") actions.append(button("Try again", tell("again"), { label: `Try again: ${job.title}` }));
    actions.append(button("Clear", tell("forget"), { label: `Clear: ${job.title}` }));
    row.append(actions);
    return row;
  }

  #ended(jobs) {
    for (const job of jobs) {
      const was = this.states.get(job.id);
      this.states.set(job.id, job.state);
      if (was === job.state || job.state === "running") continue;
      if (job.state === "failed") toast(`${job.title}: ${job.error}`, { kind: "bad" });
      else if (job.state === "done" && job.task === "alike") {
        toast(`${job.title}: ${made(job)}`, { kind: "good", act: "Show them", on: () => showFound(job), everywhere: true });
      } else if (job.state === "done" && makesFile(job)) {
        toast(`${job.result.file} is ready.`, { kind: "good", act: "Download", on: () => download(job).click(), everywhere: true });
      } else if (job.state === "done" && job.task !== "song") {
        const left = job.result.problems?.length;
        toast(`${job.title}: ${made(job)}`, { kind: "good", everywhere: true, ...(left ? { act: "Why", on: () => $("jobs").showModal() } : {}) });
      }
    }
  }
}

// On the library's page, what a job found.
async function showFound(job) {
  $("jobs").close();
  if (location.hash !== "#/library") history.pushState(null, "", "#/library");
  await arrive();
  libraryPage.found(job.title.replace("Moves like ", ""), job.result);
}

// Whether it ends in a file to download.
function makesFile({ task }) {
  return task === "export" || task === "sheet";
}

function short(job) {
  return `${Math.round(100 * job.share)} % · ${job.title}`;
}

// What it is at, which step of it that is, and how long that one lasts, where it is known.
function doing(job) {
  return [job.steps > 1 ? `Step ${job.step} of ${job.steps}` : "", job.doing, left(job)].filter(Boolean).join(" · ");
}

function left(job) {
  if (job.left_s < 0 || job.share >= 1) return "";
  const seconds = Math.ceil(job.left_s);
  const words = seconds < 90 ? `about ${seconds} s left` : `about ${Math.round(seconds / 60)} min left`;
  return job.steps > 1 ? `${words} of this step` : words;
}

function made(job) {
  const { result } = job;
  if (makesFile(job)) {
    const notes = result.notes.length ? ` ${result.notes.join("; ")}` : "";
    return `${result.file}, ${size(result.n_bytes)}.${notes}`;
  }
  if (job.task === "song") return "Counted.";
  if (job.task === "alike") return result.moves.length ? `${plural(result.moves.length, "move")} found.` : "Nothing moves like it.";
  const left = result.problems?.length ? ` ${plural(result.problems.length, "file was", "files were")} left out.` : "";
  return `${plural(result.clips, "clip")}, ${plural(result.moves, "move")}.${left}`;
}

function size(bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function download(job) {
  return element("a", { class: "chip primary", href: `/exports/${encodeURIComponent(job.result.file)}`, download: job.result.file }, icon("out"), "Download");
}
