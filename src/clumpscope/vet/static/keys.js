// What a key does: every action has a name, words, and keys that a vetter may change.

import { keep, kept } from "./kept.js";

// [action, words, keys, where it holds]
export const ACTIONS = [
  ["accept", "accept the box", ["a"], "galaxy"],
  ["reject", "reject the box", ["r"], "galaxy"],
  ["clump", "accept it as a normal clump", ["1"], "galaxy"],
  ["odd", "accept it as an odd clump", ["2"], "galaxy"],
  ["switch", "normal ↔ odd", ["o"], "galaxy"],
  ["comment", "write a comment on the box", ["c"], "galaxy"],
  ["next", "next undecided box, then galaxy", ["n"], "galaxy"],
  ["undo", "undo", ["u", "Ctrl+z"], "galaxy"],
  ["redo", "redo", ["y", "Ctrl+y", "Ctrl+Shift+Z"], "galaxy"],
  ["missed", "nothing was missed in this galaxy", ["m"], "galaxy"],
  ["skip", "skip the galaxy", ["s"], "galaxy"],
  ["draw", "draw a box with the mouse or a finger", ["d"], "boxes"],
  ["place", "put a box in the middle of the view", ["Shift+D"], "boxes"],
  ["delete", "delete a box that you drew", ["Delete", "Backspace"], "boxes"],
  ["later", "next box", ["j"], "boxes"],
  ["earlier", "box before", ["k"], "boxes"],
  ["inside", "box inside or under this one", ["i"], "boxes"],
  ["left", "move the box left", ["Shift+ArrowLeft"], "boxes"],
  ["right", "move the box right", ["Shift+ArrowRight"], "boxes"],
  ["up", "move the box up", ["Shift+ArrowUp"], "boxes"],
  ["down", "move the box down", ["Shift+ArrowDown"], "boxes"],
  ["larger", "larger box", ["]"], "boxes"],
  ["smaller", "smaller box", ["["], "boxes"],
  ["hide", "hide everything drawn while held", ["h"], "picture"],
  ["zoom", "zoom to the box", ["z"], "picture"],
  ["fit", "whole picture", ["0"], "picture"],
  ["nearer", "zoom in", ["+", "="], "picture"],
  ["farther", "zoom out", ["-"], "picture"],
  ["north", "north up", ["v"], "picture"],
  ["band", "next band", ["b"], "picture"],
  ["after", "next galaxy", ["ArrowRight"], "galaxies"],
  ["before", "galaxy before", ["ArrowLeft"], "galaxies"],
  ["back", "back to all galaxies", ["g", "Escape"], "galaxies"],
  ["help", "this sheet", ["?"], "galaxies"],
];

export const GROUPS = [
  ["galaxy", "Decide"],
  ["boxes", "Boxes"],
  ["picture", "Picture"],
  ["galaxies", "Galaxies"],
];

const STORE = "keys";

/** A key press as text: "a", "Shift+ArrowUp", "Ctrl+z". */
export function pressed(event) {
  const { key } = event;
  if (["Shift", "Control", "Alt", "Meta"].includes(key)) return "";
  const shift = event.shiftKey && (key.length > 1 || /\p{Lu}/u.test(key));
  const control = event.ctrlKey || event.metaKey;
  return `${control ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}${shift ? "Shift+" : ""}${key === " " ? "Space" : key}`;
}

const SHOWN = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Delete: "Del", Escape: "Esc" };
export const shown = (key) => {
  const parts = key === "+" ? ["+"] : key.split(/\+(?=.)/u);
  return parts.map((part) => SHOWN[part] ?? part).join("+");
};

export class Keys {
  constructor() {
    this.handlers = new Map();
    this.listeners = [];
    this.own = kept(STORE, {});
    this.read();
    document.addEventListener("keydown", (event) => this.down(event));
    document.addEventListener("keyup", (event) => this.up(event));
    window.addEventListener("blur", () => this.release());
  }

  read() {
    this.byKey = new Map();
    for (const [action] of ACTIONS) for (const key of this.of(action)) this.byKey.set(key, action);
  }

  of(action) {
    const own = this.own[action];
    if (Array.isArray(own)) return own;
    return ACTIONS.find(([name]) => name === action)[2];
  }

  /** Give an action one key; whichever had it loses it. The words of that one, or null. */
  change(action, key) {
    const before = this.byKey.get(key);
    if (before && before !== action) this.own[before] = this.of(before).filter((one) => one !== key);
    this.own[action] = [key];
    this.changed();
    return before && before !== action ? ACTIONS.find(([name]) => name === before)[1] : null;
  }

  reset() {
    this.own = {};
    this.changed();
  }

  changed() {
    keep(STORE, this.own);
    this.read();
    for (const listener of this.listeners) listener();
  }

  /** Set what actions do here: `{action: call}`; `{action: [down, up]}` for one that is held. */
  use(handlers) {
    this.release();
    this.handlers = new Map(Object.entries(handlers));
  }

  down(event) {
    if (event.defaultPrevented || elsewhere(event)) return;
    const name = this.byKey.get(pressed(event));
    const call = name && this.handlers.get(name);
    if (!call) return;
    event.preventDefault();
    if (!Array.isArray(call)) call(event);
    else if (!event.repeat) {
      this.held = { key: event.key, up: call[1] };
      call[0](event);
    }
  }

  up(event) {
    if (this.held?.key === event.key) this.release();
  }

  release() {
    const { held } = this;
    this.held = null;
    held?.up();
  }
}

// Keys that belong to what has the focus, or to an open dialog.
function elsewhere(event) {
  if (document.querySelector("dialog[open]")) return true;
  const { target } = event;
  if (!(target instanceof Element)) return false;
  if (target.matches("textarea, select, input:not([type=checkbox])")) return true;
  // A table that scrolls.
  if (target.matches("[role=region]") && event.key.startsWith("Arrow")) return true;
  const active = target.closest("a, button, summary, input");
  return Boolean(active) && (event.key === "Enter" || event.key === " ");
}
