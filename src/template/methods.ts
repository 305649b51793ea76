/** Methods of texts, dicts and lists that templates may call; those of Python, and only those that change nothing. */
import { callable, integerArgument, textArgument, type Callable } from './callables.ts'
import { defined, isDict, isList, isTruthy, MAX_ITEMS, spend, typeName, type Context } from './context.ts'
import { failRender } from './fault.ts'
import { pairsOf, replaceParts } from './filters.ts'
import { isEqual, iterate, joinTexts, toKey } from './operators.ts'
import { MAX_TEXT } from './python-text.ts'
import { JsonText, Tuple, type Runtime } from './runtime-values.ts'
import * as texts from './texts.ts'
import { ONLY_SPACE } from './whitespace.ts'

type TextRun = (context: Context, text: string, args: readonly (Runtime | undefined)[]) => Runtime

function onText(signature: string, run: TextRun): Callable {
  return callable(signature, (context, operand, args) => {
    const text = operand as string
    spend(context, text.length)
    return run(context, text, args)
  })
}

function check(signature: string, pattern: RegExp): Callable {
  return onText(signature, (_, text) => pattern.test(text))
}

/** Tries one text, or each of a tuple's. */
function affix(run: (text: string, part: string) => boolean): Callable {
  return onText('prefix', (_, text, [given]) => {
    const parts = given instanceof Tuple ? given.items : [given as Runtime]
    return parts.some((part) => run(text, textArgument(part, 'prefix', '')))
  })
}

function splitter(isFromRight: boolean): Callable {
  return onText('sep? maxsplit?', (context, text, [separator, maximum]) => {
    const limit = integerArgument(maximum, 'maxsplit', -1)
    if (separator === undefined || separator === null) return counted(context, texts.splitSpaces(text, limit, isFromRight))
    const mark = textArgument(separator, 'sep', '')
    if (mark === '') throw failRender('`split` needs a separator that is not empty.')
    return counted(context, texts.splitOn(text, mark, limit, isFromRight))
  })
}

function counted(context: Context, items: readonly Runtime[]): readonly Runtime[] {
  spend(context, items.length)
  return items
}

function finder(isFromRight: boolean): Callable {
  return onText('sub', (_, text, [given]) => {
    const part = textArgument(given, 'sub', '')
    const at = isFromRight ? text.lastIndexOf(part) : text.indexOf(part)
    return at < 0 ? -1 : texts.textLength(text.slice(0, at))
  })
}

function stripper(side: 'both' | 'left' | 'right'): Callable {
  return onText('chars?', (_, text, [chars]) =>
    texts.strip(text, chars === undefined || chars === null ? null : textArgument(chars, 'chars', ''), side),
  )
}

const TEXT_METHODS: ReadonlyMap<string, Callable> = new Map(
  Object.entries({
    upper: onText('', (_, text) => text.toUpperCase()),
    lower: onText('', (_, text) => text.toLowerCase()),
    capitalize: onText('', (_, text) => texts.capitalize(text)),
    title: onText('', (_, text) => texts.titleMethod(text)),
    swapcase: onText('', (_, text) => texts.swapCase(text)),
    strip: stripper('both'),
    lstrip: stripper('left'),
    rstrip: stripper('right'),
    startswith: affix((text, part) => text.startsWith(part)),
    endswith: affix((text, part) => text.endsWith(part)),
    removeprefix: onText('prefix', (_, text, [part]) => removePrefix(text, textArgument(part, 'prefix', ''))),
    removesuffix: onText('suffix', (_, text, [part]) => removeSuffix(text, textArgument(part, 'suffix', ''))),
    split: splitter(false),
    rsplit: splitter(true),
    splitlines: onText('keepends?', (context, text, [keep]) =>
      counted(context, texts.splitLines(text, keep !== undefined && isTruthy(keep))),
    ),
    replace: onText('old new count?', (context, text, [old, fresh, count]) =>
      replaceParts(context, text, textArgument(old, 'old', ''), textArgument(fresh, 'new', ''), integerArgument(count, 'count', -1)),
    ),
    join: onText('iterable', (context, text, [items]) => {
      const parts = iterate(context, items as Runtime).map((item) => textArgument(item instanceof JsonText ? item.text : item, 'item', ''))
      return joinTexts(context, parts, text)
    }),
    find: finder(false),
    rfind: finder(true),
    index: onText('sub', (_, text, [given]) => {
      const at = text.indexOf(textArgument(given, 'sub', ''))
      if (at < 0) throw failRender('the text to find is not there.')
      return texts.textLength(text.slice(0, at))
    }),
    count: onText('sub', (_, text, [given]) => texts.countPart(text, textArgument(given, 'sub', ''))),
    zfill: onText('width', (context, text, [width]) => fillZeros(context, text, integerArgument(width, 'width', 0))),
    isalpha: check('', /^\p{L}+$/u),
    isalnum: check('', /^[\p{L}\p{N}]+$/u),
    isdigit: check('', /^[\p{Nd}\u00b2\u00b3\u00b9\u2070-\u2079\u2080-\u2089]+$/u),
    isdecimal: check('', /^\p{Nd}+$/u),
    isnumeric: check('', /^\p{N}+$/u),
    isspace: check('', ONLY_SPACE),
    isupper: onText('', (_, text) => text === text.toUpperCase() && text !== text.toLowerCase()),
    islower: onText('', (_, text) => text === text.toLowerCase() && text !== text.toUpperCase()),
  } satisfies Record<string, Callable>),
)

function removePrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text
}

function removeSuffix(text: string, suffix: string): string {
  return suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text
}

function fillZeros(context: Context, text: string, width: number): string {
  const missing = width - texts.textLength(text)
  if (missing <= 0) return text
  if (missing > MAX_TEXT) throw failRender(`expected a text of at most ${MAX_TEXT} characters, found a longer one.`)
  spend(context, missing)
  const sign = /^[+-]/.exec(text)?.[0] ?? ''
  return sign + '0'.repeat(missing) + text.slice(sign.length)
}

const DICT_METHODS: ReadonlyMap<string, Callable> = new Map(
  Object.entries({
    items: callable('', pairsOf),
    keys: callable('', iterate),
    values: callable('', (context, dict) => (isDict(dict) ? counted(context, [...dict.values()]) : [])),
    get: callable('key default?', (_, dict, [key, fallback]) =>
      isDict(dict) ? (dict.get(toKey(key as Runtime)) ?? fallback ?? null) : null,
    ),
  } satisfies Record<string, Callable>),
)

const SEQUENCE_METHODS: ReadonlyMap<string, Callable> = new Map(
  Object.entries({
    count: callable(
      'value',
      (context, list, [value]) => iterate(context, list).filter((item) => isEqual(context, item, value as Runtime)).length,
    ),
    index: callable('value', (context, list, [value]) => {
      const at = iterate(context, list).findIndex((item) => isEqual(context, item, value as Runtime))
      if (at < 0) throw failRender('the item to find is not in the list.')
      return at
    }),
  } satisfies Record<string, Callable>),
)

/** The method of this value, and the value to run it on. Throws `TEMPLATE_FAILED` when its type has none of that name. */
export function findMethod(object: Runtime, name: string): { readonly method: Callable; readonly target: Runtime } {
  const present = defined(object)
  const candidates: readonly Runtime[] = present instanceof JsonText ? [present.opened, present.text] : [present]
  for (const target of candidates) {
    const method = methodsOf(target)?.get(name)
    if (method !== undefined) return { method, target }
  }
  throw failRender(`${typeName(object)} has no method \`${name}\` that templates may call.`)
}

function methodsOf(value: Runtime): ReadonlyMap<string, Callable> | undefined {
  if (typeof value === 'string') return TEXT_METHODS
  if (isDict(value)) return DICT_METHODS
  return isList(value) || value instanceof Tuple ? SEQUENCE_METHODS : undefined
}

/** `range(stop)`, `range(start, stop)`, `range(start, stop, step)`: at most 100,000 items, as in Jinja2's sandbox. */
export const RANGE: Callable = callable('start stop? step?', (context, _, [first, second, third]) => {
  const start = second === undefined ? 0 : integerArgument(first, 'start', 0)
  const stop = second === undefined ? integerArgument(first, 'stop', 0) : integerArgument(second, 'stop', 0)
  const step = integerArgument(third, 'step', 1)
  if (step === 0) throw failRender('the step of `range` must not be zero.')
  const length = Math.max(0, Math.ceil((stop - start) / step))
  if (length > MAX_ITEMS) throw failRender(`expected a range of at most ${MAX_ITEMS} items, found one of ${length}.`)
  spend(context, 2 * length)
  return Array.from({ length }, (__, index) => start + index * step)
})
