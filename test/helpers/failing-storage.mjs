/**
 * A storage that ends its own process, as a power cut would, at a chosen operation. Plain JavaScript, since worker processes of tests
 * load it; nothing of it is in the package.
 */
import { randomUUID } from 'node:crypto'
import { appendFileSync, linkSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { decorate } from '../../bench/calls-in-flight.mjs'

/**
 * @template {import('../../src/storage/storage.ts').Storage} S
 * @param {(location: string) => S} openStorage
 * @param {import('../e2e/worker-process.ts').KillPoint} point
 * @param {() => never} die
 * @returns {(location: string) => S}
 */
export function killAt(openStorage, { operation, key, when, count = 1 }, die) {
  const pattern = new RegExp(key)
  let matches = 0
  const isThere = (name, named) => name === operation && pattern.test(named) && ++matches === count

  async function run(storage, work, name, args) {
    const named = name === 'publish' || name === 'move' ? args[1] : args[0]
    if (typeof named !== 'string' || !isThere(name, named)) return await work(...args)
    if (when === 'before') die()
    if (when === 'during') await doHalf(storage, work, name, args)
    else await work(...args)
    return die()
  }

  return (location) => {
    const storage = openStorage(location)
    return decorate(storage, {
      '*': (work, name, ...args) => {
        // Not everything is asynchronous, and what is not is never a point to die at.
        if (name === 'describe') return work()
        if (name !== 'openAppend') return run(storage, work, name, args)
        return run(storage, work, name, args).then((handle) => ({
          append: (text) => run(storage, (_key, ...rest) => handle.append(...rest), 'append', [args[0], text]),
          close: () => handle.close(),
        }))
      },
    })
  }
}

/** Leaves behind what a kill in the middle of the operation leaves. */
async function doHalf(storage, work, name, [first, second]) {
  const path = (key) => join(storage.describe(), ...key.split('/'))
  switch (name) {
    case 'stage':
      return await work(first, second.slice(0, second.length >> 1))
    case 'append':
      // Past the handle, which would put appends of the same moment behind it: a kill tears the last line only.
      return appendFileSync(path(first), second.slice(0, second.length >> 1))
    case 'writeAtomic':
    case 'createExclusive':
      mkdirSync(dirname(path(first)), { recursive: true })
      return writeFileSync(join(dirname(path(first)), await temporaryName()), second.slice(0, second.length >> 1))
    case 'publish':
      mkdirSync(dirname(path(second)), { recursive: true })
      return linkSync(path(first), path(second))
    default:
      throw new Error(`there is no middle of ${name}`)
  }
}

/** A name as the local storage gives it to a file that is not whole yet. */
async function temporaryName() {
  const keys = await import('../../dist/src/storage/keys.js')
  return keys.temporaryName(randomUUID())
}
