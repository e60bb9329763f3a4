// The page of `danceit live`: asks for what is danced next and shows each frame when it is due.

const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
// Frames that are held: twenty seconds.
const HELD = 480;
const ASK_MS = 80;
// Seconds by which what is heard here is behind what was sent: sound and picture are, so nobody
// can tell, and an answer that is slow by less makes nothing late.
const BEHIND_S = 1.5;

// A dance that comes frame by frame; the last `HELD` are kept.
class LiveDance extends Dance {
  constructor({ dims, scale, fps, view }) {
    super({ joints: "", camera: "", movement: "", source_s: "", seams: [], dims, scale, fps });
    this.ring = new Int16Array(HELD * JOINTS * dims);
    this.aims = new Float32Array(HELD * 3);
    this.placed = new Int32Array(HELD);
    this.frames = 0;
    this.oldest = 0;
    this.view = { x: 0, y: 0, z: 0, ...view };
  }

  take(first, count, joints, aims, placed, seams) {
    if (first > this.frames) this.oldest = first;
    const width = JOINTS * this.dims;
    for (let i = 0; i < count; i += 1) {
      const slot = (first + i) % HELD;
      this.ring.set(joints.subarray(i * width, (i + 1) * width), slot * width);
      this.aims.set(aims.subarray(i * 3, i * 3 + 3), slot * 3);
      this.placed[slot] = placed[i];
    }
    this.frames = Math.max(this.frames, first + count);
    this.oldest = Math.max(this.oldest, this.frames - HELD);
    for (const seam of seams) this.seamSet.add(seam);
    for (const seam of this.seamSet) if (seam < this.oldest) this.seamSet.delete(seam);
  }

  coordinate(frame, joint, axis) {
    if (axis >= this.dims) return 0;
    const held = Math.max(frame, this.oldest) % HELD;
    const value = this.ring[(held * JOINTS + joint) * this.dims + axis];
    return value === MISSING ? NaN : value / this.scale;
  }

  cameraAt(position) {
    const before = Math.max(Math.floor(position), this.oldest);
    const after = Math.min(before + 1, this.frames - 1);
    const share = Math.min(Math.max(position - before, 0), 1);
    const at = (k) => this.aims[(before % HELD) * 3 + k] * (1 - share) + this.aims[(after % HELD) * 3 + k] * share;
    [this.view.x, this.view.y, this.view.z] = [0, 1, 2].map(at);
    return this.view;
  }

  placedAt(position) {
    return this.placed[Math.max(Math.floor(position), this.oldest) % HELD];
  }
}

// Plays blocks of sound one behind the other; says which second is being heard.
class Speaker {
  constructor(rate) {
    this.rate = rate;
    this.context = new AudioContext({ sampleRate: rate });
    this.base = null;
    this.gaps = 0;
    this.next = 0;
  }

  // Rejected where there is no device that would play anything.
  async begin() {
    const refused = new Promise((_, reject) => {
      setTimeout(() => reject(new Error("no sound device answers")), 3000);
    });
    await Promise.race([this.context.resume(), refused]);
  }

  play(first, samples) {
    if (!samples.length) return;
    const { context, rate } = this;
    const wanted = context.currentTime + BEHIND_S - first / rate;
    if (this.base === null) this.base = wanted;
    if (this.base + first / rate < context.currentTime + 0.01) {
      // Too late: sound and picture wait until there is as much in hand as at the beginning.
      this.gaps += 1;
      this.base = wanted;
    }
    const buffer = context.createBuffer(1, samples.length, rate);
    const channel = buffer.getChannelData(0);
    for (let i = 0; i < samples.length; i += 1) channel[i] = samples[i] / 32767;
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(context.destination);
    // On whole samples, so that blocks join without a click.
    source.start(Math.round((this.base + first / rate) * rate) / rate);
    this.next = first + samples.length;
  }

  // Second of the stream that is in the air now; null before it begins.
  get heard() {
    if (this.base === null) return null;
    const { contextTime, performanceTime } = this.context.getOutputTimestamp();
    const now = performanceTime > 0
      ? contextTime + (performance.now() - performanceTime) / 1000
      : this.context.currentTime - (this.context.outputLatency || 0);
    return now - this.base;
  }
}

// Without sound: the stream's second by when the answers came, the quickest of them.
class Watch {
  constructor(behind) {
    this.behind = behind;
    this.offsets = [];
  }

  note(now) {
    this.offsets.push(now - performance.now() / 1000);
    if (this.offsets.length > 100) this.offsets.shift();
  }

