/** Jinja2's filters that templates may use, with its parameters and defaults. Iterators print as lists here. */
import { callable, integerArgument, textArgument, type Callable } from './callables.ts'
import { defined, isDict, isList, isTruthy, opened, spend, typeName, type Context } from './context.ts'
import { failRender } from './fault.ts'
import { findJsonPath } from './jsonpath.ts'
import { asNumber, readFloat, readInteger, roundFloat, roundInteger, toDouble, truncateDouble } from './numbers.ts'
import { compareValues, getItem, iterate, joinTexts, lengthOf, textOf, toKey } from './operators.ts'
import { represent } from './python-text.ts'
import { Float, Tuple, Undefined, type Runtime } from './runtime-values.ts'
import { capitalize, characters, slicePart, strip, textLength, titleFilter } from './texts.ts'

/** Filters by name; the names are those of `FILTER_NAMES`. */
export const FILTERS: ReadonlyMap<string, Callable> = new Map(
  Object.entries({
    abs: callable('', (_, value) => absolute(value)),
    capitalize: callable('', (context, value) => capitalize(textOf(context, value))),
    escape: callable('', (context, value) => escapeHtml(textOf(context, value))),
    forceescape: callable('', (context, value) => escapeHtml(textOf(context, value))),
    first: callable('', (context, value) => iterate(context, value)[0] ?? new Undefined('the sequence is empty, so it has no first item')),
    last: callable(
      '',
      (context, value) => iterate(context, value).at(-1) ?? new Undefined('the sequence is empty, so it has no last item'),
    ),
    random: callable('', chooseRandom),
    float: callable('default?', (_, value, [fallback]) => toFloat(defined(value), fallback ?? new Float(0))),
    int: callable('default? base?', (_, value, [fallback, base]) =>
      toInt(defined(value), fallback ?? 0, integerArgument(base, 'base', 10)),
    ),
    items: callable('', (context, value) => pairsOf(context, value)),
    length: callable('', lengthOf),
    list: callable('', (context, value) => [...iterate(context, value)]),
    lower: callable('', (context, value) => textOf(context, value).toLowerCase()),
    upper: callable('', (context, value) => textOf(context, value).toUpperCase()),
    title: callable('', (context, value) => titleFilter(textOf(context, value))),
    string: callable('', textOf),
    trim: callable('chars?', (context, value, [chars]) => strip(textOf(context, value), optionalText(chars, 'chars'), 'both')),
    max: callable('case_sensitive? attribute?', (context, value, args) => extreme(context, value, args, 1)),
    min: callable('case_sensitive? attribute?', (context, value, args) => extreme(context, value, args, -1)),
    replace: callable('old new count?', replaceText),
    reverse: callable('', reversed),
    round: callable('precision? method?', roundNumber),
    sort: callable('reverse? case_sensitive? attribute?', sorted),
    truncate: callable('length? killwords? end? leeway?', truncate),
    unique: callable('case_sensitive? attribute?', distinct),
    urlencode: callable('', urlEncode),
    jsonpath: callable('expression', (context, value, [expression]) =>
      findJsonPath(context, opened(value), textArgument(expression, 'expression', '$')),
    ),
  } satisfies Record<string, Callable>),
)

function optionalText(value: Runtime | undefined, name: string): string | null {
  return value === undefined || value === null ? null : textArgument(value, name, '')
}

function absolute(value: Runtime): Runtime {
  const number = asNumber(defined(value))
  if (number === null) throw failRender(`\`abs\` needs a number, found ${typeName(value)}.`)
  if (number instanceof Float) return new Float(Math.abs(number.value))
  return number < 0 ? (typeof number === 'bigint' ? -number : -number) : number
}

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;', '"': '&#34;' }

