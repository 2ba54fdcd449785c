/** The pages of the staff: signs in, shows the board, keeps it up to date. */

import { effect, html, render, signal } from "../vendor/preact.js";
import { keep, kept } from "../shared/keep.js";
import { follow } from "../shared/live.js";
import { language, selfName, speak, t } from "../shared/words.js";
import { watch } from "./bell.js";
import { Board } from "./board.js";
import { Login } from "./login.js";
import { lookTwice } from "./floor.js";
import { Floor } from "./floor_board.js";
import { readBoard } from "./orders.js";
import { expired, login, may, signOut } from "./session.js";

/** @type {{page: "kitchen" | "floor", language: string, languages: string[], words: any, static: string}} */
const boot = JSON.parse(document.getElementById("boot")?.textContent ?? "{}");
const broken = signal(false);
let following = false;
const read = boot.page === "floor" ? lookTwice : readBoard;

function Page() {
  const next = boot.languages[(boot.languages.indexOf(language.value) + 1) % boot.languages.length];
  return html`<header class="head between">
      <h1>${t(boot.page)}</h1>
      <p class="bell">
        <a class="button" href=${boot.page === "floor" ? "kitchen" : "floor"}>
          ${t(boot.page === "floor" ? "kitchen" : "floor")}
        </a>
        <button class="button" lang=${next} onClick=${() => switchLanguage(next)}>${selfName(next)}</button>
        ${login.value &&
        html`<button class="button" onClick=${signOut}>${t("sign_out", { name: login.value.name })}</button>`}
      </p>
    </header>
    ${broken.value && html`<p class="notice bad strip" role="alert">${t("broken")}</p>`}
    ${(!login.value || expired.value) && html`<${Login} then=${open} />`} ${login.value && html`<${Content} />`}`;
}

function Content() {
  if (boot.page === "kitchen") return html`<${Board} />`;
  return may("waiter") ? html`<${Floor} />` : html`<p class="strip notice">${t("for_waiters")}</p>`;
}

/** @param {string} other */
async function switchLanguage(other) {
  const words = await (await fetch(`${boot.static}/staff/words/${other}.json`)).json();
  speak(other, words);
  keep("staff:language", other);
}

function open() {
  if (boot.page === "floor" && !may("waiter")) return;
  read();
  if (following) return;
  following = true;
  follow("/v1/events", () => login.value?.token, read);
}

function begin() {
  speak(boot.language, boot.words);
  addEventListener("error", () => (broken.value = true));
  addEventListener("unhandledrejection", () => (broken.value = true));
  effect(() => {
    document.title = t(boot.page);
  });
  const page = document.getElementById("page");
  if (!page) return;
  page.textContent = "";
  render(html`<${Page} />`, page);
  watch();
  const wanted = kept("staff:language");
  if (wanted && wanted !== boot.language) switchLanguage(wanted);
  if (login.value) open();
}

begin();
