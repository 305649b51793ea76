/** E-mail addresses that look like those of people of a name and an age, with DataDesigner's patterns and shares of providers. */
import type { RowStream } from '../../random/random.ts'
import type { Value } from '../../values.ts'
import { dateOfDays, padNumber } from '../../plan/calendar.ts'
import { drawInteger } from './draw.ts'

/** Writes any text in ASCII letters, as near as there are. */
export type ToAscii = (text: string) => string

/** Loads the tables of all scripts, about half a megabyte. */
export async function loadToAscii(): Promise<ToAscii> {
  return (await import('any-ascii')).default
}

/** The address of a person; null when the names have nothing to make one of. `born` is the day of birth. */
export function emailAddress(
  stream: RowStream,
  names: Readonly<Record<string, Value>>,
  age: number,
  born: number,
  toAscii: ToAscii,
): string | null {
  const [pattern, suffix, provider] = [stream.next(), stream.next(), stream.next()]
  const number = drawInteger(stream, 1, 100)
  const plain = (field: string): string => {
    const name = names[field]
    return typeof name === 'string'
      ? toAscii(name)
          .toLowerCase()
          .replace(/[^a-z0-9]/g, '')
      : ''
  }
  const [first, middle, last] = [plain('first_name'), plain('middle_name'), plain('last_name')]
  if (first === '' || last === '') return null
  const { year, day } = dateOfDays(born)
  const base = pickShare(pattern, basesOf(first, middle, last))
  const end = pickShare(suffix, [
    ['', 40],
    [String(number), 30],
    [padNumber(year % 100, 2), 10],
    [String(year), 10],
    [String(day), 10],
  ])
  return `${base}${end}@${pickShare(provider, age < 30 ? UNDER_30 : age < 50 ? UNDER_50 : FROM_50)}`
}

type Shares = readonly (readonly [string, number])[]

function basesOf(first: string, middle: string, last: string): Shares {
  const bases = [`${first}.${last}`, first + last, first[0]! + last, `${first}_${last}`, last + first[0]!, first + last[0]!]
  if (middle === '') return bases.map((base, index) => [base, [30, 20, 15, 10, 15, 10][index]!])
  const more = [...bases, first + middle, first + middle[0]! + last, first + middle + last]
  return more.map((base, index) => [base, [25, 17, 12, 8, 12, 8, 6, 6, 6][index]!])
}

/** The item in whose share `place` (0 ≤ place < 1) falls. */
function pickShare(place: number, shares: Shares): string {
  let rest = place * shares.reduce((sum, [, share]) => sum + share, 0)
  for (const [item, share] of shares) {
    if (rest < share) return item
    rest -= share
  }
  return shares.at(-1)![0]
}

const PROVIDERS = ['gmail', 'icloud', 'outlook', 'hotmail', 'yahoo', 'protonmail', 'zoho', 'gmx', 'aol']
const sharesOf = (...shares: readonly number[]): Shares => PROVIDERS.map((name, index) => [`${name}.com`, shares[index]!])
const UNDER_30 = sharesOf(710, 300, 50, 40, 35, 20, 3, 3, 0.1)
const UNDER_50 = sharesOf(360, 270, 60, 50, 60, 18, 7, 4, 0.3)
const FROM_50 = sharesOf(430, 280, 90, 110, 135, 12, 5, 4, 1.1)