function escapeHtml(text: string): string {
  return text.replace(/[&<>'"]/g, (character) => HTML[character] as string)
}

function chooseRandom(context: Context, value: Runtime): Runtime {
  const present = opened(value)
  if (isDict(present)) throw failRender('`random` needs a list or a text, found dict.')
  const items = iterate(context, present)
  if (items.length === 0) return new Undefined('the sequence is empty, so it has no random item')
  return items[Math.min(items.length - 1, Math.floor(context.random() * items.length))] as Runtime
}

function toFloat(value: Runtime, fallback: Runtime): Runtime {
  const number = asNumber(value)
  if (number !== null) return new Float(toDouble(number))
  const read = typeof value === 'string' ? readFloat(value) : null
  return read === null ? fallback : new Float(read)
}

function toInt(value: Runtime, fallback: Runtime, base: number): Runtime {
  const number = asNumber(value)
  if (number !== null) return number instanceof Float ? (truncateDouble(number.value) ?? fallback) : number
  if (typeof value !== 'string') return fallback
  const read = readInteger(value, base)
  if (read !== null) return read
  const float = readFloat(value)
  return float === null ? fallback : (truncateDouble(float) ?? fallback)
}

/** `dict.items()`. */
export function pairsOf(context: Context, value: Runtime): readonly Runtime[] {
  const present = opened(value)
  if (!isDict(present)) throw failRender(`items need a dict, found ${typeName(value)}.`)
  spend(context, present.size)
  return [...present].map((pair) => new Tuple(pair))
}

function reversed(context: Context, value: Runtime): Runtime {
  const present = opened(value)
  const items = [...iterate(context, present)].toReversed()
  return typeof present === 'string' ? (items as string[]).join('') : items
}

/** Jinja2's `attribute`: a name, a dotted path, or an index. */
function attributeReader(context: Context, attribute: Runtime | undefined): (item: Runtime) => Runtime {
  if (attribute === undefined || attribute === null) return (item) => item
  if (typeof attribute !== 'string' && typeof attribute !== 'number') throw failRender('expected a name as `attribute`.')
  const path = typeof attribute === 'number' ? [attribute] : attribute.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part))
  return (item) => path.reduce<Runtime>((value, key) => getItem(context, value, key), item)
}

function foldCase(value: Runtime, isCaseSensitive: Runtime | undefined): Runtime {
  const isFolded = isCaseSensitive === undefined || !isTruthy(isCaseSensitive)
  return isFolded && typeof value === 'string' ? value.toLowerCase() : value
}

function extreme(context: Context, value: Runtime, args: readonly (Runtime | undefined)[], sign: 1 | -1): Runtime {
  const [isCaseSensitive, attribute] = args
  const read = attributeReader(context, attribute)
  const items = iterate(context, value)
  const keys = items.map((item) => defined(foldCase(read(item), isCaseSensitive)))
  let best = 0
  for (let index = 1; index < items.length; index += 1) {
    if (compareValues(context, keys[index] as Runtime, keys[best] as Runtime) * sign > 0) best = index
  }
  return items.length === 0 ? new Undefined('the sequence is empty, so it has no largest or smallest item') : (items[best] as Runtime)
}

function sorted(context: Context, value: Runtime, [reverse, isCaseSensitive, attribute]: readonly (Runtime | undefined)[]): Runtime {
  const names = typeof attribute === 'string' ? attribute.split(',') : [attribute]
  const readers = names.map((name) => attributeReader(context, name))
  const items = iterate(context, value).map((item) => ({
    item,
    keys: readers.map((read) => defined(foldCase(read(item), isCaseSensitive))),
  }))
  const sign = reverse !== undefined && isTruthy(reverse) ? -1 : 1
  items.sort((left, right) => {
    for (let index = 0; index < readers.length; index += 1) {
      const order = compareValues(context, left.keys[index] as Runtime, right.keys[index] as Runtime)
      if (order !== 0) return order * sign
    }
    return 0
  })
  return items.map(({ item }) => item)
}

