/** The guest page: sits down at the table, shows the menu, keeps everything up to date. */

import { effect, html, render, signal, useSignal } from "../vendor/preact.js";
import { follow } from "../shared/live.js";
import { selfName, speak, t } from "../shared/words.js";
import { Menu } from "./menu.js";
import { chosen, Options } from "./options.js";
import { Cart, CartButton, send } from "./order.js";
import { closeSheet } from "./sheet.js";
import * as state from "./state.js";
import { Trouble } from "./trouble.js";
import { Orders, OrdersButton } from "./visit.js";

const broken = signal(false);
// Fetched when somebody pays, or when the page has nothing else to do: the menu does not wait for it.
const checkout = signal(/** @type {any} */ (null));
const { boot, menu, online, sheet, stopped } = state;

function Page() {
  const next = state.nextLanguage.value;
  return html`<header class="top">
      <div>
        <h1>${boot.venue}</h1>
        <p class="muted">${t("table", { name: boot.table })}</p>
      </div>
      <button class="button" lang=${next} onClick=${() => guarded(() => state.switchLanguage(next))}>
        ${selfName(next)}
      </button>
    </header>
    <div class="strip">
      ${broken.value && html`<p class="notice bad" role="alert">${t("broken")}</p>`}
      ${!online.value && html`<p class="notice" role="status">${t("offline")}</p>`}
      <p class="hidden" role="status">${sheet.value ? "" : state.said.value}</p>
    </div>
    ${menu.value ? html`<${Menu} />` : !stopped.value && html`<p class="strip muted">${t("loading")}</p>`}
    <${Bar} />
    ${sheet.value === "options" && chosen.value && html`<${Options} key=${chosen.value.id} />`}
    ${sheet.value === "cart" && html`<${Cart} />`} ${sheet.value === "orders" && html`<${Orders} />`}
    ${sheet.value === "pay" && html`<${Checkout} of="Pay" />`}
    ${sheet.value === "share" && html`<${Checkout} of="Share" />`}`;
}

/** @param {{of: "Pay" | "Share"}} props */
function Checkout({ of }) {
  if (!checkout.value) fetchCheckout();
  return checkout.value && html`<${checkout.value[of]} />`;
}

async function fetchCheckout() {
  const [pay, share] = await Promise.all([import("./checkout/pay.js"), import("./checkout/share.js")]);
  checkout.value = { ...pay, ...share };
}

function Bar() {
  const orders = OrdersButton();
  const cart = CartButton(Boolean(orders));
  if (stopped.value) return html`<div class="bar"><${Stopped} /></div>`;
  if (!orders && !cart) return null;
  return html`<div class=${orders && cart ? "bar two-buttons" : "bar"}>${orders}${cart}</div>`;
}

function Stopped() {
  const digits = useSignal("");
  if (stopped.value === "ended") {
    return html`<div class="notice" role="alert">
      <h2>${t("ended_title")}</h2>
      <p>${t("ended_text")}</p>
      <p><button class="button main" onClick=${() => guarded(state.beginAgain)}>${t("begin")}</button></p>
    </div>`;
  }
  if (stopped.value === "visit_code") {
    const join = (/** @type {Event} */ event) => {
      event.preventDefault();
      guarded(() => state.open(digits.value));
    };
    return html`<form class="with-button" onSubmit=${join}>
      <label class="field">
        <span>${t("visit_code")}</span>
        <input inputmode="numeric" autocomplete="one-time-code" maxlength="8" value=${digits.value} onInput=${(/** @type {any} */ event) => (digits.value = event.target.value)} />
        <span class="muted small">${t("visit_code_text")}</span>
      </label>
      <button class="button main">${t("join")}</button>
    </form>`;
  }
  return html`<${Trouble} fault=${stopped.value}>
    <p><button class="button" onClick=${() => guarded(state.open)}>${t("retry")}</button></p>
  <//>`;
}

/** Run what a button asks for; what goes wrong is said, never swallowed. @param {() => Promise<void>} work */
function guarded(work) {
  work().catch((fault) => {
    try {
      state.stop(fault);
    } catch {
      broken.value = true;
    }
  });
}

function begin() {
  speak(boot.language, boot.words);
  addEventListener("error", () => (broken.value = true));
  addEventListener("unhandledrejection", () => (broken.value = true));
  addEventListener("online", () => (online.value = true));
  addEventListener("offline", () => (online.value = false));
  history.replaceState({ sheet: "" }, "");
  effect(() => {
    document.title = `${boot.venue} · ${t("table", { name: boot.table })}`;
  });
  effect(() => {
    if (stopped.value && sheet.peek()) closeSheet();
  });
  const page = document.getElementById("page");
  if (!page) return;
  page.textContent = "";
  render(html`<${Page} />`, page);
  guarded(async () => {
    await state.open();
    const wanted = state.chosenLanguage();
    if (wanted && wanted !== boot.language) await state.switchLanguage(wanted);
    // A page that was closed while it sent or paid finishes that first.
    if (state.sending.value) await send();
    if (state.paying.value || state.sharing.value) await fetchCheckout();
    if (state.paying.value) await checkout.value.pay();
    if (state.sharing.value) await checkout.value.payPart();
    follow("/v1/events", () => state.guest.value?.token, () => guarded(state.refresh));
    await fetchCheckout();
  });
}

begin();
