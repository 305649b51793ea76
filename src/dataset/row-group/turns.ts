/** Gives the event loop its turn between pieces of work that others wrote: thousands of cells may be ready at once. */

/** Longest stretch of work before heartbeats and sockets get their turn, in ms. */
const MAX_TURN_MS = 12

// There is one event loop, and so one queue for all.
const queue: (() => void)[] = []
let isServing = false

/**
 * Begins the work when its turn comes, one piece after the other, and answers what it answers. What it does after it has waited for
 * something is in nobody's hands.
 */
export function inTurn<T>(work: () => T | Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    queue.push(() => {
      try {
        resolve(work())
      } catch (error) {
        reject(error as Error)
      }
    })
    if (isServing) return
    isServing = true
    setImmediate(serve)
  })
}

function serve(): void {
  const start = performance.now()
  let served = 0
  while (served < queue.length && performance.now() - start < MAX_TURN_MS) queue[served++]!()
  queue.splice(0, served)
  isServing = queue.length > 0
  if (isServing) setImmediate(serve)
}
