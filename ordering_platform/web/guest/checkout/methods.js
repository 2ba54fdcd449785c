/** The ways to pay, and which one this guest has chosen. */

import { html, signal } from "../../vendor/preact.js";
import { insist } from "../../shared/api.js";
import { has, t } from "../../shared/words.js";
import { call } from "../state.js";

const methods = signal(/** @type {any[]} */ ([]));
export const method = signal("");
const card = signal("");

const chosen = () => methods.value.find((one) => one.id === method.value);
const isCard = () => Boolean(chosen()?.test_cards);
/** Whether staff take this money. @param {string} id */
export const atCounter = (id) => methods.value.find((one) => one.id === id)?.kind === "counter";

/** Read the ways to pay; the first online one is chosen, because it needs nobody. */
export async function readMethods() {
  methods.value = (await insist(() => call("GET", "/v1/payment-methods"))).data;
  const online = methods.value.find((one) => one.kind === "online");
  method.value ||= (online ?? methods.value[0])?.id ?? "";
  card.value ||= online?.test_cards?.[0]?.token ?? "";
}

/** How a payment of this guest is made, as the API wants it. */
export const how = () => ({ method: method.value, ...(isCard() ? { card: { token: card.value } } : {}) });

export function Methods() {
  if (methods.value.length === 0) return null;
  const name = (/** @type {any} */ one) => (has(`method.${one.id}`) ? t(`method.${one.id}`) : one.name);
  return html`<fieldset class="group">
      <legend>${t("method")}</legend>
      ${methods.value.map(
        (one) => html`<label class="choice" key=${one.id}>
          <input
            type="radio"
            name="method"
            checked=${method.value === one.id}
            onChange=${() => (method.value = one.id)}
          />
          <span>${name(one)}</span>
        </label>`,
      )}
    </fieldset>
    ${isCard() &&
    html`<label class="field">
      <span>${t("card")}</span>
      <select value=${card.value} onChange=${(/** @type {any} */ event) => (card.value = event.target.value)}>
        ${chosen().test_cards.map(
          (/** @type {any} */ one) =>
            html`<option value=${one.token}>${has(`card.${one.token}`) ? t(`card.${one.token}`) : one.behaviour}</option>`,
        )}
      </select>
    </label>`}`;
}
