/** What goes on at the tables: who sits where, what is ready, what is owed, who calls; and what staff do about it. */

import { batch, computed, signal } from "../vendor/preact.js";
import { insist, Refused } from "../shared/api.js";
import { newKey } from "../shared/keys.js";
import { shown } from "../shared/money.js";
import { language, t } from "../shared/words.js";
import { lost, readAt, trouble } from "./news.js";
import { call } from "./session.js";

const OWED = ["unpaid", "pending", "partially_paid"];
/** The most urgent first; a table shows the first that is true. */
export const STATES = ["calls", "to_serve", "to_pay", "waits", "owes", "seated", "free"];

const tables = signal(/** @type {any[]} */ ([]));
const orders = signal(/** @type {any[]} */ ([]));
const bills = signal(/** @type {any[]} */ ([]));
const calls = signal(/** @type {any[]} */ ([]));
const digits = signal(2);
/** What is being done just now, so that no button does it twice. */
export const busy = signal("");

/** Everything about each table, in the order of the room. */
export const floor = computed(() => tables.value.map(seen));

/** @param {any} table */
function seen(table) {
  const mine = (/** @type {any} */ one) => one.session_id && one.session_id === table.session_id;
  const running = orders.value.filter((order) => order.table.id === table.id);
  const found = {
    ...table,
    calls: calls.value.filter((one) => one.table.id === table.id),
    ready: running.filter((order) => order.status === "ready"),
    cooking: running.filter((order) => ["placed", "accepted", "preparing"].includes(order.status)),
    unpaid: running.filter((order) => order.payment_status === "unpaid"),
    owed: running.filter((order) => OWED.includes(order.payment_status)),
    toConfirm: bills.value.filter(mine).flatMap((bill) => bill.payments.filter(atCounter)),
  };
  return { ...found, state: stateOf(found) };
}

/** @param {any} payment */
const atCounter = (payment) => payment.status === "processing" && counters.value.has(payment.method);
const counters = signal(/** @type {Set<string>} */ (new Set()));

/** @param {any} table */
function stateOf(table) {
  if (table.calls.length) return "calls";
  if (table.ready.length) return "to_serve";
  if (table.toConfirm.length) return "to_pay";
  if (table.cooking.length) return "waits";
  if (table.owed.length) return "owes";
  return table.session_id ? "seated" : "free";
}

/** @param {{amount: number, currency: string}} money */
export const price = (money) => shown(money, digits.value, language.value);

/** What some orders cost together. @param {any[]} some */
export const sum = (some) => ({
  amount: some.reduce((total, order) => total + order.total.amount, 0),
  currency: some[0]?.total.currency ?? "EUR",
});

/** Read the whole floor. */
export async function readFloor() {
  try {
    const [venue, methods, seats, open, owed, paying, waiting] = await Promise.all(
      [
        "/v1/venue",
        "/v1/payment-methods",
        "/v1/tables",
        "/v1/orders?status=placed,accepted,preparing,ready&sort=oldest&limit=100",
        `/v1/orders?payment_status=${OWED}&status=served,completed&sort=oldest&limit=100`,
        "/v1/bills?status=paying&limit=100",
        "/v1/staff-calls?limit=100",
      ].map((path) => call("GET", path)),
    );
    batch(() => {
      digits.value = venue.currency_digits;
      counters.value = new Set(
        methods.data.filter((/** @type {any} */ one) => one.kind === "counter").map((/** @type {any} */ one) => one.id),
      );
      tables.value = seats.data;
      orders.value = [...open.data, ...owed.data];
      bills.value = paying.data;
      calls.value = waiting.data;
      readAt.value = new Date().toISOString();
      lost.value = false;
    });
  } catch (fault) {
    if (!(fault instanceof Refused)) throw fault;
    lost.value = fault.away;
    if (!fault.away) trouble.value = fault.message;
  }
}

let again = 0;

/** Look at the floor now and once more: orders make news when a bill takes them, its payment is written after that. */
export function lookTwice() {
  clearTimeout(again);
  again = setTimeout(readFloor, 1_000);
  return readFloor();
}

/** Do one thing and look again; a refusal says what did not happen. @param {string} name @param {() => Promise<any>} work */
async function act(name, work) {
  if (busy.value) return;
  busy.value = name;
  trouble.value = "";
  try {
    await insist(work);
  } catch (refusal) {
    if (!(refusal instanceof Refused)) throw refusal;
    trouble.value = refusal.away ? t("act_unknown") : t("act_refused", { why: refusal.message });
  } finally {
    await readFloor();
    busy.value = "";
  }
}

/** @param {any} one @param {"acknowledge" | "resolve"} verb */
export const answer = (one, verb) => act(one.id, () => call("POST", `/v1/staff-calls/${one.id}/${verb}`));

/** @param {any} order */
export const serve = (order) =>
  act(order.id, () => call("POST", `/v1/orders/${order.id}/status`, { body: { to: "served" } }));

/** Say that the money is in the drawer. @param {any} payment */
export const confirm = (payment) => act(payment.id, () => call("POST", `/v1/payments/${payment.id}/confirm`));

/** Make one bill of all that a table owes, to be paid at the counter; the key lives as long as the try. @param {any} table @param {string} method */
export function bill(table, method) {
  const key = newKey();
  const body = { order_ids: table.unpaid.map((/** @type {any} */ order) => order.id), method };
  return act(table.id, () => call("POST", "/v1/checkout", { key, body, patience: 30_000 }));
}

/** The ways to pay where staff take the money. */
export const atTheCounter = () => [...counters.value];

/** End the visit of a party that has left. @param {any} table */
export const endVisit = (table) =>
  act(table.id, () => call("POST", `/v1/table-sessions/${table.session_id}/close`, { body: {} }));
