/** A tip, if the guest wants to give one: nothing is chosen beforehand, and none is an answer like the others. */

import { html, signal } from "../vendor/preact.js";
import { t } from "../shared/words.js";
import { money, price } from "./state.js";

const PERCENT = [0, 5, 10, 15];

/** What the guest has tapped, in percent; null before that. */
export const chosenTip = signal(/** @type {number | null} */ (null));

/**
 * The tip for what a quote says, in minor units: on the discounted dishes, before service and tax.
 * @param {any} quote
 */
export function tipOn(quote) {
  if (!quote || !chosenTip.value) return 0;
  return Math.round(((quote.subtotal.amount - quote.discount.amount) * chosenTip.value) / 100);
}

/** @param {{quote: any}} props */
export function Tip({ quote }) {
  if (!quote || quote.subtotal.amount === quote.discount.amount) return null;
  const words = (/** @type {number} */ percent) => (percent ? t("tip_percent", { percent }) : t("tip_none"));
  return html`<fieldset class="group">
    <legend>${t("tip")}</legend>
    <div class="chips">
      ${PERCENT.map(
        (percent) => html`<button
          class="button"
          aria-pressed=${String(chosenTip.value === percent)}
          onClick=${() => (chosenTip.value = percent)}
        >
          ${words(percent)}
        </button>`,
      )}
    </div>
    ${quote.tip.amount > 0 && html`<p class="muted small">${t("tip_is", { amount: price(money(quote.tip.amount)) })}</p>`}
  </fieldset>`;
}
