// Sound at another speed and the same pitch: WSOLA (Verhelst and Roelands, 1993). Windows of
// the song are laid over one another at another spacing, each taken from where, within a
// hundredth of a second, it best goes on with what is there already. So what is heard at an
// output sample is never further than that from where plain slowing down would have it.

const WINDOW_S = 0.04;
const SEARCH_S = 0.01;
const COARSE = 8; // samples that the first search steps over and sums up

// The sum of all channels over COARSE samples each, for the first search.
function outlineOf(channels) {
  const outline = new Float32Array(Math.ceil(channels[0].length / COARSE));
  for (const channel of channels) {
    for (let i = 0, step = 0; i < channel.length; step += 1) {
      let sum = 0;
      for (const end = Math.min(i + COARSE, channel.length); i < end; i += 1) sum += channel[i];
      outline[step] += sum;
    }
  }
  return outline;
}

class Stretch {
  constructor(channels, outline, sampleRate, speed, start) {
    Object.assign(this, { channels, outline, speed, start });
    this.hop = Math.round((WINDOW_S * sampleRate) / (2 * COARSE)) * COARSE;
    this.search = Math.round((SEARCH_S * sampleRate) / COARSE);
    this.rising = Float32Array.from({ length: this.hop }, (_, i) => 0.5 - 0.5 * Math.cos((Math.PI * (i + 0.5)) / this.hop));
    this.made = 0; // windows so far
    this.goesOn = Math.round(start); // sample that would follow on the last window
    this.rest = null; // what of the last hop was not asked for yet
  }

  // The next `count` samples, one array a channel.
  next(count) {
    const out = this.channels.map(() => new Float32Array(count));
    let filled = 0;
    while (filled < count) {
      if (!this.rest) this.rest = { hop: this.#window(), from: 0 };
      const { hop, from } = this.rest;
      const taken = Math.min(this.hop - from, count - filled);
      out.forEach((channel, c) => channel.set(hop[c].subarray(from, from + taken), filled));
      filled += taken;
      this.rest = from + taken < this.hop ? { hop, from: from + taken } : null;
    }
    return out;
  }

  // One hop of output: the falling half of the last window under the rising half of the next.
  #window() {
    const { hop, rising, goesOn } = this;
    // The middle of a window is what is at its own place in time.
    const middle = this.start + (this.made + 1) * hop * this.speed;
    const taken = this.#best(Math.round(middle) - hop);
    const made = this.channels.map((channel) => {
      const out = new Float32Array(hop);
      for (let i = 0; i < hop; i += 1) {
        const share = rising[i];
        out[i] = (1 - share) * (channel[goesOn + i] || 0) + share * (channel[taken + i] || 0);
      }
      return out;
    });
    this.goesOn = taken + hop;
    this.made += 1;
    return made;
  }

  #best(target) {
    const { outline, hop, goesOn } = this;
    const wide = this.search;
    const at = Math.round(target / COARSE);
    const here = Math.round(goesOn / COARSE);
    const rough = likest(outline, here, at - wide, at + wide, hop / COARSE, 1);
    const near = target + (rough - at) * COARSE;
    return likest(this.channels[0], goesOn, near - COARSE, near + COARSE, hop, 4);
  }
}

// Where from `first` to `last` the values are most like those at `here`, `length` on.
function likest(values, here, first, last, length, step) {
  let [best, found] = [-Infinity, (first + last) >> 1];
  for (let lag = first; lag <= last; lag += 1) {
    let product = 0;
    let power = 1e-9;
    for (let i = 0; i < length; i += step) {
      const value = values[lag + i] || 0;
      product += value * (values[here + i] || 0);
      power += value * value;
    }
    const score = product / Math.sqrt(power);
    if (score > best) [best, found] = [score, lag];
  }
  return found;
}
