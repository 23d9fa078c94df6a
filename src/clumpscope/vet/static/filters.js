// The panel that sorts and filters, made of what the session says there is.

import { byId, later, make } from "./dom.js";
import { nameOf, valueOf } from "./words.js";

const FIXED = ["sort", "order"];
const FIRST = ["status", "id"];

// What a vetter wants most comes first.
function first(filters) {
  const rank = ([name]) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  return Object.entries(filters).sort((one, other) => rank(one) - rank(other));
}

export class Filters {
  constructor(session, changed) {
    this.session = session;
    this.form = byId("filter-form");
    this.changed = () => changed(this.query());
    const soon = later(this.changed, 160);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      soon.drop();
      this.changed();
    });
    this.form.addEventListener("input", (event) => {
      if (event.target.matches("input[type=number], input[type=search]")) soon();
      else this.changed();
      this.tell();
    });
    this.form.replaceChildren(this.sorting(), ...first(session.filters ?? {}).map(([name, one]) => this.field(name, one)).filter(Boolean),
      make("button", { type: "button", text: "Clear filters", on: { click: () => this.clear() } }));
  }

  sorting() {
    if (matchMedia("(max-width: 48rem)").matches) byId("filters").open = false;
    const sorts = (this.session.sorts ?? []).map((one) =>
      make("option", { value: one, selected: one === "score", text: nameOf(one) }));
    return make("fieldset", {}, make("legend", { text: "Sort" }),
      make("label", { class: "field" }, make("span", { text: "by" }), make("select", { name: "sort", "aria-label": "Sort by" }, ...sorts)),
      make("label", { class: "field" }, make("span", { text: "order" }),
        make("select", { name: "order", "aria-label": "Order" },
          make("option", { value: "desc", text: "highest first" }),
          make("option", { value: "asc", text: "lowest first" }))));
  }

  field(name, one) {
    const legend = make("legend", { text: nameOf(name) });
    if (one.kind === "range") return make("fieldset", {}, legend, make("div", { class: "pair" },
      this.bound(name, "lo", "from", one.min), make("span", { "aria-hidden": "true", text: "to" }),
      this.bound(name, "hi", "to", one.max)));
    if (one.kind === "set" && !one.values?.length) return null;
    if (one.kind === "set") return make("fieldset", {}, legend, make("div", { class: "set" },
      ...(one.values ?? []).map((value) => make("label", {},
        make("input", { type: "checkbox", name, value }), make("span", { text: valueOf(name, value) })))));
    return make("fieldset", {}, legend,
      make("input", { type: "search", name, "aria-label": nameOf(name), maxlength: 200 }));
  }

  bound(name, end, words, value) {
    const text = Number.isFinite(value) ? String(Number(value.toFixed(3))) : "";
    return make("input", {
      type: "number", step: "any", name: `${name}.${end}`, placeholder: text, "aria-label": `${nameOf(name)} ${words}`,
    });
  }

  clear() {
    for (const input of this.form.querySelectorAll("input")) {
      if (input.type === "checkbox") input.checked = false;
      else input.value = "";
    }
    this.tell();
    this.changed();
  }

  /** What the server is asked. */
  query() {
    const query = {};
    for (const name of FIXED) query[name] = this.form.elements[name].value;
    for (const [name, one] of Object.entries(this.session.filters ?? {})) {
      const value = this.value(name, one.kind);
      if (value) query[name] = value;
    }
    return query;
  }

  value(name, kind) {
    const inputs = this.form.elements;
    if (kind === "text") return inputs[name].value.trim();
    if (kind === "range") {
      const ends = [inputs[`${name}.lo`].value, inputs[`${name}.hi`].value];
      return ends.some(Boolean) ? ends.join(",") : "";
    }
    return [...this.form.querySelectorAll("input:checked")]
      .filter((input) => input.name === name).map((input) => input.value).join(",");
  }

  /** Set the panel as a query says. */
  fill(query) {
    for (const name of FIXED) {
      const select = this.form.elements[name];
      if ([...select.options].some((option) => option.value === query[name])) select.value = query[name];
    }
    for (const [name, { kind }] of Object.entries(this.session.filters ?? {})) {
      const parts = (query[name] ?? "").split(",");
      if (kind === "text") this.form.elements[name].value = query[name] ?? "";
      else if (kind === "range") ["lo", "hi"].forEach((end, k) => {
        this.form.elements[`${name}.${end}`].value = parts[k] ?? "";
      });
      else for (const input of this.form.querySelectorAll("input[type=checkbox]")) {
        if (input.name === name) input.checked = parts.includes(input.value);
      }
    }
    this.tell();
  }

  tell() {
    const on = Object.keys(this.query()).length - FIXED.length;
    byId("filters-on").textContent = on ? `(${on} on)` : "";
  }
}
