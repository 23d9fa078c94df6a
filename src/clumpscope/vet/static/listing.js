// Galaxies in the order and choice of a query, read page by page; rows stay while one vets.

import { get } from "./api.js";

const PAGE = 200;
const AHEAD = 3; // pages that are read to find an undecided galaxy before the server is asked

export class Listing {
  constructor(query) {
    this.query = query;
    this.rows = new Map(); // place → row
    this.places = new Map(); // id → place
    this.reading = new Map(); // page → promise
    this.left = new Map(); // id → undecided boxes, as this browser knows
    this.total = null;
    this.ended = new AbortController();
  }

  close() {
    this.ended.abort();
  }

  /** Read the page that holds a place, unless it was. */
  page(place) {
    const first = Math.floor(place / PAGE) * PAGE;
    if (!this.reading.has(first)) {
      const asked = this.read(first).catch((error) => {
        this.reading.delete(first);
        throw error;
      });
      this.reading.set(first, asked);
    }
    return this.reading.get(first);
  }

  async read(first) {
    const found = await get("galaxies", { ...this.query, offset: first, limit: PAGE }, this.ended.signal);
    this.total = found.total;
    found.rows.forEach((row, k) => {
      this.rows.set(first + k, row);
      this.places.set(row.id, first + k);
    });
  }

  async at(place) {
    if (place < 0 || (this.total !== null && place >= this.total)) return null;
    await this.page(place);
    return this.rows.get(place) ?? null;
  }

  /** The galaxy some places on (1) or back (-1); undefined for one that was not read. */
  async beside(id, step) {
    const place = this.places.get(id);
    return place === undefined ? undefined : this.at(place + step);
  }

  row(id) {
    return this.rows.get(this.places.get(id));
  }

  /** What this browser knows of a galaxy since its row was read. */
  know(id, fields) {
    const row = this.row(id);
    if (row) Object.assign(row, fields);
    if (fields.undecided !== undefined) this.left.set(id, fields.status === "skipped" ? 0 : fields.undecided);
  }

  open(row) {
    return (this.left.get(row.id) ?? row.undecided) > 0 && row.status !== "skipped";
  }

  /** The first galaxy after this one with something to decide; round to the first; or null. */
  async nextUndecided(id) {
    const start = (this.places.get(id) ?? -1) + 1;
    for (let k = start; k < start + AHEAD * PAGE; k += 1) {
      const row = await this.at(k);
      if (!row) break;
      if (row.id !== id && this.open(row)) return row.id;
    }
    for (let offset = 0; ; offset += PAGE) { // galaxies without clumps are undecided, and nothing to decide
      const query = { ...this.query, status: "undecided", offset, limit: PAGE };
      const { rows } = await get("galaxies", query, this.ended.signal);
      const found = rows.find((row) => row.id !== id && this.open(row));
      if (found || !rows.length) return found?.id ?? null;
    }
  }
}
