// What is told of a fragment, here and in the studio: its colour, why it was taken, its numbers.

function swatch(fragment) {
  const made = element("span", { class: "swatch", "aria-hidden": "true" });
  made.style.background = css(fragment.colour);
  return made;
}

// What a clip is called, without its folder and the kind of its file; a recording that was cut has parts.
function nameOf(clip) {
  const plain = clip.split("/").at(-1).replace(/\.(npz|bvh|json|pkl|mp4|mov|mkv|webm|avi|m4v|mpe?g)(?=$|#| person \d)/i, "");
  return plain.replace(/ person (\d+)(?=$|#)/, ", person $1").replace(/#(\d+)$/, ", part $1");
}

// Why a clip is a part, where it is one.
function partOf(clip) {
  const part = clip.match(/#(\d+)$/);
  return part ? `${part[1]} of its recording, which is cut where nobody is seen or the picture changes` : "";
}

// Where a move begins and how long it is, of its id, which counts frames: CLIP:480+48.
function momentOf(id) {
  const [, start, frames] = id.match(/:(\d+)\+(\d+)$/) || [];
  return start ? `${clock(start / 24)}, ${Math.round(frames / 2.4) / 10} s` : "";
}

function plural(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

function facts(rows) {
  const list = element("dl");
  for (const [name, value] of rows) if (value) list.append(element("dt", {}, name), element("dd", {}, value));
  return list;
}

// The clip that a move is of, by the move's id.
function clipOf(id) {
  return id.replace(/:\d+\+\d+$/, "");
}

// How well another move would fit the music beside the one that is there, whose cost is what less
// than a twentieth of makes no difference that is seen.
function fitOf(other, fragment) {
  if (other.target === null || !fragment.target) return "";
  const ratio = other.target / fragment.target;
  if (ratio < 0.95) return "fits the music better";
  if (ratio < 1.05) return "fits as well";
  return ratio < 1.3 ? "fits nearly as well" : "fits less well";
}

// Behind a fold, for who wants to know.
function numbers(rows) {
  return element("details", { class: "numbers" }, element("summary", {}, "Numbers"), facts(rows));
}

function numbersOf(fragment, segment, seam) {
  return numbers([
    ["Distance", fragment.distance === null ? "" : `${fragment.distance.toFixed(3)} from what the music asks for`],
    ["Cost", fragment.target === null ? "" : `${fragment.target.toFixed(3)} to fit the music`],
    ["Rank", `${fragment.rank + 1}${fragment.found ? ` of ${fragment.found}` : ""}`],
    ["Join", segment === 0 ? "the first" : seam ? (fragment.join === null ? "" : fragment.join.toFixed(2)) : "goes on in the source"],
    ["Fragment", fragment.id],
  ]);
}

// In plain words, where the dance holds them.
function why(fragment, segment, seam) {
  if (fragment.reason) return fragment.reason;
  if (segment > 0 && !seam) return "Goes on from the move before in its recording.";
  return "";
}

const STEPS = {
  "query viterbi": "chosen for the whole song", "query greedy": "chosen move by move", "edit constraints": "changed by hand",
  "align inertial": "seams smoothed", "align counts": "count laid on count", "align warp": "movements put on the beat",
  "align beat": "movements put on the beat", "align none": "", "align linear": "seams joined by straight lines",
};

// How a dance was made, in words where there are some.
function madeBy(dance) {
  const told = dance.steps.map((step) => (step in STEPS ? STEPS[step] : step)).filter(Boolean);
  return [...new Set(told)].join(", ");
}

// One of the page's own pictures, in the name space that those are in.
function icon(name) {
  const space = document.querySelector(".sprites").namespaceURI;
  const made = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#i-${name}`);
  made.setAttribute("aria-hidden", "true");
  made.append(use);
  return made;
}
