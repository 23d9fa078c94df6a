// Names of requests, by which each counts once.

export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // a page without https
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
