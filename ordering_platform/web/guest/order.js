/** The cart as a sheet, and the sending of it: one key per cart, kept until it is certain what became of it. */

import { batch, html, signal } from "../vendor/preact.js";
import { insist } from "../shared/api.js";
import { newKey } from "../shared/keys.js";
import { t } from "../shared/words.js";
import { asOrder, changed, count, total } from "./cart.js";
import { Stepper } from "./options.js";
import { openSheet, Sheet } from "./sheet.js";
import { call, cart, cartNote, money, online, price, readMenu, refresh, sending, stop } from "./state.js";
import { payFor } from "./to_pay.js";
import { Trouble } from "./trouble.js";

const busy = signal(false);
const slow = signal(false);
const fault = signal(/** @type {any} */ (null));

const CHANGED = ["price_changed", "items_unavailable", "item_unavailable"];

/** Send the cart to the kitchen, or go on with one whose fate is not known yet. */
export async function send() {
  if (busy.value) return;
  batch(() => {
    busy.value = true;
    slow.value = false;
    fault.value = null;
    sending.value ??= { key: newKey(), body: asOrder(cart.value, cartNote.value), total: total(cart.value) };
  });
  const later = setTimeout(() => (slow.value = true), 5_000);
  try {
    await place();
  } catch (refusal) {
    await refused(refusal);
  } finally {
    clearTimeout(later);
    busy.value = false;
  }
}

async function place() {
  const wait = () => (slow.value = true);
  const { key, body } = sending.value;
  if (!sending.value.order) {
    const order = await insist(() => call("POST", "/v1/orders", { key, body }), wait);
    sending.value = { ...sending.value, order: order.id };
  }
  const { order, total: sum } = sending.value;
  try {
    await insist(() => call("POST", `/v1/orders/${order}/place`, { body: { expected_total: money(sum) } }), wait);
  } catch (refusal) {
    if (/** @type {any} */ (refusal).code !== "pay_first") throw refusal;
    await settled();
    payFor([order]);
    return;
  }
  await settled();
  openSheet("orders");
}

async function settled() {
  batch(() => {
    sending.value = undefined;
    cart.value = [];
    cartNote.value = "";
  });
  await refresh();
}

/** @param {any} refusal */
async function refused(refusal) {
  if (refusal.away) {
    fault.value = refusal;
    return;
  }
  const draft = sending.value?.order;
  sending.value = undefined;
  if (refusal.code === "session_closed") return stop(refusal);
  fault.value = refusal;
  if (draft) {
    // The next try is a new order; a draft that stays behind harms nobody.
    await call("POST", `/v1/orders/${draft}/status`, { body: { to: "cancelled" } }).catch(() => {});
  }
  if (CHANGED.includes(refusal.code)) await readMenu().catch(() => {});
}

export function Cart() {
  const lines = cart.value;
  const unclear = Boolean(sending.value) && !busy.value;
  const blocked = busy.value || Boolean(sending.value);
  const gone = lines.some((line) => line.gone);
  const foot =
    lines.length > 0 &&
    html`${slow.value && busy.value && html`<p class="notice" role="status">${t("still_sending")}</p>`}
      ${!online.value && html`<p class="notice">${t("offline")}</p>`}
      <button class="button main wide" disabled=${busy.value || gone || !online.value} onClick=${send}>
        <span>${busy.value ? t("sending") : unclear ? t("retry") : t("place")}</span>
        <span>${price(money(total(lines)))}</span>
      </button>`;
  return html`<${Sheet} title=${t("your_order")} foot=${foot}>
    <${Trouble} fault=${fault.value} whenAway="error.unknown_outcome" />
    ${lines.some((line) => line.was !== undefined || line.gone) &&
    html`<p class="notice" role="status">${t("prices_new")}</p>`}
    ${lines.length === 0 && html`<p class="muted">${t("nothing_yet")}</p>`}
    <ul class="lines">
      ${lines.map((line, index) => html`<${Line} line=${line} index=${index} blocked=${blocked} />`)}
    </ul>
    ${lines.length > 0 &&
    html`<label class="field">
      <span>${t("order_note")}</span>
      <textarea
        rows="2"
        maxlength="500"
        disabled=${blocked}
        value=${cartNote.value}
        onInput=${(/** @type {any} */ event) => (cartNote.value = event.target.value)}
      ></textarea>
    </label>`}
  <//>`;
}

/** @param {{line: import("./cart.js").Line, index: number, blocked: boolean}} props */
function Line({ line, index, blocked }) {
  const set = (/** @type {number} */ quantity) => {
    cart.value = changed(cart.value, index, quantity);
  };
  const details = [...line.options.map((option) => option.name), line.note].filter(Boolean).join(" · ");
  return html`<li class="line">
    <div>
      <p><strong>${line.name}</strong></p>
      ${details && html`<p class="muted small">${details}</p>`}
      ${line.gone && html`<span class="tag off">${t("sold_out")}</span>`}
    </div>
    <p class="price">
      ${line.was !== undefined && html`<span class="hidden">${t("was")}</span> <s>${price(money(line.was * line.quantity))}</s> `}
      ${price(money(line.unit * line.quantity))}
    </p>
    <button
      class="button bare small"
      disabled=${blocked}
      aria-label=${t("remove_item", { name: line.name })}
      onClick=${() => set(0)}
    >
      ${t("remove")}
    </button>
    ${!blocked && html`<${Stepper} value=${line.quantity} least=${1} change=${set} />`}
  </li>`;
}

/** The bar at the foot of the page that opens the cart. */
export function CartButton(isShort = false) {
  if (cart.value.length === 0) return null;
  const n = count(cart.value);
  return html`<button class="button main wide" onClick=${() => openSheet("cart")}>
    <span class="fits">${t(isShort ? "items" : "view_order", { n })}</span><span>${price(money(total(cart.value)))}</span>
  </button>`;
}
