/**
 * Columns made by a program's own generator, by one cell or by all rows of a row group. Around its code stands what every column has:
 * declared inputs, declared types, calls that are limited and journalled, and errors of which only those about a row drop it.
 */
import type { CompiledDataset, CompiledModel, CustomColumn } from '../config/compiled.ts'
import { isParquetryError, ParquetryError } from '../errors.ts'
import type { ChatRequest } from '../model/client.ts'
import type { GeneratorFacts } from '../plan/generator-facts.ts'
import type { RowStream } from '../random/random.ts'
import type { Value } from '../values.ts'
import type { ColumnGenerator, GeneratorContext, GeneratorRow, OutputType, Question } from './custom-generator.ts'
import type { CellGenerator, CellPorts, CellRow, Member } from './generator.ts'
import { fixedParameters } from './inference-parameters.ts'
import { toRequest } from './llm-prompt.ts'

/** The code of custom columns, and what stands around it. */
export interface CustomCode {
  /** The registered generator. Throws `CUSTOM_GENERATOR_MISSING` when it is not the one that the config was compiled with. */
  find(name: string, facts: GeneratorFacts): ColumnGenerator
  /** Refuses a value that the column's declared type does not hold. Throws `VALUE_NOT_REPRESENTABLE`. */
  readonly check: (column: string, value: Value, row: number) => void
  /** Begins the work once it is its turn: the event loop has one between pieces of work. */
  inTurn<T>(work: () => T | Promise<T>): Promise<T>
  /** One line for people. */
  readonly warn: (message: string) => void
}

/** Compiles a custom column. A generator that is missing says so when a row group is begun. */
export function compileCustom(column: CustomColumn, compiled: CompiledDataset, code: CustomCode | null): CellGenerator {
  const facts = compiled.generators[column.generator_function]
  if (facts === undefined || code === null) {
    throw new ParquetryError('INTERNAL', `Column "${column.name}": expected its generator "${column.generator_function}", found nothing.`)
  }
  const shared = { column: column.name, inputs: facts.inputs, sideEffects: facts.sideEffects.map(({ name }) => name), isSync: false }
  let generator: ColumnGenerator
  let params: unknown
  try {
    generator = code.find(column.generator_function, facts)
    params = paramsOf(column, generator)
  } catch (error) {
    if (!isParquetryError(error) || error.kind !== 'blocked') throw error
    const refuse = (): never => {
      throw error
    }
    return { ...shared, requireReady: refuse, generate: refuse }
  }
  const made: Making = {
    column,
    facts,
    generator,
    code,
    models: compiled.models,
    params,
    taker: createTaker(column, facts, generator, code),
  }
  if (generator.strategy !== 'full_column') return { ...shared, generate: (row, ports) => makeCell(made, row, ports) }
  return {
    ...shared,
    isFullColumn: true,
    generate(row, ports) {
      if (ports.together === undefined) throw new ParquetryError('INTERNAL', 'a full column was asked for outside of a row group')
      return ports.together(row, (members) => makeColumn(made, members))
    },
  }
}

/** A column that is made. */
interface Making {
  readonly column: CustomColumn
  readonly facts: GeneratorFacts
  readonly generator: ColumnGenerator
  readonly code: CustomCode
  readonly models: Readonly<Record<string, CompiledModel>>
  readonly params: unknown
  readonly taker: (made: unknown, row: CellRow) => Value
}

async function makeCell(making: Making, row: CellRow, ports: CellPorts): Promise<Value> {
  const { generator, code, taker } = making
  if (generator.strategy === 'full_column') throw new ParquetryError('INTERNAL', 'a full-column generator was asked for a cell')
  try {
    const made = await code.inTurn(() => {
      ports.signal.throwIfAborted()
      return generator.generate(openRow(making, row, ports), contextOf(making, ports))
    })
    return taker(made, row)
  } catch (error) {
    throw ports.signal.aborted ? ports.signal.reason : cellError(making.column, error)
  }
}

async function makeColumn(making: Making, members: readonly Member[]): Promise<readonly PromiseSettledResult<Value>[]> {
  const { generator, code, column, taker } = making
  const [first] = members
  if (generator.strategy !== 'full_column' || first === undefined)
    throw new ParquetryError('INTERNAL', 'no rows for a full-column generator')
  const { ports } = first
  let results: readonly unknown[]
  try {
    const rows = members.map((member) => openRow(making, member.row, member.ports))
    results = await code.inTurn(() => {
      ports.signal.throwIfAborted()
      return generator.generate(rows, contextOf(making, ports))
    })
  } catch (error) {
    throw ports.signal.aborted ? ports.signal.reason : columnError(column, error)
  }
  if (!Array.isArray(results) || results.length !== members.length) {
    const found = Array.isArray(results) ? `${results.length}` : describe(results)
    throw columnError(column, `expected ${members.length} results, one a row, found ${found}`)
  }
  const settled: PromiseSettledResult<Value>[] = []
  for (const [index, { row }] of members.entries()) {
    const result: unknown = results[index]
    try {
      if (result instanceof Error) throw result
      settled.push({ status: 'fulfilled', value: taker(result, row) })
    } catch (error) {
      settled.push({ status: 'rejected', reason: cellError(column, error) })
    }
    if (index % 100 === 99) await code.inTurn(() => undefined)
  }
  return settled
}

function contextOf({ column, params }: Making, { signal }: CellPorts): GeneratorContext {
  return { column: column.name, params, signal }
}