function distinct(context: Context, value: Runtime, [isCaseSensitive, attribute]: readonly (Runtime | undefined)[]): Runtime {
  const read = attributeReader(context, attribute)
  const seen = new Set<unknown>()
  return iterate(context, value).filter((item) => {
    const folded = foldCase(defined(read(item)), isCaseSensitive)
    const key = folded instanceof Tuple ? `tuple ${represent(folded)}` : toKey(typeof folded === 'boolean' ? Number(folded) : folded)
    return seen.size !== seen.add(key).size
  })
}

/** `str.replace`; `limit` −1 replaces all. */
export function replaceParts(context: Context, text: string, old: string, fresh: string, limit: number): string {
  const parts = old === '' ? ['', ...characters(text), ''] : text.split(old)
  if (limit < 0 || parts.length <= limit + 1) return joinTexts(context, parts, fresh)
  const head = joinTexts(context, parts.slice(0, limit + 1), fresh)
  return joinTexts(context, [head, parts.slice(limit + 1).join(old)], old)
}

function replaceText(context: Context, value: Runtime, [old, fresh, count]: readonly (Runtime | undefined)[]): Runtime {
  const limit = count === null ? -1 : integerArgument(count, 'count', -1)
  return replaceParts(context, textOf(context, value), textOf(context, old ?? null), textOf(context, fresh ?? null), limit)
}

function roundNumber(_: Context, value: Runtime, [precision, method]: readonly (Runtime | undefined)[]): Runtime {
  const number = asNumber(defined(value))
  const digits = integerArgument(precision, 'precision', 0)
  const how = textArgument(method, 'method', 'common')
  if (number === null) throw failRender(`\`round\` needs a number, found ${typeName(value)}.`)
  if (how === 'common') {
    return number instanceof Float ? new Float(roundFloat(number.value, digits)) : roundInteger(number, digits)
  }
  if (how !== 'ceil' && how !== 'floor') throw failRender("`round` knows the methods 'common', 'ceil' and 'floor'.")
  const scale = 10 ** digits
  const scaled = toDouble(number) * scale
  if (!Number.isFinite(scaled)) throw failRender('the number is too large to round so.')
  return new Float((how === 'ceil' ? Math.ceil(scaled) : Math.floor(scaled)) / scale)
}

function truncate(context: Context, value: Runtime, [length, killwords, end, leeway]: readonly (Runtime | undefined)[]): Runtime {
  const text = textOf(context, value)
  const limit = integerArgument(length, 'length', 255)
  const mark = textArgument(end, 'end', '...')
  const slack = leeway === null ? 5 : integerArgument(leeway, 'leeway', 5)
  const markLength = textLength(mark)
  if (limit < markLength) throw failRender(`expected a length of at least ${markLength}, found ${limit}.`)
  if (slack < 0) throw failRender(`expected a leeway of at least 0, found ${slack}.`)
  if (textLength(text) <= limit + slack) return text
  const cut = slicePart(text, 0, limit - markLength)
  if (killwords !== undefined && isTruthy(killwords)) return cut + mark
  const space = cut.lastIndexOf(' ')
  return (space < 0 ? cut : cut.slice(0, space)) + mark
}

function urlEncode(context: Context, value: Runtime): Runtime {
  const present = opened(value)
  if (!isDict(present) && !isList(present) && !(present instanceof Tuple)) return quoteUrl(textOf(context, value), '/')
  const pairs = isDict(present) ? pairsOf(context, present) : iterate(context, present)
  const encode = (part: Runtime): string => quoteUrl(textOf(context, part), '').replaceAll('%20', '+')
  const encoded = pairs.map((pair) => {
    const [key, field, ...others] = iterate(context, pair)
    if (key === undefined || field === undefined || others.length > 0) throw failRender('`urlencode` needs pairs.')
    return `${encode(key)}=${encode(field)}`
  })
  return joinTexts(context, encoded, '&')
}

function quoteUrl(text: string, safe: string): string {
  if (/\p{Surrogate}/u.test(text)) throw failRender('a broken surrogate pair cannot be encoded for an address.')
  const quoted = encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
  return safe === '/' ? quoted.replaceAll('%2F', '/') : quoted
}
