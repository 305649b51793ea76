/** Python's operators on runtime values. Each throws `TEMPLATE_FAILED` where Python raises. */
import { defined, isDict, isList, MAX_ITEMS, opened, spend, typeName, type Context } from './context.ts'
import { failRender } from './fault.ts'
import type { ArithmeticOperator, ComparisonOperator } from './nodes.ts'
import { asNumber, calculate, compareNumbers, negate, toDouble, type Integer } from './numbers.ts'
import { MAX_TEXT, represent, toText } from './python-text.ts'
import { Float, JsonText, Tuple, Undefined, type DictKey, type Runtime } from './runtime-values.ts'
import { characters, compareTexts, isPlain, textLength } from './texts.ts'

/** `left operator right` for arithmetic operators; also joins texts and lists, and repeats them. */
export function applyArithmetic(context: Context, operator: ArithmeticOperator, left: Runtime, right: Runtime): Runtime {
  const a = asNumber(left)
  const b = asNumber(right)
  if (a !== null && b !== null) return calculate(operator, a, b)
  const [first, second] = unwrapPair(left, right)
  if (operator === '+') {
    if (typeof first === 'string' && typeof second === 'string') return joinTexts(context, [first, second])
    if (isList(first) && isList(second)) return boundedList(context, [...first, ...second])
    if (first instanceof Tuple && second instanceof Tuple) return new Tuple(boundedList(context, [...first.items, ...second.items]))
  }
  if (operator === '*') {
    const repeated = isCount(b) ? repeat(context, first, b) : isCount(a) ? repeat(context, second, a) : undefined
    if (repeated !== undefined) return repeated
  }
  if (operator === '%' && typeof first === 'string') throw failRender('`%` formatting of texts is not allowed.', 'Join with `~`.')
  throw failRender(`\`${operator}\` does not work between ${typeName(first)} and ${typeName(second)}.`)
}

function isCount(value: Integer | Float | null): value is Integer {
  return value !== null && !(value instanceof Float)
}

function repeat(context: Context, value: Runtime, count: Integer): Runtime | undefined {
  const times = count > 0 ? Number(count) : 0
  if (typeof value === 'string') {
    if (value.length * times > MAX_TEXT) throw tooLongText()
    spend(context, value.length * times)
    return value.repeat(value === '' ? 0 : times)
  }
  const items = isList(value) ? value : value instanceof Tuple ? value.items : undefined
  if (items === undefined) return undefined
  if (items.length * times > MAX_ITEMS) throw tooLongList()
  const result = items.length === 0 ? [] : Array.from({ length: times }, () => items).flat()
  spend(context, result.length)
  return value instanceof Tuple ? new Tuple(result) : result
}

function boundedList(context: Context, items: readonly Runtime[]): readonly Runtime[] {
  spend(context, items.length)
  if (items.length > MAX_ITEMS) throw tooLongList()
  return items
}

function tooLongText(): Error {
  return failRender(`expected a text of at most ${MAX_TEXT} characters, found a longer one.`)
}

function tooLongList(): Error {
  return failRender(`expected a list of at most ${MAX_ITEMS} items, found a longer one.`)
}

/** Texts one after the other. */
export function joinTexts(context: Context, parts: readonly string[], separator = ''): string {
  const length = parts.reduce((sum, part) => sum + part.length + separator.length, 0)
  if (length - separator.length > MAX_TEXT) throw tooLongText()
  spend(context, length)
  return parts.join(separator)
}

/** `str(value)`, counted as work. */
export function textOf(context: Context, value: Runtime): string {
  const text = toText(value)
  spend(context, text.length)
  return text
}

/** `-value` or `+value`. */
export function applySign(value: Runtime, isNegative: boolean): Runtime {
  const number = asNumber(defined(value))
  if (number === null) throw failRender(`a sign does not work before ${typeName(value)}.`)
  return isNegative ? negate(number) : number
}

