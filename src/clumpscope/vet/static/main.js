// The page: what the address says is shown, and the parts know one another through `app`.

import { Answers } from "./answers.js";
import { get, setTag } from "./api.js";
import { Blind } from "./blind.js";
import { Desk } from "./desk.js";
import { byId, later } from "./dom.js";
import { Filters } from "./filters.js";
import { Gallery } from "./gallery.js";
import { Help } from "./help.js";
import { Keys } from "./keys.js";
import { Queue } from "./queue.js";
import { count } from "./words.js";

class App {
  constructor(session) {
    this.session = session;
    this.title = session.run && !session.blind ? `${session.run}: clumpscope vet` : "clumpscope vet";
    document.title = this.title;
    byId("run-name").textContent = session.blind ? "" : (session.run ?? "");
  }

  start() {
    const { session } = this;
    this.keys = new Keys();
    this.help = new Help(byId("help"), this.keys);
    byId("open-help").addEventListener("click", () => this.help.open());
    this.queue = new Queue(session.tag ?? session.run, session.vetter);
    this.queue.addEventListener("state", () => this.waiting());
    this.list = new Gallery(session, (text) => this.trouble(text));
    this.desk = new Desk(this);
    this.filters = new Filters(session, (query) => this.found(query));
    this.answers = new Answers(this);
    this.refresh = later(() => !byId("gallery").hidden && this.list.refresh(), 400);
    this.tell();
    addEventListener("hashchange", () => this.route());
    addEventListener("beforeunload", (event) => this.queue.size && event.preventDefault());
    byId("skip").addEventListener("click", (event) => {
      event.preventDefault();
      byId("main").focus();
    });
    this.route();
  }

  get listing() {
    return this.list.listing;
  }

  tell() {
    const { session } = this;
    byId("facts").textContent = `${count("galaxy", session.galaxies, "galaxies")}, ${count("clump", session.clumps)}`;
    byId("who").textContent = session.read_only ? "read only" : `vetted by ${session.vetter}`;
  }

  // --- addresses: #/?QUERY and #/g/ID?QUERY -------------------------------------------------

  address(id) {
    const query = new URLSearchParams(this.filters.query()).toString();
    return `#/${id ? `g/${encodeURIComponent(id)}` : ""}?${query}`;
  }

  async route() {
    const [path, query = ""] = location.hash.replace(/^#\/?/u, "").split("?");
    const asked = Object.fromEntries(new URLSearchParams(query));
    if (query) this.filters.fill(asked);
    const wanted = JSON.stringify(this.filters.query());
    const reading = wanted === this.wanted ? null : this.list.show(this.filters.query());
    this.wanted = wanted;
    this.keys.use({ help: () => this.help.open() });
    const id = path.startsWith("g/") ? decoded(path.slice(2)) : null;
    if (id === null) return this.showGallery(reading);
    byId("gallery").hidden = true;
    byId("galaxy").hidden = false;
    document.title = `${id}: ${this.title}`;
    this.keys.use({ ...this.desk.actions, help: () => this.help.open() });
    if (this.came !== "galaxy") byId("canvas").focus({ preventScroll: true });
    this.came = "galaxy";
    if (this.desk.galaxy?.id !== id) await Promise.all([reading, this.desk.open(id)]);
    return undefined;
  }

  async showGallery(reading) {
    const { id: from, place: known } = this.desk.galaxy ?? {};
    const place = known ?? this.listing?.places.get(from) ?? 0;
    this.desk.close();
    byId("galaxy").hidden = true;
    byId("gallery").hidden = false;
    document.title = this.title;
    const back = this.came === "galaxy";
    this.came = "gallery";
    await reading;
    if (!back) return;
    this.list.measure();
    await this.list.refresh(place);
    this.list.focus(from, place);
  }

  found(query) {
    this.wanted = JSON.stringify(query);
    history.replaceState(null, "", this.address(null));
    this.list.show(query);
  }

  go(id) {
    const address = this.address(id);
    if (location.hash === address) this.desk.open(id);
    else location.hash = address;
  }

  gallery() {
    location.hash = this.address(null);
  }

  // --- what is told -------------------------------------------------------------------------

  say(text) {
    byId("said").textContent = text;
  }

  trouble(text) {
    byId("trouble").textContent = text;
    byId("trouble").hidden = !text;
  }

  connected(on) {
    this.away = !on;
    this.waiting();
  }

  waiting() {
    const { size } = this.queue;
    const lost = this.away || this.queue.offline;
    const texts = [];
    if (lost) texts.push(this.queue.why ?? "The server does not answer");
    if (size && (lost || size > 3)) texts.push(`${count("decision", size)} waiting`);
    byId("wait").textContent = texts.join(": ");
    byId("wait").hidden = !texts.length;
  }

  /** Others have decided. */
  others() {
    this.refresh();
  }
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function begin() {
  let session;
  try {
    session = await get("session");
  } catch (error) {
    byId("trouble").textContent = error.message;
    byId("trouble").hidden = false;
    return;
  }
  setTag(session.tag);
  const app = new App(session);
  if (!session.blind) return app.start();
  byId("open-help").hidden = true;
  byId("home").removeAttribute("href");
  byId("who").textContent = `answered by ${session.vetter}`;
  await new Blind(app).start().catch((error) => app.trouble(error.message));
}

begin();
