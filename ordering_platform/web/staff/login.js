/** The door: e-mail and password, on top of what was on the screen before. */

import { html, useSignal } from "../vendor/preact.js";
import { t } from "../shared/words.js";
import { signIn } from "./session.js";

/** @param {{then: () => void}} props */
export function Login({ then }) {
  const email = useSignal("");
  const password = useSignal("");
  const open = useSignal(false);
  const busy = useSignal(false);
  const fault = useSignal(/** @type {any} */ (null));
  const enter = async (/** @type {Event} */ event) => {
    event.preventDefault();
    busy.value = true;
    fault.value = null;
    try {
      await signIn(email.value, password.value);
      then();
    } catch (refusal) {
      fault.value = refusal;
    } finally {
      busy.value = false;
    }
  };
  return html`<form class="login" onSubmit=${enter}>
    <h2>${t("sign_in")}</h2>
    ${fault.value && html`<p class="notice bad" role="alert">${reason(fault.value)}</p>`}
    <label class="field">
      <span>${t("email")}</span>
      <input
        type="email"
        autocomplete="username"
        required
        value=${email.value}
        onInput=${(/** @type {any} */ event) => (email.value = event.target.value)}
      />
    </label>
    <label class="field">
      <span>${t("password")}</span>
      <input
        type=${open.value ? "text" : "password"}
        autocomplete="current-password"
        required
        value=${password.value}
        onInput=${(/** @type {any} */ event) => (password.value = event.target.value)}
      />
    </label>
    <label class="choice">
      <input type="checkbox" checked=${open.value} onChange=${() => (open.value = !open.value)} />
      <span>${t("show_password")}</span>
    </label>
    <button class="button main wide center" disabled=${busy.value}>${t(busy.value ? "signing_in" : "sign_in")}</button>
  </form>`;
}

/** @param {any} fault */
function reason(fault) {
  if (fault.away) return t("error.away");
  return fault.message || t("error.other");
}
