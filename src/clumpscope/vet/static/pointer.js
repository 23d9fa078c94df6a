// Mouse, pen and fingers on the picture: choose, move, resize, draw, pan, zoom.

import { decidable, handleAt, holds, moved, nextUnder, spanned, stretched, under } from "./boxes.js";
import { shownHandles } from "./paint.js";

const STILL = 4; // px: what moves less is a click
const REACH = { mouse: 9, pen: 14, touch: 20 }; // px around a handle
const CLICK = { mouse: 3, pen: 6, touch: 12 }; // px around a box

/** `desk` is the page of a galaxy: its view and boxes, and what is done with them. */
export class Pointer {
  constructor(canvas, desk) {
    this.canvas = canvas;
    this.desk = desk;
    this.down = new Map(); // pointer → place
    this.drag = null;
    const on = (name, call, options) => canvas.addEventListener(name, call, options);
    on("pointerdown", (event) => this.begin(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.end(event));
    on("pointercancel", (event) => this.cancel(event));
    on("pointerleave", () => desk.point(null));
    on("wheel", (event) => this.wheel(event), { passive: false });
    on("dblclick", (event) => event.preventDefault());
  }

  place(event) {
    const { left, top } = this.canvas.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  handle(event, [sx, sy]) {
    const box = this.desk.chosenBox();
    if (!box || !this.desk.editable) return null;
    const reach = REACH[event.pointerType] ?? REACH.mouse;
    return shownHandles(this.desk.view, box).find((name) => {
      const [x, y] = this.desk.view.toScreen(...handleAt(box, name));
      return Math.hypot(x - sx, y - sy) <= reach;
    }) ?? null;
  }

  begin(event) {
    if (event.button > 0) return;
    const at = this.place(event);
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    this.down.set(event.pointerId, at);
    if (this.down.size === 2) {
      this.abandon();
      this.drag = { kind: "pinch" };
      return;
    }
    const native = this.desk.view.toNative(...at);
    const box = this.desk.chosenBox();
    const handle = this.handle(event, at);
    const grabs = box && this.desk.editable && holds(box, ...native);
    const kind = this.desk.drawing ? "draw" : handle ? "resize" : grabs ? "move" : "pan";
    this.drag = { kind, handle, box: box && { ...box }, at, native, moved: false };
  }

  move(event) {
    const at = this.place(event);
    const before = this.down.get(event.pointerId);
    if (!before) return this.hover(event, at);
    if (this.drag?.kind === "pinch") this.pinch(event, at);
    this.down.set(event.pointerId, at);
    const { drag } = this;
    if (!drag || drag.kind === "pinch") return;
    if (!drag.moved && Math.hypot(at[0] - drag.at[0], at[1] - drag.at[1]) < STILL) return;
    drag.moved = true;
    this.pull(drag, at, before);
  }

  pull(drag, at, before) {
    const { desk } = this;
    const [x, y] = desk.view.toNative(...at);
    if (drag.kind === "pan") {
      desk.view.pan(at[0] - before[0], at[1] - before[1]);
      desk.redraw();
    } else if (drag.kind === "draw") desk.sketch(spanned(drag.native, [x, y], desk.view.shape));
    else if (drag.kind === "move") {
      desk.shape(drag.box.key, moved(drag.box, x - drag.native[0], y - drag.native[1], desk.view.shape));
    } else desk.shape(drag.box.key, stretched(drag.box, drag.handle, x, y, desk.view.shape));
    desk.point(at);
  }

  pinch(event, at) {
    const [id, other] = [...this.down].find(([one]) => one !== event.pointerId) ?? [];
    if (id === undefined) return;
    const old = this.down.get(event.pointerId);
    const span = (one) => Math.max(Math.hypot(one[0] - other[0], one[1] - other[1]), 1);
    const mid = (one) => [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2];
    const [before, now] = [mid(old), mid(at)];
    this.desk.view.pan(now[0] - before[0], now[1] - before[1]);
    this.desk.view.zoom(span(at) / span(old), ...now);
    this.desk.redraw();
  }

  end(event) {
    if (!this.down.delete(event.pointerId)) return;
    const { drag } = this;
    if (drag?.kind === "pinch") {
      if (!this.down.size) this.drag = null;
      return;
    }
    this.drag = null;
    if (!drag) return;
    if (!drag.moved) this.click(event, this.place(event));
    else if (drag.kind === "draw") this.desk.drawn();
    else if (drag.kind !== "pan") this.desk.shaped(drag.box);
  }

  click(event, at) {
    const { desk } = this;
    if (desk.drawing) return;
    const margin = (CLICK[event.pointerType] ?? CLICK.mouse) / desk.view.scale;
    const all = under(desk.shown(), ...desk.view.toNative(...at), margin);
    const mine = all.filter(decidable);
    const found = mine.length ? mine : all;
    desk.choose(found.length ? nextUnder(found, desk.chosen).key : null);
  }

  cancel(event) {
    this.down.delete(event.pointerId);
    this.abandon();
    this.drag = null;
  }

  // A box that was being changed is again as it was.
  abandon() {
    const { drag, desk } = this;
    if (drag?.kind === "draw") desk.sketch(null);
    else if (drag?.moved && drag.box && drag.kind !== "pan") desk.shape(drag.box.key, drag.box);
  }

  hover(event, at) {
    const { desk } = this;
    desk.point(at);
    const handle = this.handle(event, at);
    const native = desk.view.toNative(...at);
    const found = under(desk.shown(), ...native, 2 / desk.view.scale);
    const mine = desk.chosenBox();
    desk.hint(found[0]?.key ?? null);
    const cursors = { nw: "nwse-resize", se: "nwse-resize", ne: "nesw-resize", sw: "nesw-resize", n: "ns-resize", s: "ns-resize", e: "ew-resize", w: "ew-resize" };
    this.canvas.style.cursor = desk.drawing ? "crosshair"
      : handle ? (desk.view.turned ? "move" : cursors[handle])
      : mine && desk.editable && holds(mine, ...native) ? "move" : found.length ? "pointer" : "grab";
  }

  wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    this.desk.view.zoom(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0018)), ...this.place(event));
    this.desk.redraw();
    this.desk.point(this.place(event));
  }
}
