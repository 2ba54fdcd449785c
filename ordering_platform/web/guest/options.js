/** The sheet in which a dish is chosen: required groups first, the price of the choice in the button. */

import { html, signal, useSignal } from "../vendor/preact.js";
import { t } from "../shared/words.js";
import { added, MAX_QUANTITY, unitPrice } from "./cart.js";
import { closeSheet, Sheet } from "./sheet.js";
import { cart, money, price, said } from "./state.js";

/** The dish in the sheet. @type {{value: any}} */
export const chosen = signal(null);

export function Options() {
  const item = chosen.value;
  const groups = [...item.option_groups].sort((a, b) => Number(b.min > 0) - Number(a.min > 0));
  const ticked = useSignal(new Set(groups.flatMap(defaults)));
  const quantity = useSignal(1);
  const note = useSignal("");
  const missing = useSignal("");
  const options = groups.flatMap((group) =>
    group.options.filter((/** @type {any} */ option) => ticked.value.has(option.id)),
  );

  const add = () => {
    const lacking = groups.find((group) => countIn(group, ticked.value) < group.min);
    if (lacking) {
      missing.value = lacking.id;
      document.getElementById(`in-${lacking.id}`)?.querySelector("input")?.focus();
      return;
    }
    const plain = options.map(({ id, name, price }) => ({ id, name, price }));
    cart.value = added(cart.value, item, plain, quantity.value, note.value.trim());
    closeSheet();
    said.value = t("added", { name: item.name });
  };

  const sum = money(unitPrice(item, options) * quantity.value);
  const foot = html`<button class="button main wide" onClick=${add}>
    <span>${t("add_for")}</span><span>${price(sum)}</span>
  </button>`;
  return html`<${Sheet} title=${item.name} foot=${foot}>
    ${item.description && html`<p class="muted">${item.description}</p>`}
    ${groups.map(
      (group) => html`<${Group} key=${group.id} group=${group} ticked=${ticked} missing=${missing.value === group.id} />`,
    )}
    <label class="field">
      <span>${t("note")}</span>
      <input maxlength="140" value=${note.value} onInput=${(/** @type {any} */ e) => (note.value = e.target.value)} />
    </label>
    <div class="between">
      <span>${t("quantity")}</span>
      <${Stepper} value=${quantity.value} least=${1} change=${(/** @type {number} */ n) => (quantity.value = n)} />
    </div>
  <//>`;
}

/** @param {{group: any, ticked: {value: Set<string>}, missing: boolean}} props */
function Group({ group, ticked, missing }) {
  const single = group.max === 1 && group.min === 1;
  const full = !single && countIn(group, ticked.value) >= group.max;
  const tick = (/** @type {any} */ option, /** @type {boolean} */ on) => {
    const next = new Set(ticked.value);
    if (single) group.options.forEach((/** @type {any} */ one) => next.delete(one.id));
    if (on) next.add(option.id);
    else next.delete(option.id);
    ticked.value = next;
  };
  return html`<fieldset class="group" id=${`in-${group.id}`} aria-describedby=${missing ? `no-${group.id}` : undefined}>
    <legend>
      <span>${group.name}</span><span class="muted small">${bounds(group)}</span>
    </legend>
    ${missing &&
    html`<p class="notice bad" id=${`no-${group.id}`} role="alert">${t("choose_first", { n: group.min })}</p>`}
    ${group.options.map((/** @type {any} */ option) => {
      const on = ticked.value.has(option.id);
      const off = option.sold_out || (full && !on);
      return html`<label class=${option.sold_out ? "choice off" : "choice"} key=${option.id}>
        <input
          type=${single ? "radio" : "checkbox"}
          name=${group.id}
          checked=${on}
          disabled=${off}
          onChange=${(/** @type {any} */ event) => tick(option, event.target.checked)}
        />
        <span>${option.name}</span>
        <span class="muted">${option.sold_out ? t("sold_out") : difference(option.price)}</span>
      </label>`;
    })}
  </fieldset>`;
}

/** @param {{value: number, least: number, change: (n: number) => void}} props */
export function Stepper({ value, least, change }) {
  return html`<span class="stepper">
    <button aria-label=${t("less")} disabled=${value <= least} onClick=${() => change(value - 1)}>−</button>
    <output>${value}</output>
    <button aria-label=${t("more")} disabled=${value >= MAX_QUANTITY} onClick=${() => change(value + 1)}>+</button>
  </span>`;
}

/** @param {any} group @returns {string[]} */
const defaults = (group) =>
  group.options
    .filter((/** @type {any} */ option) => option.default && !option.sold_out)
    .slice(0, group.max)
    .map((/** @type {any} */ option) => option.id);

/** @param {any} group @param {Set<string>} ticked */
const countIn = (group, ticked) => group.options.filter((/** @type {any} */ option) => ticked.has(option.id)).length;

/** @param {any} group */
function bounds(group) {
  if (!group.min) return t("optional", { n: group.max });
  return group.min === group.max
    ? t("required", { n: group.min })
    : t("required_range", { min: group.min, max: group.max });
}

/** @param {{amount: number, currency: string}} money */
const difference = (money) => (money.amount ? `${money.amount > 0 ? "+" : "−"}${price({ ...money, amount: Math.abs(money.amount) })}` : "");
