// What the server answers to decisions, and what others decided meanwhile, brought into the page.

import { get } from "./api.js";
import { newKey } from "./deciding.js";

const EVERY = 2000; // ms

export class Answers {
  constructor(app) {
    this.app = app;
    this.revision = app.session.revision ?? 0;
    this.own = new Set();
    this.stale = false; // whether others changed the galaxy that is shown
    const { queue } = app;
    queue.addEventListener("sent", ({ detail }) => this.sent(detail));
    queue.addEventListener("conflict", ({ detail }) => this.conflict(detail));
    queue.addEventListener("refused", ({ detail }) => this.refused(detail));
    queue.addEventListener("state", () => this.freshen());
    setInterval(() => this.poll(), EVERY);
    document.addEventListener("visibilitychange", () => this.poll());
  }

  sent({ item, answer }) {
    const { desk } = this.app;
    this.own.add(answer.revision);
    const { vetter } = this.app.session;
    if (answer.by && answer.by !== vetter) {
      this.app.trouble(`This browser now vets as ${answer.by}, no longer as ${vetter}: load the page anew.`);
    }
    if (item.action === "undo" || item.action === "redo") return this.turned(item, answer);
    if (desk.galaxy?.id !== item.galaxy) return undefined;
    const key = item.drawn ? newKey(item) : item.box;
    const box = key === null ? null : desk.box(key);
    if (!box || !answer.box) return undefined;
    return this.merge(box, key, answer.box);
  }

  // A later decision on the same box is still on its way: its state stands here.
  merge(box, key, told) {
    const { desk, queue } = this.app;
    const twin = told.key !== key && desk.box(told.key);
    if (twin) desk.boxes.splice(desk.boxes.indexOf(twin), 1);
    const waits = queue.has((one) => one.galaxy === desk.galaxy.id && one.box === told.key);
    const nudged = desk.deciding.holds(key);
    if (waits || nudged) Object.assign(box, { key: told.key, version: told.version });
    else Object.assign(box, told);
    if (desk.chosen === key) desk.chosen = told.key;
    desk.deciding.renamed(key, told.key);
    desk.changed();
  }

  async turned(item, answer) {
    const { app } = this;
    const galaxy = answer.galaxy?.id;
    if (!galaxy) return app.say(`There is nothing to ${item.action}.`);
    app.say(item.action === "undo" ? "Undone." : "Done again.");
    const known = app.desk.galaxy?.id === galaxy && answer.box && app.desk.box(answer.box.key);
    if (known) this.merge(known, known.key, answer.box);
    app.desk.choice = answer.box?.key ?? null;
    if (app.desk.galaxy?.id === galaxy) await app.desk.reopen();
    else {
      app.desk.pictures.forget(galaxy);
      app.go(galaxy);
    }
    return undefined;
  }

  conflict({ item, message, body }) {
    const { app } = this;
    const box = body?.box;
    app.say(box ? "This box was decided on elsewhere since: look again." : message);
    if (app.desk.galaxy?.id !== item.galaxy) return;
    if (box) app.desk.choice = box.key;
    app.desk.reopen();
  }

  refused({ item, message }) {
    const { app } = this;
    const turn = item.action === "undo" || item.action === "redo";
    app.say(turn && message ? message : `Not kept: ${message}`);
    if (app.desk.galaxy?.id === item.galaxy) app.desk.reopen();
  }

  async poll() {
    if (document.hidden || this.polling) return;
    this.polling = true;
    try {
      const { revision, changes } = await get("decisions", { since: this.revision });
      this.app.connected(true);
      this.revision = Math.max(this.revision, revision);
      const others = changes.filter((one) => !this.own.has(one.revision));
      if (others.length) this.heard(others);
    } catch (error) {
      if (error.status === 0) this.app.connected(false);
    } finally {
      this.polling = false;
    }
    this.freshen();
  }

  heard(changes) {
    const { app } = this;
    const here = app.desk.galaxy?.id;
    for (const { galaxy } of changes) if (galaxy.id !== here) app.desk.pictures.forget(galaxy.id);
    const last = changes.filter(({ galaxy }) => galaxy.id === here).at(-1);
    if (last) {
      this.stale = true;
      app.say(said(last, app.desk));
    }
    app.others(changes);
  }

  freshen() {
    const { desk, queue } = this.app;
    if (!this.stale || !desk.galaxy || queue.has((one) => one.galaxy === desk.galaxy.id)) return;
    if (desk.pointer.down.size || desk.deciding.waits) return;
    this.stale = false;
    desk.reopen();
  }
}

const DONE = {
  accept: "accepted", label: "accepted", reject: "rejected", move: "moved", draw: "drew", delete: "deleted",
  comment: "commented on", undo: "changed their mind on", redo: "changed their mind on",
};

function said({ by, action, key }, desk) {
  const number = desk.numbers.get(key);
  const what = number ? `clump ${number}` : key ? "a box" : "the galaxy";
  if (action === "skip" || action === "nothing_missed") return `${by} has looked at the galaxy.`;
  return `${by} has ${DONE[action] ?? "changed"} ${what}.`.replace("has drew", "drew");
}
