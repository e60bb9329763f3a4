// Asking the server, and what it tells by itself. Whatever changes something carries the token
// that only this page knows.

const $ = (id) => document.getElementById(id);
const TOKEN = document.querySelector('meta[name="token"]').content;

class AskError extends Error {
  constructor(text, status) {
    super(text);
    this.status = status;
  }
}

const GONE = "The studio does not answer: is `danceit studio` still running?";

async function asked(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new AskError(GONE, 0);
  }
  const told = await answer.json();
  if (!answer.ok) throw new AskError(told.error, answer.status);
  return told;
}

const api = {
  get: (path, signal) => asked(path, { signal }),
  post: (path, body = {}, signal) =>
    asked(path, {
      method: "POST", signal, body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", "X-Danceit-Token": TOKEN },
    }),
  // A file as it is; `tell` hears the share that is sent.
  send: (path, file, tell) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", path);
      request.setRequestHeader("X-Danceit-Token", TOKEN);
      request.upload.onprogress = ({ loaded, total }) => tell(total ? loaded / total : 0);
      request.onerror = () => reject(new AskError(GONE, 0));
      request.onload = () => {
        const told = JSON.parse(request.responseText);
        if (request.status === 200) resolve(told);
        else reject(new AskError(told.error, request.status));
      };
      request.send(file);
    }),
};

// What the project holds, kept up to date.
class Project extends EventTarget {
  constructor() {
    super();
    this.kept = new Map();
  }

  // Ask again. One question at a time, so that no answer overtakes another; who asks while one is
  // under way waits for the next, which knows what they know.
  refresh() {
    if (!this.asking) return this.#ask();
    this.next ||= this.asking.catch(() => {}).then(() => {
      this.next = null;
      return this.refresh();
    });
    return this.next;
  }

  // A dance as an answer tells that it is now, or a new one.
  keep(dance) {
    this.kept.set(dance.id, dance);
    this.state.dances = withDance(this.state.dances, dance);
    this.dispatchEvent(new Event("state"));
  }

  #ask() {
    this.kept.clear(); // the answer will know of these
    this.asking = (async () => {
      try {
        const state = await api.get("/state");
        state.dances = [...this.kept.values()].reduce(withDance, state.dances);
        this.state = state;
      } finally {
        this.asking = null;
      }
      this.dispatchEvent(new Event("state"));
    })();
    return this.asking;
  }

  listen() {
    const source = new EventSource("/events");
    source.onopen = () => this.#lost("");
    source.onerror = () => this.#lost(GONE);
    source.onmessage = ({ data }) => {
      const { news, jobs, run } = JSON.parse(data);
      // The server was started again: this page's token is of no use any more.
      if (this.run && this.run !== run) return location.reload();
      this.run = run;
      this.state.jobs = jobs;
      this.dispatchEvent(new Event("jobs"));
      if (news !== this.state.news) this.refresh().catch(() => {});
      return undefined;
    };
  }

  #lost(text) {
    if (this.lost === text) return;
    this.lost = text;
    this.dispatchEvent(new CustomEvent("lost", { detail: text }));
  }

  song(id) {
    return this.state.songs.find((song) => song.id === id);
  }

  dance(id) {
    return this.state.dances.find((dance) => dance.id === id);
  }

  dancesOf(songId) {
    return this.state.dances.filter((dance) => dance.song === songId);
  }
}

// These dances with one as it is now; what is newer stays.
function withDance(dances, dance) {
  const there = dances.find(({ id }) => id === dance.id);
  if (!there) return [...dances, dance];
  return there.revision >= dance.revision ? dances : dances.map((one) => (one === there ? dance : one));
}

const TOAST_MS = { read: 7000, act: 12000 };

// A line in the bar at the top, with something to do about it. One is shown at a time, the newest, and
// how many there are; it goes by itself, but for what failed, and with the part of the page that it is
// of (`everywhere`: with none).
function toast(text, { kind = "", act = "", on = null, stays = kind === "bad", everywhere = false } = {}) {
  const box = element("div", { class: `toast ${kind}`, "data-of": everywhere ? null : document.body.dataset.part }, element("span", { class: "said", title: text }, text));
  if (act) box.append(element("button", { type: "button", class: "chip", onclick: () => { box.remove(); on(); } }, act));
  box.append(element("button", { type: "button", class: "round small", "aria-label": "Dismiss", onclick: () => box.remove() }, icon("close")));
  for (const other of $("toasts").children) if (other.firstChild.textContent === text) other.remove();
  $("toasts").append(box);
  const go = () => {
    // Not from under a hand that is about to press it.
    if (box.matches(":hover, :focus-within")) setTimeout(go, TOAST_MS.read);
    else box.remove();
  };
  if (!stays) setTimeout(go, act ? TOAST_MS.act : TOAST_MS.read);
  return box;
}

// What was said of other parts of the page is of no use on this one.
function leaveToasts(part) {
  for (const box of [...$("toasts").children]) if (box.dataset.of && box.dataset.of !== part) box.remove();
}

// Do something that may fail, and say so on the page; `button` is out of use meanwhile.
async function attempt(action, button = null) {
  const focused = button && document.activeElement === button;
  const region = focused && regionOf(button);
  if (button) {
    if (button.disabled) return undefined;
    button.disabled = true;
    button.classList.add("busy");
  }
  try {
    return await action();
  } catch (error) {
    if (error.name === "AbortError") return undefined;
    toast(error.message, { kind: "bad" });
    if (error.status === 409) await project.refresh();
    return undefined;
  } finally {
    if (button) {
      button.disabled = false;
      button.classList.remove("busy");
      if (focused && button.isConnected) button.focus();
      else if (focused && region.isConnected && document.activeElement === document.body) focusOn(region, controlName(button));
    }
  }
}

// The part of the page that a control is drawn anew with.
function regionOf(control) {
  return control.closest("dialog, #aside, #tray, #page") || document.body;
}

function controlName(control) {
  return control.id || control.getAttribute("aria-label") || control.textContent;
}

// The control of that name, or the part itself, so that the keyboard goes on from here.
function focusOn(region, name) {
  const again = [...region.querySelectorAll("button, a, input, select, summary, section[tabindex]")].find((one) => !one.disabled && controlName(one) === name);
  if (!again) region.setAttribute("tabindex", "-1");
  (again || region).focus({ preventScroll: true });
}

// Draw a part of the page anew and leave the keyboard where it was.
function redraw(region, ...children) {
  const { activeElement: held } = document;
  const name = region !== held && region.contains(held) ? controlName(held) : null;
  region.replaceChildren(...children);
  if (name !== null) focusOn(region, name);
}

function button(text, on, { shape = "", kind = "", title = null, label = null } = {}) {
  const made = element("button", { type: "button", class: `chip ${kind}`.trim(), title, "aria-label": label });
  made.append(...(shape ? [icon(shape)] : []), text);
  made.addEventListener("click", () => attempt(() => on(made), made));
  return made;
}

// Ask for a name; null where none is given.
function askName(title, now) {
  const dialog = $("rename");
  $("rename-title").textContent = title;
  $("rename-to").value = now;
  dialog.returnValue = "";
  dialog.showModal();
  $("rename-to").select();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes" ? $("rename-to").value : null), { once: true });
  });
}
