// The server's answers. Status 0 is a server that was not reached.

export class Refused extends Error {
  constructor(status, message, body) {
    super(message);
    this.status = status;
    this.body = body;
  }

  /** Whether the same request may go through later. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 500 || this.stranger;
  }

  /** Whether the server, perhaps a later one, does not know this browser. */
  get stranger() {
    return this.status === 401 || this.status === 403;
  }
}

async function asked(path, options) {
  let answer;
  try {
    answer = await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "The server does not answer.", null);
  }
  const body = await answer.json().catch(() => null);
  if (answer.ok) return body;
  throw new Refused(answer.status, told(answer.status, body), body);
}

function told(status, body) {
  if (status === 401) return "The server does not know this browser: open the address that it printed.";
  return typeof body?.error === "string" ? body.error : `The server answered ${status}.`;
}

export function address(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  return `api/${path}${query ? `?${query}` : ""}`;
}

export const get = (path, parameters, signal) => asked(address(path, parameters), { signal });

export const post = (path, body) =>
  asked(address(path), {
    method: "POST",
    keepalive: true, // it arrives even if the page is left
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

export const galaxyPath = (id) => `galaxies/${encodeURIComponent(id)}`;

// The tag of a run: its pictures are kept by the browser, another run's are not taken for them.
const version = {};

export function setTag(tag) {
  if (tag) version.v = tag;
}

export const thumbAddress = (id) => address(`thumb/${encodeURIComponent(id)}`, version);
export const imageAddress = (id, look) => address(`image/${encodeURIComponent(id)}`, { ...look, ...version });
