/**
 * Template → tree. @huggingface/jinja's parser builds its tree from our tokens; that is turned into ours, which follows Jinja2
 * where the two differ (comparison chains, the rank of `~`), and measured against the limits.
 */
import { parse as parseJinja } from '@huggingface/jinja'
import { isParquetryError } from '../errors.ts'
import { invalidTemplate } from './fault.ts'
import { FUNCTION_NAMES, LOOP_METHOD_NAMES, METHOD_NAMES } from './names.ts'
import { makeExpression, treeMeasure } from './measure.ts'
import type { Arguments, ArithmeticOperator, Comparison, ComparisonOperator, Expression, Statement } from './nodes.ts'
import { rewriteTokens } from './rewrite.ts'
import { Float, normalizeInteger } from './runtime-values.ts'
import { AS_TUPLE, LONG_INTEGER, tokenizeExpression, tokenizeTemplate, type Token } from './tokens.ts'

/** Nodes a template may have, as DataDesigner's secure engine. */
export const MAX_NODES = 600
/** Depth a template's tree may have, as DataDesigner's secure engine. */
export const MAX_DEPTH = 10

/** A node of @huggingface/jinja: `type` and fields by name; checked as it is read. */
interface RawNode {
  readonly type: string
  readonly [field: string]: unknown
}

/** The tree of a template. Throws `TEMPLATE_INVALID`. */
export function parseTemplate(source: string, keepTrailingNewline: boolean): readonly Statement[] {
  return parseTokens(source, tokenizeTemplate(source, keepTrailingNewline))
}

/** The tree of one expression without braces. Throws `TEMPLATE_INVALID`. */
export function parseExpression(source: string): readonly Statement[] {
  return parseTokens(source, tokenizeExpression(source))
}

function parseTokens(source: string, tokens: readonly Token[]): readonly Statement[] {
  const program = runParser(source, rewriteTokens(source, tokens))
  let statements: readonly Statement[]
  try {
    statements = convertBody(nodes(program['body']))
  } catch (error) {
    if (error instanceof Unconvertible) throw invalidTemplate(source, null, error.message)
    if (error instanceof RangeError) throw invalidTemplate(source, null, `expected a depth of at most ${MAX_DEPTH}, found far more.`)
    throw error
  }
  const { size, depth } = treeMeasure(statements)
  if (size > MAX_NODES || depth > MAX_DEPTH) {
    const message = `expected at most ${MAX_NODES} nodes and a depth of ${MAX_DEPTH}, found ${size} and ${depth}.`
    throw invalidTemplate(source, null, message, 'Split it into expression columns that the template then names.')
  }
  return statements
}

/** Runs the parser; when it fails, runs it again on tokens that note how far it read, for the position. */
function runParser(source: string, tokens: readonly Token[]): RawNode {
  const run = (input: readonly Token[]): RawNode => parseJinja(input as never) as unknown as RawNode
  try {
    return run(tokens)
  } catch (error) {
    if (isParquetryError(error)) throw error
    let furthest = 0
    const watched = new Proxy(tokens, {
      get(target, property, receiver): unknown {
        if (typeof property === 'string' && /^\d+$/.test(property)) furthest = Math.max(furthest, Number(property))
        return Reflect.get(target, property, receiver)
      },
    })
    try {
      run(watched)
    } catch {
      // The same error again; only how far it came is of interest.
    }
    const token = tokens[furthest]
    if (token === undefined) throw invalidTemplate(source, source.length, 'the template ends too early.')
    throw invalidTemplate(source, token.offset, `unexpected \`${token.value}\` (${errorText(error)}).`)
  }
}

function errorText(error: unknown): string {
  return error instanceof SyntaxError ? error.message : 'syntax error'
}

class Unconvertible extends Error {}

function convertBody(body: readonly RawNode[]): Statement[] {
  const statements: Statement[] = []
  let pieces: (string | Expression)[] = []
  const flush = (): void => {
    if (pieces.length > 0) statements.push({ kind: 'output', pieces })
    pieces = []
  }
  for (const node of body) {
    if (node.type === 'If' || node.type === 'For') {
      flush()
      statements.push(node.type === 'If' ? convertIf(node) : convertFor(node))
    } else if (node.type === 'StringLiteral') pieces.push(text(node['value']))
    else pieces.push(convert(node))
  }
  flush()
  return statements
}

function convertIf(node: RawNode): Statement {
  const branches = [{ test: convert(raw(node['test'])), body: convertBody(nodes(node['body'])) }]
  let alternate = nodes(node['alternate'])
  while (alternate.length === 1 && alternate[0]?.type === 'If') {
    const next = alternate[0]
    branches.push({ test: convert(raw(next['test'])), body: convertBody(nodes(next['body'])) })
    alternate = nodes(next['alternate'])
  }
  return { kind: 'if', branches, otherwise: convertBody(alternate) }
}

