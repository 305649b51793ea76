/** Waiting that can be given up: for a slot, for a pause, for what others wait for too. */

/** So many at once; the others wait in the order in which they came. */
export interface Slots {
  /** Runs the work with a slot. Throws the signal's reason when it aborts before there is one. */
  hold<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

/** Slots, all free. */
export function createSlots(count: number): Slots {
  let free = count
  const queue: (() => void)[] = []
  return {
    async hold(signal, work) {
      signal.throwIfAborted()
      if (free > 0) free -= 1
      else await untilGiven(queue, signal)
      try {
        return await work()
      } finally {
        const next = queue.shift()
        if (next === undefined) free += 1
        else next()
      }
    },
  }
}

function untilGiven(queue: (() => void)[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const give = (): void => {
      signal.removeEventListener('abort', giveUp)
      resolve()
    }
    const giveUp = (): void => {
      queue.splice(queue.indexOf(give), 1)
      reject(signal.reason as Error)
    }
    queue.push(give)
    signal.addEventListener('abort', giveUp, { once: true })
  })
}

/** Resolves after so many ms; rejects with the signal's reason. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) {
    let timer: NodeJS.Timeout | undefined
    const slept = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))
    await orAborted(slept, signal).finally(() => clearTimeout(timer))
  }
  signal.throwIfAborted()
}

/** What the promise comes to, unless the signal aborts first; the promise goes on for others. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  let giveUp = (): void => undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    giveUp = () => reject(signal.reason as Error)
    signal.addEventListener('abort', giveUp, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
