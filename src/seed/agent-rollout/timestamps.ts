/** Earliest and latest of ISO 8601 times with any offset, by instant; a time without one is UTC. */

/** The first and the last, in the form in which they were written; what is no time is passed over. */
export function firstAndLast(times: readonly string[]): readonly [first: string | null, last: string | null] {
  let first: Instant | null = null
  let last: Instant | null = null
  for (const text of times) {
    const at = microseconds(text)
    if (at === null) continue
    if (first === null || at < first.at) first = { at, text }
    if (last === null || at > last.at) last = { at, text }
  }
  return [first?.text ?? null, last?.text ?? null]
}

interface Instant {
  readonly at: number
  readonly text: string
}

const ISO =
  /^(\d{4})-?(\d{2})-?(\d{2})(?:[\s\S](\d{2})(?::?(\d{2})(?::?(\d{2})(?:[.,](\d+))?)?)?(?:([+-])(\d{2}):?(\d{2})(?::?(\d{2}))?|Z)?)?$/

/** Microseconds since the epoch, as Python reads the text; null for what is no time. */
function microseconds(text: string): number | null {
  const match = ISO.exec(text)
  if (match === null) return null
  const number = (place: number): number => Number(match[place] ?? 0)
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map(number) as [number, number, number, number, number, number]
  const date = new Date(Date.UTC(year, month - 1, day))
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) return null
  const offset = (number(9) * 60 + number(10)) * 60 + number(11)
  const seconds = date.getTime() / 1000 + (hour * 60 + minute) * 60 + second - (match[8] === '-' ? -offset : offset)
  return seconds * 1_000_000 + Number((match[7] ?? '').slice(0, 6).padEnd(6, '0'))
}
