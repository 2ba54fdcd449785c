/** The floor board: a card for each table, the ones that need somebody first. */

import { html } from "../vendor/preact.js";
import { clock, has, t } from "../shared/words.js";
import * as floor from "./floor.js";
import { lost, readAt, trouble } from "./news.js";
import { may } from "./session.js";

export function Floor() {
  const rank = (/** @type {any} */ table) => floor.STATES.indexOf(table.state);
  const tables = [...floor.floor.value].sort((one, other) => rank(one) - rank(other));
  return html`<main>
    <div class="strip">
      ${lost.value && html`<p class="notice bad" role="alert">${t("lost", { time: clock(readAt.value) })}</p>`}
      ${trouble.value && html`<p class="notice bad" role="alert">${trouble.value}</p>`}
    </div>
    <div class="tables">
      ${tables.map((table) => html`<${Table} key=${table.id} table=${table} />`)}
    </div>
  </main>`;
}

/** @param {{table: any}} props */
function Table({ table }) {
  const busy = floor.busy.value !== "";
  const button = (/** @type {string} */ words, /** @type {() => void} */ tap, main = false) =>
    html`<button class=${main ? "button main" : "button"} disabled=${busy} onClick=${tap}>
      ${words}<span class="hidden"> ${table.name}</span>
    </button>`;
  return html`<article class=${`ticket seat ${table.state}`} aria-label=${t("seat", { table: table.name })}>
    <header class="between">
      <h3><span class="number">${table.name}</span></h3>
      <p class="age">${t(`state.${table.state}`)}</p>
    </header>
    ${table.calls.map(
      (/** @type {any} */ one) => html`<p class="note"><strong>${t(`call.${one.kind}`)}</strong> ${one.note} · ${clock(one.created_at)}</p>
        ${one.status === "open" && button(t("coming"), () => floor.answer(one, "acknowledge"), true)}
        ${button(t("done"), () => floor.answer(one, "resolve"), one.status !== "open")}`,
    )}
    ${table.ready.map((/** @type {any} */ order) => button(t("serve", { number: order.number }), () => floor.serve(order), true))}
    ${table.toConfirm.map((/** @type {any} */ payment) => {
      const amount = floor.price(payment.total);
      return may("cashier")
        ? button(t(`confirm.${payment.method}`, { amount }), () => floor.confirm(payment), true)
        : html`<p class="notice">${t("waits_for_cashier", { amount })}</p>`;
    })}
    ${table.owed.length > 0 && html`<p>${t("owed", { amount: floor.price(floor.sum(table.owed)) })}</p>`}
    ${table.unpaid.length > 0 &&
    floor.atTheCounter().map((method) =>
      button(
        t("bill", { method: has(`method.${method}`) ? t(`method.${method}`) : method }),
        () => floor.bill(table, method),
      ),
    )}
    ${table.session_id && !table.owed.length && !table.cooking.length && !table.ready.length &&
    button(t("end_visit"), () => floor.endVisit(table))}
  </article>`;
}
