// Beside the picture: the galaxy's name and place, the chosen box, and what is said of the whole.

import { byId, make } from "./dom.js";
import { labelOf } from "./boxes.js";
import { shown } from "./keys.js";
import { details } from "./table.js";
import { ago, flagOf, LABELS, number, skyText } from "./words.js";

// [action, words], in groups.
const DECK = [
  [["accept", "Accept"], ["reject", "Reject"], ["clump", "Clump"], ["odd", "Odd clump"]],
  [["next", "Next"], ["undo", "Undo"], ["redo", "Redo"]],
  [["draw", "Draw"], ["delete", "Delete"]],
  [["missed", "Nothing missed"], ["skip", "Skip"]],
];
const HELD = ["draw", "missed", "skip"];

export class Panel {
  constructor(desk, keys) {
    this.desk = desk;
    this.keys = keys;
    this.comments = new Map();
    this.deck();
    keys.listeners.push(() => this.deck());
  }

  deck() {
    const { desk, keys } = this;
    this.buttons = new Map(DECK.flat().map(([action, words]) => [action, make("button", {
      type: "button",
      class: `act ${action}`,
      "data-do": action,
      "aria-pressed": HELD.includes(action) ? "false" : null,
      "aria-keyshortcuts": keys.of(action).map((key) => key.replace("Ctrl", "Control")).join(" ") || null,
      on: { click: () => desk.act(action) },
    }, make("span", { text: words }), keys.of(action).length ? make("kbd", { "aria-hidden": "true", text: shown(keys.of(action)[0]) }) : null)]));
    this.auto = make("input", { type: "checkbox", checked: desk.goesOn, on: { change: () => desk.setGoesOn(this.auto.checked) } });
    byId("deck").replaceChildren(
      ...DECK.map((group) => make("span", { class: "group" }, ...group.map(([action]) => this.buttons.get(action)))),
      make("label", { class: "auto" }, this.auto, make("span", { text: "go on by itself" })));
    byId("deck").hidden = desk.session.read_only;
    if (desk.galaxy) this.tell();
  }

  galaxy(galaxy) {
    const { place, total } = galaxy;
    byId("name").textContent = galaxy.id;
    const facts = [skyText(galaxy.ra, galaxy.dec)];
    if (Number.isFinite(galaxy.redshift)) facts.push(`z = ${number(galaxy.redshift, 4)}`);
    if (galaxy.pixscale_arcsec > 0) facts.push(`${galaxy.shape[1]} × ${galaxy.shape[0]} px of ${number(galaxy.pixscale_arcsec, 3)}″`);
    byId("place").replaceChildren(...facts.filter(Boolean).map((text) => make("span", { text })));
    byId("links").replaceChildren(...(galaxy.links ?? []).filter(({ url }) => /^https?:\/\//u.test(url)).map(({ name, url }) =>
      make("a", { href: url, target: "_blank", rel: "noopener noreferrer", text: name })));
    const step = (action, words, text) => make("button", { type: "button", class: "plain", "aria-label": words, text, on: { click: () => this.desk.act(action) } });
    byId("walk").replaceChildren(
      step("before", "Galaxy before", "←"),
      make("span", { text: !Number.isInteger(place) ? "" : `${(place + 1).toLocaleString("en")} of ${total.toLocaleString("en")}` }),
      step("after", "Next galaxy", "→"),
      step("back", "All galaxies", "All"));
  }

  tell() {
    const { desk } = this;
    const box = desk.chosenBox();
    const mine = Boolean(box) && desk.editable;
    for (const action of ["accept", "reject", "clump", "odd"]) this.buttons.get(action).disabled = !mine;
    this.buttons.get("delete").disabled = !(mine && box.source === "drawn");
    const pressed = { draw: desk.drawing, missed: desk.galaxy?.nothing_missed, skip: desk.galaxy?.skipped };
    for (const [action, on] of Object.entries(pressed)) this.buttons.get(action).setAttribute("aria-pressed", String(Boolean(on)));
    const current = box && { accepted: labelOf(box) === 2 ? "odd" : "clump", rejected: "reject" }[box.state];
    for (const action of ["reject", "clump", "odd"]) this.buttons.get(action).classList.toggle("is", action === current);
    this.chosen(box);
    this.whole();
  }

  chosen(box) {
    const place = byId("chosen");
    const key = box?.key ?? "";
    if (place.contains(document.activeElement) && place.dataset.key === key) return;
    place.dataset.key = key;
    if (!box) {
      place.replaceChildren(make("p", { class: "facts", text: this.desk.list.length ? "No box is chosen." : "" }));
      return;
    }
    const number_ = this.desk.numbers.get(key);
    const title = number_ ? `Clump ${number_}` : { label: "Label box", other: "Box of another run" }[box.source] ?? "Box";
    place.replaceChildren(
      make("h3", { text: `${title}: ${LABELS[labelOf(box)] ?? "unknown class"}` }),
      make("p", { class: "who-said" }, ...said(box)),
      make("dl", {}, ...details(box).flatMap(([words, value]) => [make("dt", { text: words }), make("dd", { text: value })])),
      ...(box.flags?.length ? [make("ul", { class: "flag-list" }, ...box.flags.map((text) => make("li", { text: this.flag(text) })))] : []),
      ...(number_ ? [this.comment("comment-box", "Comment on this clump", box.comment, (text) => this.desk.comment(box.key, text))] : []));
  }

  flag(name) {
    const meaning = this.desk.session.flags?.[name];
    return meaning ? `${flagOf(name)}: ${meaning}` : flagOf(name);
  }

  whole() {
    const place = byId("whole");
    if (place.contains(document.activeElement) || !this.desk.galaxy) return;
    place.replaceChildren(this.comment("comment-all", "Comment on the galaxy", this.desk.galaxy.comment, (text) => this.desk.comment(null, text)));
  }

  comment(id, words, value, call) {
    const area = make("textarea", { id, rows: 2, maxlength: 2000, readonly: this.desk.session.read_only });
    area.value = value ?? "";
    area.addEventListener("change", () => call(area.value));
    area.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" && !(event.key === "Enter" && (event.ctrlKey || event.metaKey))) return;
      event.preventDefault();
      event.stopPropagation();
      byId("canvas").focus(); // leaving it keeps it
    });
    return make("div", { class: "comment" }, make("label", { for: id, text: words }), area);
  }
}

const WORDS = { accepted: "accepted", rejected: "rejected", undecided: "undecided" };

function said(box) {
  const one = ({ state, label, by, at }) =>
    `${WORDS[state] ?? state}${state === "accepted" && label ? ` as ${LABELS[label]}` : ""}${by ? ` by ${by}` : ""}${at ? `, ${ago(at)}` : ""}`;
  const own = one({ state: box.state, label: box.decided_label, by: box.by, at: box.at });
  return [make("span", { text: own }), ...(box.others ?? []).map((other) => make("span", { class: "other", text: one(other) }))];
}