/** A text with JSON in it counts as text beside texts and numbers, and as what it holds beside lists and dicts. */
function unwrapPair(left: Runtime, right: Runtime): readonly [Runtime, Runtime] {
  const a = defined(left)
  const b = defined(right)
  return [unwrapBeside(a, b), unwrapBeside(b, a)]
}

function unwrapBeside(value: Runtime, other: Runtime): Runtime {
  if (!(value instanceof JsonText)) return value
  return isList(other) || isDict(other) || other instanceof Tuple ? value.opened : value.text
}

/** `left operator right` for comparisons. */
export function applyComparison(context: Context, operator: ComparisonOperator, left: Runtime, right: Runtime): boolean {
  switch (operator) {
    case '==':
      return isEqual(context, left, right)
    case '!=':
      return !isEqual(context, left, right)
    case 'in':
      return contains(context, right, left)
    case 'not in':
      return !contains(context, right, left)
    case '<':
    case '<=':
    case '>':
    case '>=': {
      const order = compareValues(context, left, right)
      if (operator === '<') return order < 0
      if (operator === '<=') return order <= 0
      return operator === '>' ? order > 0 : order >= 0
    }
  }
}

/** `left == right`. */
export function isEqual(context: Context, left: Runtime, right: Runtime): boolean {
  spend(context, 2)
  const [a, b] = unwrapPair(left, right)
  if (typeof a === 'string' || typeof b === 'string') return a === b
  const first = asNumber(a)
  const second = asNumber(b)
  if (first !== null && second !== null) return compareNumbers(first, second) === 0
  if (isList(a) && isList(b)) return areItemsEqual(context, a, b)
  if (a instanceof Tuple && b instanceof Tuple) return areItemsEqual(context, a.items, b.items)
  if (isDict(a) && isDict(b)) {
    if (a.size !== b.size) return false
    for (const [key, value] of a) if (!b.has(key) || !isEqual(context, value, b.get(key) as Runtime)) return false
    return true
  }
  return a === null && b === null
}

function areItemsEqual(context: Context, left: readonly Runtime[], right: readonly Runtime[]): boolean {
  return left.length === right.length && left.every((item, index) => isEqual(context, item, right[index] as Runtime))
}

/** Order of two values: negative, 0 or positive, NaN beside NaN. */
export function compareValues(context: Context, left: Runtime, right: Runtime): number {
  const [a, b] = unwrapPair(left, right)
  const first = asNumber(a)
  const second = asNumber(b)
  if (first !== null && second !== null) return compareNumbers(first, second)
  if (typeof a === 'string' && typeof b === 'string') {
    spend(context, Math.min(a.length, b.length))
    return compareTexts(a, b)
  }
  if (isList(a) && isList(b)) return compareItems(context, a, b)
  if (a instanceof Tuple && b instanceof Tuple) return compareItems(context, a.items, b.items)
  throw failRender(`${typeName(a)} and ${typeName(b)} have no order.`)
}

function compareItems(context: Context, left: readonly Runtime[], right: readonly Runtime[]): number {
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const a = left[index] as Runtime
    const b = right[index] as Runtime
    if (!isEqual(context, a, b)) return compareValues(context, a, b)
  }
  return left.length - right.length
}

/** `item in container`. */
export function contains(context: Context, container: Runtime, item: Runtime): boolean {
  const needle = defined(item)
  const place = opened(container)
  if (typeof place === 'string') {
    const text = needle instanceof JsonText ? needle.text : needle
    if (typeof text !== 'string') throw failRender(`\`in\` a text needs a text before it, found ${typeName(needle)}.`)
    spend(context, place.length)
    return place.includes(text)
  }
  if (isDict(place)) return place.has(toKey(needle))
  const items = isList(place) ? place : place instanceof Tuple ? place.items : undefined
  if (items === undefined) throw failRender(`\`in\` does not work on ${typeName(container)}.`)
  return items.some((candidate) => isEqual(context, needle, candidate))
}

