/**
 * Sets of ids as they cross Temporal. A page with a hole after every row group has thousands of ranges; as a bitmap, six ids a letter, it is
 * never longer than a sixth of the page.
 */
import type { PackedRanges, RangeSet, ScanAnswer, ScanResult } from '../contract.ts'
import { fromSorted, iterate } from './range-set.ts'
import { shortFindings } from './short-findings.ts'

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const BITS = 6
/** Ranges of at most this length in JSON stay as they are: people read them. */
const READABLE = 300

/** The set as ranges while they are few, else as ranges or as a bitmap, whichever is shorter in JSON. */
export function packRanges(ranges: RangeSet): PackedRanges {
  const [first = 0] = ranges[0] ?? []
  const end = ranges.at(-1)?.[1] ?? 0
  const letters = Math.ceil((end - first) / BITS)
  // No range takes fewer than six letters of JSON.
  if (ranges.length * BITS <= letters || JSON.stringify(ranges).length <= Math.max(READABLE, letters)) return ranges
  const bits = new Uint8Array(letters)
  for (const id of iterate(ranges)) {
    const at = Math.floor((id - first) / BITS)
    bits[at] = (bits[at] ?? 0) | (1 << ((id - first) % BITS))
  }
  return `${first}:${Array.from(bits, (six) => LETTERS[six]).join('')}`
}

/** The set that was packed. Throws a `RangeError` for what is no packed set. */
export function unpackRanges(packed: PackedRanges): RangeSet {
  if (typeof packed !== 'string') return packed
  const [first = '', letters = ''] = packed.split(':')
  return fromSorted(idsOf(Number(first), letters))
}

function* idsOf(first: number, letters: string): Generator<number, void, undefined> {
  for (let at = 0; at < letters.length; at += 1) {
    const six = LETTERS.indexOf(letters.charAt(at))
    if (six < 0) throw new RangeError(`expected letters of a packed set, found ${letters.charAt(at)}`)
    for (let bit = 0; bit < BITS; bit += 1) if ((six & (1 << bit)) !== 0) yield first + at * BITS + bit
  }
}

/** A scan's answer with its sets packed; those that are the same are said once. */
export function packScan({ committed, checkpointed, withDropped, findings, ...rest }: ScanResult): ScanAnswer {
  const [done, known] = [packRanges(committed), packRanges(checkpointed)]
  return {
    ...rest,
    findings: shortFindings(findings, 800),
    committed: done,
    ...(JSON.stringify(done) === JSON.stringify(known) ? {} : { checkpointed: known }),
    ...(withDropped === undefined ? {} : { withDropped: packRanges(withDropped) }),
  }
}

/** The scan that was packed. */
export function unpackScan({ committed, checkpointed, withDropped, ...rest }: ScanAnswer): ScanResult {
  const done = unpackRanges(committed)
  return {
    ...rest,
    committed: done,
    checkpointed: checkpointed === undefined ? done : unpackRanges(checkpointed),
    ...(withDropped === undefined ? {} : { withDropped: unpackRanges(withDropped) }),
  }
}
