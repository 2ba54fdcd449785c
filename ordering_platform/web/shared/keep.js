/** What survives a reload or an empty battery, and is forgotten after a while. */

const HOURS = 12;

/**
 * Read what was kept under a name; nothing once it is too old or where the browser keeps nothing.
 * @param {string} name
 * @returns {any}
 */
export function kept(name) {
  try {
    const { at, value } = JSON.parse(localStorage.getItem(name) ?? "");
    return Date.now() - at < HOURS * 3600_000 ? value : undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} name @param {unknown} value `undefined` forgets */
export function keep(name, value) {
  try {
    if (value === undefined) localStorage.removeItem(name);
    else localStorage.setItem(name, JSON.stringify({ at: Date.now(), value }));
  } catch {
    // A full or forbidden storage costs the guest the cart on reload, not the order.
  }
}
