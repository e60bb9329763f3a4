// What is told of a fragment, here and in the studio: its colour, why it was taken, its numbers.

function swatch(fragment) {
  const made = element("span", { class: "swatch", "aria-hidden": "true" });
  made.style.background = css(fragment.colour);
  return made;
}

// What a clip is called, without its folder and the kind of its file.
function nameOf(clip) {
  return clip.split("/").at(-1).replace(/\.(npz|bvh|json|pkl|mp4|mov|mkv|webm|avi|m4v|mpe?g)(?=$|#)/i, "");
}

function facts(rows) {
  const list = element("dl");
  for (const [name, value] of rows) if (value) list.append(element("dt", {}, name), element("dd", {}, value));
  return list;
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
  if (segment > 0 && !seam) return "The source goes on from the fragment before.";
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
