/**
 * Between lexer and parser: refuses what templates may not use, while positions are still known, and respells what
 * @huggingface/jinja's parser reads differently from Jinja2 (tests with arguments, `in`, missing commas).
 */
import { invalidTemplate } from './fault.ts'
import { FILTER_NAMES, TEST_NAMES } from './names.ts'
import { AS_TUPLE, LONG_INTEGER, type Token } from './tokens.ts'

const KEYWORDS: ReadonlySet<string> = new Set(['and', 'or', 'not', 'in', 'is', 'if', 'else'])
const REFUSED_STATEMENTS: ReadonlySet<string> = new Set(
  'import from include macro call set extends block filter with do break continue autoescape trans debug'.split(' '),
)
/** Brackets and unary signs nested deeper than this are not parsed at all; the depth limit of the tree is far lower. */
const MAX_BRACKET_DEPTH = 60
const MAX_TOKENS = 20_000
const CLOSER_OF: Readonly<Record<string, string>> = {
  OpenParen: 'CloseParen',
  OpenSquareBracket: 'CloseSquareBracket',
  OpenCurlyBracket: 'CloseCurlyBracket',
}

/** The tokens as the parser should see them. Throws `TEMPLATE_INVALID`. */
export function rewriteTokens(source: string, tokens: readonly Token[]): Token[] {
  checkSize(source, tokens)
  checkStatements(source, tokens)
  const spelled = rewriteTuples(rewriteTests(source, rewriteMembership(tokens)))
  checkNames(source, spelled)
  checkAdjacency(source, spelled)
  return spelled
}

function checkSize(source: string, tokens: readonly Token[]): void {
  const deep = tokens.find((token) => token.depth > MAX_BRACKET_DEPTH)
  if (deep !== undefined) throw invalidTemplate(source, deep.offset, `brackets are nested deeper than ${MAX_BRACKET_DEPTH}.`)
  if (tokens.length > MAX_TOKENS) {
    throw invalidTemplate(source, null, `expected at most ${MAX_TOKENS} tokens, found ${tokens.length}.`, 'Split the template.')
  }
}

/** Refuses unknown and forbidden statements, nested and recursive loops, and blocks that are not closed. */
function checkStatements(source: string, tokens: readonly Token[]): void {
  const open: { readonly name: string; readonly offset: number }[] = []
  tokens.forEach((token, index) => {
    if (token.type !== 'OpenStatement') return
    const name = tokens[index + 1]
    if (name?.type !== 'Identifier') throw invalidTemplate(source, token.offset, 'expected a statement name after `{%`.')
    checkStatement(source, name, open, tokens, index + 2)
  })
  const unclosed = open.at(-1)
  if (unclosed !== undefined) {
    throw invalidTemplate(source, unclosed.offset, `\`{% ${unclosed.name} %}\` is not closed; expected \`{% end${unclosed.name} %}\`.`)
  }
}

function checkStatement(
  source: string,
  name: Token,
  open: { readonly name: string; readonly offset: number }[],
  tokens: readonly Token[],
  next: number,
): void {
  const innermost = open.at(-1)?.name
  const statement = name.value
  if (statement === 'if' || statement === 'for') {
    if (statement === 'for') checkLoop(source, name, open, tokens, next)
    open.push({ name: statement, offset: name.offset })
  } else if (statement === 'endif' || statement === 'endfor') {
    if (innermost !== statement.slice(3)) throw invalidTemplate(source, name.offset, `\`${statement}\` closes nothing that is open here.`)
    open.pop()
  } else if (statement === 'elif' ? innermost !== 'if' : statement === 'else' && innermost === undefined) {
    throw invalidTemplate(source, name.offset, `\`${statement}\` stands outside of an \`if\`.`)
  } else if (statement !== 'elif' && statement !== 'else') {
    const isKnown = REFUSED_STATEMENTS.has(statement)
    const wayOut = 'Allowed statements: if, elif, else, for, raw.'
    throw invalidTemplate(
      source,
      name.offset,
      isKnown ? `\`${statement}\` is not allowed in templates.` : `unknown statement \`${statement}\`.`,
      wayOut,
    )
  }
}

