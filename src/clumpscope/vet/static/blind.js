// Candidates without names, scores or classes: one after the other, an answer each.

import { get, post } from "./api.js";
import { byId, make } from "./dom.js";
import { keep, kept } from "./kept.js";
import { uuid } from "./uuid.js";
import { number as figure } from "./words.js";

const STORE = "blind:";

export class Blind {
  constructor(app) {
    this.app = app;
    this.box = byId("blind");
    this.box.hidden = false;
    this.said = new Map();
    this.store = `${STORE}${app.session.tag}:${app.session.vetter}`; // another set has other places
    this.waiting = kept(this.store, {}); // answers that the server does not have yet
    this.sending = Promise.resolve();
    document.addEventListener("keydown", (event) => this.key(event));
  }

  async start() {
    const { questions, answered, answers, meanings } = await get("blind");
    this.questions = questions;
    this.kinds = answers.map((kind, k) => [kind, String(k + 1), meanings?.[kind] ?? ""]);
    for (const [number, answer] of Object.entries(answered ?? {})) this.said.set(Number(number), answer);
    for (const [number, answer] of Object.entries(this.waiting)) this.keep(Number(number), answer);
    this.build();
    this.show(this.questions.findIndex(({ number }) => !this.said.has(number)));
  }

  build() {
    this.picture = make("img", { alt: "", class: "candidate" });
    this.told = make("p", { class: "count", role: "status" });
    this.bar = make("progress", { max: this.questions.length, "aria-label": "answered" });
    this.buttons = this.kinds.map(([answer, key]) => make("button", {
      type: "button", "aria-keyshortcuts": key, "aria-pressed": "false", "data-answer": answer,
      on: { click: () => this.answer(answer) },
    }, make("span", { text: answer }), make("kbd", { "aria-hidden": "true", text: key })));
    this.back = make("button", { type: "button", class: "plain", on: { click: () => this.show(this.place - 1) } },
      make("span", { text: "Back" }), make("kbd", { "aria-hidden": "true", text: "←" }));
    this.box.replaceChildren(
      make("h2", { text: "What is at this place?" }), this.told, this.bar, this.picture,
      make("div", { class: "answers", role: "group", "aria-label": "Answers" }, ...this.buttons), this.back,
      make("dl", {}, ...this.kinds.filter(([, , meaning]) => meaning).flatMap(([answer, , meaning]) =>
        [make("dt", { text: answer }), make("dd", { text: meaning })])));
  }

  show(place) {
    const all = this.questions.length;
    this.place = place < 0 && this.said.size >= all ? all : Math.max(place, 0);
    const question = this.questions[this.place];
    this.bar.value = this.said.size;
    for (const part of [this.picture, ...this.buttons]) part.hidden = !question;
    this.back.disabled = this.place === 0;
    if (!question) return this.end();
    const given = this.said.get(question.number);
    this.told.textContent = `Picture ${this.place + 1} of ${all}${given ? `; your answer: ${given}` : ""}`;
    this.picture.src = question.picture;
    this.picture.alt = `Picture ${this.place + 1}`;
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.answer === given));
    const after = this.questions[this.place + 1];
    if (after) new Image().src = after.picture;
    return undefined;
  }

  async end() {
    await this.sending;
    this.told.textContent = "All are answered: thank you.";
    const { agreement } = await get("blind").catch(() => ({}));
    this.told.textContent += (agreement ?? []).map(({ readers, same, kappa }) =>
      ` ${readers.join(" and ")}: ${figure(100 * same, 0)} % the same, kappa ${figure(kappa)}.`).join("");
  }

  answer(answer) {
    const question = this.questions[this.place];
    if (!question || this.app.session.read_only) return;
    this.keep(question.number, answer);
    const next = this.questions.findIndex((one, k) => k > this.place && !this.said.has(one.number));
    const left = this.questions.findIndex((one) => !this.said.has(one.number));
    this.show(next >= 0 ? next : left >= 0 ? left : this.questions.length);
  }

  keep(number, answer) {
    this.said.set(number, answer);
    this.waiting[number] = answer;
    keep(this.store, this.waiting);
    this.sending = this.sending.then(() => this.send(number, answer));
  }

  sent(number, answer) {
    if (this.waiting[number] === answer) delete this.waiting[number];
    keep(this.store, this.waiting);
  }

  async send(number, answer) {
    const request = uuid();
    for (let wait = 500; ; wait = Math.min(2 * wait, 15000)) {
      try {
        await post("blind", { number, answer, request });
        this.sent(number, answer);
        return this.app.trouble("");
      } catch (error) {
        this.app.trouble(`${error.message} The answer to picture ${number} is not kept yet.`);
        if (!error.passing) return this.sent(number, answer);
        await new Promise((done) => setTimeout(done, wait));
      }
    }
  }

  key(event) {
    if (!this.kinds || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    const found = this.kinds?.find(([, key]) => key === event.key);
    if (found) this.answer(found[0]);
    else if (event.key === "ArrowLeft" && !this.back.disabled) this.show(this.place - 1);
    else if (event.key === "ArrowRight" && this.said.has(this.questions[this.place]?.number)) this.show(this.place + 1);
    else return;
    event.preventDefault();
  }
}
