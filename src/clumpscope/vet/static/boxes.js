// Boxes as plain objects: which one is meant, which is next, how a handle changes one.

export const HANDLES = { // sides that each handle moves
  nw: ["x1", "y2"], n: [null, "y2"], ne: ["x2", "y2"], e: ["x2", null],
  se: ["x2", "y1"], s: [null, "y1"], sw: ["x1", "y1"], w: ["x1", null],
};

const LEAST = 1; // native pixels of a side

export const middle = (box) => [(box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2];
export const area = (box) => (box.x2 - box.x1) * (box.y2 - box.y1);
export const edges = ({ x1, y1, x2, y2 }) => ({ x1, y1, x2, y2 });
export const decidable = (box) => box.source === "model" || box.source === "drawn";
export const labelOf = (box) => box.decided_label || box.label;

/** Boxes to decide on, best score first, then those that were drawn: their numbers are from 1. */
export function ordered(boxes) {
  return boxes.filter(decidable)
    .map((box, k) => [box, k])
    .sort(([one, k], [other, l]) =>
      (one.source === "drawn") - (other.source === "drawn") || (other.score ?? 0) - (one.score ?? 0) || k - l)
    .map(([box]) => box);
}

export function holds(box, x, y, margin = 0) {
  return x >= box.x1 - margin && x <= box.x2 + margin && y >= box.y1 - margin && y <= box.y2 + margin;
}

/** Boxes under a point, smallest first: the inner before the outer. */
export function under(boxes, x, y, margin) {
  return boxes.filter((box) => holds(box, x, y, margin)).sort((one, other) => area(one) - area(other));
}

/** The box after the chosen one of those under a point; the smallest if none of them is. */
export function nextUnder(found, chosen) {
  const place = found.findIndex((box) => box.key === chosen);
  return found[(place + 1) % found.length] ?? null;
}

export function overlapping(boxes, box) {
  return boxes.filter((other) =>
    other.x1 <= box.x2 && other.x2 >= box.x1 && other.y1 <= box.y2 && other.y2 >= box.y1)
    .sort((one, other) => area(one) - area(other));
}

/** The first undecided one after a key, round to the first; or null. */
export function nextUndecided(list, key) {
  const place = list.findIndex((box) => box.key === key);
  const turned = [...list.slice(place + 1), ...list.slice(0, place + 1)];
  return turned.find((box) => box.state === "undecided" && box.key !== key) ?? null;
}

const within = (value, low, high) => Math.min(Math.max(value, low), high);

export function moved(box, dx, dy, [ny, nx]) {
  const x = within(dx, -0.5 - box.x1, nx - 0.5 - box.x2);
  const y = within(dy, -0.5 - box.y1, ny - 0.5 - box.y2);
  return { x1: box.x1 + x, y1: box.y1 + y, x2: box.x2 + x, y2: box.y2 + y };
}

export function grown(box, by, shape) {
  const step = Math.max(by, (LEAST - Math.min(box.x2 - box.x1, box.y2 - box.y1)) / 2);
  return inside({ x1: box.x1 - step, y1: box.y1 - step, x2: box.x2 + step, y2: box.y2 + step }, shape);
}

export function inside(box, [ny, nx]) {
  return {
    x1: within(box.x1, -0.5, nx - 0.5), y1: within(box.y1, -0.5, ny - 0.5),
    x2: within(box.x2, -0.5, nx - 0.5), y2: within(box.y2, -0.5, ny - 0.5),
  };
}

/** Move the sides of a handle to a point; the other sides stay. */
export function stretched(box, handle, x, y, shape) {
  const [across, up] = HANDLES[handle];
  const now = edges(box);
  if (across === "x1") now.x1 = Math.min(x, now.x2 - LEAST);
  if (across === "x2") now.x2 = Math.max(x, now.x1 + LEAST);
  if (up === "y1") now.y1 = Math.min(y, now.y2 - LEAST);
  if (up === "y2") now.y2 = Math.max(y, now.y1 + LEAST);
  return inside(now, shape);
}

export function spanned([xa, ya], [xb, yb], shape) {
  return inside({ x1: Math.min(xa, xb), y1: Math.min(ya, yb), x2: Math.max(xa, xb), y2: Math.max(ya, yb) }, shape);
}

/** Where a handle is, in native pixels. */
export function handleAt(box, handle) {
  const [across, up] = HANDLES[handle];
  const [x, y] = middle(box);
  return [across ? box[across] : x, up ? box[up] : y];
}

/** Edges as they are sent: a thousandth of a pixel is more than anybody sees. */
export function rounded(box) {
  return Object.fromEntries(Object.entries(edges(box)).map(([name, value]) => [name, Math.round(value * 1000) / 1000]));
}
