// The song, decoded, and the clock of the device that plays it. What is to be heard when is
// told in pieces: seconds of the song and the moment of the audio clock at which they begin,
// both to the sample.

const PRIMING = 1024; // samples that the AAC encoder puts before a song
const WAKE_MS = 2500;
const FADE_S = 0.004;

class Sound {
  constructor(source, coded) {
    this.coded = coded;
    this.volume = 1;
    this.playing = [];
    this.ready = this.#decode(source);
    this.ready.catch(() => {}); // who waits for it will hear of it
  }

  get sampleRate() {
    return this.coded.rate;
  }

  // Moment of the audio clock up to which all has been handed to the device.
  get now() {
    return this.context.currentTime;
  }

  // Moment of the audio clock that is coming out of the loudspeaker.
  get heard() {
    const { context } = this;
    const { contextTime, performanceTime } = context.getOutputTimestamp ? context.getOutputTimestamp() : {};
    // Until the device has played something it has no time stamps, and old ones after a pause.
    const told = performanceTime > 0 && contextTime > 0;
    const since = told ? (performance.now() - performanceTime) / 1000 : 0;
    const latency = context.outputLatency || context.baseLatency || 0;
    const heard = told && since < 1 ? contextTime + since : context.currentTime - latency;
    return Math.min(heard, context.currentTime);
  }

  // Begin or go on; false where the browser wants a click first. To be called in the click.
  async wake() {
    clearTimeout(this.resting);
    if (!this.context) this.#open();
    const { context } = this;
    const slept = new Promise((resolve) => setTimeout(resolve, WAKE_MS, "slept"));
    const waking = context.resume();
    await this.ready;
    if ((await Promise.race([waking, slept])) !== "slept") return true;
    if (navigator.userActivation && !navigator.userActivation.hasBeenActive) return false;
    throw new Error("no sound device answers");
  }

  // Let the device go, once what was cut has faded away.
  rest() {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.context && this.context.suspend(), 100);
  }

  setVolume(volume) {
    this.volume = volume;
    if (this.output) this.output.gain.setTargetAtTime(volume, this.now, 0.01);
  }

  // Play a piece: `count` samples of output from its moment on, at its rate.
  add(piece, count) {
    const source = this.context.createBufferSource();
    const gain = this.context.createGain();
    source.connect(gain).connect(this.output);
    source.onended = () => {
      gain.disconnect();
      this.playing = this.playing.filter((one) => one.source !== source);
    };
    if (piece.rate === 1) {
      source.buffer = this.buffer;
      source.start(piece.at, this.lead + piece.song, count / this.sampleRate);
    } else {
      source.buffer = this.#stretched(piece, count);
      source.start(piece.at);
    }
    if (piece.fresh) gain.gain.setValueAtTime(0, piece.at).linearRampToValueAtTime(1, piece.at + FADE_S);
    this.playing.push({ source, gain, at: piece.at });
  }

  // Nothing that was added is heard from this moment on; with `fade`, without a click.
  cut(at, fade) {
    for (const { source, gain, at: began } of this.playing) {
      if (began >= at) gain.disconnect();
      else if (fade) gain.gain.setValueAtTime(1, Math.max(at - FADE_S, began)).linearRampToValueAtTime(0, at);
      source.stop(Math.max(at, began));
    }
    this.playing = [];
  }

  #open() {
    // Telephones silence a page's sound with the ringer unless it says that it plays media.
    if (navigator.audioSession) navigator.audioSession.type = "playback";
    this.context = new AudioContext({ sampleRate: this.sampleRate });
    this.context.onstatechange = () => this.onstate && this.onstate(this.context.state);
    this.output = this.context.createGain();
    this.output.gain.value = this.volume;
    this.output.connect(this.context.destination);
  }

  // Nothing is played any more.
  close() {
    clearTimeout(this.resting);
    if (!this.context) return;
    this.context.onstatechange = null;
    this.context.close();
    this.context = null;
  }

  async #decode(source) {
    const bytes = await bytesOf(source);
    const { rate, samples } = this.coded;
    this.buffer = await new OfflineAudioContext(1, 1, rate).decodeAudioData(bytes);
    // Most browsers leave out what the encoder put before the song; then less is there.
    this.lead = this.buffer.length > samples - PRIMING / 2 ? PRIMING / rate : 0;
  }

  #stretched(piece, count) {
    const { buffer, stretching: last } = this;
    const at = (this.lead + piece.song) * this.sampleRate;
    let { stretch } = last || {};
    if (!last || piece.fresh || last.rate !== piece.rate || Math.abs(last.at - at) > 1) {
      const channels = Array.from({ length: buffer.numberOfChannels }, (_, c) => buffer.getChannelData(c));
      this.outline ||= outlineOf(channels);
      stretch = new Stretch(channels, this.outline, this.sampleRate, piece.rate, at);
    }
    this.stretching = { stretch, rate: piece.rate, at: at + count * piece.rate };
    const made = this.context.createBuffer(buffer.numberOfChannels, count, this.sampleRate);
    stretch.next(count).forEach((channel, c) => made.copyToChannel(channel, c));
    return made;
  }
}

// What a URL holds: inside it, or where it leads.
async function bytesOf(source) {
  if (source.startsWith("data:")) return unpacked(source.slice(source.indexOf(",") + 1), Uint8Array).buffer;
  const answer = await fetch(source);
  if (!answer.ok) throw new Error("the song's sound is gone");
  return answer.arrayBuffer();
}
