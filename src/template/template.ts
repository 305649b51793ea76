/**
 * Jinja templates: compiled once, rendered for every row. Texts are Python's to the last character, undefined is an error, the
 * engine reaches plain data only, and time, memory and output are bounded.
 */
import { isParquetryError } from '../errors.ts'
import type { RowStream } from '../random/random.ts'
import type { Value, ValueType } from '../values.ts'
import type { Scope } from './compile.ts'
import type { Context } from './context.ts'
import { compileFastPath } from './fast-path.ts'
import { failRender } from './fault.ts'
import type { Statement } from './nodes.ts'
import { parseExpression, parseTemplate } from './parse.ts'
import { toJson, toText } from './python-text.ts'
import { JsonText, type Runtime } from './runtime-values.ts'
import { compileStatements, type Write } from './statements.ts'
import { textLength } from './texts.ts'
import { NOT_SPACE } from './whitespace.ts'

/** Characters (code points) a template may render to. */
export const MAX_OUTPUT = 512_000

/** What a template is told about its columns. */
export interface TemplateOptions {
  /** Declared types: a `double` prints 29 as `29.0`, in groups and lists too. Without a type, whole numbers are integers. */
  readonly types?: Readonly<Record<string, ValueType>>
  /** How values print: as Python's `str` (default), or, for `schema_transform`, bools, None, lists and dicts as JSON. */
  readonly print?: 'python' | 'json'
  /** Keep a newline at the end of the template. Default false, as Jinja's. */
  readonly keepTrailingNewline?: boolean
  /** For tests: never take the fast path. */
  readonly isFastPathOff?: boolean
}

/** What a rendering may use besides the values. */
export interface RenderOptions {
  /** Uniform in [0, 1), for the filter `random`: the row's own stream or its draws. Without it that filter fails. */
  readonly random?: (() => number) | Pick<RowStream, 'next'>
}

/** A compiled template. */
export interface Template {
  /** Names it reads from the row, sorted; neither loop variables nor `loop`. */
  readonly references: readonly string[]
  /** The same with the fields it reads, `person.city` beside `person`, sorted. */
  readonly fieldReferences: readonly string[]
  /** The text for a row's values; only own properties are read. Throws `TEMPLATE_FAILED`. */
  render(values: Readonly<Record<string, Value>>, options?: RenderOptions): string
}

/** A compiled condition. */
export interface Condition {
  readonly references: readonly string[]
  /** True when it renders to `True`. Throws `TEMPLATE_FAILED`. */
  test(values: Readonly<Record<string, Value>>, options?: RenderOptions): boolean
}

/** Compiles a template. Throws `TEMPLATE_INVALID`, with `details.line` and `details.column` where they are known. */
export function compileTemplate(source: string, options: TemplateOptions = {}): Template {
  return compile(source, parseTemplate(source, options.keepTrailingNewline ?? false), options)
}

/** Compiles a condition, an expression with or without braces around it. Throws `TEMPLATE_INVALID`. */
export function compileCondition(source: string, options: TemplateOptions = {}): Condition {
  const isTemplate = /\{\{|\{%|\{#/.test(source) && !isBareExpression(source)
  const statements = isTemplate ? parseTemplate(source, false) : parseExpression(source)
  const template = compile(source, statements, options)
  return { references: template.references, test: (values, renderOptions) => template.render(values, renderOptions).trim() === 'True' }
}

/** `{{` may also begin a dict in a dict, or stand in a text; only a condition that does not begin with a tag can be bare. */
function isBareExpression(source: string): boolean {
  if (/^\s*\{[{%#]/.test(source)) return false
  try {
    parseExpression(source)
    return true
  } catch {
    return false
  }
}

/** Names a template reads from the row, sorted. Throws `TEMPLATE_INVALID`. */
export function templateReferences(source: string): readonly string[] {
  return compileTemplate(source).references
}

/** True for a text of which nothing but whitespace is left: not a prompt. */
export function isBlank(text: string): boolean {
  return !NOT_SPACE.test(text)
}

function compile(source: string, statements: readonly Statement[], options: TemplateOptions): Template {
  let slotCount = 0
  const scope: Scope = {
    source,
    types: options.types ?? {},
    locals: new Map(),
    columns: new Map(),
    fields: new Set(),
    newSlot: () => slotCount++,
  }
  const isJson = options.print === 'json'
  const write = compileStatements(statements, scope, isJson ? printJson : toText)
  const fast = isJson || options.isFastPathOff === true ? null : compileFastPath(statements, scope.types)
  const render = (values: Readonly<Record<string, Value>>, renderOptions?: RenderOptions): string =>
    fast?.(values) ?? interpret(write, values, renderOptions ?? {})
  return { references: [...scope.columns.keys()].toSorted(), fieldReferences: [...scope.fields].toSorted(), render }
}

function interpret(write: Write, values: Readonly<Record<string, Value>>, options: RenderOptions): string {
  const context: Context = { values, random: drawsOf(options.random), slots: [], loop: null, output: '', work: 0 }
  try {
    write(context)
  } catch (error) {
    if (!isParquetryError(error) && error instanceof RangeError) throw failRender('the values are nested too deeply.')
    throw error
  }
  const { output } = context
  if (output.length > MAX_OUTPUT && textLength(output) > MAX_OUTPUT) {
    throw failRender(`expected a text of at most ${MAX_OUTPUT} characters, found one of ${textLength(output)}.`)
  }
  return output
}

function drawsOf(random: RenderOptions['random']): () => number {
  if (random === undefined) return refuseRandom
  return typeof random === 'function' ? random : () => random.next()
}

function refuseRandom(): number {
  throw failRender('the filter `random` cannot be used here.')
}

/** DataDesigner's printing in `schema_transform`, before it is put between quotes. */
function printJson(value: Runtime): string {
  if (typeof value === 'string') return value
  if (value === null || typeof value === 'boolean' || value instanceof Map || Array.isArray(value)) return toJson(value)
  if (value instanceof JsonText) return toJson(value.opened)
  return toText(value)
}
