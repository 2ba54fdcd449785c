/** The menu: one scrolling page with sections, a bar that follows, and one tap to add. */

import { html, useEffect, useSignal } from "../vendor/preact.js";
import { has, t } from "../shared/words.js";
import { added } from "./cart.js";
import { chosen } from "./options.js";
import { openSheet } from "./sheet.js";
import { cart, menu, price, said } from "./state.js";

/** The tags that have words; vegan says vegetarian too. @param {any} item @returns {string[]} */
const diets = (item) =>
  item.tags.filter(
    (/** @type {string} */ tag) => has(`diet.${tag}`) && !(tag === "vegetarian" && item.tags.includes("vegan")),
  );

/** @param {any} item */
const allergens = (item) =>
  item.allergens.map((/** @type {string} */ one) => (has(`allergen.${one}`) ? t(`allergen.${one}`) : one)).join(", ");

export function Menu() {
  const current = useSignal("");
  const categories = menu.value.categories.filter((/** @type {any} */ one) => one.items.length);
  useEffect(() => follow(current), [menu.value]);
  return html`<nav class="sections" aria-label=${t("sections")}>
      ${categories.map(
        (/** @type {any} */ one) =>
          html`<a href=${`#${one.id}`} aria-current=${current.value === one.id ? "true" : undefined}>${one.name}</a>`,
      )}
    </nav>
    <main>
      ${categories.map(
        (/** @type {any} */ one) => html`<section class="section" id=${one.id} aria-labelledby=${`${one.id}-name`}>
          <h2 id=${`${one.id}-name`}>${one.name}</h2>
          <ul>
            ${one.items.map((/** @type {any} */ item) => html`<${Dish} key=${item.id} item=${item} />`)}
          </ul>
        </section>`,
      )}
    </main>`;
}

/** @param {{item: any}} props */
function Dish({ item }) {
  const off = item.sold_out ? t("sold_out") : item.available ? "" : t("not_now");
  return html`<li class=${off ? "dish off" : "dish"}>
    <div>
      <p class="name">${item.name}</p>
      ${item.description && html`<p class="text small">${item.description}</p>`}
      <p>
        <span class="price">${price(item.price)}</span>
        ${diets(item).map((tag) => html`<span class="tag">${t(`diet.${tag}`)}</span>`)}
      </p>
      ${item.allergens.length > 0 && html`<p class="facts">${t("contains", { list: allergens(item) })}</p>`}
    </div>
    ${off
      ? html`<span class="tag off">${off}</span>`
      : html`<button
          class="button add"
          aria-label=${t("add_item", { name: item.name })}
          aria-haspopup=${item.option_groups.length ? "dialog" : undefined}
          onClick=${() => pick(item)}
        >
          ${t("add")}
        </button>`}
  </li>`;
}

/** @param {any} item */
function pick(item) {
  if (item.option_groups.length) {
    chosen.value = item;
    openSheet("options");
    return;
  }
  cart.value = added(cart.value, item, [], 1, "");
  said.value = t("added", { name: item.name });
}

/** Mark the section on screen, and keep its name in view. @param {{value: string}} current */
function follow(current) {
  const seen = new IntersectionObserver(
    (entries) => {
      const entering = entries.find((entry) => entry.isIntersecting);
      if (!entering) return;
      current.value = entering.target.id;
      const link = document.querySelector(`.sections a[href="#${CSS.escape(entering.target.id)}"]`);
      link?.parentElement?.scrollTo({ left: /** @type {HTMLElement} */ (link).offsetLeft - 60, behavior: "smooth" });
    },
    { rootMargin: "-15% 0px -75% 0px" },
  );
  document.querySelectorAll(".section").forEach((section) => seen.observe(section));
  return () => seen.disconnect();
}
