/** What filters, tests, methods and functions are to the compiler, and how their arguments find their places. */
import type { Context } from './context.ts'
import { failRender } from './fault.ts'
import type { Runtime } from './runtime-values.ts'

/** Something a template can call with arguments. */
export interface Callable {
  /** Names of the parameters after the operand, in order. */
  readonly parameters: readonly string[]
  /** How many of them must be given. */
  readonly required: number
  /** Called with one entry per parameter, `undefined` for those not given; all of `rest` when `isVariadic`. */
  readonly run: (context: Context, operand: Runtime, args: readonly (Runtime | undefined)[]) => Runtime
  readonly isVariadic?: true
}

/** Puts arguments in the order of the parameters. Returns the index of each given argument's parameter, or a message. */
export function placeArguments(callable: Callable, positional: number, named: readonly string[]): readonly number[] | string {
  if (callable.isVariadic === true)
    return named.length > 0 ? 'takes no named arguments' : Array.from({ length: positional }, (_, index) => index)
  const { parameters } = callable
  if (positional > parameters.length) return `takes at most ${parameters.length} arguments, found ${positional}`
  const places = Array.from({ length: positional }, (_, index) => index)
  for (const name of named) {
    const place = parameters.indexOf(name)
    if (place < 0) return `has no argument \`${name}\`; arguments: ${parameters.join(', ') || 'none'}`
    if (places.includes(place)) return `is given the argument \`${name}\` twice`
    places.push(place)
  }
  const missing = parameters.find((_, index) => index < callable.required && !places.includes(index))
  return missing === undefined ? places : `needs the argument \`${missing}\``
}

/** Defines a callable; names ending in `?` may be left out. */
export function callable(signature: string, run: Callable['run']): Callable {
  const names = signature === '' ? [] : signature.split(' ')
  return { parameters: names.map((name) => name.replace('?', '')), required: names.filter((name) => !name.endsWith('?')).length, run }
}

/** The argument as a text, or the default. Throws when it is neither. */
export function textArgument(value: Runtime | undefined, name: string, fallback: string): string {
  if (value === undefined) return fallback
  if (typeof value === 'string') return value
  throw failRender(`expected a text as \`${name}\`.`)
}

/** The argument as an integer within ±10^9, or the default. Throws when it is neither. */
export function integerArgument(value: Runtime | undefined, name: string, fallback: number): number {
  if (value === undefined) return fallback
  const number = typeof value === 'boolean' ? Number(value) : value
  if (typeof number === 'bigint') return number > 0n ? 1e9 : -1e9
  if (typeof number === 'number') return Math.max(-1e9, Math.min(1e9, number))
  throw failRender(`expected an integer as \`${name}\`.`)
}
