/** One bill that several phones pay: equal parts, chosen dishes, or all that is left; each with a payment of its own. */

import { batch, computed, html, signal, useEffect } from "../../vendor/preact.js";
import { insist } from "../../shared/api.js";
import { newKey } from "../../shared/keys.js";
import { t } from "../../shared/words.js";
import { atCounter, how, method, Methods, readMethods } from "./methods.js";
import { Stepper } from "../options.js";
import { followed, Question } from "./outcome.js";
import { openSheet, Sheet } from "../sheet.js";
import { call, items, money, online, price, refresh, said, sharing, stop } from "../state.js";
import { shared } from "../to_pay.js";
import { chosenTip, Tip, tipOn } from "./tip.js";
import { Trouble } from "../trouble.js";

const FRACTIONS = [1, 2, 3, 4];

const way = signal("equal");
const people = signal(2);
/** What this guest takes of each line: one of so many parts. */
const taken = signal(/** @type {Map<string, {part: number, of: number, amount: number}>} */ (new Map()));
const busy = signal(false);
const fault = signal(/** @type {any} */ (null));

/** Make a bill of orders, to be paid by several. @param {string[]} orderIds @param {string[]} codes */
export async function split(orderIds, codes) {
  const key = newKey();
  shared.value = await insist(() =>
    call("POST", "/v1/bills", { key, body: { order_ids: orderIds, codes }, patience: 30_000 }),
  );
  await refresh();
  openSheet("share");
}

const fixed = computed(() => shared.value?.split?.kind ?? "");
const kind = computed(() => (way.value === "rest" ? "rest" : fixed.value || way.value));
const parts = computed(() => shared.value.split.shares.length || people.value);

/** What this guest would pay now, in minor units, without a tip. */
const mine = computed(() => {
  if (!shared.value) return 0;
  if (kind.value === "rest") return shared.value.due.amount;
  if (kind.value === "lines") return [...taken.value.values()].reduce((sum, one) => sum + one.amount, 0);
  const free = shared.value.split.shares.find((/** @type {any} */ one) => !one.payment_id);
  return free?.amount.amount ?? Math.ceil(shared.value.due.amount / parts.value);
});

function wish() {
  if (kind.value === "rest") return {};
  if (kind.value === "equal") return { equal: { parts: parts.value } };
  return { lines: [...taken.value].map(([line_id, { part, of }]) => ({ line_id, part, of })) };
}

/** Pay a part, or go on with a payment whose fate is not known yet. */
export async function payPart() {
  if (busy.value) return;
  batch(() => {
    busy.value = true;
    fault.value = null;
    const tip = tipOn(mine.value);
    sharing.value ??= {
      key: newKey(),
      path: `/v1/bills/${shared.value?.id}/payments`,
      body: { ...how(), ...wish(), ...(tip ? { tip: money(tip) } : {}) },
    };
  });
  try {
    const { key, path, body } = sharing.value;
    const payment = await followed(await insist(() => call("POST", path, { key, body, patience: 30_000 })));
    sharing.value = undefined;
    if (payment.status === "failed") fault.value = { code: payment.failure?.code ?? "payment_declined", requestId: "" };
    else paidFor(payment);
  } catch (refusal) {
    if (!(/** @type {any} */ (refusal).away)) sharing.value = undefined;
    if (/** @type {any} */ (refusal).code === "session_closed") stop(refusal);
    else fault.value = refusal;
  } finally {
    await refresh();
    busy.value = false;
  }
}

/** @param {any} payment */
function paidFor(payment) {
  batch(() => {
    taken.value = new Map();
    chosenTip.value = null;
  });
  openSheet("orders");
  said.value = payment.status === "captured" ? t("thanks") : "";
}

/** Go back to one payer for all, while nobody has paid anything. */
async function unsplit() {
  busy.value = true;
  try {
    await insist(() => call("POST", `/v1/bills/${shared.value.id}/cancel`));
    await refresh();
    openSheet("orders");
  } catch (refusal) {
    fault.value = refusal;
  } finally {
    busy.value = false;
  }
}