function checkLoop(source: string, name: Token, open: readonly { readonly name: string }[], tokens: readonly Token[], next: number): void {
  if (open.some((block) => block.name === 'for')) {
    throw invalidTemplate(source, name.offset, 'a loop inside a loop is not allowed.', 'Prepare the inner text in a column of its own.')
  }
  for (let index = next; index < tokens.length && tokens[index]?.type !== 'CloseStatement'; index += 1) {
    const token = tokens[index] as Token
    const isLast = tokens[index + 1]?.type === 'CloseStatement'
    if (isLast && isWord(tokens, index, 'recursive') && isOperandEnd(tokens, index - 1)) {
      throw invalidTemplate(source, token.offset, 'recursive loops are not allowed.')
    }
  }
}

/** Spells `in` and `not in` as comparison operators, except the `in` of a `for`. */
function rewriteMembership(tokens: readonly Token[]): Token[] {
  const result: Token[] = []
  let loopHead = false
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] as Token
    if (token.type === 'OpenStatement' && tokens[index + 1]?.value === 'for') loopHead = true
    if (token.type === 'CloseStatement') loopHead = false
    const isTestName = isWord(tokens, index - 1, 'is') || (isWord(tokens, index - 1, 'not') && isWord(tokens, index - 2, 'is'))
    if (isWord(tokens, index, 'not') && isWord(tokens, index + 1, 'in') && !isTestName) {
      result.push({ ...token, type: 'ComparisonBinaryOperator', value: 'not in' })
      index += 1
    } else if (isWord(tokens, index, 'in') && !isTestName) {
      result.push(loopHead && token.depth === 0 ? token : { ...token, type: 'ComparisonBinaryOperator' })
      if (token.depth === 0) loopHead = false
    } else result.push(token)
  }
  return result
}

/** Spells `x is [not] test arguments` as the filter `x | "is [not] test"(arguments)`: Jinja2 binds both equally tight. */
function rewriteTests(source: string, tokens: readonly Token[], start = 0, end = tokens.length): Token[] {
  const result: Token[] = []
  for (let index = start; index < end; index += 1) {
    const token = tokens[index] as Token
    if (!isWord(tokens, index, 'is')) {
      result.push(token)
      continue
    }
    const isNegated = isWord(tokens, index + 1, 'not')
    const nameIndex = index + (isNegated ? 2 : 1)
    const name = tokens[nameIndex]
    if (name?.type !== 'Identifier') throw invalidTemplate(source, token.offset, 'expected the name of a test after `is`.')
    if (!TEST_NAMES.has(name.value)) {
      throw invalidTemplate(source, name.offset, `unknown test \`${name.value}\`.`, `Tests: ${[...TEST_NAMES].toSorted().join(', ')}.`)
    }
    result.push({ ...token, type: 'Pipe', value: '|' }, { ...name, value: isNegated ? `is not ${name.value}` : `is ${name.value}` })
    const argumentEnd = bareArgumentEnd(tokens, nameIndex + 1)
    if (argumentEnd > nameIndex + 1) {
      result.push({ ...name, type: 'OpenParen', value: '(' })
      result.push(...rewriteTests(source, tokens, nameIndex + 1, argumentEnd))
      result.push({ ...name, type: 'CloseParen', value: ')' })
    }
    index = argumentEnd - 1
  }
  return result
}

/** Spells `(a,)` as `([a] | "as tuple")`, and `()` likewise. */
function rewriteTuples(tokens: readonly Token[]): Token[] {
  const result = [...tokens]
  for (let index = 1; index < result.length; index += 1) {
    const closer = result[index] as Token
    const last = result[index - 1] as Token
    if (closer.type !== 'CloseParen' || (last.type !== 'Comma' && last.type !== 'OpenParen')) continue
    const start = result.findLastIndex((token, at) => at < index && token.type === 'OpenParen' && token.depth === closer.depth)
    if (start < 0 || isOperandEnd(result, start - 1)) continue
    const end = last.type === 'Comma' ? index - 1 : index
    const items = result.slice(start + 1, end)
    const opener = result[start] as Token
    const spelled = [
      opener,
      { ...opener, type: 'OpenSquareBracket', value: '[' },
      ...items,
      { ...closer, type: 'CloseSquareBracket', value: ']' },
      { ...closer, type: 'Pipe', value: '|' },
      { ...closer, type: 'Identifier', value: AS_TUPLE },
      closer,
    ]
    result.splice(start, index - start + 1, ...spelled)
    index = start + spelled.length - 1
  }
  return result
}

