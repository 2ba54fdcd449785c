/** The kitchen board: three columns from new to ready, by touch, by keys, and loud when nobody has looked. */

import { html, useEffect, useSignal } from "../vendor/preact.js";
import { clock, t } from "../shared/words.js";
import { begin, on, silence } from "./bell.js";
import { allDay, COLUMNS, inColumn, lastMove, move, orders, served, undo } from "./orders.js";
import { lost, readAt, trouble } from "./news.js";
import { may } from "./session.js";
import { Ticket } from "./ticket.js";

export function Board() {
  const recalling = useSignal(false);
  useEffect(() => {
    const pressed = (/** @type {KeyboardEvent} */ event) => key(event, recalling);
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  let place = 0;
  return html`<main>
    <div class="strip">
      ${lost.value && html`<p class="notice bad" role="alert">${t("lost", { time: clock(readAt.value) })}</p>`}
      ${trouble.value && html`<p class="notice bad" role="alert">${trouble.value}</p>`}
      <p class="bell">
        ${on.value
          ? html`<button class="button" onClick=${silence}>${t("sound_on")}</button>`
          : html`<button class="button main" onClick=${begin}>${t("begin_shift")}</button> <span>${t("sound_off")}</span>`}
        <button class="button" onClick=${() => (recalling.value = true)}>${t("recall")}</button>
      </p>
      <${AllDay} />
    </div>
    ${orders.value.length === 0 && readAt.value && html`<p class="strip muted">${t("empty")}</p>`}
    <div class="columns">
      ${COLUMNS.map(
        (column) => html`<section aria-labelledby=${`column-${column.name}`}>
          <h2 id=${`column-${column.name}`}>${t(`column.${column.name}`, { n: inColumn(column.name).length })}</h2>
          ${inColumn(column.name).map(
            (order) => html`<${Ticket} key=${order.id} order=${order} column=${column} place=${++place} />`,
          )}
        </section>`,
      )}
    </div>
    ${lastMove.value && html`<${Undo} />`} ${recalling.value && html`<${Recall} open=${recalling} />`}
  </main>`;
}

function AllDay() {
  if (allDay.value.length === 0) return null;
  return html`<details class="all-day">
    <summary>${t("all_day")}</summary>
    <ul>
      ${allDay.value.map(([dish, count]) => html`<li><strong>${count}</strong> ${dish}</li>`)}
    </ul>
  </details>`;
}

function Undo() {
  const { order, to } = lastMove.value;
  return html`<div class="undo" role="status">
    <span>${t("moved", { number: order.number, to: t(`status.${to}`) })}</span>
    <button class="button main" onClick=${undo}>${t("undo")}</button>
  </div>`;
}

/** @param {{open: {value: boolean}}} props */
function Recall({ open }) {
  const found = useSignal(/** @type {any[] | null} */ (null));
  const fault = useSignal(false);
  useEffect(() => {
    served().then((data) => (found.value = data), () => (fault.value = true));
  }, []);
  const back = async (/** @type {any} */ order) => {
    await move(order, ["ready"]);
    open.value = false;
  };
  return html`<dialog open class="recall" aria-labelledby="recall">
    <div class="between">
      <h2 id="recall">${t("recall_title")}</h2>
      <button class="button bare" aria-label=${t("close")} onClick=${() => (open.value = false)}>✕</button>
    </div>
    ${fault.value && html`<p class="notice bad" role="alert">${t("error.away")}</p>`}
    ${found.value?.length === 0 && html`<p class="muted">${t("recall_empty")}</p>`}
    <ul>
      ${found.value?.map(
        (order) => html`<li class="between">
          <span>${t("ticket", { number: order.number, table: order.table.name })} · ${clock(order.updated_at)}</span>
          ${may("waiter") && html`<button class="button" onClick=${() => back(order)}>${t("back_to_ready")}</button>`}
        </li>`,
      )}
    </ul>
  </dialog>`;
}

/** What bump bars and keyboards send: 1-9 bump a ticket, Backspace takes the last move back, R recalls. */
function key(/** @type {KeyboardEvent} */ event, /** @type {{value: boolean}} */ recalling) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target instanceof HTMLInputElement) return;
  if (/^[1-9]$/.test(event.key)) {
    /** @type {HTMLButtonElement | null} */ (document.querySelector(`[data-bump="${event.key}"]`))?.click();
  } else if (event.key === "Backspace") {
    event.preventDefault();
    undo();
  } else if (event.key.toLowerCase() === "r") {
    recalling.value = true;
  } else if (event.key === "Escape") {
    recalling.value = false;
  }
}
