// How the picture is made: composite or band, stretch, contrast, colour balance, what is hidden.

import { later, make } from "./dom.js";
import { keep, kept } from "./kept.js";
import { SCENERY } from "./paint.js";

const STRETCHES = ["asinh", "linear", "sqrt", "log"];
const COLOURS = ["red", "green", "blue"];
const PLAIN = { bands: "", stretch: "", contrast: 0, balance: [0, 0, 0] };

export class Look {
  constructor(box, session, changed) {
    this.box = box;
    this.state = { ...PLAIN, ...kept("look", {}) };
    this.hidden = new Set(kept("hidden", []));
    this.turned = kept("turned", false);
    this.changed = changed;
    this.bands = session.bands ?? [];
    this.stretches = session.stretches ?? STRETCHES;
    if (this.state.bands && !this.bands.includes(this.state.bands)) this.state.bands = "";
    this.soon = later(() => this.changed("picture"), 120);
    this.build();
  }

  build() {
    this.select = make("select", { "aria-label": "Bands", on: { change: () => this.set({ bands: this.select.value }) } },
      make("option", { value: "", text: "composite" }),
      ...this.bands.map((band) => make("option", { value: band, text: band })));
    this.select.value = this.state.bands;
    const stretch = make("select", { "aria-label": "Stretch", on: { change: () => this.set({ stretch: stretch.value }) } },
      make("option", { value: "", text: "as made" }),
      ...this.stretches.map((one) => make("option", { value: one, text: one })));
    stretch.value = this.state.stretch;
    this.sliders = [this.slider("contrast", null), ...COLOURS.map((colour, k) => this.slider(colour, k))];
    this.north = make("button", { type: "button", class: "plain", "aria-pressed": String(this.turned), text: "North up", on: { click: () => this.turn() } });
    this.box.replaceChildren(
      make("label", { class: "field" }, make("span", { text: "bands" }), this.select),
      make("label", { class: "field" }, make("span", { text: "stretch" }), stretch),
      this.sliders[0],
      menu("Colour", make("div", { class: "menu" }, ...this.sliders.slice(1),
        make("button", { type: "button", text: "As it was", on: { click: () => this.plain() } }))),
      menu("Shown", make("div", { class: "menu" }, ...Object.keys(SCENERY).map((name) => this.tick(name)))),
      this.north);
  }

  slider(name, k) {
    const value = k === null ? this.state.contrast : this.state.balance[k];
    const input = make("input", { type: "range", min: -2, max: 2, step: 0.1, value, on: { input: () => {
      const balance = [...this.state.balance];
      if (k !== null) balance[k] = Number(input.value);
      this.set(k === null ? { contrast: Number(input.value) } : { balance });
    } } });
    return make("label", { class: "field slide" }, make("span", { text: name }), input);
  }

  tick(name) {
    const input = make("input", { type: "checkbox", checked: !this.hidden.has(name), on: { change: () => {
      if (input.checked) this.hidden.delete(name);
      else this.hidden.add(name);
      keep("hidden", [...this.hidden]);
      this.changed("scene");
    } } });
    return make("label", {}, input, make("span", { text: SCENERY[name] }));
  }

  set(fields) {
    Object.assign(this.state, fields);
    keep("look", this.state);
    this.soon();
  }

  plain() {
    this.state = { ...PLAIN, bands: this.state.bands };
    this.build();
    this.set({});
  }

  nextBand() {
    const all = ["", ...this.bands];
    this.select.value = all[(all.indexOf(this.state.bands) + 1) % all.length];
    this.set({ bands: this.select.value });
    this.soon.flush();
    return this.state.bands || "composite";
  }

  turn() {
    this.turned = !this.turned;
    keep("turned", this.turned);
    this.north.setAttribute("aria-pressed", String(this.turned));
    this.changed("turn");
  }

  /** What the server is asked: only what differs from the picture as it is made. */
  query() {
    const { bands, stretch, contrast, balance } = this.state;
    const factor = (power) => (2 ** power).toFixed(3);
    return {
      ...(bands && { bands }),
      ...(stretch && { stretch }),
      ...(contrast && { contrast: factor(contrast) }),
      ...(!bands && balance.some(Boolean) && { balance: balance.map(factor).join(",") }),
    };
  }
}

function menu(title, content) {
  const element = make("details", { class: "drop" }, make("summary", { text: title }), content);
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !element.open) return;
    event.preventDefault();
    element.open = false;
    element.querySelector("summary").focus();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!element.contains(event.target)) element.open = false;
  });
  return element;
}