function convertFor(node: RawNode): Statement {
  const target = raw(node['loopvar'])
  const targets = (target.type === 'TupleLiteral' ? nodes(target['value']) : [target]).map((name) => {
    if (name.type !== 'Identifier') throw new Unconvertible('expected names before the `in` of a loop.')
    return text(name['value'])
  })
  const iterable = raw(node['iterable'])
  const isFiltered = iterable.type === 'SelectExpression'
  return {
    kind: 'for',
    targets,
    isUnpacked: target.type === 'TupleLiteral',
    iterable: convert(isFiltered ? raw(iterable['lhs']) : iterable),
    filter: isFiltered ? convert(raw(iterable['test'])) : null,
    body: convertBody(nodes(node['body'])),
    otherwise: convertBody(nodes(node['defaultBlock'])),
  }
}

function convert(node: RawNode): Expression {
  switch (node.type) {
    case 'IntegerLiteral':
    case 'StringLiteral':
      return makeExpression({ kind: 'literal', value: node['value'] as number | string })
    case 'FloatLiteral':
      return makeExpression({ kind: 'literal', value: new Float(node['value'] as number) })
    case 'Identifier':
      return convertName(text(node['value']))
    case 'ArrayLiteral':
      return makeExpression({ kind: 'list', items: nodes(node['value']).map(convert) })
    case 'TupleLiteral':
      return makeExpression({ kind: 'tuple', items: nodes(node['value']).map(convert) })
    case 'ObjectLiteral': {
      const pairs = [...(node['value'] as ReadonlyMap<RawNode, RawNode>)]
      return makeExpression({ kind: 'dict', pairs: pairs.map(([key, value]) => ({ key: convert(key), value: convert(value) })) })
    }
    case 'UnaryExpression': {
      const operator = (node['operator'] as Token).value
      return makeExpression({
        kind: operator === 'not' ? 'not' : operator === '-' ? 'negate' : 'plus',
        operand: convert(raw(node['argument'])),
      })
    }
    case 'Ternary': {
      const [test, whenTrue, otherwise] = [node['condition'], node['trueExpr'], node['falseExpr']].map((part) => convert(raw(part)))
      return makeExpression({
        kind: 'conditional',
        test: test as Expression,
        whenTrue: whenTrue as Expression,
        otherwise: otherwise as Expression,
      })
    }
    case 'SelectExpression':
      return makeExpression({ kind: 'conditional', test: convert(raw(node['test'])), whenTrue: convert(raw(node['lhs'])), otherwise: null })
    case 'BinaryExpression':
      return convertBinary(node)
    case 'MemberExpression':
      return convertMember(node)
    case 'CallExpression':
      return convertCall(node)
    case 'FilterExpression':
      return convertFilter(node)
    default:
      throw new Unconvertible(`\`${node.type}\` is not allowed here.`)
  }
}

const CONSTANTS: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
])

function convertName(name: string): Expression {
  const constant = CONSTANTS.get(name)
  return makeExpression(constant === undefined ? { kind: 'name', name } : { kind: 'literal', value: constant })
}

function convertMember(node: RawNode): Expression {
  const object = convert(raw(node['object']))
  const property = raw(node['property'])
  if (node['computed'] !== true && property.type === 'Identifier') {
    return makeExpression({ kind: 'attribute', object, name: text(property['value']) })
  }
  if (property.type !== 'SliceExpression') return makeExpression({ kind: 'item', object, index: convert(property) })
  const part = (field: string): Expression | null => (property[field] === undefined ? null : convert(raw(property[field])))
  return makeExpression({ kind: 'slice', object, start: part('start'), stop: part('stop'), step: part('step') })
}

function convertCall(node: RawNode): Expression {
  const callee = raw(node['callee'])
  const args = convertArguments(nodes(node['args']))
  if (callee.type === 'Identifier') {
    const name = text(callee['value'])
    if (!FUNCTION_NAMES.has(name)) {
      throw new Unconvertible(`\`${name}\` is not a function; functions: ${[...FUNCTION_NAMES].join(', ')}.`)
    }
    return makeExpression({ kind: 'function', name, arguments: args })
  }
  const property = callee.type === 'MemberExpression' && callee['computed'] !== true ? raw(callee['property']) : undefined
  if (property?.type !== 'Identifier') throw new Unconvertible('only methods and functions can be called.')
  const name = text(property['value'])
  const object = raw(callee['object'])
  const isLoop = object.type === 'Identifier' && object['value'] === 'loop'
  if (!METHOD_NAMES.has(name) && !(isLoop && LOOP_METHOD_NAMES.has(name))) {
    throw new Unconvertible(`the method \`${name}\` is not allowed; methods: ${[...METHOD_NAMES].toSorted().join(', ')}.`)
  }
  return makeExpression({ kind: 'method', object: convert(object), name, arguments: args })
}

