/** Statements → functions that write a rendering's text. */
import { compileExpression, type Evaluate, type Scope } from './compile.ts'
import { isList, isTruthy, spend, typeName, type Context } from './context.ts'
import { failRender } from './fault.ts'
import type { Expression, Statement } from './nodes.ts'
import { iterate } from './operators.ts'
import { MAX_TEXT } from './python-text.ts'
import { Tuple, type Runtime } from './runtime-values.ts'

/** Writes its part of a rendering's text. */
export type Write = (context: Context) => void

/** Compiles statements; `print` turns a value into its text. */
export function compileStatements(statements: readonly Statement[], scope: Scope, print: (value: Runtime) => string): Write {
  const writers = statements.map((statement): Write => {
    if (statement.kind === 'output') return compileOutput(statement.pieces, scope, print)
    return statement.kind === 'if' ? compileIf(statement, scope, print) : compileFor(statement, scope, print)
  })
  return (context) => {
    for (const write of writers) write(context)
  }
}

function put(context: Context, text: string): void {
  context.output += text
  if (context.output.length > MAX_TEXT) throw failRender(`expected a text of at most ${MAX_TEXT / 2} characters, found a longer one.`)
}

function compileOutput(pieces: readonly (string | Expression)[], scope: Scope, print: (value: Runtime) => string): Write {
  const writers = pieces.map((piece): Write => {
    if (typeof piece === 'string') return (context) => put(context, piece)
    const evaluate = compileExpression(piece, scope)
    return (context) => {
      const text = print(evaluate(context))
      spend(context, text.length)
      put(context, text)
    }
  })
  return (context) => {
    for (const write of writers) write(context)
  }
}

function compileIf(statement: Statement & { readonly kind: 'if' }, scope: Scope, print: (value: Runtime) => string): Write {
  const branches = statement.branches.map(({ test, body }) => ({
    test: compileExpression(test, scope),
    body: compileStatements(body, scope, print),
  }))
  const otherwise = compileStatements(statement.otherwise, scope, print)
  return (context) => {
    const branch = branches.find(({ test }) => isTruthy(test(context)))
    ;(branch?.body ?? otherwise)(context)
  }
}

function compileFor(statement: Statement & { readonly kind: 'for' }, scope: Scope, print: (value: Runtime) => string): Write {
  const slots = statement.targets.map(() => scope.newSlot())
  const locals = new Map([...scope.locals, ...statement.targets.map((name, index) => [name, slots[index] as number] as const)])
  const inner: Scope = { ...scope, locals }
  const iterable = compileExpression(statement.iterable, scope)
  const filter: Evaluate | null = statement.filter === null ? null : compileExpression(statement.filter, inner)
  const body = compileStatements(statement.body, inner, print)
  const otherwise = compileStatements(statement.otherwise, scope, print)
  const assign = (context: Context, item: Runtime): void => {
    const parts = statement.isUnpacked ? unpack(item, slots.length) : [item]
    slots.forEach((slot, index) => {
      context.slots[slot] = parts[index] as Runtime
    })
  }
  return (context) => {
    const candidates = iterate(context, iterable(context))
    const items =
      filter === null
        ? candidates
        : candidates.filter((item) => {
            spend(context, 10)
            assign(context, item)
            return isTruthy(filter(context))
          })
    context.loop = { items, index: 0, last: null }
    for (const [index, item] of items.entries()) {
      spend(context, 10)
      context.loop.index = index
      assign(context, item)
      body(context)
    }
    context.loop = null
    if (items.length === 0) otherwise(context)
  }
}

function unpack(item: Runtime, count: number): readonly Runtime[] {
  const parts = item instanceof Tuple ? item.items : isList(item) ? item : undefined
  if (parts === undefined) throw failRender(`the loop unpacks ${count} values from each item, found ${typeName(item)}.`)
  if (parts.length !== count) throw failRender(`the loop unpacks ${count} values from each item, found ${parts.length}.`)
  return parts
}
