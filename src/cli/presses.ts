/**
 * Ctrl-C as a person means it. One press may reach us twice: the terminal sends it to npx and to us, and npx passes it on as well. Taken
 * for two, it would abort, and the calls on the wire would be paid for in vain.
 */

/** Signals closer together than this are one press, in ms. */
const SAME_PRESS_MS = 250

/** Answers, for each signal, which press it is (1, 2, …), or null when it belongs to the press before. `nowMs` is monotonic. */
export function createPresses(nowMs: () => number = () => performance.now()): () => number | null {
  let presses = 0
  let lastAtMs = Number.NEGATIVE_INFINITY
  return () => {
    const atMs = nowMs()
    if (atMs - lastAtMs < SAME_PRESS_MS) return null
    lastAtMs = atMs
    presses += 1
    return presses
  }
}
