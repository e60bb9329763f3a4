// Moves carried from where they are shown onto the dance: by the pointer to any place of the detailed
// strip, by a press or the keyboard to where the playhead stands.

const CARRIED = "application/x-danceit-move";

// A picture of a move that can be dragged; `move` has an id and a name.
function carry(card, move) {
  card.draggable = true;
  card.addEventListener("dragstart", (event) => {
    event.dataTransfer.setData(CARRIED, JSON.stringify({ id: move.id, name: move.name }));
    event.dataTransfer.effectAllowed = "copyMove";
    moving.settle();
  });
}

// Fill the eight that the song is in at `seconds` with a move and what came after it in its take; or
// `alone` only the one move there.
async function putMove(move, seconds, id, alone = false) {
  const [from, to] = filledAt(deck.player.dances[Math.max(0, deck.ids.indexOf(id))], seconds, alone);
  const query = new URLSearchParams({ move: move.id, from, to });
  const { pins } = await api.get(`/dances/${id}/usable?${query}`);
  await changeDance(pins.map(({ at, what }) => ({ kind: "pin", at, what, text: `${clock(at)}: ${move.name}` })), id);
}

// The stretch of the song that a move fills there.
function filledAt(dance, seconds, alone) {
  const [start, end] = dance.segments[dance.segmentAt(dance.frameAt(seconds))];
  return (!alone && eightAt(seconds)) || [start / dance.fps, end / dance.fps];
}

// The strip takes what is dragged over it, and shows what it would take the place of.
function takeCarried(canvas, timeline) {
  const carried = (event) => event.dataTransfer.types.includes(CARRIED);
  const aim = (event) => {
    const rest = canvas.getBoundingClientRect();
    return timeline.placeAt(event.clientX - rest.left, event.clientY - rest.top);
  };
  const show = (place, alone = false) => {
    timeline.aim = place && { dance: place.dance, ...reachOf(timeline.player.dances[place.dance], place.seconds, alone) };
    timeline.player.redraw();
  };
  canvas.addEventListener("dragover", (event) => {
    if (!carried(event) || !deck.ids.length) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = event.shiftKey ? "move" : "copy"; // as browsers have it with Shift
    show(aim(event), event.shiftKey);
  });
  canvas.addEventListener("dragleave", () => show(null));
  canvas.addEventListener("drop", (event) => {
    if (!carried(event) || !deck.ids.length) return;
    event.preventDefault();
    event.stopPropagation();
    const place = aim(event);
    show(null);
    if (!place) return;
    const move = JSON.parse(event.dataTransfer.getData(CARRIED));
    deck.select(place.dance, place.segment);
    attempt(() => putMove(move, place.seconds, deck.ids[place.dance], event.shiftKey));
  });
}

// First and last of the moves that one takes the place of.
function reachOf(dance, seconds, alone) {
  const reached = segmentsIn(dance, filledAt(dance, seconds, alone));
  const own = dance.segmentAt(dance.frameAt(seconds));
  return { first: reached[0] ?? own, last: reached.at(-1) ?? own };
}

// The library beside the dance: every clip by the move that stands for it, and a clip's moves.
class Carrying {
  constructor() {
    this.text = "";
    this.clip = null;
  }

  panel() {
    this.grid = element("ul", { class: "moves", "aria-label": "Moves of the library" });
    const search = element("input", { type: "search", class: "field", placeholder: "Search the library", "aria-label": "Search the library" });
    search.value = this.text;
    search.addEventListener("input", () => {
      this.text = search.value.trim().toLowerCase();
      this.#list();
    });
    this.head = element("div", { class: "tools" }, search);
    const hint = element("p", { class: "hint dim" }, "Drag a move onto an eight of the timeline, or press it for the eight at the playhead: what came after it fills the rest. Hold Shift as you drop it for one move only.");
    attempt(async () => {
      if (this.index !== project.state.library?.index_id) {
        const { clips, index_id: index } = await api.get("/clips");
        Object.assign(this, { clips, index, clip: null });
      }
      this.#list();
    });
    return element("section", { class: "card carrying" }, this.head, hint, this.grid);
  }

  #list() {
    if (this.clip) return;
    const shown = this.clips.filter((clip) => `${clip.id} ${clip.style} ${clip.dancer}`.toLowerCase().includes(this.text));
    this.#fill(shown.map((clip) => [{ id: clip.move, name: nameOf(clip.id) }, clip, button("All its moves", () => this.#open(clip), { label: `All moves of ${nameOf(clip.id)}` })]));
  }

  async #open(clip) {
    const { moves } = await api.get(`/clip?clip=${encodeURIComponent(clip.id)}`);
    this.clip = clip;
    const back = button(nameOf(clip.id), () => {
      this.clip = null;
      back.remove();
      this.#list();
    }, { shape: "back", label: `Back to all clips from ${nameOf(clip.id)}` });
    this.head.append(back);
    this.#fill(moves.map((move) => [{ id: move.id, name: `${nameOf(clip.id)} at ${clock(move.start_s)}` }, clip, null]));
    back.focus();
  }

  #fill(rows) {
    this.grid.replaceChildren(
      ...rows.map(([move, clip, more]) => {
        const card = element("button", { type: "button", class: "move-card", "data-move": move.id, "aria-label": `Fill the eight at the playhead with ${move.name}` }, loops.picture(this.index, move.id, ""), element("span", { class: "words" }, swatch(clip), element("span", {}, move.name)));
        card.addEventListener("click", (event) => attempt(() => putMove(move, middleOf(deck.stretch), deck.ids[deck.dance], event.shiftKey), card));
        carry(card, move);
        return element("li", {}, card, ...(more ? [more] : []));
      }),
    );
    if (!rows.length) this.grid.append(element("li", { class: "dim" }, "Nothing of that name."));
  }
}

function middleOf([start, end]) {
  return (start + end) / 2;
}