/** Index behind a test's argument written without parentheses (`is divisibleby 3`), or `start` when there is none. */
function bareArgumentEnd(tokens: readonly Token[], start: number): number {
  const first = tokens[start]
  if (first === undefined || first.type === 'OpenParen') return start
  let end = start
  if (first.type === 'NumericLiteral' || (first.type === 'Identifier' && !KEYWORDS.has(first.value))) end = start + 1
  else if (first.type === 'StringLiteral') while (tokens[end]?.type === 'StringLiteral') end += 1
  else if (Object.hasOwn(CLOSER_OF, first.type)) end = closingIndex(tokens, start) + 1
  else return start
  for (;;) {
    const next = tokens[end]
    if (next?.type === 'Dot') end += 2
    else if (next?.type === 'OpenParen' || next?.type === 'OpenSquareBracket') end = closingIndex(tokens, end) + 1
    else return end
  }
}

function closingIndex(tokens: readonly Token[], start: number): number {
  const opener = tokens[start] as Token
  const closer = CLOSER_OF[opener.type]
  return tokens.findIndex((token, index) => index > start && token.type === closer && token.depth === opener.depth)
}

function checkNames(source: string, tokens: readonly Token[]): void {
  tokens.forEach((token, index) => {
    if (token.type !== 'Identifier') return
    const before = tokens[index - 1]?.type
    if (before === 'Pipe') checkFilter(source, token)
    else if (token.value === 'self' && before !== 'Dot' && tokens[index + 1]?.type !== 'Equals') {
      throw invalidTemplate(source, token.offset, '`self` is not allowed in templates.')
    }
  })
}

function checkFilter(source: string, token: Token): void {
  const name = token.value
  if (FILTER_NAMES.has(name) || name.startsWith('is ') || name === LONG_INTEGER || name === AS_TUPLE) return
  const allowed = `Allowed filters: ${[...FILTER_NAMES].toSorted().join(', ')}.`
  throw invalidTemplate(source, token.offset, `the filter \`${name}\` is not allowed.`, allowed)
}

/** The parser lets commas and operators be left out (`[1 2]`); Jinja2 does not. */
function checkAdjacency(source: string, tokens: readonly Token[]): void {
  for (let index = 1; index < tokens.length; index += 1) {
    const token = tokens[index] as Token
    if (!isOperandEnd(tokens, index - 1)) continue
    const isText = token.type === 'StringLiteral' && tokens[index - 1]?.type !== 'StringLiteral'
    const isName = token.type === 'Identifier' && !KEYWORDS.has(token.value)
    if (isText || isName || token.type === 'NumericLiteral' || token.type === 'OpenCurlyBracket') {
      throw invalidTemplate(source, token.offset, `expected an operator or a comma before \`${token.value}\`.`)
    }
  }
}

function isOperandEnd(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index]
  if (token === undefined) return false
  if (token.type !== 'Identifier') return /Literal$|^Close(Paren|SquareBracket|CurlyBracket)$/.test(token.type)
  return tokens[index - 1]?.type !== 'OpenStatement' && (!KEYWORDS.has(token.value) || tokens[index - 1]?.type === 'Dot')
}

/** True when the token is this word as a keyword, not as an attribute's name or a keyword argument. */
function isWord(tokens: readonly Token[], index: number, word: string): boolean {
  const token = tokens[index]
  return token?.type === 'Identifier' && token.value === word && tokens[index - 1]?.type !== 'Dot' && tokens[index + 1]?.type !== 'Equals'
}
