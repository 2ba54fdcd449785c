/** News from the platform as it happens: a stream while it holds, questions now and then while it does not. */

const POLL = 5_000;
const SILENCE = 45_000;

/**
 * Call `changed` whenever something may have changed, until the page goes away. The stream is closed while the
 * page is hidden: browsers allow six connections to one host, and six forgotten tabs would use them up.
 * @param {string} path of the event stream
 * @param {() => string | undefined} token
 * @param {() => void} changed
 */
export function follow(path, token, changed) {
  /** @type {AbortController | undefined} */
  let stream;

  async function listen() {
    const bearer = token();
    if (!bearer || document.hidden) return;
    stream = new AbortController();
    const answer = await fetch(path, {
      headers: { Accept: "text/event-stream", Authorization: `Bearer ${bearer}` },
      signal: stream.signal,
      cache: "no-store",
    });
    if (!answer.ok || !answer.body) return;
    // What happened before the stream was open is in no event of it.
    changed();
    await read(answer.body.getReader(), changed);
  }

  async function run() {
    for (;;) {
      try {
        await listen();
      } catch {
        // A stream that breaks is followed by a poll and another try.
      }
      await pause();
      if (!document.hidden) changed();
    }
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) stream?.abort();
    else changed();
  });
  run();
}

/** Wait a little, longer while nobody looks. */
function pause() {
  return new Promise((resolve) => {
    const timer = setTimeout(done, document.hidden ? 60_000 : POLL);
    document.addEventListener("visibilitychange", done);
    function done() {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", done);
      resolve(undefined);
    }
  });
}

/** @param {ReadableStreamDefaultReader<Uint8Array>} reader @param {() => void} changed */
async function read(reader, changed) {
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await withinTime(reader);
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const events = text.split("\n\n");
    text = events.pop() ?? "";
    if (events.some(isNews)) changed();
  }
}

/** Whether an event tells something; comments and pings only show that the stream is alive. @param {string} event */
function isNews(event) {
  const lines = event.split("\n");
  return lines.some((line) => line.startsWith("data:")) && !lines.includes("event: ping");
}

/** @param {ReadableStreamDefaultReader<Uint8Array>} reader */
async function withinTime(reader) {
  const timer = setTimeout(() => reader.cancel(), SILENCE);
  try {
    return await reader.read();
  } finally {
    clearTimeout(timer);
  }
}
