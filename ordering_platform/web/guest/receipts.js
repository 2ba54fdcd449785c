/** Where the receipt of each paid order is; a bill has one a moment after its orders are paid. */

import { effect, html, signal } from "../vendor/preact.js";
import { t } from "../shared/words.js";
import { call, orders } from "./state.js";

const PAID = ["paid", "partially_refunded", "refunded"];
const TRIES = 5;
const PAUSE = 1_500;

/** The address of its receipt, by order. */
const receipts = signal(/** @type {Map<string, string>} */ (new Map()));
/** The orders that wait for theirs, and how often they were looked for. */
let waiting = "";
let tries = 0;

effect(() => {
  const missing = orders.value
    .filter((order) => PAID.includes(order.payment_status) && !receipts.value.has(order.id))
    .map((order) => order.id)
    .join();
  if (missing !== waiting) tries = 0;
  waiting = missing;
  if (!missing || tries >= TRIES) return undefined;
  const soon = setTimeout(readReceipts, tries ? PAUSE : 0);
  return () => clearTimeout(soon);
});

/** Read the bills of this table that are paid; what is not there yet, or a line that is down, is tried again. */
async function readReceipts() {
  tries += 1;
  const found = new Map(receipts.value);
  try {
    const { data } = await call("GET", "/v1/bills?status=completed&limit=50");
    for (const bill of data.filter((/** @type {any} */ one) => one.receipt_url)) {
      for (const order of bill.order_ids) found.set(order, bill.receipt_url);
    }
  } catch {
    // An order without its link is still shown as paid.
  }
  receipts.value = found;
}

/** A link to the receipt of an order, once there is one. @param {{order: any}} props */
export function ReceiptLink({ order }) {
  const address = receipts.value.get(order.id);
  return (
    address &&
    html`<p><a class="button" href=${address} target="_blank" rel="noopener noreferrer">${t("receipt")}</a></p>`
  );
}
