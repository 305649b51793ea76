/**
 * One abort listener per signal, however many calls wait on it.
 *
 * All calls of a row group share one signal. Node's `addEventListener` walks the list of listeners to find duplicates, so ten
 * thousand waiting calls would cost fifty million steps, and it warns of a leak from the eleventh on.
 */
import type { Clock } from './clock.ts'

const callbacksOf = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls `callback` once when `signal` aborts. The returned function takes it back and is safe to call twice.
 * The signal must not be aborted yet. A callback must not throw, and is a closure of its own: the same function given twice is called once.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const callbacks = callbacksOf.get(signal) ?? listenTo(signal)
  callbacks.add(callback)
  return () => {
    callbacks.delete(callback)
  }
}

function listenTo(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>()
  callbacksOf.set(signal, callbacks)
  signal.addEventListener(
    'abort',
    () => {
      const pending = [...callbacks]
      callbacks.clear()
      for (const callback of pending) callback()
    },
    { once: true },
  )
  return callbacks
}

/** Resolves after `delayMs`; rejects with the signal's reason, unchanged, when it aborts first. */
export function sleep(delayMs: number, signal: AbortSignal, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error)
    const cancel = clock.after(delayMs, () => {
      forget()
      resolve()
    })
    const forget = onAbort(signal, () => {
      cancel()
      reject(signal.reason as Error)
    })
  })
}
