/**
 * Calls of this process that left it and whose answers are not on disk yet: exactly those that a kill at this moment may make the
 * next process pay again. Counted outside of Parquetry: undici says what is sent, a wrapped storage what is appended.
 */
import { subscribe } from 'node:diagnostics_channel'

/**
 * @template {{ openAppend(key: string, options?: object): Promise<{ append(text: string): Promise<void>, close(): Promise<void> }> }} S
 * @param {(location: string) => S} openStorage
 * @param {(callsInFlight: number) => void} [onChange] Called at once with each change.
 * @returns {{ openStorage: (location: string) => S, callsInFlight: () => number }}
 */
export function countCallsInFlight(openStorage, onChange = () => undefined) {
  let inFlight = 0
  const change = (by) => onChange((inFlight += by))
  subscribe('undici:request:create', () => change(1))
  subscribe('undici:request:error', () => change(-1))
  return {
    callsInFlight: () => inFlight,
    openStorage: (location) =>
      decorate(openStorage(location), {
        openAppend: async (openAppend, key, options) => {
          const handle = await openAppend(key, options)
          return {
            append: async (text) => {
              await handle.append(text)
              // One line an answer; a line that ends a torn one begins with a newline of its own.
              change(-1)
            },
            close: () => handle.close(),
          }
        },
      }),
  }
}

/**
 * The same storage with some operations replaced; each replacement gets the operation it stands for, then its arguments.
 * @template {object} S
 * @param {S} storage
 * @param {Record<string, (operation: (...args: any[]) => any, ...args: any[]) => any>} replacements
 * @returns {S}
 */
export function decorate(storage, replacements) {
  return new Proxy(storage, {
    get(target, name) {
      const value = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      const operation = value.bind(target)
      const replacement = replacements[name] ?? replacements['*']
      if (replacement === undefined) return operation
      return replacements[name] === undefined
        ? (...args) => replacement(operation, name, ...args)
        : (...args) => replacement(operation, ...args)
    },
  })
}