  get heard() {
    if (!this.offsets.length) return null;
    return Math.max(...this.offsets) + performance.now() / 1000 - this.behind;
  }
}

const dance = new LiveDance(data);
const painter = new Painter($("canvas"), data.figure, data.theme);
const watch = new Watch(data.audible ? BEHIND_S : -data.latency_s);
let speaker = null;
let told = { beats_s: [], numbers: [], counting: false };
let names = {};
let drawn = 0;
let late = 0;
let due = -1;
let over = false;
let gone = "";
let seconds = 0;

$("title").textContent = data.title;
$("start").hidden = !data.audible;

async function ask() {
  const body = { frame: dance.frames, sample: speaker ? speaker.next : -1, drawn, late, gaps: speaker ? speaker.gaps : 0 };
  const answer = await fetch("/live", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Danceit-Token": data.token },
    body: JSON.stringify(body),
  });
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.error);
  return found;
}

function take(found) {
  told = found;
  Object.assign(names, found.names);
  watch.note(found.now_s);
  dance.take(found.first, found.count, unpacked(found.joints, Int16Array), unpacked(found.aims, Float32Array), found.placed, found.seams);
  if (speaker) speaker.play(found.sound.first, unpacked(found.sound.text, Int16Array));
  over = found.over;
}

async function follow() {
  for (;;) {
    try {
      take(await ask());
      if (over && dance.frames && told.count === 0) return;
    } catch (error) {
      gone = over ? "the end" : `danceit is gone (${error.message})`;
      $("status").textContent = gone;
      return;
    }
    await new Promise((done) => setTimeout(done, ASK_MS));
  }
}

function picture() {
  requestAnimationFrame(picture);
  painter.resize();
  const now = (speaker ?? watch).heard;
  if (now === null || now < 0 || !dance.frames) return;
  // Where the sound waits the picture does, too.
  const heard = Math.max(now, seconds);
  seconds = heard;
  const position = heard * data.fps;
  const frame = Math.floor(position);
  if (frame > due) {
    // Each frame is due once; where pictures come more slowly than frames, some are passed over.
    if (frame >= dance.frames && !over) late += frame - Math.max(due, dance.frames - 1);
    drawn += due < 0 ? 1 : frame - due;
    due = frame;
  }
  const shown = Math.min(position, dance.frames - 1);
  painter.draw(dance, shown, pulse(heard));
  $("count").textContent = called(heard);
  $("now").textContent = names[dance.placedAt(shown)] ?? "";
  $("next").textContent = told.counting ? `then ${told.next}` : "";
  $("status").textContent = described();
  $("late").textContent = `${late} of ${drawn} frames late`;
}

function lastBeat(heard) {
  let at = -1;
  while (at + 1 < told.beats_s.length && told.beats_s[at + 1] <= heard) at += 1;
  return at;
}

function pulse(heard) {
  const at = lastBeat(heard);
  return at < 0 ? 0 : Math.max(0, 1 - (heard - told.beats_s[at]) / data.figure.pulse_s);
}

function called(heard) {
  const at = told.counting ? lastBeat(heard) : -1;
  return at < 0 || !told.numbers[at] ? "" : String(told.numbers[at]);
}

function described() {
  if (gone) return gone;
  if (over && seconds * data.fps >= dance.frames - 1) return "the end";
  if (!told.counting) return told.silent ? "silence" : "listening for a beat";
  return `${told.tempo_bpm.toFixed(0)} beats a minute${told.metre ? ` · ${told.metre} to the bar` : ""}`;
}

async function begin() {
  $("start").hidden = true;
  try {
    if (data.audible) {
      const made = new Speaker(data.rate);
      await made.begin();
      speaker = made;
    }
  } catch (error) {
    $("sound").textContent = `no sound here (${error.message})`;
  }
  await fetch("/start", { method: "POST", headers: { "Content-Type": "application/json", "X-Danceit-Token": data.token }, body: "{}" });
  follow();
}

function mirror() {
  painter.mirror = !painter.mirror;
  $("mirror").setAttribute("aria-pressed", String(painter.mirror));
}

$("start").addEventListener("click", begin);
$("mirror").addEventListener("click", mirror);
document.addEventListener("keydown", ({ key }) => {
  if (key === "m" || key === "M") mirror();
});
if (!data.audible) begin();
requestAnimationFrame(picture);

// For tests and the curious. Nothing here changes anything.
window.danceit = Object.freeze({
  get state() {
    return { seconds, drawn, late, frames: dance.frames, counting: told.counting, over, gaps: speaker ? speaker.gaps : 0 };
  },
});
