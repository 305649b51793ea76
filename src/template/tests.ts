/** Jinja2's tests (`x is name`). */
import { callable, type Callable } from './callables.ts'
import { isDict, isList, opened } from './context.ts'
import type { ComparisonOperator } from './nodes.ts'
import { asNumber, calculate } from './numbers.ts'
import { failRender } from './fault.ts'
import { applyComparison, contains } from './operators.ts'
import { toText } from './python-text.ts'
import { Float, Tuple, Undefined, type Runtime } from './runtime-values.ts'

function comparison(operator: ComparisonOperator): Callable {
  return callable('other', (context, value, [other]) => applyComparison(context, operator, value, other as Runtime))
}

function kind(holds: (value: ReturnType<typeof opened>) => boolean): Callable {
  return callable('', (_, value) => !(value instanceof Undefined) && holds(opened(value)))
}

/** Remainder of an integer division test. */
function remainder(value: Runtime, divisor: Runtime): number | bigint {
  const left = asNumber(opened(value))
  const right = asNumber(opened(divisor))
  if (left === null || right === null) throw failRender('this test needs a number.')
  const result = calculate('%', left, right)
  return result instanceof Float ? result.value : result
}

function isInteger(value: Runtime): boolean {
  return typeof value === 'number' || typeof value === 'bigint'
}

function isSequence(value: Runtime): boolean {
  return typeof value === 'string' || isList(value) || isDict(value) || value instanceof Tuple
}

/** Tests by name; the names are those of `TEST_NAMES`. */
export const TESTS: ReadonlyMap<string, Callable> = new Map(
  Object.entries({
    boolean: kind((value) => typeof value === 'boolean'),
    defined: callable('', (_, value) => !(value instanceof Undefined)),
    undefined: callable('', (_, value) => value instanceof Undefined),
    divisibleby: callable('num', (_, value, [divisor]) => isZero(remainder(value, divisor as Runtime))),
    even: callable('', (_, value) => isZero(remainder(value, 2))),
    odd: callable('', (_, value) => isOne(remainder(value, 2))),
    eq: comparison('=='),
    equalto: comparison('=='),
    ne: comparison('!='),
    lt: comparison('<'),
    lessthan: comparison('<'),
    le: comparison('<='),
    gt: comparison('>'),
    greaterthan: comparison('>'),
    ge: comparison('>='),
    in: callable('seq', (context, value, [sequence]) => contains(context, sequence as Runtime, value)),
    true: kind((value) => value === true),
    false: kind((value) => value === false),
    none: kind((value) => value === null),
    float: kind((value) => value instanceof Float),
    integer: kind(isInteger),
    number: kind((value) => isInteger(value) || value instanceof Float || typeof value === 'boolean'),
    string: kind((value) => typeof value === 'string'),
    mapping: kind(isDict),
    sequence: kind(isSequence),
    iterable: callable('', (_, value) => isSequence(opened(value))),
    lower: callable('', (_, value) => isCase(toText(value), 'lower')),
    upper: callable('', (_, value) => isCase(toText(value), 'upper')),
    sameas: callable('other', (_, value, [other]) => {
      const left = opened(value)
      const right = opened(other as Runtime)
      return left === right || (left instanceof Float && right instanceof Float && left.value === right.value)
    }),
  } satisfies Record<string, Callable>),
)

function isZero(value: number | bigint): boolean {
  return value === 0 || value === 0n
}

function isOne(value: number | bigint): boolean {
  return value === 1 || value === 1n
}

function isCase(text: string, which: 'lower' | 'upper'): boolean {
  const cased = which === 'lower' ? text.toLowerCase() : text.toUpperCase()
  return text === cased && text.toLowerCase() !== text.toUpperCase()
}
