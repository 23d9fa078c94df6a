// The page of one galaxy: its state, and what keys, mouse and table do with it.

import { actionsOf } from "./actions.js";
import { byId } from "./dom.js";
import { decidable, edges, grown, nextUndecided, ordered, overlapping } from "./boxes.js";
import { Deciding } from "./deciding.js";
import { keep, kept } from "./kept.js";
import { Look } from "./look.js";
import { paint } from "./paint.js";
import { Panel } from "./panel.js";
import { Pictures } from "./pictures.js";
import { Pointer } from "./pointer.js";
import { skyOf } from "./sky.js";
import { Table } from "./table.js";
import { View } from "./view.js";
import { skyText } from "./words.js";

export class Desk {
  /** `app` has session, keys, queue, listing, go(id), gallery(), trouble(text). */
  constructor(app) {
    Object.assign(this, { app, session: app.session });
    this.canvas = byId("canvas");
    this.view = new View();
    this.pictures = new Pictures();
    Object.assign(this, { boxes: [], list: [], numbers: new Map(), chosen: null, pointed: null, draft: null, drawing: false, bare: false });
    this.goesOn = kept("goes-on", true);
    this.editable = !this.session.read_only;
    this.actions = actionsOf(this);
    this.deciding = new Deciding(this, app.queue);
    this.look = new Look(byId("look"), this.session, (what) => this.looked(what));
    this.table = new Table(this);
    this.panel = new Panel(this, app.keys);
    this.pointer = new Pointer(this.canvas, this);
    this.canvas.addEventListener("keydown", (event) => this.tab(event));
    new ResizeObserver(() => this.resized()).observe(this.canvas.parentElement);
  }

  async open(id) {
    this.deciding.flush();
    this.wanted = id;
    let galaxy;
    let picture = null;
    try {
      galaxy = await this.pictures.galaxy(id, this.app.listing?.query);
      picture = await this.pictures.picture(id, this.look.query()).catch(() => null);
    } catch (error) {
      if (this.wanted === id) this.app.trouble(error.message);
      return;
    }
    if (this.wanted !== id) return;
    this.app.trouble(picture ? "" : "The picture of this galaxy cannot be read.");
    const same = this.galaxy?.id === id;
    if (this.galaxy && !same) this.pictures.forget(this.galaxy.id);
    this.galaxy = { ...galaxy };
    this.picture = picture;
    this.boxes = galaxy.boxes.map((box) => ({ ...box }));
    this.deciding.reapply();
    this.number();
    if (!same) {
      Object.assign(this, { draft: null, drawing: false, pointed: null });
      this.chosen = (this.list.find((box) => box.state === "undecided") ?? this.list[0])?.key ?? null;
      this.resized();
      this.view.set(galaxy, this.look.turned);
      this.fit();
    }
    if (this.choice) this.chosen = this.choice;
    this.choice = null;
    if (!this.box(this.chosen)) this.chosen = null;
    this.panel.galaxy(galaxy);
    this.changed();
    this.ahead();
  }

  /** The same galaxy as the server has it now. */
  async reopen() {
    if (!this.galaxy) return;
    this.pictures.forget(this.galaxy.id);
    await this.open(this.galaxy.id);
  }

  async ahead() {
    const { galaxy } = this;
    const next = await this.app.listing?.nextUndecided(galaxy.id).catch(() => null);
    if (!next || this.galaxy !== galaxy) return;
    this.coming = { after: galaxy.id, id: next };
    this.pictures.ahead(next, this.app.listing.query, this.look.query());
  }

  close() {
    this.deciding.flush();
    this.wanted = null;
    if (this.galaxy) this.pictures.forget(this.galaxy.id);
    this.galaxy = null;
  }

  number() {
    this.list = ordered(this.boxes);
    this.numbers = new Map(this.list.map((box, k) => [box.key, k + 1]));
  }

  box(key) {
    return this.boxes.find((box) => box.key === key) ?? null;
  }

  /** The chosen box, if it can be decided on. */
  chosenBox() {
    const box = this.box(this.chosen);
    return box && decidable(box) ? box : null;
  }

  shown() {
    return this.bare ? [] : this.boxes.filter((box) => !this.look.hidden.has(box.source));
  }

