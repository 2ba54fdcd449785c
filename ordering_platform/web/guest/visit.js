/** What this table has ordered and how far it is, live. */

import { html } from "../vendor/preact.js";
import { clock, t } from "../shared/words.js";
import { ReceiptLink } from "./receipts.js";
import { openSheet, Sheet } from "./sheet.js";
import { isMine, isSent, items, lastNews, online, orders, price, unpaid } from "./state.js";
import { payNow, shared, ShareButton } from "./to_pay.js";

const STEPS = ["placed", "accepted", "preparing", "ready"];
const AFTER = ["served", "completed"];

/** A draft has no number, also one that was given up. @param {any} order */
const wasSent = (order) => order.number !== null;

export function Orders() {
  const shown = orders.value.filter(wasSent);
  const foot =
    (shared.value || unpaid.value.length > 0) &&
    html`<${ShareButton} />
      ${unpaid.value.length > 0 && html`<button class="button main wide center" onClick=${payNow}>${t("pay")}</button>`}`;
  return html`<${Sheet} title=${t("orders")} foot=${foot}>
    ${!online.value && html`<p class="notice">${t("stale", { time: clock(lastNews.value) })}</p>`}
    ${shown.length === 0 && html`<p class="muted">${t("nothing_yet")}</p>`}
    ${shown.map((order) => html`<${Order} key=${order.id} order=${order} />`)}
  <//>`;
}

/** @param {{order: any}} props */
function Order({ order }) {
  const owner = isMine(order) ? t("mine") : order.guest_name || t("guest");
  return html`<article class="order" aria-label=${t("order", { number: order.number })}>
    <div class="between">
      <p><span class="number">${order.number}</span> <span class="muted small">${owner}</span></p>
      <span class=${order.payment_status === "paid" ? "badge good" : "badge"}>${t(order.payment_status)}</span>
    </div>
    ${isSent(order) ? html`<${Steps} status=${order.status} />` : html`<p><strong>${t(`status.${order.status}`)}</strong></p>`}
    <ul class="lines">
      ${order.items.map(
        (/** @type {any} */ item) => html`<li class="between">
          <span>${item.quantity} × ${named(item)}<${Choices} item=${item} /></span>
          <span class="price">${price(item.total)}</span>
        </li>`,
      )}
    </ul>
    <p class="between"><strong>${t("total")}</strong><strong class="price">${price(order.total)}</strong></p>
    <${ReceiptLink} order=${order} />
    ${order.payment_status === "pending" && !shared.value?.order_ids.includes(order.id) &&
    html`<p class="notice">${t("waiting_counter", { amount: price(order.total) })}</p>`}
  </article>`;
}

/** The name in the guest's language where the menu still has it; an order keeps the restaurant's. @param {any} item */
const named = (item) => items.value.get(item.menu_item_id)?.name ?? item.name;

/** @param {{item: any}} props */
function Choices({ item }) {
  const offered = (items.value.get(item.menu_item_id)?.option_groups ?? []).flatMap(
    (/** @type {any} */ group) => group.options,
  );
  const words = item.options.map(
    (/** @type {any} */ one) => offered.find((/** @type {any} */ other) => other.id === one.id)?.name ?? one.name,
  );
  if (item.note) words.push(item.note);
  return words.length ? html`<br /><span class="muted small">${words.join(" · ")}</span>` : null;
}

/** @param {{status: string}} props */
function Steps({ status }) {
  if (AFTER.includes(status)) return html`<p><strong>${t(`status.${status}`)}</strong></p>`;
  const now = STEPS.indexOf(status);
  return html`<ol class="steps">
    ${STEPS.map(
      (step, index) =>
        html`<li class=${index <= now ? "past" : ""} aria-current=${index === now ? "step" : undefined}>
          ${t(`status.${step}`)}
        </li>`,
    )}
  </ol>`;
}

/** The way to the orders, from the foot of the page. */
export function OrdersButton() {
  const sent = orders.value.filter(wasSent);
  if (sent.length === 0) return null;
  const running = sent.find((order) => isMine(order) && !["completed", "rejected", "cancelled"].includes(order.status));
  return html`<button class="button" onClick=${() => openSheet("orders")}>
    ${running ? `${running.number} · ${t(`status.${running.status}`)}` : t("orders_short")}
  </button>`;
}
