// What is played: a song alone while it is counted, or dances to it side by side. One player at a
// time; what stands beside it (clicks, the part that is danced, speed and mirror) stays.

class Deck extends EventTarget {
  constructor(looks) {
    super();
    this.looks = looks;
    this.clicks = new Clicks();
    this.transport = null;
    this.song = null;
    this.ids = [];
    this.revisions = []; // of the dances, as they are shown
    this.dance = 0;
    this.selected = null;
  }

  // A song without dancers.
  async openSong(id) {
    const told = await this.#latest(api.get(`/songs/${id}`));
    const data = { ...told, sound: `/songs/${id}/sound`, title: told.song.name, peaks_per_s: 60, dances: [] };
    this.#open(told.song, data, []);
    return told;
  }

  async openDances(ids) {
    const { song, data, revisions } = await this.#latest(api.get(`/view?${ids.map((id) => `dance=${id}`).join("&")}`));
    this.revisions = revisions;
    data.sound = `/songs/${song.id}/sound`;
    if (this.player && this.song.id === song.id && this.song.counted === song.counted && this.ids.length === ids.length && ids.length) {
      this.song = song;
      this.ids = ids;
      this.show(data.dances);
      this.#told("opened");
    } else this.#open(song, data, ids);
  }

  // Show again what the project knows to be newer than it is shown.
  async renew() {
    if (this.opening) return; // then it is asked again when that is there
    const newer = this.ids.some((id, i) => project.dance(id)?.revision > this.revisions[i]);
    if (newer) await this.openDances(this.ids);
  }

  // Other dances in the place of those that are shown, to the same song.
  show(dances) {
    this.raw = dances;
    this.preview(dances);
    this.shown = [];
    this.#told("turned");
  }

  // As `show`, for a look that ends: nobody is told.
  preview(dances) {
    // Of several only the one that is worked on is another.
    const all = dances.length === this.raw.length ? dances : this.raw.map((own, i) => (i === this.dance ? dances[0] : own));
    this.player.setDances(all);
    this.timeline.refresh();
    if (this.selected !== null && this.selected >= this.current.segments.length) this.selected = null;
    this.timeline.selected = this.selected === null ? null : { dance: this.dance, segment: this.selected };
  }

  setCounts(counts) {
    this.counts = counts;
    this.clicks.counts = counts;
    this.player.data.counts = counts;
    this.player.beats = counts.beats_s;
    this.timeline.setCounts(counts);
    this.player.clock.refresh();
    this.#told("counted");
  }

  setClicks(on) {
    this.clicks.on = on;
    if (this.player) this.player.clock.refresh();
    this.#told("clicks");
  }

  // Pick a move; null follows what is on show.
  select(dance, segment) {
    this.dance = dance;
    this.selected = segment;
    this.timeline.selected = segment === null ? null : { dance, segment };
    this.player.redraw();
    this.#told("turned");
  }

  close() {
    if (this.player) this.player.close();
    this.player = this.song = null;
    this.ids = [];
  }

  get current() {
    return this.player.dances[this.dance];
  }

  get segment() {
    return this.selected === null ? this.shown[this.dance] || 0 : this.selected;
  }

  get fragment() {
    return this.current.fragmentOf(this.segment);
  }

  get seconds() {
    return this.player.clock.seconds;
  }

  // For the transport.
  get marks() {
    if (this.current) return this.current.segments.map(([start]) => start / this.current.fps);
    const starts = this.counts.sections.map(({ start_s: start }) => start);
    return starts.length ? starts : [0];
  }

  get stretch() {
    if (this.current) {
      const [start, end] = this.current.segments[this.segment];
      return [start / this.current.fps, end / this.current.fps];
    }
    const now = this.seconds;
    const here = this.counts.sections.find(({ start_s: start, end_s: end }) => start <= now && now < end);
    return here ? [here.start_s, here.end_s] : [0, this.player.data.duration_s];
  }

  get fps() {
    return this.current ? this.current.fps : 24;
  }

  // What was asked for last is what is opened; an answer that comes too late is let go.
  async #latest(answer) {
    const mine = (this.opening = {});
    try {
      const told = await answer;
      if (mine === this.opening) return told;
    } catch (error) {
      if (mine === this.opening) throw error;
    } finally {
      if (mine === this.opening) this.opening = null;
    }
    throw new DOMException("something else was opened meanwhile", "AbortError");
  }

  #open(song, data, ids) {
    const same = this.song && this.song.id === song.id;
    const at = same ? this.seconds : song.part ? song.part[0] : 0;
    const loop = same ? this.player.clock.loop : null;
    if (this.player) this.player.close();
    Object.assign(data, this.looks[scheme()]);
    const [detail, overview] = ["in detail", ""].map((how) =>
      element("canvas", { role: "slider", tabindex: "0", "aria-valuemin": "0", "aria-label": `Position in the song${how ? `, ${how}` : ""}`, id: how ? "detail" : "overview" }),
    );
    $("timeline").replaceChildren(detail, overview);
    Object.assign(this, { song, ids, counts: data.counts, dance: 0, selected: null, shown: [] });
    this.raw = data.dances;
    this.clicks.counts = data.counts;
    this.player = new Player($("stage"), data);
    this.player.clock.beside = this.clicks;
    this.timeline = new Timeline(this.player, overview, detail);
    takeCarried(detail, this.timeline);
    this.timeline.addEventListener("pick", ({ detail: { dance, segment } }) => {
      this.select(dance, segment);
      // What is told of is what is seen.
      if (!this.player.clock.playing) this.player.clock.seek(this.stretch[0]);
      this.#told("picked");
    });
    this.timeline.addEventListener("mark", ({ detail: loop }) => this.transport.setLoop(loop));
    this.player.addEventListener("picture", () => this.#follow());
    this.player.clock.addEventListener("silent", ({ detail: why }) => {
      toast(`The sound cannot be played here${why ? ` (${why})` : ""}; the dance plays in silence.`, { kind: "bad" });
    });
    this.player.clock.loop = same && loop ? loop : song.part;
    this.transport.attach(this.player, this);
    this.transport.front.hidden = !this.player.turns;
    this.transport.mirror.hidden = !ids.length;
    this.player.clock.seek(at);
    this.#told("opened");
    this.#told("turned");
  }

  #follow() {
    let other = false;
    this.player.dances.forEach((dance, i) => {
      const position = dance.frameAt(this.player.seconds);
      const segment = dance.segmentAt(position);
      const fragment = dance.fragmentOf(segment);
      const line = this.player.lines[i];
      if (this.shown[i] !== segment || !line.lastChild) {
        line.replaceChildren(swatch(fragment), element("span"));
        this.shown[i] = segment;
        other ||= i === this.dance;
      }
      const text = `${nameOf(fragment.clip)} · ${clock(dance.sourceS[Math.floor(position + 1e-6)])}`;
      if (line.lastChild.textContent !== text) line.lastChild.textContent = text;
    });
    if (other && this.selected === null) this.#told("turned");
    this.#told("picture");
  }

  #told(name) {
    this.dispatchEvent(new Event(name));
  }
}

// Dark, or light where the system is.
function scheme() {
  return window.matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
}