function convertFilter(node: RawNode): Expression {
  const filter = raw(node['filter'])
  const callee = filter.type === 'CallExpression' ? raw(filter['callee']) : filter
  if (callee.type !== 'Identifier') throw new Unconvertible('expected the name of a filter after `|`.')
  const name = text(callee['value'])
  if (name === LONG_INTEGER) {
    return makeExpression({ kind: 'literal', value: normalizeInteger(BigInt(text(raw(node['operand'])['value']))) })
  }
  const operand = convert(raw(node['operand']))
  if (name === AS_TUPLE && operand.kind === 'list') return makeExpression({ kind: 'tuple', items: operand.items })
  const args = filter.type === 'CallExpression' ? convertArguments(nodes(filter['args'])) : { positional: [], named: [] }
  const isNegated = name.startsWith('is not ')
  if (!name.startsWith('is ')) return makeExpression({ kind: 'filter', operand, name, arguments: args })
  return makeExpression({ kind: 'test', operand, name: name.slice(isNegated ? 7 : 3), isNegated, arguments: args })
}

function convertArguments(args: readonly RawNode[]): Arguments {
  const positional: Expression[] = []
  const named: { name: string; value: Expression }[] = []
  for (const argument of args) {
    if (argument.type === 'SpreadExpression' || argument.type === 'KeywordSpreadExpression') {
      throw new Unconvertible('`*` and `**` are not allowed in arguments.')
    }
    if (argument.type === 'KeywordArgumentExpression') {
      const name = text(raw(argument['key'])['value'])
      if (named.some((other) => other.name === name)) throw new Unconvertible(`the argument \`${name}\` is given twice.`)
      named.push({ name, value: convert(raw(argument['value'])) })
    } else positional.push(convert(argument))
  }
  return { positional, named }
}

function convertBinary(node: RawNode): Expression {
  const operator = node['operator'] as Token
  if (operator.value === 'and' || operator.value === 'or') {
    return makeExpression({ kind: operator.value, left: convert(raw(node['left'])), right: convert(raw(node['right'])) })
  }
  if (operator.type === 'ComparisonBinaryOperator') {
    const chain = flatten(node)
    const rest = chain.operators.map((sign, index): Comparison => ({
      operator: sign as ComparisonOperator,
      operand: chain.operands[index + 1] as Expression,
    }))
    return makeExpression({ kind: 'compare', first: chain.operands[0] as Expression, rest })
  }
  if (operator.type === 'AdditiveBinaryOperator') return convertSum(node)
  const left = convert(raw(node['left']))
  return makeExpression({ kind: 'arithmetic', operator: operator.value as ArithmeticOperator, left, right: convert(raw(node['right'])) })
}

/** A chain of operators of one rank, written without brackets: the parser nests it to the left, whatever Jinja2 makes of it. */
function flatten(node: RawNode): { readonly operands: Expression[]; readonly operators: string[] } {
  const operands: Expression[] = []
  const operators: string[] = []
  const top = node['operator'] as Token
  let current = node
  for (;;) {
    operators.unshift((current['operator'] as Token).value)
    operands.unshift(convert(raw(current['right'])))
    const left = raw(current['left'])
    const operator = left['operator'] as Token | undefined
    if (left.type !== 'BinaryExpression' || operator?.type !== top.type || operator.depth !== top.depth) {
      operands.unshift(convert(left))
      return { operands, operators }
    }
    current = left
  }
}

/** `~` binds tighter than `+` and `-` in Jinja2; the parser gives all three one rank. */
function convertSum(node: RawNode): Expression {
  const { operands, operators } = flatten(node)
  const terms: Expression[][] = [[operands[0] as Expression]]
  const signs: ArithmeticOperator[] = []
  operators.forEach((operator, index) => {
    const operand = operands[index + 1] as Expression
    if (operator === '~') terms.at(-1)?.push(operand)
    else {
      signs.push(operator as ArithmeticOperator)
      terms.push([operand])
    }
  })
  const sums = terms.map((parts) => (parts.length === 1 ? (parts[0] as Expression) : makeExpression({ kind: 'concat', parts })))
  return sums
    .slice(1)
    .reduce(
      (left, right, index) => makeExpression({ kind: 'arithmetic', operator: signs[index] as ArithmeticOperator, left, right }),
      sums[0] as Expression,
    )
}

function raw(value: unknown): RawNode {
  if (typeof value === 'object' && value !== null && typeof (value as RawNode).type === 'string') return value as RawNode
  throw new Unconvertible('the template could not be read.')
}

function nodes(value: unknown): readonly RawNode[] {
  return Array.isArray(value) ? value.map(raw) : []
}

function text(value: unknown): string {
  return String(value)
}
