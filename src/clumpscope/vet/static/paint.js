// What is drawn over a galaxy's picture. Lines have a dark halo: they are seen on any sky.

import { HANDLES, handleAt, labelOf, middle } from "./boxes.js";
import { skyAxes } from "./view.js";
import { about } from "./words.js";

export const COLOURS = { 1: "#56b4e9", 2: "#e69f00", label: "#f0e442", other: "#e78ac3" };
const FONT = "600 12px system-ui, sans-serif";
const HALO = "rgba(0, 0, 0, 0.75)";
const HANDLE = 12; // px

export const SCENERY = { // what can be hidden, and its words
  model: "model's boxes", drawn: "drawn boxes", label: "label boxes", other: "other run",
  outline: "outline", apertures: "apertures", stars: "stars", mask: "masked stars", marks: "compass and scale",
};

function stroke(ctx, colour, width, dashes = []) {
  ctx.setLineDash(dashes);
  ctx.lineWidth = width + 2;
  ctx.strokeStyle = HALO;
  ctx.stroke();
  ctx.lineWidth = width;
  ctx.strokeStyle = colour;
  ctx.stroke();
}

function words(ctx, text, x, y, colour = "#fff", align = "left") {
  ctx.font = FONT;
  ctx.textAlign = align;
  ctx.lineJoin = "round";
  ctx.setLineDash([]);
  ctx.lineWidth = 3.5;
  ctx.strokeStyle = "rgba(0, 0, 0, 0.85)";
  ctx.strokeText(text, x, y);
  ctx.fillStyle = colour;
  ctx.fillText(text, x, y);
}

function ring(ctx, view, points) {
  ctx.beginPath();
  points.forEach(([x, y], k) => ctx[k ? "lineTo" : "moveTo"](...view.toScreen(x, y)));
  ctx.closePath();
}

function circle(ctx, view, x, y, radius) {
  ctx.beginPath();
  ctx.arc(...view.toScreen(x, y), Math.max(radius * view.scale, 1), 0, 2 * Math.PI);
}

function corners({ x1, y1, x2, y2 }) {
  return [[x1, y1], [x2, y1], [x2, y2], [x1, y2]];
}

function lay(ctx, view, picture) {
  ctx.save();
  ctx.transform(...view.picture(picture.naturalWidth, picture.naturalHeight));
  ctx.imageSmoothingEnabled = false;
  ctx.drawImage(picture, 0, 0);
  ctx.restore();
}

export function paint(ctx, scene) {
  const { view, galaxy, picture, hidden } = scene;
  ctx.fillStyle = "#0b0c0f";
  ctx.fillRect(0, 0, view.width, view.height);
  if (picture) lay(ctx, view, picture);
  if (scene.bare || !galaxy) return;
  if (!hidden.has("mask")) for (const points of galaxy.masked ?? []) {
    ring(ctx, view, points);
    ctx.fillStyle = "rgba(204, 51, 140, 0.3)";
    ctx.fill();
    stroke(ctx, "#e78ac3", 1);
  }
  if (!hidden.has("outline")) for (const points of galaxy.outline ?? []) {
    ring(ctx, view, points);
    stroke(ctx, "rgba(255, 255, 255, 0.9)", 1);
  }
  if (!hidden.has("stars")) for (const [x, y, radius] of galaxy.stars ?? []) {
    circle(ctx, view, x, y, radius);
    stroke(ctx, "#f6b0d2", 1, [2, 4]);
  }
  const seen = scene.boxes.filter((box) => !hidden.has(box.source));
  if (!hidden.has("apertures") && galaxy.aperture_px) for (const box of seen) {
    if (box.source !== "model") continue;
    circle(ctx, view, ...middle(box), galaxy.aperture_px);
    stroke(ctx, "rgba(255, 255, 255, 0.55)", 1);
  }
  // The chosen one last: it lies over the others.
  const last = seen.filter((box) => box.key === scene.chosen);
  for (const box of [...seen.filter((one) => one.key !== scene.chosen), ...last]) boxed(ctx, scene, box);
  if (scene.draft) {
    ring(ctx, view, corners(scene.draft));
    stroke(ctx, "#fff", 1.5, [5, 3]);
  }
  if (!hidden.has("marks")) furniture(ctx, view, galaxy);
}

