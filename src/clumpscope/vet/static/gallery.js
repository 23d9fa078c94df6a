// A list of any length of which only what is seen is in the page.

import { Listing } from "./listing.js";
import { byId, later } from "./dom.js";
import { drop, want } from "./thumbs.js";
import { tile } from "./tile.js";
import { count } from "./words.js";

const LEAST = 148; // px: a tile's width
const GAP = 10;
const CAPTION = 42;
const TALLEST = 12e6; // px: browsers cut off what is longer
const SPARE = 1; // rows drawn above and below what is seen

export class Gallery {
  constructor(session, trouble) {
    this.session = session;
    this.trouble = trouble;
    this.scroller = byId("scroller");
    this.sizer = byId("sizer");
    this.box = byId("tiles");
    this.tiles = new Map(); // place → tile
    this.active = 0;
    this.listing = null;
    this.scroller.addEventListener("scroll", () => this.soon(), { passive: true });
    this.scroller.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("focusin", (event) => this.focused(event));
    new ResizeObserver(() => this.measure()).observe(this.scroller);
    this.fetch = later(() => this.load(), 40);
  }

  /** Show what a query finds. */
  async show(query) {
    this.listing?.close();
    const listing = new Listing(query);
    this.listing = listing;
    try {
      await listing.page(0);
    } catch (error) {
      if (error.name !== "AbortError") this.trouble(error.message);
      return;
    }
    if (listing !== this.listing) return;
    this.trouble("");
    this.clear();
    this.active = 0;
    this.scroller.scrollTop = 0;
    this.tell();
    this.measure();
  }

  /** The same query anew: what was decided meanwhile, by anybody, is in it. */
  async refresh(place = this.first()) {
    const { listing } = this;
    if (!listing) return;
    const fresh = new Listing(listing.query);
    try {
      await fresh.page(Math.min(place, Math.max(listing.total - 1, 0)));
    } catch {
      return;
    }
    if (listing !== this.listing) return;
    listing.close();
    this.listing = fresh;
    this.clear();
    this.tell();
    this.measure();
  }

  tell() {
    const { total } = this.listing;
    const all = this.session.galaxies;
    const every = count("galaxy", all, "galaxies");
    byId("count").textContent = total === all ? every : `${total.toLocaleString("en")} of ${every}`;
  }

  clear() {
    for (const one of this.tiles.values()) drop(one.image);
    this.tiles.clear();
    this.box.replaceChildren();
  }

  measure() {
    const width = this.scroller.clientWidth;
    if (!width || !this.listing || this.listing.total === null) return;
    const columns = Math.max(2, Math.floor((width - GAP) / (LEAST + GAP)));
    const side = Math.floor((width - GAP) / columns) - GAP;
    if (side !== this.side || columns !== this.columns) {
      const kept = this.first();
      const moved = this.columns !== undefined && this.scroller.scrollTop > 0;
      this.clear();
      Object.assign(this, { columns, side, step: side + CAPTION + GAP });
      this.size();
      if (moved) this.scroller.scrollTop = Math.floor(kept / columns) * this.step / this.squeeze;
    }
    this.size();
    this.draw();
  }

  size() {
    const rows = Math.ceil(this.listing.total / this.columns);
    this.full = rows * this.step + GAP;
    const height = Math.min(this.full, TALLEST);
    const view = this.scroller.clientHeight;
    this.squeeze = height > view ? (this.full - view) / (height - view) : 1;
    this.sizer.style.height = `${height}px`;
  }

  /** Place of the first galaxy that is seen. */
  first() {
    if (!this.step) return 0;
    return Math.floor((this.scroller.scrollTop * this.squeeze) / this.step) * this.columns;
  }

  soon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.draw();
    });
  }

  range() {
    const top = this.scroller.scrollTop * this.squeeze;
    const rows = Math.ceil(this.scroller.clientHeight / this.step) + 1;
    const first = Math.max(0, Math.floor(top / this.step) - SPARE) * this.columns;
    const last = Math.min(this.listing.total, first + (rows + 2 * SPARE) * this.columns);
    return [first, last, top];
  }

  draw() {
    if (!this.listing || !this.step || this.listing.total === null || !this.scroller.clientHeight) return;
    const [first, last, top] = this.range();
    for (const [place, one] of this.tiles) {
      if (place >= first && place < last) continue;
      drop(one.image);
      one.element.remove();
      this.tiles.delete(place);
    }
    let missing = false;
    for (let place = first; place < last; place += 1) {
      const row = this.listing.rows.get(place);
      if (!row) missing = true;
      else if (!this.tiles.has(place)) this.add(row, place);
    }
    for (const [place, one] of this.tiles) {
      const y = GAP + Math.floor(place / this.columns) * this.step - top + this.scroller.scrollTop;
      const x = GAP + (place % this.columns) * (this.side + GAP);
      one.element.style.transform = `translate(${x}px, ${y}px)`;
    }
    this.reachable();
    if (missing) this.fetch();
  }

  add(row, place) {
    const href = `#/g/${encodeURIComponent(row.id)}`;
    const one = tile(row, place, this.listing.total, this.side, href);
    one.element.style.width = `${this.side}px`;
    const after = [...this.tiles.keys()].filter((other) => other > place);
    const next = after.length ? this.tiles.get(Math.min(...after)).element : null;
    this.box.insertBefore(one.element, next);
    this.tiles.set(place, one);
    want(one.image, row.id);
  }

  async load() {
    const { listing } = this;
    const [first, last] = this.range();
    try {
      await Promise.all([listing.page(first), listing.page(Math.max(first, last - 1))]);
    } catch (error) {
      if (error.name !== "AbortError") this.trouble(error.message);
      return;
    }
    if (listing === this.listing) this.draw();
  }

  // One tile is in the order of focus; arrows go to the others.
  reachable() {
    if (!this.tiles.has(this.active)) return this.tiles.get(this.first())?.link.setAttribute("tabindex", 0);
    for (const [place, one] of this.tiles) one.link.tabIndex = place === this.active ? 0 : -1;
  }

  focused(event) {
    const place = event.target.closest("[data-place]")?.dataset.place;
    if (place === undefined) return;
    this.active = Number(place);
    this.reachable();
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || !this.columns) return;
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / this.step)) * this.columns;
    const steps = {
      ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.columns, ArrowUp: -this.columns,
      PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.go(this.active + step);
  }

  async go(place) {
    const there = Math.min(Math.max(place, 0), Math.max(this.listing.total - 1, 0));
    this.active = there;
    this.reveal(there);
    await this.listing.page(there).catch(() => null);
    this.draw();
    this.tiles.get(there)?.link.focus({ preventScroll: true });
  }

  reveal(place) {
    if (!this.step) return;
    const top = Math.floor(place / this.columns) * this.step;
    const seen = this.scroller.scrollTop * this.squeeze;
    const view = this.scroller.clientHeight;
    if (top < seen) this.scroller.scrollTop = top / this.squeeze;
    else if (top + this.step > seen + view) this.scroller.scrollTop = (top + this.step + GAP - view) / this.squeeze;
  }

  /** Put the focus on a galaxy, or where it was. */
  focus(id, place) {
    if (this.listing?.total) this.go(this.listing.places.get(id) ?? place);
  }
}
