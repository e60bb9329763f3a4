// The page of `danceit view`: puts player, timeline and inspector together.

const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);

function subtitle() {
  const { tempo_bpm: bpm, metre, beats_s: beats } = data.counts;
  const dances = data.dances.length > 1 ? [`${data.dances.length} dances to one song`] : [];
  const counted = beats.length > 2 ? [`${bpm.toFixed(0)} beats a minute`, ...(metre ? [`${metre} to the bar`] : [])] : [];
  return [...dances, ...counted].join(" · ") || data.dances[0].name;
}

$("title").textContent = data.title || "A dance";
$("subtitle").textContent = subtitle();

const player = new Player($("stage"), data);
const timeline = new Timeline(player, $("overview"), $("detail"));
const inspector = new Inspector(player, timeline);
const { clock: time } = player;
const edits = data.edit ? new Edits(player, timeline, inspector, data.edit) : null;
const transport = new Transport(
  edits ? { "ctrl+z": () => edits.undo(), "shift+ctrl+z": () => edits.redo(), "ctrl+y": () => edits.redo() } : {},
);
transport.attach(player, inspector);

function notice(text) {
  $("notice").textContent = text;
  $("notice").hidden = !text;
}

const SILENT = "There is no sound on this page; the dance plays in silence.";
if (!data.sound) notice(data.notice || SILENT);
time.addEventListener("silent", ({ detail }) => {
  notice(`The sound cannot be played here${detail ? ` (${detail})` : ""}; the dance plays in silence.`);
});

$("front").hidden = !player.turns;
$("keys-open").addEventListener("click", () => $("keys").showModal());
timeline.addEventListener("mark", ({ detail }) => transport.setLoop(detail));
inspector.addEventListener("loop", ({ detail }) => {
  transport.setLoop(detail);
  time.seek(detail[0]);
});

// For tests and the curious: what is on the canvases. Nothing here changes anything.
window.danceit = Object.freeze(told(() => player));