function boxed(ctx, scene, box) {
  const { view, numbers, chosen, pointed, editable } = scene;
  const colour = COLOURS[box.source] ?? COLOURS[labelOf(box)] ?? "#fff";
  const number = numbers.get(box.key);
  const [isChosen, rejected] = [box.key === chosen, box.state === "rejected"];
  ctx.save();
  ctx.globalAlpha = rejected && !isChosen ? 0.8 : 1;
  ring(ctx, view, corners(box));
  const dashes = rejected ? [3, 4] : box.source === "label" ? [6, 3] : box.source === "other" ? [8, 3, 2, 3] : [];
  const width = isChosen ? 2.5 : box.key === pointed ? 2.25 : box.state === "accepted" ? 2 : 1.25;
  if (isChosen) {
    ctx.setLineDash([]);
    ctx.lineWidth = 7;
    ctx.strokeStyle = "rgba(255, 255, 255, 0.4)";
    ctx.stroke();
  }
  stroke(ctx, colour, width, dashes);
  const points = corners(box).map(([x, y]) => view.toScreen(x, y));
  const left = Math.min(...points.map(([x]) => x));
  const top = Math.min(...points.map(([, y]) => y));
  if (number) {
    const sign = { accepted: " ✓", rejected: " ✗" }[box.state] ?? "";
    words(ctx, `${number}${sign}`, left, top - (isChosen ? 12 : 6), colour);
  }
  if (isChosen && editable) handles(ctx, view, box);
  ctx.restore();
}

function handles(ctx, view, box) {
  ctx.setLineDash([]);
  for (const name of shownHandles(view, box)) {
    const [x, y] = view.toScreen(...handleAt(box, name));
    ctx.fillStyle = "#fff";
    ctx.fillRect(x - HANDLE / 2, y - HANDLE / 2, HANDLE, HANDLE);
    ctx.lineWidth = 1.5;
    ctx.strokeStyle = "#14161a";
    ctx.strokeRect(x - HANDLE / 2, y - HANDLE / 2, HANDLE, HANDLE);
  }
}

/** Handles that do not hide the box: those of the corners, of the sides too if there is room. */
export function shownHandles(view, box) {
  const side = Math.min(box.x2 - box.x1, box.y2 - box.y1) * view.scale;
  return Object.keys(HANDLES).filter((name) => name.length === 2 || side >= 4 * HANDLE);
}

/** The largest of 1, 2, 5, 10 ... that is at most `most`. */
function nice(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  return [5, 2, 1].map((step) => step * power).find((length) => length <= most) ?? power;
}

function furniture(ctx, view, galaxy) {
  const edge = 16;
  const bottom = view.height - edge;
  const scale = galaxy.pixscale_arcsec;
  if (scale > 0) bar(ctx, view, galaxy, edge, bottom);
  if (scale > 0 && galaxy.psf_fwhm_arcsec > 0) {
    const radius = (galaxy.psf_fwhm_arcsec / scale / 2) * view.scale;
    const shown = Math.min(radius, 60);
    ctx.beginPath();
    ctx.arc(view.width - edge - shown, bottom - shown, shown, 0, 2 * Math.PI);
    stroke(ctx, "#fff", 1.25, radius > shown ? [3, 3] : []);
    words(ctx, `PSF ${about(galaxy.psf_fwhm_arcsec)}″`, view.width - edge, bottom - 2 * shown - 8, "#fff", "right");
  }
  if (Number.isFinite(galaxy.north_deg)) compass(ctx, view, galaxy, view.width - 52, 52);
}

function bar(ctx, view, galaxy, x, y) {
  const most = Math.min(view.width / 4, 160) / view.scale;
  const length = nice(most * galaxy.pixscale_arcsec);
  const end = x + (length / galaxy.pixscale_arcsec) * view.scale;
  ctx.beginPath();
  ctx.moveTo(x, y - 4);
  ctx.lineTo(x, y);
  ctx.lineTo(end, y);
  ctx.lineTo(end, y - 4);
  stroke(ctx, "#fff", 2);
  const kpc = galaxy.kpc_per_arcsec;
  words(ctx, `${about0(length)}″${kpc ? `  ${about(length * kpc)} kpc` : ""}`, x, y - 10);
}

const about0 = (value) => String(Number(value.toPrecision(2)));

function compass(ctx, view, galaxy, x, y) {
  const { north, east } = skyAxes(galaxy);
  const length = 26;
  for (const [letter, axis] of [["N", north], ["E", east]]) {
    const [dx, dy] = view.along(axis).map((part) => (part / view.scale) * length);
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.lineTo(x + dx, y + dy);
    stroke(ctx, "#fff", 1.5);
    words(ctx, letter, x + dx * 1.38, y + dy * 1.38 + 4, "#fff", "center");
  }
}
