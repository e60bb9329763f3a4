// The moment of the song: that of the sound being heard, or a plain clock without sound.
//
// A media element keeps the pitch when the speed changes, but tells its time in steps. In
// between, time runs on by the browser's own clock, drawn gently towards the element's;
// after a jump it is taken over at once.

const JUMP_S = 0.08;
const PULL = 0.08;

class Clock extends EventTarget {
  constructor(durationS, source) {
    super();
    this.durationS = durationS;
    this.rate = 1;
    this.playing = false;
    this.loop = null;
    this.base = { seconds: 0, at: 0 };
    this.audio = source ? this.#listen(source) : null;
  }

  get seconds() {
    const { audio, base } = this;
    if (!this.playing) return base.seconds;
    const now = performance.now();
    let seconds = base.seconds + ((now - base.at) / 1000) * this.rate;
    if (audio) {
      const heard = audio.currentTime;
      const off = heard - seconds;
      if (Math.abs(off) > JUMP_S * Math.max(1, this.rate) || audio.seeking) seconds = heard;
      else seconds += PULL * off;
      this.base = { seconds, at: now };
    }
    return Math.min(Math.max(seconds, 0), this.durationS);
  }

  async play() {
    if (this.playing) return;
    if (this.seconds >= this.durationS - 0.02) this.seek(this.loop ? this.loop[0] : 0);
    if (this.audio) {
      try {
        await this.audio.play();
      } catch (error) {
        // Stopped again at once, or the browser wants a click first: not the sound's fault.
        if (error.name === "AbortError" || error.name === "NotAllowedError") return;
        this.#silence(error);
      }
    }
    this.base = { seconds: this.audio ? this.audio.currentTime : this.base.seconds, at: performance.now() };
    this.playing = true;
    this.#tell();
  }

  pause() {
    if (!this.playing) return;
    this.base = { seconds: this.seconds, at: performance.now() };
    this.playing = false;
    if (this.audio) {
      this.audio.pause();
      this.base.seconds = this.audio.currentTime;
    }
    this.#tell();
  }

  toggle() {
    return this.playing ? this.pause() : this.play();
  }

  seek(seconds) {
    const to = Math.min(Math.max(seconds, 0), this.durationS);
    this.base = { seconds: to, at: performance.now() };
    if (this.audio) this.audio.currentTime = Math.min(to, this.audio.duration || to);
    this.dispatchEvent(new Event("seek"));
  }

  setRate(rate) {
    this.base = { seconds: this.seconds, at: performance.now() };
    this.rate = rate;
    if (this.audio) this.audio.playbackRate = rate;
  }

  setVolume(volume) {
    if (this.audio) this.audio.volume = volume;
  }

  // Called once a picture: goes round a loop, and stops at the end.
  tick() {
    const seconds = this.seconds;
    if (!this.playing) return seconds;
    const [from, to] = this.loop || [0, Infinity];
    if (seconds >= to || (this.loop && seconds >= this.durationS - 0.02)) {
      this.seek(from);
      if (this.audio && this.audio.paused) this.audio.play().catch(() => {});
      return from;
    }
    if (seconds >= this.durationS - 1e-3 || (this.audio && this.audio.ended)) {
      this.pause();
      this.base.seconds = this.durationS;
    }
    return seconds;
  }

  #listen(source) {
    const audio = new Audio();
    audio.preload = "auto";
    audio.preservesPitch = true;
    audio.webkitPreservesPitch = true;
    audio.addEventListener("error", () => this.#silence(audio.error));
    // Another program, a headset or the system may stop and start the sound.
    audio.addEventListener("pause", () => {
      if (this.playing && !audio.ended && !audio.seeking) this.pause();
    });
    audio.src = source.startsWith("data:") ? blobOf(source) : source;
    return audio;
  }

  #silence(error) {
    if (!this.audio) return;
    this.base = { seconds: this.seconds, at: performance.now() };
    this.audio = null;
    this.dispatchEvent(new CustomEvent("silent", { detail: String((error && error.message) || error || "") }));
  }

  #tell() {
    this.dispatchEvent(new Event("state"));
  }
}

// Browsers seek in a blob, but not all of them in a data URL.
function blobOf(url) {
  const comma = url.indexOf(",");
  const bytes = unpacked(url.slice(comma + 1), Uint8Array);
  return URL.createObjectURL(new Blob([bytes], { type: url.slice(5, url.indexOf(";")) }));
}
