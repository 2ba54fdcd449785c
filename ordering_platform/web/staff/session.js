/** Who stands at this screen: signed in by e-mail and password, in this tab only, and signed out by closing it. */

import { signal } from "../vendor/preact.js";
import { ask, insist, Refused } from "../shared/api.js";

const NAME = "staff";
const MARGIN = 30_000;
// Each role may do what those before it may.
const ROLES = ["kitchen", "waiter", "cashier", "manager", "owner"];

/** @type {{value: {token: string, refresh: string, until: number, name: string, role: string} | undefined}} */
export const login = signal(read());
/** Whether somebody has to sign in again; what is on the screen stays. */
export const expired = signal(false);
/** Whether the person here may do what this role may. @param {string} needed */
export const may = (needed) => ROLES.indexOf(login.value?.role ?? "") >= ROLES.indexOf(needed);

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(NAME) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

/** @param {any} given tokens as auth-service gives them; nothing signs out */
function remember(given) {
  login.value = given && {
    token: given.access_token,
    refresh: given.refresh_token,
    until: Date.now() + given.expires_in * 1000,
    name: given.user.name,
    role: given.user.role,
  };
  expired.value = false;
  try {
    if (given) sessionStorage.setItem(NAME, JSON.stringify(login.value));
    else sessionStorage.removeItem(NAME);
  } catch {
    // Without storage a reload asks for the password again.
  }
}

/** @param {string} email @param {string} password */
export async function signIn(email, password) {
  remember(await ask("POST", "/v1/auth/login", { body: { email, password } }));
}

export async function signOut() {
  const refresh = login.value?.refresh;
  remember(undefined);
  if (refresh) await ask("POST", "/v1/auth/logout", { body: { refresh_token: refresh } }).catch(() => {});
}

/** @type {Promise<void> | undefined} */
let renewing;

/** Get a new token; one request however many wait for it, because a refresh token is good for one use. */
async function renew() {
  renewing ??= (async () => {
    try {
      remember(await insist(() => ask("POST", "/v1/auth/refresh", { body: { refresh_token: login.value?.refresh } })));
    } catch (fault) {
      if (fault instanceof Refused && fault.status === 401) expired.value = true;
      throw fault;
    } finally {
      renewing = undefined;
    }
  })();
  return renewing;
}

/**
 * A request as the person here. Throws Refused.
 * @param {string} method
 * @param {string} path
 * @param {{body?: unknown, key?: string, patience?: number}} [given]
 */
export async function call(method, path, given = {}) {
  if ((login.value?.until ?? 0) - MARGIN < Date.now()) await renew();
  return ask(method, path, { ...given, token: login.value?.token });
}
