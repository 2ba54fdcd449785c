/** Calls to the platform: JSON in and out, every call bounded, refusals as one kind of error. */

const PATIENCE = 12_000;
const PAUSES = [1_000, 2_000, 4_000, 8_000];

/** A refusal: `code` is stable; `away` says that the outcome is unknown or nobody answered. */
export class Refused extends Error {
  /** @param {number} status @param {any} problem */
  constructor(status, problem) {
    super(problem.detail ?? "");
    this.status = status;
    this.code = problem.code ?? "away";
    this.details = problem.details ?? {};
    this.errors = problem.errors ?? [];
    this.requestId = problem.request_id ?? "";
    this.away = status === 0 || status >= 500 || this.code === "idempotency_in_progress";
  }
}

/**
 * One request. Throws Refused.
 * @param {string} method
 * @param {string} path
 * @param {{token?: string, body?: unknown, key?: string, patience?: number}} [given] patience in milliseconds
 * @returns {Promise<any>}
 */
export async function ask(method, path, { token, body, key, patience = PATIENCE } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (key) headers["Idempotency-Key"] = key;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), patience);
  try {
    const answer = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: giveUp.signal,
      cache: "no-store",
    });
    const read = answer.status === 204 ? null : await answer.json();
    if (!answer.ok) throw new Refused(answer.status, read);
    return read;
  } catch (fault) {
    throw fault instanceof Refused ? fault : new Refused(0, {});
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The same request again while nobody answers. Only for what may be sent twice: reads, and writes with a key.
 * @param {() => Promise<any>} request
 * @param {() => void} [waiting] called before each further try
 * @returns {Promise<any>}
 */
export async function insist(request, waiting) {
  for (const pause of PAUSES) {
    try {
      return await request();
    } catch (fault) {
      if (!(fault instanceof Refused && fault.away)) throw fault;
      waiting?.();
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
  return request();
}
