/** What a refusal means in plain words: what happened, whether it counts, what to do. */

import { html } from "../vendor/preact.js";
import { has, t } from "../shared/words.js";

/** @param {any} fault @param {string} [whenAway] words for a request whose outcome is unknown */
export function meaning(fault, whenAway = "error.away") {
  if (fault.away) return t(whenAway);
  return t(has(`error.${fault.code}`) ? `error.${fault.code}` : "error.other");
}

/** @param {{fault: any, whenAway?: string, children?: any}} props */
export function Trouble({ fault, whenAway, children }) {
  if (!fault) return null;
  return html`<div class="notice bad" role="alert">
    ${meaning(fault, whenAway)} ${children}
    ${fault.requestId && html`<span class="small">${t("request_id", { id: fault.requestId })}</span>`}
  </div>`;
}
