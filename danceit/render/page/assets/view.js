// The page of `danceit view`: puts player, timeline and inspector together.

const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);

$("title").textContent = data.title || "A dance";
$("subtitle").textContent =
  data.dances.length > 1
    ? `${data.dances.length} dances to one song`
    : data.dances[0].steps.join(" → ") || data.dances[0].name;

const player = new Player($("stage"), data);
const timeline = new Timeline(player, $("overview"), $("detail"));
const inspector = new Inspector(player, timeline);
const { clock: time } = player;

function notice(text) {
  $("notice").textContent = text;
  $("notice").hidden = !text;
}

const SILENT = "There is no sound on this page; the dance plays in silence.";
if (!data.sound) notice(data.notice || SILENT);
time.addEventListener("silent", ({ detail }) => {
  notice(`The sound cannot be played here${detail ? ` (${detail})` : ""}; the dance plays in silence.`);
});
if (data.edit) new Edits(player, timeline, inspector, data.edit);

function showState() {
  const name = time.playing ? "Pause" : "Play";
  $("play").setAttribute("aria-label", name);
  $("play").querySelector("use").setAttribute("href", time.playing ? "#i-pause" : "#i-play");
}

function showTime() {
  const text = `${clock(time.seconds)} / ${clock(data.duration_s)}`;
  if ($("time").textContent !== text) $("time").textContent = text;
}

function setLoop(loop) {
  time.loop = loop && loop[1] - loop[0] > 0.1 ? loop : null;
  $("loop").setAttribute("aria-pressed", String(Boolean(time.loop)));
  player.redraw();
}

function toggleLoop() {
  if (time.loop) return setLoop(null);
  const dance = inspector.current;
  const [start, end] = dance.segments[inspector.segment];
  setLoop([start / dance.fps, end / dance.fps]);
}

function setMirror(on) {
  player.setMirror(on);
  $("mirror").setAttribute("aria-pressed", String(on));
}

function stepSpeed(by) {
  const { options, selectedIndex } = $("speed");
  $("speed").selectedIndex = Math.min(Math.max(selectedIndex + by, 0), options.length - 1);
  time.setRate(Number($("speed").value));
}

// To the start of the fragment before or after; twice in a row goes two back.
function hop(by) {
  const dance = inspector.current;
  const position = dance.frameAt(time.seconds);
  const segment = dance.segmentAt(position);
  const into = (position - dance.segments[segment][0]) / dance.fps;
  const to = by < 0 && into > 0.5 ? segment : segment + by;
  const wanted = Math.min(Math.max(to, 0), dance.segments.length - 1);
  time.seek(dance.segments[wanted][0] / dance.fps);
}

$("play").addEventListener("click", () => time.toggle());
$("previous").addEventListener("click", () => hop(-1));
$("next").addEventListener("click", () => hop(1));
$("loop").addEventListener("click", toggleLoop);
$("mirror").addEventListener("click", () => setMirror(!player.mirror));
$("front").addEventListener("click", () => player.front());
$("front").hidden = !player.turns;
$("speed").addEventListener("change", () => time.setRate(Number($("speed").value)));
$("volume").addEventListener("input", () => time.setVolume(Number($("volume").value)));
$("keys-open").addEventListener("click", () => $("keys").showModal());
time.addEventListener("state", showState);
player.addEventListener("picture", showTime);
timeline.addEventListener("mark", ({ detail }) => setLoop(detail));
inspector.addEventListener("loop", ({ detail }) => {
  setLoop(detail);
  time.seek(detail[0]);
});

const KEYS = {
  " ": () => time.toggle(),
  ArrowLeft: () => time.seek(time.seconds - 1),
  ArrowRight: () => time.seek(time.seconds + 1),
  ",": () => time.seek((Math.round(inspector.current.frameAt(time.seconds)) - 1) / inspector.current.fps),
  ".": () => time.seek((Math.round(inspector.current.frameAt(time.seconds)) + 1) / inspector.current.fps),
  ArrowUp: () => hop(-1),
  ArrowDown: () => hop(1),
  "[": () => setLoop([time.seconds, (time.loop || [0, data.duration_s])[1]]),
  "]": () => setLoop([(time.loop || [0])[0], time.seconds]),
  l: toggleLoop,
  m: () => setMirror(!player.mirror),
  f: () => player.front(),
  "-": () => stepSpeed(-1),
  "+": () => stepSpeed(1),
  "=": () => stepSpeed(1),
  Home: () => time.seek(0),
  "?": () => $("keys").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("keys").open) return;
  const { target } = event;
  const field = target.closest("select, input");
  const pressed = event.key === " " && target.closest("button, summary");
  const action = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (field || pressed || !action) return;
  event.preventDefault();
  action();
});

showState();
showTime();

// For tests and the curious: what is on the canvases. Nothing here changes anything.
window.danceit = Object.freeze({
  get seconds() { return time.seconds; },
  get playing() { return time.playing; },
  get audible() { return Boolean(time.sound); },
  // The audio clock, the moment of it that is being heard, and all that is played.
  get sound() {
    const { sound } = time;
    return sound && sound.context ? { context: sound.context, heard: sound.heard, output: sound.output } : null;
  },
  frameAt: (seconds, dance = 0) => player.dances[dance].frameAt(seconds),
  drawnFrame: (dance = 0) => player.drawn[dance],
  joints: (frame, dance = 0) => Array.from(player.dances[dance].pose(frame)),
  drawnAt: (joint, dance = 0) => Array.from(player.painters[dance].xy.slice(2 * joint, 2 * joint + 2)),
  pictureTimes: () => player.frameTimes.slice(),
});
