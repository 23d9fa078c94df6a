// Elements without HTML from strings: whatever comes from a run or a vetter is text.

/** An element: attributes, `on` for listeners, `text` for its text, then its children. */
export function make(tag, attributes = {}, ...children) {
  return dressed(document.createElement(tag), attributes, children);
}

/** The same of SVG. */
export function draw(tag, attributes = {}, ...children) {
  return dressed(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function dressed(element, { on = {}, text, ...attributes }, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  for (const [name, listener] of Object.entries(on)) element.addEventListener(name, listener);
  if (text !== undefined && text !== null) element.textContent = text;
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Call once there was no further call for `ms`; `flush` calls now what waits. */
export function later(call, ms) {
  let timer = null;
  let given = [];
  const run = () => {
    clearTimeout(timer);
    timer = null;
    call(...given);
  };
  const waiting = (...values) => {
    given = values;
    clearTimeout(timer);
    timer = setTimeout(run, ms);
  };
  waiting.flush = () => timer !== null && run();
  waiting.drop = () => {
    clearTimeout(timer);
    timer = null;
  };
  return waiting;
}
