// Thumbnails on demand: few at a time, the last asked first, none for what was scrolled away.

import { thumbAddress } from "./api.js";

const AT_ONCE = 8;

const waiting = [];
const loading = new Set();

function more() {
  while (loading.size < AT_ONCE && waiting.length) {
    const image = waiting.pop();
    loading.add(image);
    image.src = thumbAddress(image.dataset.id);
  }
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
    image.classList.add("failed");
    ended(image);
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
