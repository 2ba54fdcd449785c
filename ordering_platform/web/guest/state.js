/** What the page knows: the table, who the guest is, the menu, the cart and the orders; and what it keeps. */

import { batch, computed, effect, signal } from "../vendor/preact.js";
import { ask, insist, Refused } from "../shared/api.js";
import { keep, kept } from "../shared/keep.js";
import { shown } from "../shared/money.js";
import { language, speak } from "../shared/words.js";
import { repriced } from "./cart.js";

/** @type {{code: string, venue: string, table: string, language: string, languages: string[], words: any, static: string, menu?: any}} */
export const boot = JSON.parse(document.getElementById("boot")?.textContent ?? "{}");
const NAME = `table:${boot.code}`;
const MARGIN = 60_000;

export const guest = signal(kept(`${NAME}:guest`));
export const menu = signal(boot.menu);
export const cart = signal(kept(`${NAME}:cart`) ?? []);
export const cartNote = signal(kept(`${NAME}:note`) ?? "");
export const orders = signal(/** @type {any[]} */ ([]));
/** The order that is being sent, with its key: kept until it is certain what became of it. */
export const sending = signal(kept(`${NAME}:sending`));
/** The payment that is being made, likewise. */
export const paying = signal(kept(`${NAME}:paying`));
/** The payment of a part of a shared bill, likewise. */
export const sharing = signal(kept(`${NAME}:sharing`));
/** Which sheet is open: "", "options", "cart", "orders", "pay", "share". */
export const sheet = signal("");
/** Why the page cannot go on: "", "ended", "visit_code", or a refusal. */
export const stopped = signal(/** @type {any} */ (""));
export const said = signal("");
export const online = signal(navigator.onLine);
export const lastNews = signal("");

effect(() => keep(`${NAME}:guest`, guest.value));
effect(() => keep(`${NAME}:cart`, cart.value));
effect(() => keep(`${NAME}:note`, cartNote.value || undefined));
effect(() => keep(`${NAME}:sending`, sending.value));
effect(() => keep(`${NAME}:paying`, paying.value));
effect(() => keep(`${NAME}:sharing`, sharing.value));

export const items = computed(() => {
  const all = (menu.value?.categories ?? []).flatMap((/** @type {any} */ category) => category.items);
  return new Map(all.map((/** @type {any} */ item) => [item.id, item]));
});
export const unpaid = computed(() =>
  orders.value.filter((order) => order.payment_status === "unpaid" && isSent(order)),
);

/** @param {any} order */
export const isSent = (order) => !["open", "rejected", "cancelled"].includes(order.status);
/** @param {any} order */
export const isMine = (order) => order.guest_id === guest.value?.id;
/** @param {{amount: number, currency: string}} money */
export const price = (money) => shown(money, menu.value?.currency_digits ?? 2, language.value);
/** @param {number} amount */
export const money = (amount) => ({ amount, currency: menu.value?.currency ?? "EUR" });

const tokenRuns = () => guest.value && guest.value.until - MARGIN > Date.now();

/**
 * Sit down at the table: get a guest token, the same guest as before where that visit still runs.
 * @param {string} [visitCode]
 */
export async function sit(visitCode) {
  const body = { table_code: boot.code, ...(visitCode ? { visit_code: visitCode } : {}) };
  const given = await insist(() => ask("POST", "/v1/auth/guest", { token: guest.value?.token, body }));
  guest.value = {
    token: given.access_token,
    until: Date.now() + given.expires_in * 1000,
    id: given.guest.id,
    session: given.session.id,
  };
}

/**
 * A request as this guest; a token that has run out is replaced once.
 * @param {string} method
 * @param {string} path
 * @param {{body?: unknown, key?: string, patience?: number}} [given]
 */
export async function call(method, path, given = {}) {
  if (!tokenRuns()) await sit();
  try {
    return await ask(method, path, { ...given, token: guest.value.token });
  } catch (fault) {
    if (!(fault instanceof Refused && fault.status === 401)) throw fault;
    await sit();
    return ask(method, path, { ...given, token: guest.value.token });
  }
}

/** Read the menu in the language of the page; the cart follows its prices. */
export async function readMenu() {
  menu.value = await insist(() => call("GET", `/v1/menu?language=${language.value}`));
  cart.value = repriced(cart.value, items.value);
}

/** Read what this table has ordered, newest first. */
export async function readOrders() {
  const page = await call("GET", "/v1/orders?limit=50");
  batch(() => {
    orders.value = page.data;
    lastNews.value = new Date().toISOString();
  });
}

/** Read the orders again where it does no harm if that fails: the next news brings them. */
export async function refresh() {
  try {
    await readOrders();
  } catch (fault) {
    if (!(fault instanceof Refused && fault.code !== "session_closed")) stop(fault);
  }
}

/** The language after the one that is spoken. */
export const nextLanguage = computed(
  () => boot.languages[(boot.languages.indexOf(language.value) + 1) % boot.languages.length],
);

/** Speak another language, words and menu. @param {string} other */
export async function switchLanguage(other) {
  const words = await (await fetch(`${boot.static}/guest/words/${other}.json`)).json();
  speak(other, words);
  keep(`${NAME}:language`, other);
  await readMenu();
}

export const chosenLanguage = () => kept(`${NAME}:language`);

/** A new visit: what the last party ordered is none of our business any more. */
export async function beginAgain() {
  batch(() => {
    guest.value = undefined;
    sending.value = undefined;
    paying.value = undefined;
    sharing.value = undefined;
    orders.value = [];
  });
  await open();
}

/** Sit down and read what there is to see. @param {string} [visitCode] */
export async function open(visitCode) {
  try {
    if (menu.value) cart.value = repriced(cart.value, items.value);
    if (!tokenRuns() || visitCode) await sit(visitCode);
    await Promise.all([menu.value?.language === language.value ? null : readMenu(), readOrders()]);
    stopped.value = "";
  } catch (fault) {
    stop(fault);
  }
}

/**
 * Whether a refusal ends the visit; then the page says so instead of the caller.
 * @param {unknown} fault
 */
export function stop(fault) {
  if (!(fault instanceof Refused)) throw fault;
  if (fault.code === "session_closed") stopped.value = "ended";
  else if (fault.code === "visit_code_required") stopped.value = "visit_code";
  else stopped.value = fault;
}
