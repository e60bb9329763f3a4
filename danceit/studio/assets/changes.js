// Changes, one after the other: each is asked of what the one before left, so that no key press is
// lost however quickly it follows another, and no late answer takes the place of a newer one.

const turns = { last: Promise.resolve() };

function inTurn(act) {
  const mine = turns.last.then(act);
  turns.last = mine.catch(() => {});
  return mine;
}

// `ask` says what is wanted of the version as it is by then; null for nothing.
function editDance(id, ask) {
  return inTurn(async () => {
    const version = project.dance(id);
    const body = version && ask(version);
    if (!body) return null;
    try {
      const told = await api.post(`/dances/${id}`, { ...body, revision: version.revision });
      if (told.dance) project.keep(told.dance);
      else await project.refresh();
      return told;
    } catch (error) {
      // Another tab was first: who comes next is to ask of what is there now.
      if (error.status === 409) await project.refresh();
      throw error;
    }
  });
}

// A second choice for the same moment takes the place of the first.
function withChange(changes, change) {
  return [...changes.filter((one) => !(one.kind === "pin" && change.kind === "pin" && one.at === change.at)), change];
}

// Let these hold as well. What holds already is no new step.
async function changeDance(added, id = moving.version.id) {
  moving.settle();
  const told = await editDance(id, (version) => {
    const changes = added.reduce(withChange, version.changes);
    return JSON.stringify(changes) === JSON.stringify(version.changes) ? null : { do: "change", changes };
  });
  if (!told) return;
  toast(`${told.changed === 1 ? "One move is" : `${told.changed} moves are`} other now, in ${told.seconds.toFixed(2)} s.`, { act: "Undo", on: () => attempt(() => goDance("undo", id)) });
}

// Let one change not hold any more, wherever it stands by then.
function takeBack(change, id = moving.version.id) {
  const gone = JSON.stringify(change);
  return editDance(id, (version) => {
    const changes = version.changes.filter((one) => JSON.stringify(one) !== gone);
    return changes.length === version.changes.length ? null : { do: "change", changes };
  });
}

// Dance an eight to the other side, or where it already is, back again; pressed twice it is as it was.
function turnEight(change, id = moving.version.id) {
  moving.settle();
  return editDance(id, (version) => {
    const rest = version.changes.filter((one) => !sameEight(one, change));
    return { do: "change", changes: rest.length < version.changes.length ? rest : [...rest, change] };
  });
}

function sameEight(one, other) {
  return one.kind === "mirror" && Math.abs(one.from - other.from) < 0.1 && Math.abs(one.to - other.to) < 0.1;
}

// `way` is undo or redo.
function goDance(way, id = moving.version && moving.version.id) {
  moving.settle();
  return editDance(id, (version) => (version[way] ? { do: way } : null));
}
