/** The sheet in which orders are paid: the server's quote, a code, a way to pay, one key per try. */

import { batch, html, signal, useEffect, useSignal } from "../../vendor/preact.js";
import { insist } from "../../shared/api.js";
import { newKey } from "../../shared/keys.js";
import { has, t } from "../../shared/words.js";
import { atCounter, how, method, Methods, readMethods } from "./methods.js";
import { followed, Question } from "./outcome.js";
import { split } from "./share.js";
import { openSheet, Sheet } from "../sheet.js";
import { call, isMine, money, online, paying, price, refresh, said, stop, unpaid } from "../state.js";
import { chosenTip, Tip, tipOn } from "./tip.js";
import { chosen } from "../to_pay.js";
import { Trouble } from "../trouble.js";

const codes = signal(/** @type {string[]} */ ([]));
const quote = signal(/** @type {any} */ (null));
const busy = signal(false);
const slow = signal(false);
const fault = signal(/** @type {any} */ (null));

/** Ask what it costs now. Gives the reason why a code does not apply, if it was asked for. */
async function ask() {
  try {
    const body = { order_ids: chosen.value, codes: codes.value, ...method.value && { method: method.value }, ...tipped() };
    const tip = body.tip?.amount ?? 0;
    quote.value = await insist(() => call("POST", "/v1/checkout/quote", { body }));
    fault.value = null;
    // A tip in percent follows the price, which a code may just have changed.
    if (tipOn(dishes(quote.value)) !== tip) await ask();
  } catch (refusal) {
    quote.value = null;
    tell(refusal);
  }
}

/** What the dishes cost after discounts, before service and tax. @param {any} quote */
const dishes = (quote) => (quote ? quote.subtotal.amount - quote.discount.amount : 0);

/** @returns {{tip?: any}} */
function tipped() {
  const amount = tipOn(dishes(quote.value));
  return amount ? { tip: money(amount) } : {};
}

/** @param {any} refusal */
function tell(refusal) {
  if (refusal.code === "session_closed") stop(refusal);
  else fault.value = refusal;
}

/** Pay, or go on with a payment whose fate is not known yet. */
export async function pay() {
  if (busy.value) return;
  batch(() => {
    busy.value = true;
    slow.value = false;
    fault.value = null;
    paying.value ??= {
      key: newKey(),
      body: {
        order_ids: chosen.value,
        codes: codes.value,
        ...how(),
        ...tipped(),
        expected_total: quote.value.total,
      },
    };
  });
  const wait = () => (slow.value = true);
  const later = setTimeout(wait, 5_000);
  try {
    const { key, body } = paying.value;
    const { payment } = await insist(() => call("POST", "/v1/checkout", { key, body, patience: 30_000 }), wait);
    await settled(await followed(payment));
  } catch (refusal) {
    if (!(/** @type {any} */ (refusal).away)) paying.value = undefined;
    tell(refusal);
    if (/** @type {any} */ (refusal).code === "price_changed") await ask();
    await refresh();
  } finally {
    clearTimeout(later);
    busy.value = false;
  }
}

/** Say how it ended. @param {any} payment */
async function settled(payment) {
  paying.value = undefined;
  await refresh();
  if (payment.status === "failed") {
    fault.value = { code: payment.failure?.code ?? "payment_declined", requestId: "" };
    return;
  }
  codes.value = [];
  chosenTip.value = null;
  openSheet("orders");
  said.value = payment.status === "captured" ? t("thanks") : "";
}

export function Pay() {
  useEffect(() => {
    // What the sheet showed when it was last open is of other orders.
    batch(() => {
      quote.value = null;
      if (!busy.value) fault.value = null;
    });
    readMethods().catch(tell);
  }, []);
  useEffect(() => {
    if (chosen.value.length) ask();
  }, [chosen.value.join(), codes.value.join(), chosenTip.value, method.value]);
  const ready = quote.value && method.value && online.value && !busy.value;
  const amount = quote.value && price(quote.value.total);
  const foot = html`${slow.value && busy.value && html`<p class="notice" role="status">${t("still_paying")}</p>`}
    <button class="button main wide center" disabled=${!ready} onClick=${pay}>
      ${busy.value
        ? t("paying")
        : amount
          ? t(atCounter(method.value) ? "pay_counter" : "pay_amount", { amount })
          : t("pay")}
    </button>`;
  return html`<${Sheet} title=${t("pay_title")} foot=${foot}>
    <${Trouble} fault=${fault.value} whenAway=${paying.value ? "error.unknown_outcome" : "error.away"} />
    <${Scope} />
    ${chosen.value.length > 0 &&
    html`<button class="button" disabled=${busy.value || Boolean(paying.value)} onClick=${share}>${t("share")}</button>`}
    <${Sums} />
    <${Code} />
    <${Tip} on=${dishes(quote.value)} />
    <${Methods} />
    <${Question} />
  <//>`;
}

