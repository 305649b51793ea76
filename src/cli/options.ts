/** What options mean: from words on the command line to values. Refusals are commander's, so that they name the option. */
import { InvalidArgumentError } from 'commander'
import type { ResumeMode } from '../contract.ts'

/** A whole number of at least 1; `1_000` and `1,000` are understood too. */
export function parseCount(text: string): number {
  const value = Number(text.replaceAll(/[_,]/gu, ''))
  if (/^\d[\d_,]*$/u.test(text) && Number.isSafeInteger(value) && value >= 1) return value
  throw new InvalidArgumentError('Expected a whole number of at least 1.')
}

/** Names separated by commas, blanks around them ignored. */
export function parseColumns(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim())
  if (names.every((name) => name !== '')) return names
  throw new InvalidArgumentError('Expected names of columns separated by commas, such as city,review.')
}

/** A whole number of at least 0. */
export function parseIndex(text: string): number {
  const value = Number(text.replaceAll(/[_,]/gu, ''))
  if (/^\d[\d_,]*$/u.test(text) && Number.isSafeInteger(value)) return value
  throw new InvalidArgumentError('Expected a whole number of at least 0.')
}

/** A port, 0 to 65,535. */
export function parsePort(text: string): number {
  const value = parseIndex(text)
  if (value <= 65_535) return value
  throw new InvalidArgumentError('Expected a port from 0 to 65535.')
}

/** Row groups open at once, 1 to 256. */
export function parseWindow(text: string): number {
  const value = parseCount(text)
  if (value <= 256) return value
  throw new InvalidArgumentError('Expected a whole number from 1 to 256.')
}

/** An amount of money above 0, such as 5 or 0.50; the currency is that of the prices. */
export function parseAmount(text: string): number {
  const value = Number(text.replace(/^\$/u, ''))
  if (/^\$?\d+(?:\.\d+)?$/u.test(text) && value > 0) return value
  throw new InvalidArgumentError('Expected an amount of money above 0, such as 5.00.')
}

/** As `parseAmount`, or `none`. */
export function parseBudget(text: string): number | 'none' {
  return text === 'none' ? text : parseAmount(text)
}

/** A limit, a whole number of at least 1, or `none`; commander has no null for values of options. */
export function parseLimit(text: string): number | 'none' {
  return text === 'none' ? text : parseCount(text)
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90s`, `10m`, `1h30m`, `250ms`, `0s`: milliseconds. A number without a unit is refused, since it could be either. */
export function parseDuration(text: string): number {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/u.test(text)) throw new InvalidArgumentError('Expected a duration such as 90s, 10m or 1h30m.')
  let total = 0
  for (const [, number = '0', unit = 'ms'] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/gu)) total += Number(number) * (UNIT_MS[unit] ?? 1)
  return Math.round(total)
}

/** Rows that may be missing in a dataset called complete. */
export type AllowedDrops = { readonly rows: number } | { readonly share: number }

/** `12`: rows; `1%` or `0.5%`: a share of the rows wanted, below 100 %. */
export function parseAllowedDrops(text: string): AllowedDrops {
  const percent = /^(\d+(?:\.\d+)?)%$/u.exec(text)?.[1]
  if (percent !== undefined && Number(percent) < 100) return { share: Number(percent) / 100 }
  if (/^\d+$/u.test(text)) return { rows: Number(text) }
  throw new InvalidArgumentError('Expected a number of rows such as 12, or a share below 100% such as 1%.')
}

const RESUME_MODES: Readonly<Record<string, ResumeMode>> = {
  never: 'never',
  always: 'always',
  if_possible: 'if_possible',
  true: 'always',
  false: 'never',
}

/** `never`, `always` or `if_possible`; DataDesigner's `true` and `false` are `always` and `never`. */
export function parseResume(text: string): ResumeMode {
  const mode = Object.hasOwn(RESUME_MODES, text) ? RESUME_MODES[text] : undefined
  if (mode !== undefined) return mode
  throw new InvalidArgumentError('Allowed choices are never, always, if_possible (or false, true).')
}

/** How long a blocked run is waited for, in ms; null for ever. */
export function maxWaitOf(
  flags: { readonly onBlocked?: 'wait' | 'exit' | undefined; readonly maxWait?: number | undefined },
  isTerminal: boolean,
): number | null {
  if (flags.onBlocked === 'exit') return 0
  if (flags.maxWait !== undefined) return flags.maxWait
  // A script must not hang for ever unasked (ruling 21).
  return flags.onBlocked === 'wait' || isTerminal ? null : 10 * 60_000
}
