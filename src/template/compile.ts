/** Expressions → functions of one rendering. */
import { placeArguments, type Callable } from './callables.ts'
import { defined, isTruthy, type Context } from './context.ts'
import { toRuntime } from './convert.ts'
import { failRender, invalidTemplate } from './fault.ts'
import { FILTERS } from './filters.ts'
import { compileLoopAttribute, compileLoopMethod } from './loop.ts'
import { findMethod, RANGE } from './methods.ts'
import type { Arguments, Expression } from './nodes.ts'
import {
  applyArithmetic,
  applyComparison,
  applySign,
  getAttribute,
  getItem,
  getSlice,
  isEqual,
  joinTexts,
  textOf,
  toKey,
} from './operators.ts'
import { TESTS } from './tests.ts'
import { Tuple, Undefined, type DictKey, type Runtime } from './runtime-values.ts'
import type { ValueType } from '../values.ts'

/** Computes an expression's value in one rendering. */
export type Evaluate = (context: Context) => Runtime

/** What the compiler knows where an expression stands. */
export interface Scope {
  readonly source: string
  readonly types: Readonly<Record<string, ValueType>>
  /** Loop variables in sight → slot. */
  readonly locals: ReadonlyMap<string, number>
  /** Columns seen so far → slot; grows while compiling. */
  readonly columns: Map<string, number>
  /** Columns and fields seen so far, `column.field`; grows while compiling. */
  readonly fields: Set<string>
  /** Hands out slots. */
  readonly newSlot: () => number
}

/** Compiles an expression. Throws `TEMPLATE_INVALID` for wrong arguments. */
export function compileExpression(node: Expression, scope: Scope): Evaluate {
  const compile = (child: Expression): Evaluate => compileExpression(child, scope)
  switch (node.kind) {
    case 'literal': {
      const { value } = node
      return () => value
    }
    case 'name':
      return compileName(node.name, scope)
    case 'attribute':
      return compileAttribute(node, scope)
    case 'item': {
      const [object, index] = [compile(node.object), compile(node.index)]
      return (context) => getItem(context, object(context), index(context))
    }
    case 'slice': {
      const object = compile(node.object)
      const [start, stop, step] = [node.start, node.stop, node.step].map((part) => (part === null ? none : compile(part))) as [
        Evaluate,
        Evaluate,
        Evaluate,
      ]
      return (context) => getSlice(context, object(context), start(context), stop(context), step(context))
    }
    case 'list':
    case 'tuple':
    case 'dict':
      return compileCollection(node, scope)
    case 'arithmetic': {
      const [left, right, operator] = [compile(node.left), compile(node.right), node.operator]
      return (context) => applyArithmetic(context, operator, left(context), right(context))
    }
    case 'concat': {
      const parts = node.parts.map(compile)
      return (context) =>
        joinTexts(
          context,
          parts.map((part) => textOf(context, part(context))),
        )
    }
    case 'compare':
      return compileComparison(node, scope)
    case 'and':
    case 'or': {
      const [left, right, stopsAt] = [compile(node.left), compile(node.right), node.kind === 'or']
      return (context) => {
        const value = left(context)
        return isTruthy(value) === stopsAt ? value : right(context)
      }
    }
    case 'not':
    case 'negate':
    case 'plus': {
      const operand = compile(node.operand)
      if (node.kind === 'not') return (context) => !isTruthy(operand(context))
      const isNegative = node.kind === 'negate'
      return (context) => applySign(operand(context), isNegative)
    }
    case 'conditional':
      return compileConditional(node, scope)
    case 'function':
    case 'method':
    case 'filter':
    case 'test':
      return compileInvocation(node, scope)
  }
}

const none: Evaluate = () => null

function compileName(name: string, scope: Scope): Evaluate {
  const local = scope.locals.get(name)
  if (local !== undefined) return (context) => context.slots[local] ?? new Undefined(`\`${name}\` is undefined`)
  if (name === 'loop' && scope.locals.size > 0)
    throw invalidTemplate(scope.source, null, '`loop` itself is not a value; use its fields, such as `loop.index`.')
  scope.fields.add(name)
  const slot = scope.columns.get(name) ?? scope.newSlot()
  scope.columns.set(name, slot)
  const type = Object.hasOwn(scope.types, name) ? scope.types[name] : undefined
  return (context) => {
    const known = context.slots[slot]
    if (known !== undefined) return known
    const cell = Object.hasOwn(context.values, name) ? context.values[name] : undefined
    const value = cell === undefined ? new Undefined(`\`${name}\` is undefined`) : toRuntime(cell, type, true)
    context.slots[slot] = value
    return value
  }
}

/** `column.field.field` of an expression that is one, with its first name; null for others. */
export function fieldPath(node: Expression): readonly [string, ...string[]] | null {
  if (node.kind === 'name') return [node.name]
  const object = node.kind === 'attribute' || node.kind === 'item' ? fieldPath(node.object) : null
  if (object === null) return null
  if (node.kind === 'attribute') return [...object, node.name]
  const isText = node.kind === 'item' && node.index.kind === 'literal' && typeof node.index.value === 'string'
  return isText ? [...object, node.index.value] : null
}

