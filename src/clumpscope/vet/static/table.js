// The table of a galaxy's clumps, tied to the boxes both ways.

import { byId, make } from "./dom.js";
import { labelOf, middle } from "./boxes.js";
import { about, flagOf, LABELS, measured, number } from "./words.js";

const colourOf = (name) => name.replace(/[-_]/u, " − ");

const STATES = { accepted: "✓ accepted", rejected: "✗ rejected", undecided: "undecided" };

/** Columns: head, class, what a box has there. */
function columns(boxes) {
  const keys = (name) => [...new Set(boxes.flatMap((box) => Object.keys(box[name] ?? {})))];
  return [
    ["class", "", (box) => LABELS[labelOf(box)] ?? "–"],
    ["decision", "state", (box) => STATES[box.state]],
    ["score", "number", (box) => number(box.score)],
    ["chance", "number", (box) => number(box.p_real)],
    ["quality", "number", (box) => box.quality ?? "–"],
    ["flux ratio", "number", (box) => (Number.isFinite(box.ratio) ? `${about(100 * box.ratio)} %` : "–")],
    ...keys("colours").map((name) => [colourOf(name), "number", (box) => number(box.colours?.[name])]),
    ...keys("fluxes").map((band) => [`${band}, µJy`, "number", (box) => measured(box.fluxes?.[band])]),
    ["flags", "flags", (box) => (box.flags ?? []).map(flagOf).join("; ") || "none"],
  ];
}

export class Table {
  constructor(desk) {
    this.desk = desk;
    this.element = byId("clumps");
    this.rows = new Map();
    const key = (event) => event.target.closest("tr")?.dataset.key ?? null;
    this.element.addEventListener("click", (event) => key(event) && desk.choose(key(event)));
    this.element.addEventListener("pointerover", (event) => desk.hint(key(event)));
    this.element.addEventListener("pointerleave", () => desk.hint(null));
  }

  show(boxes) {
    const head = columns(boxes);
    const focus = this.element.contains(document.activeElement) && document.activeElement.closest("tr")?.dataset.key;
    this.rows = new Map(boxes.map((box, k) => [box.key, this.row(box, k + 1, head)]));
    this.element.replaceChildren(
      make("caption", { text: boxes.length ? "Clumps" : "No clumps were found here" }),
      make("thead", {}, make("tr", {}, make("th", { scope: "col", text: "no." }),
        ...head.map(([text, name]) => make("th", { scope: "col", class: name === "number" ? "number" : false, text })))),
      make("tbody", {}, ...this.rows.values()));
    this.mark();
    if (focus) this.rows.get(focus)?.querySelector("button").focus({ preventScroll: true });
  }

  row(box, place, head) {
    return make("tr", { "data-key": box.key, class: box.state },
      make("th", { scope: "row" },
        make("button", { type: "button", class: `pick label-${labelOf(box)}`, "aria-label": `Choose clump ${place}`, text: place })),
      ...head.map(([, name, cell]) => make("td", { class: name || false, text: cell(box) })));
  }

  // Within the table alone: the page stays where it is.
  reveal(row) {
    const frame = this.element.parentElement;
    const head = this.element.tHead.offsetHeight;
    if (row.offsetTop - head < frame.scrollTop) frame.scrollTop = row.offsetTop - head;
    const below = row.offsetTop + row.offsetHeight - frame.clientHeight;
    if (below > frame.scrollTop) frame.scrollTop = below;
  }

  mark() {
    const { chosen, pointed } = this.desk;
    for (const [key, row] of this.rows) {
      row.classList.toggle("chosen", key === chosen);
      row.classList.toggle("pointed", key === pointed);
      row.querySelector("button").setAttribute("aria-pressed", String(key === chosen));
    }
    const row = this.rows.get(chosen);
    if (row && row !== this.seen) this.reveal(row);
    this.seen = row;
  }
}

/** Words and values of one box, for those who look at it alone. */
export function details(box) {
  const [x, y] = middle(box);
  const pairs = [
    ["score", number(box.score)],
    ["chance", number(box.p_real)],
    ["quality", box.quality ?? "–"],
    ["flux ratio", Number.isFinite(box.ratio) ? `${about(100 * box.ratio)} %` : "–"],
    ["middle", `x ${x.toFixed(1)}, y ${y.toFixed(1)}`],
    ["size", `${(box.x2 - box.x1).toFixed(1)} × ${(box.y2 - box.y1).toFixed(1)} px`],
    ...(box.run ? [["run", box.run]] : []),
    ...(box.drawn_by ? [["drawn by", box.drawn_by]] : []),
    ...Object.entries(box.colours ?? {}).map(([name, value]) => [colourOf(name), `${number(value)} mag`]),
    ...Object.entries(box.fluxes ?? {}).map(([band, pair]) => [`flux ${band}`, `${measured(pair)} µJy`]),
  ];
  return pairs.filter(([, value]) => value !== "–");
}
