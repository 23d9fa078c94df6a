// Decisions on their way to the server: in order, each until it is answered, over reloads too.

import { post, Refused } from "./api.js";
import { forget, keep, kept, names } from "./kept.js";
import { uuid } from "./uuid.js";

const FIRST_WAIT = 500; // ms; doubled up to LAST_WAIT
const LAST_WAIT = 15000;

/** Events: `sent` {item, answer}, `conflict` and `refused` {item, message, body}, `state`. */
export class Queue extends EventTarget {
  constructor(run, vetter) {
    super();
    this.store = `waiting:${run}:${vetter}:`;
    this.items = names(this.store).map((name) => kept(name, null)).filter(Boolean)
      .sort((one, other) => one.time - other.time || one.order - other.order);
    this.order = 0;
    this.wait = FIRST_WAIT;
    this.offline = false;
    this.why = null; // what the server says of this browser, if it answers
    addEventListener("online", () => this.hurry());
    this.run();
  }

  get size() {
    return this.items.length;
  }

  has(test) {
    return this.items.some(test);
  }

  add(decision) {
    this.order += 1;
    const item = { ...decision, request: uuid(), time: Date.now(), order: this.order };
    this.items.push(item);
    keep(this.store + item.request, item);
    this.changed();
    this.run();
    return item;
  }

  changed() {
    this.dispatchEvent(new CustomEvent("state"));
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  hurry() {
    if (!this.timer) return;
    clearTimeout(this.timer);
    this.timer = null;
    this.run();
  }

  async run() {
    if (this.running || this.timer) return;
    this.running = true;
    while (this.items.length && !this.timer) await this.send(this.items[0]);
    this.running = false;
  }

  async send(item) {
    const { galaxy, box, action, value, version, request } = item;
    try {
      const answer = await post("decisions", { galaxy, box, action, value, version, request });
      this.wait = FIRST_WAIT;
      this.offline = false;
      this.why = null;
      this.done(item, answer);
      this.tell("sent", { item, answer });
    } catch (error) {
      if (!(error instanceof Refused) || error.passing) this.pause(error);
      else {
        this.done(item, error.status === 409 ? error.body : null);
        this.tell(error.status === 409 ? "conflict" : "refused", { item, message: error.message, body: error.body });
      }
    }
    this.changed();
  }

  pause(error) {
    this.offline = true;
    this.why = error.stranger ? error.message.replace(/\.$/, "") : null;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.run();
    }, this.wait);
    this.wait = Math.min(this.wait * 2, LAST_WAIT);
  }

  // Later decisions on the same box were made on top of this one: they know its answer.
  done(item, answer) {
    this.items.shift();
    forget(this.store + item.request);
    const box = answer?.box;
    const turned = item.action === "undo" || item.action === "redo";
    const key = item.drawn ? `new-${item.request}` : turned ? box?.key : item.box;
    const galaxy = turned ? answer?.galaxy?.id : item.galaxy;
    if (!box || !key) return;
    for (const one of this.items) {
      if (one.galaxy !== galaxy || one.box !== key) continue;
      one.box = box.key;
      one.version = box.version;
      keep(this.store + one.request, one);
    }
  }
}