function compileAttribute(node: Expression & { readonly kind: 'attribute' }, scope: Scope): Evaluate {
  const { object: owner, name } = node
  if (owner.kind === 'name' && owner.name === 'loop' && scope.locals.size > 0 && !scope.locals.has('loop')) {
    return compileLoopAttribute(scope.source, name)
  }
  const path = fieldPath(node)
  if (path !== null && !scope.locals.has(path[0])) scope.fields.add(path.join('.'))
  const object = compileExpression(owner, scope)
  return (context) => getAttribute(object(context), name)
}

function compileCollection(node: Expression & { readonly kind: 'list' | 'tuple' | 'dict' }, scope: Scope): Evaluate {
  if (node.kind === 'dict') {
    const pairs = node.pairs.map(({ key, value }) => ({ key: compileExpression(key, scope), value: compileExpression(value, scope) }))
    return (context) => {
      const dict = new Map<DictKey, Runtime>()
      for (const { key, value } of pairs) dict.set(toKey(key(context)), value(context))
      return dict
    }
  }
  const items = node.items.map((item) => compileExpression(item, scope))
  if (node.kind === 'tuple') return (context) => new Tuple(items.map((item) => item(context)))
  return (context) => items.map((item) => item(context))
}

function compileComparison(node: Expression & { readonly kind: 'compare' }, scope: Scope): Evaluate {
  const first = compileExpression(node.first, scope)
  const rest = node.rest.map(({ operator, operand }) => ({ operator, operand: compileExpression(operand, scope) }))
  return (context) => {
    let left = first(context)
    for (const { operator, operand } of rest) {
      const right = operand(context)
      if (!applyComparison(context, operator, left, right)) return false
      left = right
    }
    return true
  }
}

function compileConditional(node: Expression & { readonly kind: 'conditional' }, scope: Scope): Evaluate {
  const [test, whenTrue] = [compileExpression(node.test, scope), compileExpression(node.whenTrue, scope)]
  const missing = new Undefined('the inline `if` is false and has no `else`', true)
  const otherwise = node.otherwise === null ? (): Runtime => missing : compileExpression(node.otherwise, scope)
  return (context) => (isTruthy(test(context)) ? whenTrue(context) : otherwise(context))
}

type Invocation = Expression & { readonly kind: 'function' | 'method' | 'filter' | 'test' }

function compileInvocation(node: Invocation, scope: Scope): Evaluate {
  switch (node.kind) {
    case 'function': {
      const call = bindArguments(RANGE, `\`${node.name}\``, node.arguments, scope)
      return (context) => call(context, null)
    }
    case 'method':
      return compileMethod(node, scope)
    case 'filter': {
      const operand = compileExpression(node.operand, scope)
      const call = bindArguments(FILTERS.get(node.name) as Callable, `the filter \`${node.name}\``, node.arguments, scope)
      return (context) => call(context, operand(context))
    }
    case 'test': {
      const operand = compileExpression(node.operand, scope)
      const call = bindArguments(TESTS.get(node.name) as Callable, `the test \`${node.name}\``, node.arguments, scope)
      const { isNegated } = node
      return (context) => call(context, operand(context)) !== isNegated
    }
  }
}

type BoundCall = (context: Context, operand: Runtime) => Runtime

function compileArguments(args: Arguments, scope: Scope): readonly Evaluate[] {
  return [...args.positional, ...args.named.map((argument) => argument.value)].map((argument) => compileExpression(argument, scope))
}

function bindArguments(target: Callable, title: string, args: Arguments, scope: Scope): BoundCall {
  const places = placeArguments(
    target,
    args.positional.length,
    args.named.map((argument) => argument.name),
  )
  if (typeof places === 'string') throw invalidTemplate(scope.source, null, `${title} ${places}.`)
  const given = compileArguments(args, scope)
  return (context, operand) => target.run(context, operand, arrange(context, given, places, target.parameters.length))
}

function arrange(context: Context, given: readonly Evaluate[], places: readonly number[], count: number): readonly (Runtime | undefined)[] {
  const values: (Runtime | undefined)[] = Array.from({ length: count })
  given.forEach((argument, index) => {
    values[places[index] as number] = defined(argument(context))
  })
  return values
}

/** The type of the object is known only while rendering, so methods find their arguments' places then. */
function compileMethod(node: Expression & { readonly kind: 'method' }, scope: Scope): Evaluate {
  const { name, object: owner } = node
  const given = compileArguments(node.arguments, scope)
  const names = node.arguments.named.map((argument) => argument.name)
  if (owner.kind === 'name' && owner.name === 'loop' && scope.locals.size > 0 && !scope.locals.has('loop')) {
    return compileLoopMethod(scope.source, name, given, isEqual)
  }
  const object = compileExpression(owner, scope)
  return (context) => {
    const { method, target } = findMethod(object(context), name)
    const places = placeArguments(method, given.length - names.length, names)
    if (typeof places === 'string') throw failRender(`\`${name}\` ${places}.`)
    return method.run(context, target, arrange(context, given, places, method.parameters.length))
  }
}