/** Make one bill of these orders that several phones pay. */
async function share() {
  busy.value = true;
  try {
    await split(chosen.value, codes.value);
    codes.value = [];
  } catch (refusal) {
    tell(refusal);
  } finally {
    busy.value = false;
  }
}

/** Mine or everybody's, where there is a difference. */
function Scope() {
  const all = unpaid.value.map((order) => order.id);
  const mine = unpaid.value.filter(isMine).map((order) => order.id);
  if (mine.length === 0 || mine.length === all.length) return null;
  const button = (/** @type {string} */ name, /** @type {string[]} */ wanted) =>
    html`<button
      class="button"
      aria-pressed=${String(chosen.value.join() === wanted.join())}
      onClick=${() => (chosen.value = wanted)}
    >
      ${t(name)}
    </button>`;
  return html`<div class="chips">${button("pay_mine", mine)}${button("pay_all", all)}</div>`;
}

function Sums() {
  const shown = quote.value;
  if (!shown) return fault.value ? null : html`<p class="muted">${t("loading")}</p>`;
  const row = (/** @type {any} */ name, /** @type {any} */ amount, sign = "", cls = "") =>
    amount?.amount ? html`<div class=${cls}><dt>${name}</dt><dd>${sign}${price(amount)}</dd></div>` : null;
  const taxIsIncluded = shown.total.amount ===
    shown.subtotal.amount - shown.discount.amount + shown.service_charge.amount + shown.tip.amount + shown.rounding.amount;
  return html`<dl class="sums">
    ${row(t("subtotal"), shown.subtotal)}
    ${shown.promotions.applied.map((/** @type {any} */ one) => row(one.name, one.amount, "−", "off"))}
    ${row(t("service_charge"), shown.service_charge)}
    ${!taxIsIncluded && row(t("tax_added"), shown.tax)}
    ${row(t("tip"), shown.tip)} ${row(t("rounding"), shown.rounding)}
    <div class="total"><dt>${t("total")}</dt><dd>${price(shown.total)}</dd></div>
    ${taxIsIncluded && row(t("tax_included"), shown.tax, "", "muted small")}
  </dl>`;
}

function Code() {
  const typed = useSignal("");
  const apply = (/** @type {Event} */ event) => {
    event.preventDefault();
    const code = typed.value.trim();
    if (code && !codes.value.includes(code)) codes.value = [...codes.value, code];
    typed.value = "";
  };
  const rejected = (quote.value?.promotions.rejected ?? []).filter((/** @type {any} */ one) => one.code);
  return html`<form class="with-button" onSubmit=${apply}>
      <label class="field">
        <span>${t("code")}</span>
        <input
          autocapitalize="characters"
          autocomplete="off"
          maxlength="64"
          value=${typed.value}
          onInput=${(/** @type {any} */ event) => (typed.value = event.target.value)}
        />
      </label>
      <button class="button">${t("apply")}</button>
    </form>
    ${codes.value.length > 0 &&
    html`<ul class="chips">
      ${codes.value.map(
        (code) => html`<li>
          <button
            class="button"
            aria-label=${t("code_off", { code })}
            onClick=${() => (codes.value = codes.value.filter((one) => one !== code))}
          >
            ${code} ✕
          </button>
        </li>`,
      )}
    </ul>`}
    ${rejected.map((/** @type {any} */ one) => html`<p class="notice" role="alert">${one.code}: ${reason(one)}</p>`)}`;
}

/** @param {any} one */
function reason(one) {
  if (one.missing_minor) return t("missing_for_code", { amount: price(money(one.missing_minor)) });
  return has(`error.${one.reason}`) ? t(`error.${one.reason}`) : one.message;
}
