/** Keys that make a repeated request harmless. */

/**
 * A fresh Idempotency-Key. `crypto.randomUUID` would be shorter, but is missing on plain http.
 * @returns {string}
 */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
