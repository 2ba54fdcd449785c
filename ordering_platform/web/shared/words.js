/** The words of a page in one language, and the switch to another. */

import { signal } from "../vendor/preact.js";

/** @type {{value: string}} */
export const language = signal("en");
const catalogue = signal({});

/**
 * Speak this language from now on.
 * @param {string} code
 * @param {Record<string, string | Record<string, string>>} words
 */
export function speak(code, words) {
  catalogue.value = words;
  language.value = code;
  document.documentElement.lang = code;
}

/**
 * Whether there are words under a name.
 * @param {string} name
 */
export const has = (name) => name in catalogue.value;

/**
 * The words under a name; `{n}` stands for values, and `n` chooses the plural.
 * @param {string} name
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(name, values = {}) {
  let words = catalogue.value[name] ?? name;
  if (typeof words === "object") {
    words = words[new Intl.PluralRules(language.value).select(Number(values.n))] ?? words.other;
  }
  return words.replace(/\{(\w+)\}/g, (_, value) => String(values[value] ?? ""));
}

/** What a language calls itself. @param {string} code */
export const selfName = (code) => new Intl.DisplayNames([code], { type: "language" }).of(code) ?? code;

/**
 * A time of day.
 * @param {string} moment RFC 3339
 */
export function clock(moment) {
  return new Intl.DateTimeFormat(language.value, { timeStyle: "short" }).format(new Date(moment));
}
