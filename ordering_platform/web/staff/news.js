/** What every board says about itself: when it was read last, whether it still can be, what went wrong. */

import { signal } from "../vendor/preact.js";

/** When the board was read last; a board that cannot be read must say how old it is. */
export const readAt = signal("");
export const lost = signal(false);
export const trouble = signal("");
