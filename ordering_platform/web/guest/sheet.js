/** A sheet that comes up from below; Back closes it before it leaves the page. */

import { html, useEffect, useRef } from "../vendor/preact.js";
import { t } from "../shared/words.js";
import { said, sheet } from "./state.js";

/** @param {string} name */
export function openSheet(name) {
  const replaces = sheet.value !== "";
  sheet.value = name;
  said.value = "";
  if (replaces) history.replaceState({ sheet: name }, "");
  else history.pushState({ sheet: name }, "");
}

export function closeSheet() {
  if (sheet.value) history.back();
}

addEventListener("popstate", (event) => {
  sheet.value = event.state?.sheet ?? "";
});

/** @param {{title: string, children?: any, foot?: any}} props */
export function Sheet({ title, children, foot }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    dialog.current?.showModal();
    return () => dialog.current?.close();
  }, []);
  const cancel = (/** @type {Event} */ event) => {
    event.preventDefault();
    closeSheet();
  };
  const outside = (/** @type {Event} */ event) => event.target === dialog.current && closeSheet();
  return html`<dialog ref=${dialog} aria-labelledby="sheet-title" onCancel=${cancel} onClick=${outside}>
    <div class="sheet">
      <div class="sheet-head">
        <h2 id="sheet-title">${title}</h2>
        <button class="button bare" aria-label=${t("close")} onClick=${closeSheet}>✕</button>
      </div>
      ${children}
      <p class="hidden" role="status">${said.value}</p>
      ${foot && html`<div class="sheet-foot">${foot}</div>`}
    </div>
  </dialog>`;
}
