/** One rendering: what it may read, and how much it may still do. */
import type { Value } from '../values.ts'
import { failRender } from './fault.ts'
import { Float, JsonText, Tuple, Undefined, type Dict, type Runtime } from './runtime-values.ts'

/** State of one rendering. */
export interface Context {
  readonly values: Readonly<Record<string, Value>>
  /** Uniform in [0, 1): the row's own stream, never the process's. */
  readonly random: () => number
  /** Opened columns and loop variables, by the numbers the compiler gave them. */
  readonly slots: (Runtime | undefined)[]
  /** The running loop; loops do not nest. */
  loop: LoopState | null
  /** The text so far. */
  output: string
  /** Characters and items touched so far; bounded by `MAX_WORK`. */
  work: number
}

/** What `loop` knows. */
export interface LoopState {
  readonly items: readonly Runtime[]
  index: number
  /** What `loop.changed` saw last. */
  last: readonly Runtime[] | null
}

/** Characters and items a rendering may touch. Keeps the worst template below about a second. */
export const MAX_WORK = 10_000_000
/** Items of a list that a template makes by itself; Jinja2's sandbox bounds `range` so. */
export const MAX_ITEMS = 100_000

/** Counts work. Throws `TEMPLATE_FAILED` beyond `MAX_WORK`. */
export function spend(context: Context, amount: number): void {
  context.work += amount
  if (context.work > MAX_WORK) throw failRender('this rendering does too much work.', 'Use smaller loops and shorter texts.')
}

/** The value, unless it is undefined: that throws `TEMPLATE_FAILED` (strict undefined). */
export function defined(value: Runtime): Exclude<Runtime, Undefined> {
  if (value instanceof Undefined) throw failRender(`${value.reason}.`)
  return value
}

/** The value, a text with JSON in it opened. Throws on undefined. */
export function opened(value: Runtime): Exclude<Runtime, Undefined | JsonText> {
  const present = defined(value)
  return present instanceof JsonText ? present.opened : present
}

/** True for a Python list. */
export function isList(value: Runtime): value is readonly Runtime[] {
  return Array.isArray(value)
}

/** True for a Python dict. */
export function isDict(value: Runtime): value is Dict {
  return value instanceof Map
}

/** Python's name of the value's type, for messages. */
export function typeName(value: Runtime): string {
  if (value === null) return 'None'
  if (typeof value === 'string' || value instanceof JsonText) return 'str'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number' || typeof value === 'bigint') return 'int'
  if (value instanceof Float) return 'float'
  if (value instanceof Tuple) return 'tuple'
  if (value instanceof Undefined) return 'undefined'
  return isDict(value) ? 'dict' : 'list'
}

/** `bool(value)`. Throws on undefined. */
export function isTruthy(value: Runtime): boolean {
  if (value instanceof Undefined && value.isLenient) return false
  const present = opened(value)
  if (typeof present === 'boolean') return present
  if (present === null) return false
  if (typeof present === 'string') return present !== ''
  if (typeof present === 'number') return present !== 0
  if (typeof present === 'bigint') return present !== 0n
  if (present instanceof Float) return present.value !== 0
  if (present instanceof Tuple) return present.items.length > 0
  return isDict(present) ? present.size > 0 : present.length > 0
}
