// One galaxy in the gallery: thumbnail, its boxes by score, how far it is vetted.

import { draw, make } from "./dom.js";
import { count, number } from "./words.js";

const STATUS = { decided: "✓", skipped: "skipped", undecided: "" };

/** `row.marks` are [x1, y1, x2, y2, label, score, state], in native pixels, y up. */
function overlay(row) {
  if (!row.marks?.length || !row.shape) return null;
  const [ny, nx] = row.shape;
  const side = Math.max(nx, ny);
  const left = (nx - side) / 2 - 0.5;
  const top = (ny - side) / 2 - 0.5;
  const boxes = row.marks.map(([x1, y1, x2, y2, label, score, state]) =>
    draw("rect", {
      x: x1,
      y: ny - 1 - y2,
      width: Math.max(x2 - x1, 0),
      height: Math.max(y2 - y1, 0),
      class: `mark label-${label} ${state ?? "undecided"}`,
      "stroke-opacity": (0.45 + 0.55 * Math.min(Math.max(score ?? 1, 0), 1)).toFixed(2),
    }));
  return draw("svg", { viewBox: `${left} ${top} ${side} ${side}`, "aria-hidden": "true" }, ...boxes);
}

function told(row) {
  const parts = [count("clump", row.clumps)];
  if (row.status === "skipped") parts.push("skipped");
  else parts.push(row.undecided ? `${row.undecided} to decide` : "all decided");
  return parts.join(", ");
}

export function tile(row, place, total, side, href) {
  const image = make("img", { alt: "", width: side, height: side, decoding: "async" });
  const link = make("a", { href, "aria-label": `${row.id}: ${told(row)}`, tabindex: -1, "data-place": place },
    make("span", { class: "picture" }, image, overlay(row),
      row.status in STATUS && STATUS[row.status]
        ? make("span", { class: `badge ${row.status}`, text: STATUS[row.status] }) : null),
    make("span", { class: "tile-name", text: row.id }),
    make("span", { class: "tile-facts" },
      make("span", { text: told(row) }),
      make("span", { class: "number", text: number(row.score) })));
  const element = make("div", {
    class: `tile ${row.status ?? ""}`,
    role: "listitem",
    "aria-posinset": place + 1,
    "aria-setsize": total,
  }, link);
  return { element, image, link, id: row.id };
}
