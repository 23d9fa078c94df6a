// What a decision makes of a box or a galaxy, at once here and then on the server.

import { grown, labelOf, moved, rounded } from "./boxes.js";
import { later } from "./dom.js";
import { LABELS } from "./words.js";

const NUDGE = 1; // native pixels

export class Deciding {
  constructor(desk, queue) {
    this.desk = desk;
    this.queue = queue;
    // Steps of a key that is held are one decision.
    this.nudged = later(() => this.settle(), 500);
    this.held = null; // key of the box that is being nudged
  }

  send(action, box, value) {
    const { galaxy } = this.desk;
    this.queue.add({ galaxy: galaxy.id, box: box?.key ?? null, action, value, version: box ? (box.version ?? 0) : null });
  }

  mine(box) {
    box.by = this.desk.session.vetter;
    box.at = new Date().toISOString();
  }

  accept(box, label) {
    this.flush();
    const said = label ?? labelOf(box);
    this.mine(Object.assign(box, { state: "accepted", decided_label: said }));
    this.send("accept", box, said);
    return `Clump ${this.desk.numbers.get(box.key)} accepted as ${LABELS[said]}.`;
  }

  reject(box) {
    this.flush();
    this.mine(Object.assign(box, { state: "rejected" }));
    this.send("reject", box, null);
    return `Clump ${this.desk.numbers.get(box.key)} rejected.`;
  }

  comment(box, text) {
    if (text === ((box ?? this.desk.galaxy).comment ?? "")) return false;
    (box ?? this.desk.galaxy).comment = text;
    this.send("comment", box, text);
    return true;
  }

  whole(action, field) {
    const { galaxy } = this.desk;
    galaxy[field] = !galaxy[field];
    this.send(action, null, galaxy[field]);
    return galaxy[field];
  }

  /** A box that was moved or resized counts as accepted. */
  shaped(key) {
    const box = this.desk.box(key);
    if (!box) return;
    if (box.state !== "accepted") Object.assign(box, { state: "accepted", decided_label: labelOf(box) });
    this.mine(box);
    this.send("move", box, rounded(box));
    this.desk.changed(`Clump ${this.desk.numbers.get(key)} changed.`);
  }

  nudge(box, dx, dy) {
    // Along the screen, however the picture is turned.
    const [[a, b], [c, d]] = this.desk.view.rows;
    const [x, y] = [NUDGE * (a * dx + c * dy), NUDGE * (b * dx + d * dy)];
    this.desk.shape(box.key, moved(box, x, y, this.desk.view.shape));
    this.hold(box.key);
  }

  grow(box, by) {
    this.desk.shape(box.key, grown(box, by * NUDGE * 0.5, this.desk.view.shape));
    this.hold(box.key);
  }

  hold(key) {
    this.held = key;
    this.nudged();
  }

  settle() {
    const { held } = this;
    this.held = null;
    if (held !== null) this.shaped(held);
  }

  get waits() {
    return this.held !== null;
  }

  holds(key) {
    return this.held === key;
  }

  renamed(before, now) {
    if (this.held === before) this.held = now;
  }

  draw(edges, label) {
    this.flush();
    const value = { ...rounded(edges), label };
    const item = this.queue.add({ galaxy: this.desk.galaxy.id, box: null, action: "draw", value, version: null, drawn: true });
    const box = drawnBox(item);
    this.mine(box);
    this.desk.boxes.push(box);
    return box;
  }

  remove(box) {
    this.flush();
    this.desk.boxes.splice(this.desk.boxes.indexOf(box), 1);
    this.send("delete", box, null);
  }

  turn(action) {
    this.flush();
    this.queue.add({ galaxy: this.desk.galaxy.id, box: null, action, value: null, version: null });
  }

  /** What the server was not yet told of the galaxy that was read. */
  reapply() {
    const { desk, queue } = this;
    for (const item of queue.items) {
      if (item.galaxy !== desk.galaxy.id) continue;
      const box = desk.box(item.box);
      const { action, value } = item;
      if (action === "nothing_missed") desk.galaxy.nothing_missed = value;
      else if (action === "skip") desk.galaxy.skipped = value;
      else if (action === "comment") (box ?? desk.galaxy).comment = value;
      else if (action === "draw") desk.boxes.push({ ...drawnBox(item), by: desk.session.vetter });
      else if (box && action === "accept") this.mine(Object.assign(box, { state: "accepted", decided_label: value }));
      else if (box && action === "reject") this.mine(Object.assign(box, { state: "rejected" }));
      else if (box && action === "move") this.mine(Object.assign(box, value, { state: "accepted" }));
      else if (box && action === "delete") desk.boxes.splice(desk.boxes.indexOf(box), 1);
    }
  }

  /** What waits for more of the same key is decided now. */
  flush() {
    this.nudged.flush();
  }
}

/** Key of a box that the server has not named yet. */
export const newKey = (item) => `new-${item.request}`;

function drawnBox(item) {
  const { label, ...edges } = item.value;
  return { key: newKey(item), source: "drawn", run: "", ...edges, label, decided_label: label, state: "accepted", version: 0, flags: [], comment: "" };
}
