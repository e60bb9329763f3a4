// Clicks on the counts, beside the song: told the same pieces as the sound, so that they keep step at
// every speed. Their pitches are those of danceit/audio/counts/clicks.py.

const CLICK = { beatHz: 880, oneHz: 1760, lengthS: 0.04, decayS: 0.008, loudness: 0.5 };

class Clicks {
  constructor() {
    this.on = false;
    this.counts = null;
    this.playing = [];
  }

  add(piece, { context, output }) {
    if (!this.on || !this.counts) return;
    const { beats_s: beats, numbers } = this.counts;
    const end = piece.song + (piece.until - piece.at) * piece.rate;
    for (let i = countUpTo(beats, piece.song - 1e-4); i < beats.length && beats[i] < end - 1e-4; i += 1) {
      const at = piece.at + (beats[i] - piece.song) / piece.rate;
      const source = new AudioBufferSourceNode(context, { buffer: this.#click(context, numbers[i] === 1) });
      source.connect(output);
      source.start(at);
      source.onended = () => (this.playing = this.playing.filter((one) => one.source !== source));
      this.playing.push({ source, at });
    }
  }

  // What was planned from this moment on is not heard.
  cut(at) {
    for (const one of this.playing) if (one.at >= at - 1e-6) one.source.stop();
    this.playing = this.playing.filter((one) => one.at < at - 1e-6);
  }

  #click(context, one) {
    if (this.context !== context) Object.assign(this, { context, made: [null, null] });
    const rate = context.sampleRate;
    this.made[Number(one)] ||= (() => {
      const buffer = context.createBuffer(1, Math.round(CLICK.lengthS * rate), rate);
      const samples = buffer.getChannelData(0);
      const hertz = one ? CLICK.oneHz : CLICK.beatHz;
      for (let i = 0; i < samples.length; i += 1) {
        const t = i / rate;
        samples[i] = CLICK.loudness * Math.exp(-t / CLICK.decayS) * Math.sin(2 * Math.PI * hertz * t);
      }
      return buffer;
    })();
    return this.made[Number(one)];
  }
}
