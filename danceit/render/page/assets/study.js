// One trial of a blind study. Every answer is sent as it is given; the page then only asks
// for the next trial, so that a reload at any moment is the same as going on.

const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const STORED = "danceit-voter";

function notice(text) {
  $("notice").textContent = text;
  $("notice").hidden = !text;
}

// A name for this browser, so that it is not asked the same again.
function voterOf() {
  let name = null;
  try {
    name = localStorage.getItem(STORED);
    if (!name) {
      name = crypto.randomUUID();
      localStorage.setItem(STORED, name);
    }
  } catch {
    name = crypto.randomUUID();
  }
  return name;
}

async function send(question, answer) {
  const told = await fetch("/vote", {
    method: "POST",
    keepalive: true, // a page that is left takes its answer along
    headers: { "Content-Type": "application/json", "X-Danceit-Token": data.token },
    body: JSON.stringify({ voter: data.voter, trial: data.trial, ballot: data.ballot, question, answer }),
  });
  const result = await told.json();
  if (!told.ok) throw new Error(result.error);
  return result;
}

function choice(question, [value, text], player) {
  const input = element("input", { type: "radio", name: question.key, value });
  input.checked = question.given === value;
  input.disabled = true;
  input.addEventListener("change", async () => {
    try {
      const { complete } = await send(question.key, value);
      notice("");
      if (complete) {
        player.clock.pause();
        location.reload();
      }
    } catch (error) {
      input.checked = false;
      notice(`Your answer was not kept: ${error.message}. Choose again.`);
    }
  });
  return element("label", { class: "answer" }, input, element("span", {}, text));
}

function ask(player) {
  const sets = data.questions.map((question) =>
    element(
      "fieldset",
      {},
      element("legend", {}, question.text),
      element("div", { class: "answers" }, ...question.answers.map((answer) => choice(question, answer, player))),
    ),
  );
  const hint = element("p", { class: "dim", id: "hint" }, `Watch at least ${data.watch_s.toFixed(0)} seconds, then answer.`);
  $("questions").replaceChildren(hint, ...sets);
}

function start() {
  $("title").textContent = data.dances.length > 1 ? "Which dance?" : "What do you think?";
  $("progress").textContent = `${data.done + 1} of ${data.all}`;
  $("poll").hidden = false;
  const player = new Player($("stage"), data);
  const { clock: time } = player;
  time.loop = [data.from_s, data.to_s];
  time.seek(data.from_s);
  ask(player);
  let seen = 0;
  let last = data.from_s;
  player.addEventListener("picture", () => {
    const moved = player.seconds - last;
    last = player.seconds;
    if (time.playing && moved > 0 && moved < 0.5) seen += moved;
    $("watched").value = (player.seconds - data.from_s) / (data.to_s - data.from_s);
    if (seen >= data.watch_s && $("hint")) {
      $("hint").remove();
      for (const input of $("questions").elements) input.disabled = false;
    }
  });
  time.addEventListener("state", () => ($("play").textContent = time.playing ? "Pause" : "Play"));
  time.addEventListener("silent", () => notice("The sound cannot be played in this browser; please use another one."));
  $("play").addEventListener("click", () => time.toggle());
  window.danceit = Object.freeze({
    get seconds() { return time.seconds; },
    drawnFrame: (dance = 0) => player.drawn[dance],
  });
}

if (!data.voter) location.replace(`/?voter=${encodeURIComponent(voterOf())}`);
else if (data.trial) start();
else {
  $("title").textContent = "Thank you";
  $("progress").textContent = `All ${data.all} answered and kept. You can close this page.`;
}
