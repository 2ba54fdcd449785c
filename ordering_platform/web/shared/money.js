/** Money as people read it; the number of digits comes from the server, never from Intl. */

/** @typedef {{amount: number, currency: string}} Money */

/**
 * @param {Money} money in whole minor units
 * @param {number} digits decimals of the currency
 * @param {string} language
 * @returns {string}
 */
export function shown(money, digits, language) {
  return new Intl.NumberFormat(language, {
    style: "currency",
    currency: money.currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(money.amount / 10 ** digits);
}
