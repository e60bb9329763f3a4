// Changing a dance where it is served: fix one choice, forbid another, keep a stretch. Every
// change is sent with all earlier ones and solved from the dance as it was opened, so taking
// one back needs nothing but to leave it out, and a step of undo is a list of what held then.

class Edits {
  constructor(player, timeline, inspector, edit) {
    Object.assign(this, { player, timeline, inspector, edit });
    this.changes = edit.changes;
    this.steps = edit.changes.map((own) => (own.length ? [[], own] : [[]]));
    this.at = this.steps.map((own) => own.length - 1);
    this.turn = Promise.resolve();
    this.status = "";
    this.box = document.getElementById("edits");
    inspector.addEventListener("actions", ({ detail }) => this.#actions(detail));
    inspector.addEventListener("other", ({ detail }) => this.#use(detail));
    // What can be changed belongs to the dance whose tab is open.
    inspector.addEventListener("turned", () => this.#show());
    inspector.refresh();
  }

  get refused() {
    return this.edit.refused[this.inspector.dance] || "";
  }

  #actions(box) {
    if (this.refused) return;
    const { dance, fragment, current, segment } = this.inspector;
    const [start, end] = current.segments[segment];
    const span = [start / current.fps, end / current.fps];
    const at = middleOf(this.inspector);
    const offer = (text, title, change) => {
      box.append(element("button", { type: "button", class: "chip", title, onclick: () => this.#add(dance, change) }, text));
    };
    offer("Keep", "No later change may replace it", { kind: "pin", at, what: fragment.id, text: `Keep ${clock(span[0])} to ${clock(span[1])}` });
    offer("Not this move", "Another one here and everywhere", { kind: "ban", what: fragment.id, text: `Without the move at ${clock(span[0])}` });
    offer("Nothing of this clip", "Take nothing from this recording", { kind: "ban", what: fragment.clip, text: `Without ${nameOf(fragment.clip)}` });
  }

  #use({ row, other, number }) {
    if (this.refused) return;
    const { dance } = this.inspector;
    const at = middleOf(this.inspector);
    const change = { kind: "pin", at, what: other.id, text: `${clock(at)}: a move of ${nameOf(clipOf(other.id))}` };
    const button = element(
      "button",
      { type: "button", class: "chip", "aria-label": `Use move ${number} here`, onclick: () => this.#add(dance, change) },
      "Use",
    );
    row.append(button);
  }

  // One after the other: what is pressed while the last change is being solved is not lost, and is
  // asked of what that one leaves.
  #inTurn(act) {
    this.turn = this.turn.then(act);
    return this.turn;
  }

  #add(dance, change) {
    return this.#inTurn(() => {
      // A second choice for the same moment takes the place of the first.
      const rest = this.changes[dance].filter((one) => !(one.kind === "pin" && change.kind === "pin" && one.at === change.at));
      return this.#solve(dance, [...rest, change]);
    });
  }

  #takeBack(dance, change) {
    return this.#inTurn(() => this.#solve(dance, this.changes[dance].filter((other) => other !== change)));
  }

  undo() {
    return this.#go(-1);
  }

  redo() {
    return this.#go(1);
  }

  #go(by) {
    const { dance } = this.inspector;
    if (this.refused) return null;
    return this.#inTurn(() => {
      const to = this.at[dance] + by;
      return this.steps[dance][to] && this.#solve(dance, this.steps[dance][to], to);
    });
  }

  // Solve with these changes: a new step, or one that was there before.
  async #solve(dance, changes, step = null) {
    if (step === null && JSON.stringify(changes) === JSON.stringify(this.changes[dance])) return; // pressed twice
    this.status = "Solving…";
    this.#show();
    try {
      const answer = await this.#ask("edit", { dance, changes });
      this.changes[dance] = changes;
      if (step === null) {
        this.steps[dance] = [...this.steps[dance].slice(0, this.at[dance] + 1), changes];
        this.at[dance] += 1;
      } else this.at[dance] = step;
      const moves = answer.changed > 1 ? `${answer.changed} moves, so that each goes on from the one before it,` : ["No move", "One move"][answer.changed];
      this.status = `${moves} changed, in ${answer.seconds.toFixed(2)} s.`;
      this.player.setDances(answer.dances);
      this.timeline.refresh();
    } catch (error) {
      this.status = error.message;
    }
    this.inspector.refresh();
    this.#show();
    // What was pressed is no more: the keyboard goes on where the choice now stands.
    if (document.activeElement === document.body) this.inspector.card.focus({ preventScroll: true });
  }

  async #save(dance, name) {
    try {
      const answer = await this.#ask("save", { dance, name });
      this.status = `Written to ${answer.file}`;
    } catch (error) {
      this.status = error.message;
    }
    this.#show();
  }

  async #ask(what, body) {
    let answer;
    try {
      answer = await fetch(`/${what}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Danceit-Token": this.edit.token },
        body: JSON.stringify(body),
      });
    } catch {
      throw new Error("danceit no longer answers: is `danceit view` still running?");
    }
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error);
    return told;
  }

  #show() {
    const { dance } = this.inspector;
    const own = this.changes[dance];
    this.box.hidden = !own.length && !this.status && !this.refused;
    if (this.refused) {
      // Where the buttons are missing, why.
      this.box.replaceChildren(element("p", { class: "dim" }, this.refused));
      return;
    }
    const rows = own.map((change) =>
      element(
        "li",
        {},
        element("span", {}, change.text),
        element(
          "button",
          {
            type: "button", class: "chip", "aria-label": `Take back: ${change.text}`,
            onclick: () => this.#takeBack(dance, change),
          },
          "Take back",
        ),
      ),
    );
    const step = (text, to, shape) => {
      const button = element("button", { type: "button", class: "chip", onclick: () => this.#go(to) }, icon(shape), text);
      button.disabled = !this.steps[dance][this.at[dance] + to];
      return button;
    };
    const named = element("input", { type: "text", class: "field", "aria-label": "Name of the new dance", placeholder: "Name", maxlength: 80 });
    named.value = this.named || "";
    named.addEventListener("input", () => (this.named = named.value));
    const save = element("button", { type: "button", class: "chip", onclick: () => this.#inTurn(() => this.#save(dance, named.value)) }, "Save as a new dance");
    this.box.replaceChildren(
      element("h2", {}, "Your changes"),
      element("ul", {}, ...rows),
      element("p", { role: "status" }, this.status),
      element("div", { class: "actions" }, step("Undo", -1, "undo"), step("Redo", 1, "redo")),
      ...(own.length ? [element("div", { class: "actions" }, named, save)] : []),
    );
  }
}

// The moment that a fragment is fixed at: its window may begin between two frames.
function middleOf({ current, segment }) {
  const [start, end] = current.segments[segment];
  return (start + end) / 2 / current.fps;
}