  // --- what is seen -------------------------------------------------------------------------

  resized() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height) return;
    const ratio = window.devicePixelRatio || 1;
    const first = this.view.width === 1;
    const whole = Math.abs(this.view.scale / this.fitted - 1) < 0.01;
    Object.assign(this.canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    this.view.resize(width, height);
    if (this.galaxy && (first || whole)) this.fit();
    this.paintNow();
  }

  fit() {
    this.view.fit();
    this.fitted = this.view.scale;
  }

  redraw() {
    this.frame ??= requestAnimationFrame(() => this.paintNow());
  }

  paintNow() {
    cancelAnimationFrame(this.frame);
    this.frame = null;
    if (!this.galaxy) return;
    const ctx = this.canvas.getContext("2d");
    const ratio = this.canvas.width / this.view.width;
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    const { view, galaxy, picture, boxes, numbers, chosen, pointed, draft, bare, editable } = this;
    paint(ctx, { view, galaxy, picture, boxes, numbers, chosen, pointed, draft, bare, editable, hidden: this.look.hidden });
    Object.assign(this.canvas.dataset, { shown: galaxy.id, scale: view.scale.toFixed(4) });
  }

  async looked(what) {
    if (what === "bare" || what === "dressed") return this.setBare(what === "bare");
    if (!this.galaxy) return undefined;
    if (what === "turn") {
      this.view.set(this.galaxy, this.look.turned);
      this.fit();
    }
    this.redraw();
    if (what !== "picture") return undefined;
    const { id } = this.galaxy;
    const picture = await this.pictures.picture(id, this.look.query()).catch(() => null);
    if (this.galaxy?.id !== id) return undefined;
    if (picture) this.picture = picture;
    else this.app.say("This picture cannot be made.");
    return this.redraw();
  }

  /** Say where the pointer is. */
  point(at) {
    const text = [];
    if (at && this.galaxy) {
      const [x, y] = this.view.toNative(...at);
      text.push(`x ${x.toFixed(1)}  y ${y.toFixed(1)}`);
      const sky = skyOf(this.galaxy, x, y);
      if (sky) text.push(skyText(...sky), `${sky[0].toFixed(5)}° ${sky[1].toFixed(5)}°`.replace("-", "−"));
    }
    byId("under").textContent = text.join("   ");
  }

  hint(key) {
    if (this.pointed === key) return;
    this.pointed = key;
    this.table.mark();
    this.redraw();
  }

  /** Something was decided or drawn: show it, and say it. */
  changed(words) {
    this.number();
    this.table.show(this.list);
    this.panel.tell();
    this.redraw();
    this.describe();
    const found = this.list.filter((box) => box.source === "model");
    const undecided = found.filter((box) => box.state === "undecided").length;
    const whole = !undecided && (found.length > 0 || this.galaxy.nothing_missed);
    this.app.listing?.know(this.galaxy.id, {
      undecided, decided: found.length - undecided, clumps: found.length,
      status: this.galaxy.skipped ? "skipped" : whole ? "decided" : "undecided",
      marks: this.boxes.filter(decidable).map((b) => [b.x1, b.y1, b.x2, b.y2, b.decided_label || b.label, b.score, b.state]),
    });
    if (words) this.app.say(words);
  }

  describe() {
    const number = this.numbers.get(this.chosen);
    const box = this.chosenBox();
    const what = box ? `Clump ${number} of ${this.list.length} is chosen, ${box.state}.` : "No box is chosen.";
    this.canvas.setAttribute("aria-label", `Picture of ${this.galaxy.id} with its boxes. ${what}`);
  }

  // --- boxes --------------------------------------------------------------------------------

  choose(key, { reveal = true } = {}) {
    if (key !== this.chosen) this.deciding.flush();
    this.chosen = key;
    const box = this.box(key);
    if (box && reveal) this.view.reveal(box);
    this.table.mark();
    this.panel.tell();
    this.describe();
    this.redraw();
  }

  shape(key, now) {
    Object.assign(this.box(key) ?? {}, edges(now));
    this.redraw();
  }

  shaped(before) {
    const box = this.box(before.key);
    if (box && JSON.stringify(edges(box)) !== JSON.stringify(edges(before))) this.deciding.shaped(box.key);
  }

  sketch(box) {
    this.draft = box;
    this.redraw();
  }

  drawn() {
    const { draft } = this;
    Object.assign(this, { draft: null, drawing: false });
    if (draft && Math.min(draft.x2 - draft.x1, draft.y2 - draft.y1) >= 1) this.add(draft);
    else this.changed("Too small for a box.");
  }

  setDrawing(on) {
    Object.assign(this, { drawing: on, draft: null });
    this.panel.tell();
    this.redraw();
    this.app.say(on ? "Draw a box in the picture." : "Nothing is drawn.");
  }

  setBare(on) {
    this.bare = on;
    this.redraw();
  }

  remove(box) {
    if (box.source !== "drawn") return this.app.say("Only a box that was drawn can be deleted: reject this one.");
    if (box.drawn_by && box.drawn_by !== this.session.vetter) return this.app.say(`${box.drawn_by} drew this box: reject it.`);
    this.deciding.remove(box);
    this.chosen = null;
    return this.changed("The box is deleted.");
  }

  add(box) {
    this.chosen = this.deciding.draw(box, 1).key;
    this.changed("A box was drawn: a normal clump.");
  }

  place() {
    const [x, y] = this.view.toNative(this.view.width / 2, this.view.height / 2);
    const psf = this.galaxy.psf_fwhm_arcsec / this.galaxy.pixscale_arcsec;
    const half = psf > 0 ? Math.max(psf, 2) : 4;
    this.add(grown({ x1: x, y1: y, x2: x, y2: y }, half, this.view.shape));
  }

  step(by) {
    if (!this.list.length) return;
    const place = this.list.findIndex((box) => box.key === this.chosen);
    const next = (place + by + this.list.length) % this.list.length;
    this.choose(this.list[place < 0 ? (by > 0 ? 0 : this.list.length - 1) : next].key);
  }

  // In the picture Tab goes through the boxes; after the last one it goes on.
  tab(event) {
    if (event.key !== "Tab" || event.ctrlKey || event.altKey) return;
    const place = this.list.findIndex((box) => box.key === this.chosen) + (event.shiftKey ? -1 : 1);
    if (place < 0 || place >= this.list.length) return;
    event.preventDefault();
    this.choose(this.list[place].key);
  }

  inside() {
    const box = this.chosenBox();
    if (!box) return this.step(1);
    const found = overlapping(this.shown().filter(decidable), box);
    const place = found.findIndex((one) => one.key === box.key);
    return this.choose(found[(place + 1) % found.length].key);
  }

  // --- decisions ----------------------------------------------------------------------------

  decide(call) {
    const box = this.chosenBox();
    if (!box || !this.editable) return;
    this.changed(call(box));
    if (this.goesOn) this.goNext();
  }

  /** The next undecided box here; without one, the next undecided galaxy. */
  async goNext() {
    this.deciding.flush();
    const next = nextUndecided(this.list, this.chosen);
    return next ? this.choose(next.key) : this.leave();
  }

  async leave() {
    const { coming, galaxy: { id }, app: { listing } } = this;
    const ready = coming?.after === id && (listing?.left.get(coming.id) ?? 1) > 0;
    const other = ready ? coming.id : await listing?.nextUndecided(id).catch(() => null);
    if (other) this.app.go(other);
    else this.app.say("No undecided clump is left in this list.");
  }

  comment(key, text) {
    const box = key === null ? null : this.box(key);
    if (key !== null && !box) return;
    if (this.deciding.comment(box, text)) this.app.say("The comment is kept.");
  }

  setGoesOn(on) {
    this.goesOn = on;
    keep("goes-on", on);
  }

  async walk(step) {
    const { id } = this.galaxy;
    const row = await this.app.listing?.beside(id, step).catch(() => null);
    const other = row === undefined ? (step > 0 ? this.galaxy.next : this.galaxy.previous) : row?.id;
    if (other) this.app.go(other);
    else this.app.say(step > 0 ? "This is the last galaxy." : "This is the first galaxy.");
  }

  write() {
    if (this.chosenBox()) byId("comment-box")?.focus();
  }

  /** Do what a key or a button of this name means. */
  act(name) {
    if (this.galaxy) this.actions[name]?.();
  }
}
