// Numbers and names as people read them.

export const LABELS = { 1: "clump", 2: "odd clump" };

const NAMES = {
  id: "name",
  score: "score",
  p_real: "chance that it is real",
  quality: "quality",
  label: "class",
  flag: "flag",
  flags: "flags",
  ratio: "flux ratio",
  colour: "colour",
  redshift: "redshift",
  status: "status",
  disagreement: "disagreement",
  uncertainty: "most useful to label",
  undecided: "undecided clumps",
  decided: "decided clumps",
  clumps: "number of clumps",
  odd: "number of odd clumps",
  flagged: "number of flagged clumps",
};

export const nameOf = (key) => NAMES[key] ?? String(key).replaceAll("_", " ");

export function valueOf(filter, value) {
  if (filter === "label") return LABELS[value] ?? String(value);
  return flagOf(value);
}

/** NEAR_STAR is "near star". */
export const flagOf = (name) => String(name).replaceAll("_", " ").toLowerCase();

/** `count("clump", 2)` is "2 clumps". */
export function count(word, number, many = `${word}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? word : many}`;
}

export function number(value, digits = 2) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  return value.toFixed(digits).replace("-", "−");
}

/** Three significant digits: 0.00123, 12.3, 1230. */
export function about(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const text = Math.abs(value) >= 1000 ? String(Math.round(value)) : value.toPrecision(3);
  return text.includes("e") ? text : text.replace("-", "−");
}

export function measured(pair) {
  if (!pair) return "–";
  return pair[1] === null || pair[1] === undefined ? about(pair[0]) : `${about(pair[0])} ± ${about(pair[1])}`;
}

export function ago(at) {
  const seconds = (Date.now() - Date.parse(at)) / 1000;
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 60) return "just now";
  const [size, word] = [[86400, "day"], [3600, "hour"], [60, "minute"]].find(([one]) => seconds >= one);
  return `${count(word, Math.floor(seconds / size))} ago`;
}

function sexagesimal(value, digits) {
  const units = 10 ** digits;
  const whole = Math.round(value * 3600 * units);
  const minutes = Math.floor(whole / (60 * units));
  const seconds = ((whole % (60 * units)) / units).toFixed(digits);
  const two = (part) => String(part).padStart(2, "0");
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${seconds.padStart(3 + digits, "0")}`;
}

/** Right ascension and declination in degrees → "12:34:56.78 −01:23:45.6". */
export function skyText(ra, dec) {
  if (!Number.isFinite(ra) || !Number.isFinite(dec)) return "";
  const turned = (((ra % 360) + 360) % 360) / 15;
  return `${sexagesimal(turned, 2)} ${dec < 0 ? "−" : "+"}${sexagesimal(Math.abs(dec), 1)}`;
}
