/**
 * Draws of the rehearsal endpoint: a small generator seeded from a digest, so that an answer depends on its request only.
 */

/** Uniform draws in a fixed order. */
export interface Draws {
  /** Uniform in [0, 1), 32 bits. */
  next(): number
  /** Uniform integer in [0, count); 0 when count is below 1. */
  below(count: number): number
  /** One of the items; throws on an empty list. */
  pick<T>(items: readonly T[]): T
}

/**
 * A stream of draws (sfc32) whose whole state comes from a digest of at least 12 bytes and a salt: the same two give the same
 * draws on every machine. Not for secrets.
 */
export function drawsFrom(digest: Uint8Array, salt: number): Draws {
  const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength)
  let a = view.getUint32(0)
  let b = view.getUint32(4)
  let c = view.getUint32(8) ^ Math.imul(salt | 0, 0x9e3779b9)
  let counter = 1
  const nextUint32 = (): number => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  for (let round = 0; round < 12; round += 1) nextUint32()
  const next = (): number => nextUint32() / 4294967296
  return {
    next,
    below: (count) => (count < 1 ? 0 : Math.floor(next() * count)),
    pick: (items) => {
      const item = items[Math.floor(next() * items.length)]
      if (item === undefined && items.length === 0) throw new RangeError('Expected at least one item to pick from, found none.')
      return item as (typeof items)[number]
    },
  }
}
