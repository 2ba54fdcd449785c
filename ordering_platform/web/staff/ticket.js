/** One ticket on the board: what to cook, for which table, for how long it has waited, and what is next. */

import { html, useSignal } from "../vendor/preact.js";
import { t } from "../shared/words.js";
import { bump, minutes, move, sellOut, urgency } from "./orders.js";
import { may } from "./session.js";

/** @param {{order: any, column: any, place: number}} props */
export function Ticket({ order, column, place }) {
  const name = t("ticket", { number: order.number, table: order.table.name });
  const more = useSignal(false);
  return html`<article class=${`ticket ${urgency(order)}`} aria-label=${name}>
    <header class="between">
      <h3><span class="number">${order.number}</span> <span class="table">${order.table.name}</span></h3>
      <p class="age">${t(`age.${urgency(order)}`)} · ${t("minutes", { n: minutes(order) })}</p>
    </header>
    ${order.needs_approval && html`<p class="notice">${t("new_party")}</p>`}
    <ul class="dishes">
      ${order.items.map((/** @type {any} */ item) => html`<${Dish} item=${item} key=${item.id} />`)}
    </ul>
    ${order.note && html`<p class="note"><strong>${t("note")}</strong> ${order.note}</p>`}
    <footer class="between">
      ${may(column.needs) &&
      html`<button class="button main bump" data-bump=${place} onClick=${() => bump(order, column.path)}>
        ${t(`next.${column.name}`)}<span class="hidden"> ${name}</span>
      </button>`}
      <button class="button bare" aria-expanded=${String(more.value)} onClick=${() => (more.value = !more.value)}>
        ${t("more")}<span class="hidden"> ${name}</span>
      </button>
    </footer>
    ${more.value && html`<${More} order=${order} />`}
  </article>`;
}

/** @param {{item: any}} props */
function Dish({ item }) {
  return html`<li>
    <p class="dish"><span class="quantity">${item.quantity}</span> ${item.name}</p>
    ${item.options.length > 0 &&
    html`<p class="choices">${item.options.map((/** @type {any} */ one) => one.name).join(" · ")}</p>`}
    ${item.note && html`<p class="note">${item.note}</p>`}
  </li>`;
}

/** @param {{order: any}} props */
function More({ order }) {
  return html`<div class="more">
    ${order.items.map((/** @type {any} */ item) => html`<${SoldOut} item=${item} key=${item.id} />`)}
    ${order.status === "placed" &&
    ["reason.sold_out", "reason.closing", "reason.table"].map(
      (reason) =>
        html`<button class="button" onClick=${() => move(order, ["rejected"], t(reason))}>
          ${t("reject", { reason: t(reason) })}
        </button>`,
    )}
    ${order.status === "ready" &&
    html`<button class="button" onClick=${() => move(order, ["preparing"])}>${t("back_to_preparing")}</button>`}
  </div>`;
}

/** @param {{item: any}} props */
function SoldOut({ item }) {
  const gone = useSignal(false);
  const tap = async () => {
    if (await sellOut(item, !gone.value)) gone.value = !gone.value;
  };
  return html`<button class="button" onClick=${tap}>${t(gone.value ? "back_on" : "sold_out", { dish: item.name })}</button>`;
}
