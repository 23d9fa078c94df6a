// What the keys and buttons of a galaxy do.

const WHEEL = 1.25; // of a zoom by key

/** `{action: call}` of a desk; `[down, up]` for a key that is held. */
export function actionsOf(desk) {
  return { ...decisions(desk), ...boxes(desk), ...picture(desk), ...galaxies(desk) };
}

const writing = (desk, call) => () => desk.editable && call(desk);
const withBox = (desk, call) => writing(desk, () => desk.chosenBox() && call(desk.chosenBox()));

function decisions(desk) {
  const decide = (call) => () => desk.decide((box) => call(desk.deciding, box));
  const whole = (action, field, on, off) => writing(desk, () => {
    const set = desk.deciding.whole(action, field);
    desk.changed(set ? on : off);
    const done = desk.galaxy.skipped || desk.list.every((box) => box.state !== "undecided");
    if (set && done && desk.goesOn) desk.leave();
  });
  return {
    accept: decide((deciding, box) => deciding.accept(box)),
    reject: decide((deciding, box) => deciding.reject(box)),
    clump: decide((deciding, box) => deciding.accept(box, 1)),
    odd: decide((deciding, box) => deciding.accept(box, 2)),
    switch: withBox(desk, (box) => desk.changed(desk.deciding.accept(box, (box.decided_label || box.label) === 2 ? 1 : 2))),
    comment: () => desk.write(),
    next: () => desk.goNext(),
    undo: writing(desk, () => desk.deciding.turn("undo")),
    redo: writing(desk, () => desk.deciding.turn("redo")),
    missed: whole("nothing_missed", "nothing_missed", "Nothing was missed here.", "Something may have been missed here."),
    skip: whole("skip", "skipped", "The galaxy is skipped.", "The galaxy is no longer skipped."),
  };
}

function boxes(desk) {
  const nudge = (dx, dy) => withBox(desk, (box) => desk.deciding.nudge(box, dx, dy));
  return {
    draw: writing(desk, () => desk.setDrawing(!desk.drawing)),
    place: writing(desk, () => desk.place()),
    delete: withBox(desk, (box) => desk.remove(box)),
    later: () => desk.step(1),
    earlier: () => desk.step(-1),
    inside: () => desk.inside(),
    left: nudge(-1, 0),
    right: nudge(1, 0),
    up: nudge(0, 1),
    down: nudge(0, -1),
    larger: withBox(desk, (box) => desk.deciding.grow(box, 1)),
    smaller: withBox(desk, (box) => desk.deciding.grow(box, -1)),
  };
}

function picture(desk) {
  const seen = (call) => () => {
    call();
    desk.redraw();
  };
  return {
    hide: [() => desk.setBare(true), () => desk.setBare(false)],
    zoom: seen(() => desk.box(desk.chosen) && desk.view.zoomTo(desk.box(desk.chosen))),
    fit: seen(() => desk.fit()),
    nearer: seen(() => desk.view.zoom(WHEEL)),
    farther: seen(() => desk.view.zoom(1 / WHEEL)),
    north: () => desk.look.turn(),
    band: () => desk.app.say(`Shown: ${desk.look.nextBand()}.`),
  };
}

function galaxies(desk) {
  return {
    after: () => desk.walk(1),
    before: () => desk.walk(-1),
    back: () => (desk.drawing ? desk.setDrawing(false) : desk.app.gallery()),
  };
}
