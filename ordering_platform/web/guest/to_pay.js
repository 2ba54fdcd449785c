/** What is to be paid: the orders a guest has chosen, and the bill that this table shares; the sheets come when needed. */

import { effect, html, signal } from "../vendor/preact.js";
import { t } from "../shared/words.js";
import { openSheet } from "./sheet.js";
import { call, isMine, orders, price, unpaid } from "./state.js";

const BEGUN = ["pending", "partially_paid"];

/** The orders that are about to be paid. */
export const chosen = signal(/** @type {string[]} */ ([]));
/** The bill this table shares just now. */
export const shared = signal(/** @type {any} */ (null));

/** @param {string[]} orderIds */
export function payFor(orderIds) {
  chosen.value = orderIds;
  openSheet("pay");
}

/** Pay without choosing: one's own orders, or else the whole table's. */
export function payNow() {
  const mine = unpaid.value.filter(isMine);
  payFor((mine.length ? mine : unpaid.value).map((order) => order.id));
}

effect(() => {
  if (!orders.value.some((order) => BEGUN.includes(order.payment_status))) {
    shared.value = null;
    return undefined;
  }
  readShared();
  // Orders make news when a bill takes them; its price is written after that.
  const again = setTimeout(readShared, 1_000);
  return () => clearTimeout(again);
});

/** Look for a bill of this table that is not all paid yet; what cannot be read now is read at the next news. */
async function readShared() {
  const { data } = await call("GET", "/v1/bills?status=paying&limit=20").catch(() => ({ data: [] }));
  shared.value = data.find((/** @type {any} */ one) => one.due?.amount > 0) ?? null;
}

/** The way to a bill that is being shared, from the orders. */
export function ShareButton() {
  if (!shared.value) return null;
  return html`<button class="button main wide center" onClick=${() => openSheet("share")}>
    ${t("share_open", { amount: price(shared.value.due) })}
  </button>`;
}
