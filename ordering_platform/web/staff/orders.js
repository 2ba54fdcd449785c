/** What the kitchen has to do: the orders on the board, every move on them, and the way back. */

import { batch, computed, signal } from "../vendor/preact.js";
import { insist, Refused } from "../shared/api.js";
import { t } from "../shared/words.js";
import { lost, readAt, trouble } from "./news.js";
import { call } from "./session.js";

const ON_THE_BOARD = "placed,accepted,preparing,ready";
const UNDO_FOR = 10_000;
const LATE_AFTER = 15;
const WARN_AFTER = 8;

export const orders = signal(/** @type {any[]} */ ([]));
export const now = signal(Date.now());
/** The last move, while it can be taken back. */
export const lastMove = signal(/** @type {any} */ (null));

setInterval(() => (now.value = Date.now()), 10_000);

/** The columns: which statuses stand in each, and where the large button leads from there. */
export const COLUMNS = [
  { name: "new", statuses: ["placed", "accepted"], path: ["accepted", "preparing"], needs: "kitchen" },
  { name: "preparing", statuses: ["preparing"], path: ["ready"], needs: "kitchen" },
  { name: "ready", statuses: ["ready"], path: ["served"], needs: "waiter" },
];
// The way back of one step; nobody can make an order unseen again.
const BACK = /** @type {Record<string, string>} */ ({ preparing: "accepted", ready: "preparing", served: "ready" });

/** Nobody has touched these yet. */
export const unseen = computed(() => orders.value.filter((order) => order.status === "placed"));

/** @param {string} name of the column */
export function inColumn(name) {
  const { statuses } = /** @type {any} */ (COLUMNS.find((one) => one.name === name));
  return orders.value.filter((order) => statuses.includes(order.status));
}

/** How many of each dish are still to be made, most first. */
export const allDay = computed(() => {
  const counts = new Map();
  for (const order of orders.value.filter((one) => one.status !== "ready")) {
    for (const item of order.items) counts.set(item.name, (counts.get(item.name) ?? 0) + item.quantity);
  }
  return [...counts].sort(([, one], [, other]) => other - one);
});

/** Minutes since an order was sent. @param {any} order */
export const minutes = (order) => Math.max(0, Math.floor((now.value - Date.parse(order.placed_at)) / 60_000));

/** How urgent an order is, as a word. @param {any} order */
export function urgency(order) {
  const age = minutes(order);
  return age >= LATE_AFTER ? "late" : age >= WARN_AFTER ? "waiting" : "on_time";
}

/** Read the board, oldest first. */
export async function readBoard() {
  try {
    const page = await call("GET", `/v1/orders?status=${ON_THE_BOARD}&sort=oldest&limit=100`);
    batch(() => {
      orders.value = page.data;
      readAt.value = new Date().toISOString();
      now.value = Date.now();
      lost.value = false;
    });
  } catch (fault) {
    if (!(fault instanceof Refused)) throw fault;
    lost.value = fault.away;
  }
}

/** Take an order to the next column. @param {any} order @param {string[]} path */
export async function bump(order, path) {
  const steps = path.slice(order.status === "accepted" ? 1 : 0);
  await move(order, steps);
}

/** @param {any} order @param {string[]} steps @param {string} [reason] */
export async function move(order, steps, reason) {
  trouble.value = "";
  const from = order.status;
  try {
    for (const to of steps) {
      const body = { to, ...(reason ? { reason } : {}) };
      put(await insist(() => call("POST", `/v1/orders/${order.id}/status`, { body })));
    }
    offerUndo(order, steps.at(-1) ?? from);
  } catch (refusal) {
    trouble.value = told(order, refusal);
    await readBoard();
  }
}

/** @param {any} order @param {string} to */
function offerUndo(order, to) {
  const back = BACK[to];
  if (!back) {
    lastMove.value = null;
    return;
  }
  const made = { order, to, back };
  lastMove.value = made;
  setTimeout(() => {
    if (lastMove.value === made) lastMove.value = null;
  }, UNDO_FOR);
}

export async function undo() {
  const made = lastMove.value;
  if (!made) return;
  lastMove.value = null;
  await move({ ...made.order, status: made.to }, [made.back]);
  lastMove.value = null;
}

/** Show an order as it is now, on the board or off it. @param {any} changed */
function put(changed) {
  const others = orders.value.filter((one) => one.id !== changed.id);
  const stays = ON_THE_BOARD.split(",").includes(changed.status);
  orders.value = (stays ? [...others, changed] : others).sort((one, other) => (one.placed_at < other.placed_at ? -1 : 1));
}

/** Say that a dish is sold out until staff say otherwise, or that it is back. @param {any} item @param {boolean} gone */
export async function sellOut(item, gone) {
  trouble.value = "";
  try {
    await insist(() => call("POST", `/v1/menu/items/${item.menu_item_id}/sold-out`, { body: { sold_out: gone } }));
    return true;
  } catch (refusal) {
    trouble.value = told({ number: item.name }, refusal);
    return false;
  }
}

/** The orders that left the board last. */
export async function served() {
  return (await insist(() => call("GET", "/v1/orders?status=served&limit=50"))).data;
}

/** @param {any} order @param {any} refusal */
function told(order, refusal) {
  if (!(refusal instanceof Refused)) throw refusal;
  if (refusal.away) return t("move_unknown", { number: order.number });
  return t("move_refused", { number: order.number, why: refusal.message });
}
