// The help sheet: all keys, each changeable.

import { make } from "./dom.js";
import { ACTIONS, GROUPS, pressed, shown } from "./keys.js";

const MOUSE = [
  "Click a box to choose it, and again for the box inside or under it. Drag it to move it, its handles to resize it.",
  "Drag elsewhere to move the picture; turn the wheel, or pinch, to zoom.",
];

export class Help {
  constructor(dialog, keys) {
    this.dialog = dialog;
    this.keys = keys;
    this.waiting = null;
    dialog.addEventListener("keydown", (event) => this.hear(event));
    dialog.addEventListener("close", () => {
      this.waiting = null;
    });
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }

  open() {
    this.show();
    if (!this.dialog.open) this.dialog.showModal();
  }

  show(note = "") {
    const told = make("p", { role: "status", class: "said", text: note });
    this.dialog.replaceChildren(
      make("div", { class: "help-head" },
        make("h2", { id: "help-title", text: "Keys" }),
        make("button", { type: "button", class: "plain", text: "Close", on: { click: () => this.dialog.close() } })),
      make("p", { text: "Press a key's button to change it. Changes stay in this browser." }),
      told,
      make("div", { class: "sheet" }, ...GROUPS.map((group) => this.group(group))),
      ...MOUSE.map((text) => make("p", { text })),
      make("button", {
        type: "button",
        text: "All keys as they were",
        on: { click: () => { this.keys.reset(); this.show("All keys are as they were."); } },
      }),
    );
    this.told = told;
  }

  group([group, title]) {
    const rows = ACTIONS.filter(([, , , where]) => where === group);
    return make("section", {},
      make("h3", { text: title }),
      make("ul", {}, ...rows.map(([action, words]) => this.row(action, words))));
  }

  row(action, words) {
    const keys = this.keys.of(action);
    const names = keys.length ? keys.map(shown) : ["none"];
    return make("li", {},
      make("span", { id: `words-${action}`, text: words }),
      make("button", {
        id: `keys-${action}`,
        type: "button",
        class: "key",
        "data-action": action,
        "aria-labelledby": `words-${action} keys-${action}`,
        on: { click: (event) => this.ask(action, words, event.currentTarget) },
      }, ...names.flatMap((key) => [make("kbd", { text: key }), " "])));
  }

  ask(action, words, button) {
    this.waiting = { action, words };
    button.replaceChildren(make("kbd", { text: "press a key" }));
    this.told.textContent = `Press the new key for “${words}”; Escape leaves it.`;
  }

  hear(event) {
    const name = pressed(event);
    if (!this.waiting || !name || name === "Tab") return;
    event.preventDefault();
    event.stopPropagation();
    const { action, words } = this.waiting;
    this.waiting = null;
    if (event.key === "Escape") return this.show();
    const lost = this.keys.change(action, name);
    this.show(`“${words}” is now ${shown(name)}.${lost ? ` “${lost}” lost it.` : ""}`);
    this.dialog.querySelector(`[data-action="${action}"]`)?.focus();
  }
}
