/** The bell: rings until somebody has seen a new order. Browsers allow sound only after a touch. */

import { effect, signal } from "../vendor/preact.js";
import { unseen } from "./orders.js";

const AGAIN = 30_000;
const TONES = [880, 1175];

/** @type {AudioContext | undefined} */
let sound;
export const on = signal(false);

/** Begin the shift: this touch is what allows sound, a screen that stays on, and the whole of it. */
export async function begin() {
  sound ??= new AudioContext();
  await sound.resume();
  on.value = sound.state === "running";
  ring();
  // Not every browser and no insecure origin has it; the board works without.
  await navigator.wakeLock?.request("screen").catch(() => {});
}

export function silence() {
  on.value = false;
}

function ring() {
  if (!sound || !on.value) return;
  TONES.forEach((frequency, index) => {
    const tone = /** @type {AudioContext} */ (sound).createOscillator();
    const volume = /** @type {AudioContext} */ (sound).createGain();
    const start = /** @type {AudioContext} */ (sound).currentTime + index * 0.2;
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0.4, start);
    volume.gain.exponentialRampToValueAtTime(0.001, start + 0.5);
    tone.connect(volume).connect(/** @type {AudioContext} */ (sound).destination);
    tone.start(start);
    tone.stop(start + 0.5);
  });
}

/** Ring for each new order, and again while one has not been touched. */
export function watch() {
  /** @type {Set<string>} */
  let known = new Set();
  let timer = 0;
  effect(() => {
    const ids = new Set(unseen.value.map((order) => order.id));
    if ([...ids].some((id) => !known.has(id))) ring();
    known = ids;
    clearInterval(timer);
    if (ids.size && on.value) timer = setInterval(ring, AGAIN);
  });
}