/** The value as a dict's key. Throws for what Python cannot hash, and for tuples. */
export function toKey(value: Runtime): DictKey {
  const key = defined(value)
  if (key instanceof JsonText) return key.text
  if (key instanceof Float) return Number.isInteger(key.value) ? (Number(key.value) as DictKey) : `float ${key.value}`
  if (key === null || typeof key === 'string' || typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean') return key
  throw failRender(`${typeName(key)} cannot be a key of a dict.`)
}

/** `len(value)`. */
export function lengthOf(context: Context, value: Runtime): number {
  const present = opened(value)
  if (typeof present === 'string') {
    spend(context, isPlain(present) ? 1 : present.length)
    return textLength(present)
  }
  if (isList(present)) return present.length
  if (isDict(present)) return present.size
  if (present instanceof Tuple) return present.items.length
  throw failRender(`${typeName(value)} has no length.`)
}

/** What a loop over the value sees: characters, items, or keys. */
export function iterate(context: Context, value: Runtime): readonly Runtime[] {
  if (value instanceof Undefined && value.isLenient) return []
  const present = opened(value)
  const items = isList(present)
    ? present
    : isDict(present)
      ? [...present.keys()]
      : present instanceof Tuple
        ? present.items
        : typeof present === 'string'
          ? characters(present)
          : undefined
  if (items === undefined) throw failRender(`${typeName(value)} cannot be looped over.`)
  spend(context, items.length)
  return items
}

/** `object.name` without a call. */
export function getAttribute(object: Runtime, name: string): Runtime {
  const present = opened(object)
  if (isDict(present)) {
    const value = present.get(name)
    return value === undefined ? new Undefined(`the dict has no field \`${name}\``) : value
  }
  return new Undefined(`${typeName(present)} has no field \`${name}\``)
}

/** `object[index]`. */
export function getItem(context: Context, object: Runtime, index: Runtime): Runtime {
  const present = opened(object)
  const key = defined(index)
  if (isDict(present)) {
    const value = present.get(toKey(key))
    return value === undefined ? new Undefined(`the dict has no field ${represent(key)}`) : value
  }
  const position = typeof key === 'boolean' ? Number(key) : key
  const isSequence = isList(present) || present instanceof Tuple || typeof present === 'string'
  if (!isSequence || (typeof position !== 'number' && typeof position !== 'bigint')) {
    return new Undefined(`${typeName(present)} has no item ${represent(key)}`)
  }
  const items = typeof present === 'string' ? (isPlain(present) ? present : characters(present)) : isList(present) ? present : present.items
  if (items !== present) spend(context, items.length)
  const place = Number(position) < 0 ? items.length + Number(position) : Number(position)
  const item = items[place]
  return item === undefined ? new Undefined(`${typeName(present)} of ${items.length} has no item ${position}`) : item
}

/** `object[start:stop:step]`. */
export function getSlice(context: Context, object: Runtime, start: Runtime, stop: Runtime, step: Runtime): Runtime {
  const present = opened(object)
  const isText = typeof present === 'string'
  if (!isText && !isList(present) && !(present instanceof Tuple)) throw failRender(`${typeName(object)} cannot be sliced.`)
  const items: readonly Runtime[] = isText ? characters(present) : isList(present) ? present : present.items
  const by = bound(step) ?? 1
  if (by === 0) throw failRender('the step of a slice must not be zero.')
  const length = items.length
  const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value < 0 ? value + length : value, low), high)
  const [low, high] = by > 0 ? [0, length] : [-1, length - 1]
  const first = bound(start)
  const last = bound(stop)
  const from = first === null ? (by > 0 ? low : high) : clamp(first, low, high)
  const to = last === null ? (by > 0 ? high : low) : clamp(last, low, high)
  const part: Runtime[] = []
  for (let index = from; by > 0 ? index < to : index > to; index += by) part.push(items[index] as Runtime)
  spend(context, isText ? length : part.length)
  if (isText) return (part as string[]).join('')
  return present instanceof Tuple ? new Tuple(part) : part
}

function bound(value: Runtime): number | null {
  const number = asNumber(defined(value))
  if (value === null) return null
  if (number === null || number instanceof Float) throw failRender(`a slice needs integers, found ${typeName(value)}.`)
  return toDouble(number)
}
