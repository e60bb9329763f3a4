// The dancers' own footage beside the drawn figure, in step with it, where the library has video: the
// file itself, entered where the dance shows it.

// Apart by more than `jumpS` a playing video is entered anew; by less it is played faster or slower,
// by `pull` for each second and by `mostPull` at most: a seek on a busy machine takes longer than it mends.
const FOOTAGE = { jumpS: 0.4, pull: 4, mostPull: 0.6, most: 3 };
const UNFILMED = "No video of these dancers is in the library.";

class Footage {
  constructor(box) {
    this.box = box;
    this.on = false;
    this.reels = new Map(); // a video's address to its element
    this.lags = {}; // how much later a video's picture is than the dance counts, by its name
    this.toggle = element("button", { type: "button", class: "chip", "aria-pressed": "false", onclick: () => this.set(!this.on) }, icon("film"), "Footage");
    this.toggle.id = "footage-on";
    $("front").after(this.toggle);
    this.caption = element("figcaption", { class: "from" });
    this.note = element("p", { class: "dim", role: "status" });
    box.append(this.note, this.caption);
    deck.addEventListener("picture", () => this.#follow());
    deck.addEventListener("opened", () => this.#opened());
  }

  get any() {
    return deck.ids.length > 0 && (deck.raw || []).some(isFilmed);
  }

  set(on) {
    this.on = on;
    this.toggle.setAttribute("aria-pressed", String(on));
    this.#opened();
    deck.player.redraw();
  }

  #opened() {
    this.toggle.hidden = !deck.ids.length;
    this.toggle.disabled = !this.any;
    this.toggle.title = this.any ? "The dancers' own footage (V)" : UNFILMED;
    const shown = this.on && this.any;
    this.box.hidden = !shown;
    if (!shown) this.#rest();
    else attempt(() => this.#learn());
  }

  // By how much each video's picture lags; it is found out once for a source.
  async #learn() {
    const asked = JSON.stringify([deck.ids, deck.revisions]);
    if (asked === this.asked) return;
    this.asked = asked;
    const told = await Promise.all(deck.ids.map((id) => api.get(`/dances/${id}/lags`)));
    this.lags = Object.assign({}, ...told.map(({ lags }) => lags));
    if (deck.player) deck.player.redraw();
  }

  #rest() {
    for (const reel of this.reels.values()) reel.pause();
  }

  // The video of what is on show now, at its second of it; others wait.
  #follow() {
    if (!this.on || this.box.hidden) return;
    const { current } = deck;
    const position = current.frameAt(deck.seconds);
    const segment = current.segmentAt(position);
    const fragment = current.fragmentOf(segment);
    const { video } = fragment;
    const text = video ? nameOf(fragment.clip) : `${nameOf(fragment.clip)}: no video of it`;
    if (this.caption.textContent !== text) this.caption.textContent = text;
    const address = video && `/dances/${deck.ids[deck.dance]}/footage/${video}`;
    for (const [own, reel] of this.reels) {
      reel.hidden = own !== address;
      if (own !== address) reel.pause();
    }
    if (!address) return;
    this.#show(this.#reel(address), current.sourceS[Math.floor(position + 1e-6)] + (this.lags[video] || 0), fragment.mirrored);
  }

  #show(reel, seconds, mirrored) {
    reel.hidden = false;
    reel.classList.toggle("turned", Boolean(mirrored) !== deck.player.mirror);
    const { playing, rate } = deck.player.clock;
    if (!playing) {
      reel.pause();
      if (Math.abs(reel.currentTime - seconds) > 0.02 && !reel.seeking) reel.currentTime = seconds;
      return;
    }
    const apart = seconds - reel.currentTime;
    if (Math.abs(apart) > FOOTAGE.jumpS) {
      if (!reel.seeking) reel.currentTime = seconds;
    } else {
      const pulled = rate * (1 + Math.min(Math.max(FOOTAGE.pull * apart, -FOOTAGE.mostPull), FOOTAGE.mostPull));
      if (Math.abs(reel.playbackRate - pulled) > 0.05 * rate) reel.playbackRate = pulled;
    }
    if (reel.paused) reel.play().catch(() => {});
  }

  #reel(address) {
    const there = this.reels.get(address);
    if (there) {
      this.reels.delete(address);
      this.reels.set(address, there);
      return there;
    }
    const reel = element("video", { src: address, preload: "auto", playsinline: "", "aria-label": "The dancer's own footage" });
    reel.muted = true;
    reel.addEventListener("error", () => {
      this.note.textContent = "This browser cannot play this video; export with footage shows it.";
    });
    // A seek that took long is behind by now, and one that was begun while playing may end in a pause.
    for (const moved of ["seeked", "playing", "timeupdate"]) reel.addEventListener(moved, () => this.#follow());
    reel.addEventListener("loadeddata", () => {
      this.note.textContent = "";
      deck.player.redraw();
    });
    this.reels.set(address, reel);
    this.box.prepend(reel);
    while (this.reels.size > FOOTAGE.most) {
      const [[oldest, gone]] = this.reels;
      this.reels.delete(oldest);
      gone.removeAttribute("src");
      gone.load();
      gone.remove();
    }
    return reel;
  }
}

// Whether there is a video of anyone in a dance.
function isFilmed({ fragments }) {
  return fragments.some(({ video }) => video);
}
