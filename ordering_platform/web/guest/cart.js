/** The cart as data: lines of what was chosen, at the prices that were seen. No page, no network. */

/**
 * @typedef {{id: string, name: string, price: {amount: number, currency: string}}} Option
 * @typedef {{item: string, name: string, unit: number, options: Option[], quantity: number, note: string,
 *   was?: number, gone?: boolean}} Line
 */

export const MAX_QUANTITY = 20;

/** @param {any} item @param {Option[]} options @returns {number} price of one, in minor units */
export const unitPrice = (item, options) =>
  options.reduce((sum, option) => sum + option.price.amount, item.price.amount);

/** @param {Line[]} lines */
export const total = (lines) => lines.reduce((sum, line) => sum + line.unit * line.quantity, 0);
/** @param {Line[]} lines */
export const count = (lines) => lines.reduce((sum, line) => sum + line.quantity, 0);

/** @param {Line} line */
const kind = (line) => [line.item, line.note, ...line.options.map((option) => option.id).sort()].join(" ");

/**
 * Add to the cart; the same choice again becomes more of one line.
 * @param {Line[]} lines @param {any} item @param {Option[]} options @param {number} quantity @param {string} note
 * @returns {Line[]}
 */
export function added(lines, item, options, quantity, note) {
  /** @type {Line} */
  const line = { item: item.id, name: item.name, unit: unitPrice(item, options), options, quantity, note };
  const same = lines.findIndex((one) => kind(one) === kind(line));
  if (same < 0) return [...lines, line];
  return lines.map((one, index) =>
    index === same ? { ...line, quantity: Math.min(one.quantity + quantity, MAX_QUANTITY) } : one,
  );
}

/** @param {Line[]} lines @param {number} index @param {number} quantity 0 removes @returns {Line[]} */
export const changed = (lines, index, quantity) =>
  lines.flatMap((line, at) => (at !== index ? [line] : quantity ? [{ ...line, quantity }] : []));

/**
 * The lines at the prices and in the words of a menu that was just read.
 * @param {Line[]} lines @param {Map<string, any>} items @returns {Line[]}
 */
export function repriced(lines, items) {
  return lines.map((line) => {
    const item = items.get(line.item);
    const offered = (item?.option_groups ?? []).flatMap((/** @type {any} */ group) => group.options);
    const options = line.options.map((chosen) => offered.find((/** @type {any} */ one) => one.id === chosen.id));
    if (!item?.available || options.some((option) => !option || option.sold_out)) return { ...line, gone: true };
    const unit = unitPrice(item, options);
    const plain = options.map(({ id, name, price }) => ({ id, name, price }));
    const was = unit === line.unit ? {} : { was: line.was ?? line.unit };
    return { ...line, gone: false, name: item.name, options: plain, unit, ...was };
  });
}

/** @param {Line[]} lines @param {string} note what goes to the server: ids and numbers, never prices */
export function asOrder(lines, note) {
  return {
    items: lines.map((line) => ({
      menu_item_id: line.item,
      quantity: line.quantity,
      options: line.options.map((option) => option.id),
      ...(line.note ? { note: line.note } : {}),
    })),
    ...(note ? { note } : {}),
  };
}