/** Judged by the client before, whose code may be another. */
function paramsOf({ name, generator_function, generator_params: given }: CustomColumn, { params: schema }: ColumnGenerator): unknown {
  if (schema === undefined) return given
  const result = schema.safeParse(given ?? {})
  if (result.success) return result.data
  const { path, message } = result.error.issues[0]!
  const found = `"${name}" has generator_params that it refuses${path.length === 0 ? '' : ` at ${path.join('.')}`}: ${message}`
  throw new ParquetryError(
    'CUSTOM_GENERATOR_MISSING',
    `expected this worker to have the column generator "${generator_function}" of the client; ${found}`,
    {
      wayOut: 'start the worker with the same code as the client',
    },
  )
}

function openRow({ column, facts, models }: Making, row: CellRow, ports: CellPorts): GeneratorRow {
  let calls = 0
  let random: RowStream | undefined
  return {
    rowIndex: row.rowIndex,
    refill: row.refill,
    values: Object.freeze(Object.fromEntries(facts.inputs.map((input) => [input, freeze(row.get(input))]))),
    get random() {
      return (random ??= row.random())
    },
    async ask(alias, question) {
      const model = facts.models.includes(alias) ? models[alias] : undefined
      if (model === undefined) {
        throw new TypeError(
          `expected an alias that the generator "${column.generator_function}" declares (${facts.models.join(', ') || 'none'}), found "${alias}"`,
        )
      }
      // The place of a call in the journal: its number in the row.
      return await ports.ask(alias, requestOf(model, question), { restart: 0, step: calls++ })
    },
  }
}

function requestOf(model: CompiledModel, question: Question): ChatRequest {
  if (typeof question === 'string') return toRequest(model, { system: null, user: question })
  if ('messages' in question) return { ...fixedParameters(model), messages: question.messages }
  return toRequest(model, { system: question.system ?? null, user: question.prompt })
}

/** Values are shared by all columns of the row, so that nobody may change them. */
function freeze(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const inner of Object.values(value) as Value[]) freeze(inner)
  return Object.freeze(value)
}

/** Takes what was made for one row: sets its side-effect columns and answers its cell. Throws what is wrong with it. */
function createTaker(
  { name, generator_function }: CustomColumn,
  { inputs, sideEffects }: GeneratorFacts,
  generator: ColumnGenerator,
  { check, warn }: CustomCode,
): (made: unknown, row: CellRow) => Value {
  const declared = [name, ...sideEffects.map((field) => field.name)]
  const judges = new Map([
    [name, judgeOf(generator.output)],
    ...Object.entries(generator.sideEffects ?? {}).map(([side, type]) => [side, judgeOf(type)] as const),
  ])
  const said = new Set<string>()
  const warnOnce = (message: string): void => {
    if (said.has(message)) return
    said.add(message)
    warn(message)
  }
  return (made, row) => {
    if (typeof made !== 'object' || made === null || Array.isArray(made)) {
      throw new TypeError(`expected an object with the column "${name}", found ${describe(made)}`)
    }
    const columns = made as Readonly<Record<string, unknown>>
    for (const key of Object.keys(columns)) {
      if (declared.includes(key)) continue
      if (!inputs.includes(key))
        warnOnce(
          `column "${name}": the generator "${generator_function}" made the column "${key}" too, which it does not declare; it is left out`,
        )
      else if (columns[key] !== row.get(key))
        warnOnce(`column "${name}": the generator "${generator_function}" changed its input "${key}"; the change is left out`)
    }
    const values = declared.map((column): [string, Value] => {
      const value = Object.hasOwn(columns, column) ? columns[column] : undefined
      if (value === undefined)
        throw new TypeError(`expected a value for the declared column "${column}", found nothing (use null for none)`)
      const held = judges.get(column)!(value, column)
      check(column, held, row.rowIndex)
      return [column, held]
    })
    for (const [column, value] of values.slice(1)) row.setSideEffect(column, value)
    return values[0]![1]
  }
}

/** What the column holds of a value; zod schemas may change it on the way. */
function judgeOf(output: OutputType): (value: unknown, column: string) => Value {
  if (typeof output === 'string' || 'kind' in output) return (value) => value as Value
  return (value, column) => {
    const result = output.safeParse(value)
    if (result.success) return result.data as Value
    const { path, message } = result.error.issues[0]!
    throw new TypeError(`"${column}" does not fit its output type${path.length === 0 ? '' : ` at ${path.join('.')}`}: ${message}`)
  }
}

/** An error about one row. */
function cellError({ name, generator_function: generator }: CustomColumn, error: unknown): unknown {
  if (isParquetryError(error)) return error
  return new ParquetryError(
    'CUSTOM_CELL_FAILED',
    `Column "${name}": the generator "${generator}" failed: ${textOf(error)}`,
    { column: name },
    error,
  )
}

/** An error about the whole column: no row is to blame for it, whatever it says. */
function columnError({ name, generator_function: generator }: CustomColumn, error: unknown): unknown {
  if (isParquetryError(error) && error.kind !== 'content') return error
  return new ParquetryError(
    'CUSTOM_COLUMN_FAILED',
    `column "${name}": the full-column generator "${generator}" failed: ${textOf(error)}`,
    {
      column: name,
      wayOut: 'correct it and start the worker again, no answer is lost; to give up single rows, return an Error in their places',
    },
    error,
  )
}

function textOf(error: unknown): string {
  if (error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError) return `${error.name}: ${error.message}`
  return error instanceof Error ? error.message : String(error)
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}
