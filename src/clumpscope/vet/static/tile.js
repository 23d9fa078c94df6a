// One galaxy in the gallery: thumbnail, its boxes by score, how far it is vetted.

import { draw, make } from "./dom.js";
import { count, number } from "./words.js";

const LARGEST = 160; // px of a thumbnail
const STATUS = { decided: "✓", skipped: "skipped", undecided: "" };

/** Marks are [x1, y1, x2, y2, label, score, state], in native pixels, y up. */
function overlay(row, shape) {
  const [ny, nx] = shape;
  const side = Math.max(nx, ny);
  const boxes = (row.marks ?? row.boxes ?? []).map(([x1, y1, x2, y2, label, score, state]) =>
    draw("rect", {
      x: x1,
      y: ny - 1 - y2,
      width: Math.max(x2 - x1, 0),
      height: Math.max(y2 - y1, 0),
      class: `mark label-${label} ${state ?? "undecided"}`,
      "stroke-opacity": (0.45 + 0.55 * Math.min(Math.max(score ?? 1, 0), 1)).toFixed(2),
    }));
  const corner = [nx, ny].map((length) => (length - side) / 2 - 0.5).join(" ");
  return draw("svg", { viewBox: `${corner} ${side} ${side}`, "aria-hidden": "true" }, ...boxes);
}

function told(row) {
  if (row.undecided === row.clumps) return count("clump", row.clumps);
  return row.undecided ? `${row.clumps - row.undecided} of ${row.clumps} decided` : `${count("clump", row.clumps)} decided`;
}

export function tile(row, place, total, side, href) {
  const image = make("img", { alt: "", width: side, height: side, decoding: "async" });
  const link = make("a", { href, tabindex: -1, "data-place": place },
    make("span", { class: row.downward ? "picture downward" : "picture" }, image, row.shape ? overlay(row, row.shape) : null,
      row.status in STATUS && STATUS[row.status]
        ? make("span", { class: `badge ${row.status}`, text: STATUS[row.status] }) : null),
    make("span", { class: "tile-name", text: row.id }),
    make("span", { class: "tile-facts" },
      make("span", { text: told(row) }),
      make("span", { class: "number", text: number(row.score) })));
  // A thumbnail smaller than any limit has the galaxy's own pixels, a larger one is to scale.
  if (!row.shape) image.addEventListener("load", () => {
    const longest = Math.max(image.naturalWidth, image.naturalHeight);
    const scale = longest < LARGEST ? 1 : row.longest_px / longest;
    if (!(scale > 0)) return;
    row.shape = [image.naturalHeight * scale, image.naturalWidth * scale];
    image.after(overlay(row, row.shape));
  });
  const element = make("div", {
    class: `tile ${row.status ?? ""}`,
    role: "listitem",
    "aria-posinset": place + 1,
    "aria-setsize": total,
  }, link);
  return { element, image, link, id: row.id };
}
