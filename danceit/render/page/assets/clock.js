// The moment of the song: that of the sound coming out of the loudspeaker, by the audio
// clock, or by the browser's clock where there is no sound.
//
// What will be shown is planned ahead in pieces, each a stretch of the song that begins at a
// moment of the clock; the sound is told the same pieces. So picture and sound cannot drift
// apart, a loop goes round without a gap, and latency is what the device says it is.

const LEAD_S = 0.03; // between an order and the moment from which it holds
const AHEAD_S = 2.5; // hidden pages are woken once a second
const PIECE_S = 0.25; // of output, where the sound has to be stretched
const PUMP_MS = 250;
const STUCK_MS = 2500;

class Clock extends EventTarget {
  constructor(durationS, source, coded) {
    super();
    this.durationS = durationS;
    this.rate = 1;
    this.playing = false;
    this.stands = 0;
    this.plan = [];
    this.round = null;
    this.sound = source ? this.#listen(source, coded) : null;
    this.beside = null; // told every piece as the sound is, such as clicks on the beats
    this.pumping = setInterval(() => this.playing && this.#pump(), PUMP_MS);
  }

  get seconds() {
    return this.playing ? this.#songAt(this.#heard) : this.stands;
  }

  // A stretch of the song, [from, to], that is repeated; null for none.
  get loop() {
    return this.round;
  }

  set loop(loop) {
    this.round = loop;
    this.#replan();
  }

  async play() {
    if (this.playing || this.starting) return;
    if (this.stands >= this.durationS - 0.02) this.seek(this.loop ? this.loop[0] : 0);
    const mine = (this.starting = {});
    let allowed = true;
    try {
      if (this.sound) allowed = await this.sound.wake();
    } catch (error) {
      this.#silence(error);
    }
    // Stopped again while the sound was being opened.
    if (this.starting !== mine) return;
    this.starting = null;
    if (!allowed) return;
    this.playing = true;
    this.moved = { at: -1, when: performance.now() };
    this.#begin(this.stands);
    this.#tell();
  }

  pause() {
    if (this.playing) this.#stop(this.seconds);
    else if (this.starting && this.sound) this.sound.rest();
    this.starting = null;
  }

  toggle() {
    return this.playing || this.starting ? this.pause() : this.play();
  }

  // What goes beside the sound has changed: what was planned ahead is planned anew.
  refresh() {
    this.#replan();
  }

  // Stop for good and let the device go.
  close() {
    this.pause();
    clearInterval(this.pumping);
    if (this.sound) this.sound.close();
  }

  seek(seconds) {
    this.stands = Math.min(Math.max(seconds, 0), this.durationS);
    if (this.playing) {
      this.#cut(this.#soon, true);
      this.#begin(this.stands);
    }
    this.dispatchEvent(new Event("seek"));
  }

  setRate(rate) {
    this.rate = rate;
    this.#replan();
  }

  setVolume(volume) {
    if (this.sound) this.sound.setVolume(volume);
  }

  // Called once a picture: plans on, and stops at the end.
  tick() {
    if (!this.playing) return this.stands;
    this.#pump();
    const { seconds } = this;
    if (!this.loop && seconds >= this.durationS - 1e-3) this.#stop(this.durationS);
    else if (this.#stuck()) this.#silence(new Error("no sound device answers"));
    return this.seconds;
  }

  get #now() {
    return this.sound ? this.sound.now : performance.now() / 1000;
  }

  get #heard() {
    return this.sound ? this.sound.heard : performance.now() / 1000;
  }

  // The first moment that an order can hold from, on a whole sample.
  get #soon() {
    if (!this.sound) return this.#now;
    return Math.ceil((this.#now + LEAD_S) * this.sound.sampleRate) / this.sound.sampleRate;
  }

  #songAt(moment) {
    let piece = this.plan[0];
    for (const one of this.plan) if (one.at <= moment) piece = one;
    const passed = Math.min(Math.max(moment, piece.at), piece.until) - piece.at;
    return Math.min(piece.song + passed * piece.rate, this.durationS);
  }

  // From here, as soon as can be; until then this moment is shown.
  #begin(song) {
    this.plan = [];
    this.next = { at: this.#soon, song, fresh: true };
    this.#pump();
  }

  // Rate or loop changed: what is being heard goes on into the new plan without a break.
  #replan() {
    if (!this.playing) return;
    const at = this.#soon;
    const song = this.#songAt(at);
    this.#cut(at, false);
    this.plan = this.plan.filter((piece) => piece.at < at);
    if (!this.plan.length) return this.#begin(song);
    this.plan[this.plan.length - 1].until = at;
    this.next = { at, song, fresh: false };
    this.#pump();
  }

  #pump() {
    const now = this.#now;
    // Too late, as after a computer's sleep: go on from where it was to go on.
    if (this.next && this.next.at < now && this.sound) this.next = { ...this.next, at: this.#soon, fresh: true };
    while (this.next && this.next.at < now + AHEAD_S) this.#add();
    const heard = this.#heard;
    while (this.plan.length > 1 && this.plan[1].at < heard - 1) this.plan.shift();
  }

  #add() {
    const { loop, rate, sound } = this;
    const { at, fresh } = this.next;
    const song = loop && this.next.song >= loop[1] - 1e-4 ? loop[0] : this.next.song;
    const left = (loop ? loop[1] : this.durationS) - song;
    if (left <= 1e-4) {
      this.next = null;
      return;
    }
    const sampleRate = sound ? sound.sampleRate : 1000;
    const wanted = rate === 1 ? left : Math.min(PIECE_S, left / rate);
    const count = Math.max(1, Math.round(wanted * sampleRate));
    const piece = { at, song, rate, fresh, until: at + count / sampleRate };
    if (sound) sound.add(piece, count);
    if (sound && this.beside) this.beside.add(piece, sound);
    this.plan.push(piece);
    this.next = { at: piece.until, song: song + (count / sampleRate) * rate, fresh: false };
  }

  #cut(at, fade) {
    if (this.sound) this.sound.cut(at, fade);
    if (this.beside) this.beside.cut(at);
  }

  #stop(seconds) {
    this.stands = seconds;
    this.playing = false;
    this.#cut(this.#soon, true);
    if (this.sound) this.sound.rest();
    this.#tell();
  }

  // A device that was taken away leaves the audio clock standing still.
  #stuck() {
    const { sound, moved } = this;
    if (!sound) return false;
    const when = performance.now();
    if (sound.now !== moved.at) this.moved = { at: sound.now, when };
    return when - this.moved.when > STUCK_MS && when - this.moved.when < 2 * STUCK_MS;
  }

  #listen(source, coded) {
    const sound = new Sound(source, coded);
    sound.ready.catch((error) => this.#silence(error));
    // Another program, a headset or the system may stop the sound.
    sound.onstate = (state) => {
      if (this.playing && state !== "running") this.pause();
    };
    return sound;
  }

  #silence(error) {
    if (!this.sound) return;
    const { seconds } = this;
    this.sound.onstate = null;
    this.sound.rest();
    this.sound = null;
    this.stands = seconds;
    if (this.playing) this.#begin(seconds);
    this.dispatchEvent(new CustomEvent("silent", { detail: String((error && error.message) || error || "") }));
  }

  #tell() {
    this.dispatchEvent(new Event("state"));
  }
}
