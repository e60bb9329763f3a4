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

// A second choice for the same moment of a dance takes the place of the first; an eight that is
// turned twice is as it was.
function withChange(changes, change, dance = null) {
  if (change.kind === "mirror") {
    const rest = changes.filter((one) => !sameEight(one, change));
    return rest.length < changes.length ? rest : [...rest, change];
  }
  const same = JSON.stringify(change);
  if (changes.some((one) => JSON.stringify(one) === same)) return changes;
  const place = ({ at }) => (dance ? dance.segmentAt(dance.frameAt(at)) : at);
  return [...changes.filter((one) => !(one.kind === "pin" && change.kind === "pin" && place(one) === place(change))), change];
}

// Let these hold as well. What holds already is no new step.
async function changeDance(added, id = moving.version.id) {
  moving.settle();
  const told = await editDance(id, (version) => {
    const dance = deck.player?.dances[deck.ids.indexOf(id)];
    const changes = added.reduce((held, change) => withChange(held, change, dance), version.changes);
    return JSON.stringify(changes) === JSON.stringify(version.changes) ? null : { do: "change", changes };
  });
  if (!told) return null;
  toast(`${told.changed > 1 ? `${told.changed} moves, so that each goes on from the one before it,` : ["No move", "One move"][told.changed]} changed, in ${told.seconds.toFixed(2)} s.`, { act: "Undo", on: () => attempt(() => goDance("undo", id)) });
  return told;
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
  return editDance(id, (version) => ({ do: "change", changes: withChange(version.changes, change) }));
}

function sameEight(one, other) {
  return one.kind === "mirror" && Math.abs(one.from - other.from) < 0.1 && Math.abs(one.to - other.to) < 0.1;
}

// `way` is undo or redo.
function goDance(way, id = moving.version && moving.version.id) {
  moving.settle();
  return editDance(id, (version) => (version[way] ? { do: way } : null));
}
