// How the picture is made: composite or band, stretch, contrast, colour balance, what is hidden.

import { later, make } from "./dom.js";
import { keep, kept } from "./kept.js";
import { SCENERY } from "./paint.js";

const COLOURS = ["red", "green", "blue"];
const PLAIN = { bands: "", stretch: 0, contrast: 0, balance: [0, 0, 0] };

export class Look {
  constructor(box, session, changed) {
    this.box = box;
    this.state = { ...PLAIN, ...kept("look", {}) };
    this.hidden = new Set(kept("hidden", []));
    this.turned = kept("turned", false);
    this.changed = changed;
    this.bands = session.bands ?? [];
    if (this.state.bands && !this.bands.includes(this.state.bands)) this.state.bands = "";
    this.soon = later(() => this.changed("picture"), 120);
    this.build();
  }

  build() {
    this.select = make("select", { "aria-label": "Bands", on: { change: () => this.set({ bands: this.select.value }) } },
      make("option", { value: "", text: "composite" }),
      ...this.bands.map((band) => make("option", { value: band, text: band })));
    this.select.value = this.state.bands;
    const sliders = [["stretch", 5], ["contrast", 2]].map(([name, most]) =>
      slider(name, most, this.state[name], (value) => this.set({ [name]: value })));
    const colours = COLOURS.map((colour, k) => slider(colour, 2, this.state.balance[k], (value) =>
      this.set({ balance: this.state.balance.map((one, j) => (j === k ? value : one)) })));
    this.north = make("button", { type: "button", class: "plain", "aria-pressed": String(this.turned), text: "North up", on: { click: () => this.turn() } });
    this.box.replaceChildren(
      make("label", { class: "field" }, make("span", { text: "bands" }), this.select),
      ...sliders,
      menu("Colour", make("div", { class: "menu" }, ...colours,
        make("button", { type: "button", text: "As it was", on: { click: () => this.plain() } }))),
      menu("Shown", make("div", { class: "menu" }, ...Object.keys(SCENERY).map((name) => this.tick(name)))),
      this.north, this.hideButton());
  }

  // For who has no keys: hidden as long as it is held; a keyboard's click hides and shows.
  hideButton() {
    const set = (on) => {
      button.setAttribute("aria-pressed", String(on));
      this.changed(on ? "bare" : "dressed");
    };
    const button = make("button", { type: "button", class: "plain", "aria-pressed": "false", text: "Hold to hide", on: {
      pointerdown: (event) => {
        button.setPointerCapture(event.pointerId);
        set(true);
      },
      pointerup: () => set(false),
      pointercancel: () => set(false),
      click: (event) => event.detail === 0 && set(button.getAttribute("aria-pressed") !== "true"),
      contextmenu: (event) => event.preventDefault(),
    } });
    return button;
  }

  tick(name) {
    const input = make("input", { type: "checkbox", checked: !this.hidden.has(name), on: { change: () => {
      if (input.checked) this.hidden.delete(name);
      else this.hidden.add(name);
      keep("hidden", [...this.hidden]);
      this.changed("scene");
    } } });
    return make("label", {}, input, make("i", { class: `swatch ${name}`, "aria-hidden": "true" }), make("span", { text: SCENERY[name] }));
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
      ...(stretch && { stretch: factor(stretch) }),
      ...(contrast && { contrast: factor(contrast) }),
      ...(!bands && balance.some(Boolean) && { balance: balance.map(factor).join(",") }),
    };
  }
}

function slider(name, most, value, call) {
  const input = make("input", { type: "range", min: -most, max: most, step: 0.1, value, on: { input: () => call(Number(input.value)) } });
  return make("label", { class: "field slide" }, make("span", { text: name }), input);
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
