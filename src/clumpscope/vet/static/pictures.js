// Galaxies and their pictures, the next ones before they are asked for.

import { galaxyPath, get, imageAddress } from "./api.js";

const KEPT = 6;
const PAUSE = 400; // ms

// Once more after a rest: the server may have been asked too much at once.
async function image(address, tries = 1) {
  const element = new Image();
  element.src = address;
  try {
    await element.decode();
  } catch (error) {
    if (!tries) throw error;
    await new Promise((done) => setTimeout(done, PAUSE));
    return image(address, tries - 1);
  }
  return element;
}

export class Pictures {
  constructor() {
    this.galaxies = new Map();
    this.images = new Map();
  }

  /** A galaxy, its neighbours those of the gallery's `query`. */
  galaxy(id, query) {
    return remembered(this.galaxies, id, () => get(galaxyPath(id), query));
  }

  /** Forget what was read of a galaxy: somebody has changed it. */
  forget(id) {
    this.galaxies.delete(id);
  }

  picture(id, look) {
    const address = imageAddress(id, look);
    return remembered(this.images, address, () => image(address));
  }

  ahead(id, query, look) {
    this.galaxy(id, query).catch(() => null);
    this.picture(id, look).catch(() => null);
  }
}

function remembered(map, key, make) {
  const known = map.get(key);
  if (known) return known;
  const made = make();
  map.set(key, made);
  made.catch(() => map.delete(key));
  if (map.size > KEPT) map.delete(map.keys().next().value);
  return made;
}
