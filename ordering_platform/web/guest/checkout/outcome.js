/** What becomes of a payment: followed to its end, with the question of the bank to its holder on the way. */

import { html, signal } from "../../vendor/preact.js";
import { insist } from "../../shared/api.js";
import { t } from "../../shared/words.js";
import { atCounter } from "./methods.js";
import { call } from "../state.js";

const POLLS = 40;
const PAUSE = 750;
const ENDED = ["captured", "failed"];

/** Answers the question that is on the screen, if one is. */
const question = signal(/** @type {((approve: boolean) => void) | null} */ (null));

/**
 * Follow a payment until it has ended, or until it waits for the staff; gives it as it is then.
 * @param {any} payment
 */
export async function followed(payment) {
  const read = () => insist(() => call("GET", `/v1/payments/${payment.id}`));
  for (let polls = 0; !atCounter(payment.method) && !ENDED.includes(payment.status) && polls < POLLS; polls++) {
    if (payment.status === "requires_action") {
      // What a page kept may be older than the answer.
      payment = await read();
      if (payment.status === "requires_action") await asked(payment);
    } else {
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
    payment = await read();
  }
  return payment;
}

/** @param {any} payment */
async function asked(payment) {
  const approve = await new Promise((resolve) => (question.value = resolve));
  question.value = null;
  const url = payment.next_action.url ?? `/v1/payments/${payment.id}/challenge`;
  await call("POST", url, { body: { approve } });
}

export function Question() {
  const answer = question.value;
  if (!answer) return null;
  return html`<div class="notice" role="alert">
    <p>${t("challenge")}</p>
    <p class="chips">
      <button class="button main" onClick=${() => answer(true)}>${t("challenge_yes")}</button>
      <button class="button" onClick=${() => answer(false)}>${t("challenge_no")}</button>
    </p>
  </div>`;
}
