// Thumbnails on demand: few at a time, the last asked first, none for what was scrolled away.

import { thumbAddress } from "./api.js";

const AT_ONCE = 8;
const TRIES = 4;
const PAUSE = 250; // ms, doubled each time

const waiting = [];
const loading = new Set();

function more() {
  while (loading.size < AT_ONCE && waiting.length) {
    const image = waiting.pop();
    loading.add(image);
    image.src = thumbAddress(image.dataset.id);
  }
}

// The server may have been asked too much at once.
function again(image) {
  const tries = Number(image.dataset.tries ?? 0) + 1;
  image.dataset.tries = tries;
  if (tries > TRIES) return image.classList.add("failed");
  return setTimeout(() => image.isConnected && want(image, image.dataset.id), PAUSE * 2 ** tries);
}

function ended(image) {
  if (loading.delete(image)) more();
}

/** Begin to show a galaxy in an `img`. */
export function want(image, id) {
  image.dataset.id = id;
  image.onload = () => {
    image.classList.add("there");
    ended(image);
  };
  image.onerror = () => {
    ended(image);
    again(image);
  };
  waiting.push(image);
  more();
}

/** It is no longer seen: taking the address away ends the request. */
export function drop(image) {
  const place = waiting.indexOf(image);
  if (place >= 0) waiting.splice(place, 1);
  if (loading.has(image)) {
    image.removeAttribute("src");
    ended(image);
  }
}
