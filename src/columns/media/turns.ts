/** Work that takes a while for each of many rows, which all come at once: done one after the other, giving the event loop its turn. */

/** Longest stretch of work before heartbeats and sockets get their turn, in ms. */
const MAX_TURN_MS = 12

/** Runs work in the order of the calls. */
export function createTurns(): <T>(work: () => T) => Promise<T> {
  let last: Promise<void> = Promise.resolve()
  let turnStart = 0
  async function take(): Promise<void> {
    if (performance.now() - turnStart <= MAX_TURN_MS) return
    await new Promise<void>((resolve) => setImmediate(resolve))
    turnStart = performance.now()
  }
  return async (work) => {
    const mine = last.then(take)
    const done = mine.then(work)
    last = done.then(
      () => undefined,
      () => undefined,
    )
    return await done
  }
}