export function Share() {
  useEffect(() => {
    readMethods().catch((refusal) => (fault.value = refusal));
  }, []);
  const bill = shared.value;
  if (!bill) {
    return html`<${Sheet} title=${t("share_title")}>
      <${Trouble} fault=${fault.value} whenAway=${sharing.value ? "error.unknown_outcome" : "error.away"} />
      <p class="muted">${t("share_over")}</p>
    <//>`;
  }
  const amount = price(money(mine.value + tipOn(mine.value)));
  const ready = mine.value > 0 && method.value && online.value && !busy.value;
  const foot = html`<button class="button main wide center" disabled=${!ready} onClick=${payPart}>
    ${busy.value ? t("paying") : t(atCounter(method.value) ? "pay_counter" : "pay_amount", { amount })}
  </button>`;
  return html`<${Sheet} title=${t("share_title")} foot=${foot}>
    <${Trouble} fault=${fault.value} whenAway=${sharing.value ? "error.unknown_outcome" : "error.away"} />
    <dl class="sums">
      <div><dt>${t("total")}</dt><dd>${price(bill.total)}</dd></div>
      <div><dt>${t("share_paid")}</dt><dd>${price(money(bill.total.amount - bill.due.amount))}</dd></div>
      <div class="total"><dt>${t("share_due")}</dt><dd>${price(bill.due)}</dd></div>
    </dl>
    <${Ways} /> ${kind.value === "equal" && html`<${Equal} />`} ${kind.value === "lines" && html`<${Lines} />`}
    <${Tip} on=${mine.value} /> <${Methods} /> <${Question} />
    ${bill.due.amount === bill.total.amount &&
    html`<button class="button" disabled=${busy.value} onClick=${unsplit}>${t("share_not")}</button>`}
  <//>`;
}

function Ways() {
  const offered = fixed.value ? [fixed.value, "rest"] : ["equal", "lines", "rest"];
  return html`<div class="chips">
    ${offered.map(
      (one) => html`<button class="button" aria-pressed=${String(kind.value === one)} onClick=${() => (way.value = one)}>
        ${t(`share_${one}`)}
      </button>`,
    )}
  </div>`;
}

function Equal() {
  const free = shared.value.split.shares.filter((/** @type {any} */ one) => !one.payment_id).length;
  if (fixed.value) return html`<p>${t("share_free", { n: free, of: parts.value })}</p>`;
  return html`<p class="between">
    <span>${t("share_people")}</span>
    <${Stepper} value=${people.value} least=${2} change=${(/** @type {number} */ n) => (people.value = n)} />
  </p>`;
}

function Lines() {
  return html`<ul class="lines">
    ${shared.value.split.lines.map((/** @type {any} */ line) => html`<${Line} key=${line.line_id} line=${line} />`)}
  </ul>`;
}

/** @param {{line: any}} props */
function Line({ line }) {
  const free = line.shares.find((/** @type {any} */ one) => !one.payment_id);
  const name = named(line);
  if (!free) return html`<li class="between muted"><span>${name}</span><span>${t("share_taken")}</span></li>`;
  const touched = line.shares.length > 1;
  const choose = (/** @type {Event} */ event) => {
    const of = Number(/** @type {HTMLSelectElement} */ (event.target).value);
    const next = new Map(taken.value);
    if (!of) next.delete(line.line_id);
    else next.set(line.line_id, touched ? part(free) : { part: 1, of, amount: Math.ceil(line.amount.amount / of) });
    taken.value = next;
  };
  const offered = touched ? [free.of] : FRACTIONS;
  return html`<li>
    <label class="field">
      <span class="between"><span>${name}</span><span class="price">${price(line.amount)}</span></span>
      <select value=${taken.value.get(line.line_id)?.of ?? 0} onChange=${choose}>
        <option value="0">${t("share_none")}</option>
        ${offered.map((of) => html`<option value=${of}>${t("share_part", { n: of })}</option>`)}
      </select>
    </label>
  </li>`;
}

/** @param {any} free */
const part = (free) => ({ part: free.part, of: free.of, amount: free.amount.amount });

/** The name in the guest's language where the menu still has it. @param {any} line */
function named(line) {
  const lines = shared.value.quote.lines;
  const dish = lines.find((/** @type {any} */ one) => one.line_id === line.line_id)?.menu_item_id;
  return items.value.get(dish)?.name ?? line.name;
}
