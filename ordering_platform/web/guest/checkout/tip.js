/** A tip, if the guest wants to give one: nothing is chosen beforehand, and none is an answer like the others. */

import { html, signal } from "../../vendor/preact.js";
import { t } from "../../shared/words.js";
import { money, price } from "../state.js";

const PERCENT = [0, 5, 10, 15];

/** What the guest has tapped, in percent; null before that. */
export const chosenTip = signal(/** @type {number | null} */ (null));

/** The tip on an amount, both in minor units. @param {number} amount */
export const tipOn = (amount) => Math.round((amount * (chosenTip.value ?? 0)) / 100);

/** @param {{on: number}} props the amount it is a part of */
export function Tip({ on }) {
  if (!on) return null;
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
    ${tipOn(on) > 0 && html`<p class="muted small">${t("tip_is", { amount: price(money(tipOn(on))) })}</p>`}
  </fieldset>`;
}
