/** Strings for the `format`s of JSON schema that have a fixed shape; names of hosts are the reserved example ones. */
import type { Draws } from './draws.ts'
import { plainWord } from './words.ts'

const pad = (value: number, digits = 2): string => String(value).padStart(digits, '0')
const date = (draws: Draws): string => `${2020 + draws.below(10)}-${pad(1 + draws.below(12))}-${pad(1 + draws.below(28))}`
const time = (draws: Draws): string => `${pad(draws.below(24))}:${pad(draws.below(60))}:${pad(draws.below(60))}`
const hex = (draws: Draws, digits: number): string => Array.from({ length: digits }, () => draws.below(16).toString(16)).join('')
const uuid = (draws: Draws): string =>
  `${hex(draws, 8)}-${hex(draws, 4)}-4${hex(draws, 3)}-${draws.pick(['8', '9', 'a', 'b'])}${hex(draws, 3)}-${hex(draws, 12)}`
const host = (words: readonly string[], draws: Draws): string => `${plainWord(words, draws)}.example.com`

type FormatMaker = (words: readonly string[], draws: Draws) => string

const MAKERS: Readonly<Record<string, FormatMaker>> = {
  date: (_words, draws) => date(draws),
  time: (_words, draws) => `${time(draws)}Z`,
  'date-time': (_words, draws) => `${date(draws)}T${time(draws)}Z`,
  'iso-time': (_words, draws) => time(draws),
  'iso-date-time': (_words, draws) => `${date(draws)}T${time(draws)}`,
  duration: (_words, draws) => `P${1 + draws.below(30)}DT${draws.below(24)}H`,
  email: (words, draws) => `rehearsal.${plainWord(words, draws)}@example.com`,
  'idn-email': (words, draws) => `rehearsal.${plainWord(words, draws)}@example.com`,
  hostname: host,
  'idn-hostname': host,
  ipv4: (_words, draws) => `192.0.2.${draws.below(256)}`,
  ipv6: (_words, draws) => `2001:db8::${hex(draws, 4)}`,
  uri: (words, draws) => `https://example.com/rehearsal/${plainWord(words, draws)}`,
  url: (words, draws) => `https://example.com/rehearsal/${plainWord(words, draws)}`,
  iri: (words, draws) => `https://example.com/rehearsal/${plainWord(words, draws)}`,
  'uri-reference': (words, draws) => `/rehearsal/${plainWord(words, draws)}`,
  'iri-reference': (words, draws) => `/rehearsal/${plainWord(words, draws)}`,
  'uri-template': (words, draws) => `https://example.com/${plainWord(words, draws)}/{id}`,
  uuid: (_words, draws) => uuid(draws),
  'json-pointer': (words, draws) => `/rehearsal/${plainWord(words, draws)}`,
  'relative-json-pointer': (words, draws) => `${draws.below(3)}/${plainWord(words, draws)}`,
  regex: (words, draws) => `^${plainWord(words, draws)}$`,
  byte: (words, draws) => Buffer.from(plainWord(words, draws)).toString('base64'),
  binary: (words, draws) => plainWord(words, draws),
}

/** A string of that format, or undefined for a format that has no fixed shape here: it is then free text. */
export function formatted(format: string, words: readonly string[], draws: Draws): string | undefined {
  return Object.hasOwn(MAKERS, format) ? MAKERS[format]?.(words, draws) : undefined
}
