/** What columns name in their templates and conditions: is it there, is it readable, and does it run in circles? */
import { isParquetryError } from '../errors.ts'
import { compileCondition, compileTemplate } from '../template/index.ts'
import type { ValueType } from '../values.ts'
import { allParams } from './check-samplers.ts'
import type { KnownGenerators } from './column-generators.ts'
import { orderByNeeds } from './dependencies.ts'
import type { Path } from './paths.ts'
import type { Report } from './problems.ts'
import type { Placed } from './read-config.ts'
import type { ColumnConfig, CustomColumnConfig, SamplerColumnConfig } from './schema-columns.ts'
import type { ConstraintConfig } from './schema.ts'
import { suggest } from './suggest.ts'

/** What templates may name. */
export interface Known {
  /** Names of all columns, side-effect columns and unreadable ones included. */
  readonly names: readonly string[]
  /** Column → declared type, of those that could be read. */
  readonly types: ReadonlyMap<string, ValueType>
  /** Side-effect column → the column that makes it. */
  readonly producers: ReadonlyMap<string, string>
  /** True when there may be columns that are not known: an unknown name is then no mistake. */
  readonly isOpen: boolean
  /** Names of columns that a sampler's condition may read. */
  readonly samplers: ReadonlySet<string>
  /** Columns that are people drawn by faker, whose fields are fixed. */
  readonly persons: ReadonlySet<string>
  /** What custom columns name, by name. */
  readonly generators: KnownGenerators
}

/** Column → columns it needs, in the order of their names; for side-effect columns stand those that make them. Reports unreadable templates, unknown names and circles. */
export function checkReferences(
  columns: readonly Placed<ColumnConfig>[],
  constraints: readonly Placed<ConstraintConfig>[],
  known: Known,
  report: Report,
): ReadonlyMap<string, readonly string[]> {
  const inputs = new Map<string, readonly string[]>()
  for (const { part: column, path } of columns) {
    const names = inputsOf(column, path, known, report)
    inputs.set(column.name, [...new Set(names.map((needed) => known.producers.get(needed) ?? needed))].toSorted())
  }
  reportCircles(columns, constraints, inputs, report)
  return inputs
}

function inputsOf(column: ColumnConfig, path: Path, known: Known, report: Report): readonly string[] {
  if (column.column_type === 'seed-dataset') return []
  if (column.column_type === 'sampler') return samplerInputs(column, path, known, report)
  return [...templateInputs(column, path, known, report), ...whenInputs(column, path, known, report)]
}

function templateInputs(
  column: Exclude<ColumnConfig, { column_type: 'sampler' | 'seed-dataset' }>,
  path: Path,
  known: Known,
  report: Report,
): readonly string[] {
  if (column.column_type === 'custom') return generatorInputs(column, path, known, report)
  if (column.column_type === 'expression') {
    if (column.expr.trim() === '') report.error([...path, 'expr'], 'expected a Jinja template, found an empty text')
    return checkTemplate(column.expr, [...path, 'expr'], known, report) ?? []
  }
  if (column.column_type === 'embedding') return checkNamed(column.target_column, [...path, 'target_column'], known, report)
  const contexts = (column.multi_modal_context ?? []).flatMap(({ column_name: name }, index) =>
    checkNamed(name, [...path, 'multi_modal_context', index, 'column_name'], known, report),
  )
  return [...promptInputs(column, path, known, report), ...contexts]
}

/** A column named outright. */
function checkNamed(name: string, path: Path, known: Known, report: Report): readonly string[] {
  reportUnknown([name], path, known, report)
  return [name]
}

function promptInputs(
  column: Extract<ColumnConfig, { readonly prompt: string }>,
  path: Path,
  known: Known,
  report: Report,
): readonly string[] {
  if (column.prompt.trim() === '') report.error([...path, 'prompt'], 'expected a prompt, found an empty text')
  const prompt = checkTemplate(column.prompt, [...path, 'prompt'], known, report)
  const isAlone = (column.multi_modal_context ?? []).length === 0
  if (isAlone && prompt !== null && prompt.length === 0 && column.prompt.trim() !== '') {
    report.warn(
      [...path, 'prompt'],
      'the prompt names no column, so it is the same for every row; name columns as {{ column_name }} for variety',
    )
  }
  warnOfSingleBraces(column.prompt, [...path, 'prompt'], known, report)
  if (!('system_prompt' in column) || column.system_prompt === null) return prompt ?? []
  warnOfSingleBraces(column.system_prompt, [...path, 'system_prompt'], known, report)
  return [...(prompt ?? []), ...(checkTemplate(column.system_prompt, [...path, 'system_prompt'], known, report) ?? [])]
}

/** The columns that a registered generator declares. Reports those that are not there. */
function generatorInputs({ generator_function: name }: CustomColumnConfig, path: Path, known: Known, report: Report): readonly string[] {
  const inputs = known.generators.get(name)?.facts.inputs ?? []
  for (const input of inputs) {
    if (known.names.includes(input) || known.isOpen) continue
    const message = `the generator "${name}" needs the column "${input}"; no column has that name.${suggest(input, known.names)}`
    report.error([...path, 'generator_function'], message)
  }
  return inputs
}

/** The columns that a column's condition reads. Reports conditions that cannot be read, read nothing, or read the column itself. */
function whenInputs(
  column: Exclude<ColumnConfig, { column_type: 'sampler' }>,
  path: Path,
  known: Known,
  report: Report,
): readonly string[] {
  if (column.skip === null) return []
  const place = [...path, 'skip', 'when']
  const references = checkTemplate(column.skip.when, place, known, report)
  if (references === null) return []
  if (references.length === 0) {
    report.error(
      place,
      `expected a Jinja template that reads a column, such as {{ stock == 0 }} with its braces, found ${JSON.stringify(column.skip.when)}`,
    )
  }
  const itself = references.find((name) => name === column.name || known.producers.get(name) === column.name)
  if (itself !== undefined) report.error(place, `expected a condition on other columns, found "${itself}", which is made by this one`)
  return references.filter((name) => name !== itself)
}

/** The columns a template reads; null when it cannot be read. Reports names and fields of people that are not there. */
export function checkTemplate(source: string, path: Path, known: Known, report: Report): readonly string[] | null {
  const template = attempt(() => compileTemplate(source), path, report)
  if (template === null) return null
  reportUnknown(template.references, path, known, report)
  for (const field of template.fieldReferences) {
    const [name, part] = field.split('.') as [string, string | undefined]
    const type = known.types.get(name)
    // people that are not there have been reported
    if (
      part === undefined ||
      type?.kind !== 'group' ||
      type.fields.length === 0 ||
      type.fields.some((candidate) => candidate.name === part)
    )
      continue
    const hint = suggest(
      part,
      type.fields.map((candidate) => candidate.name),
    )
    const message = `"${name}" has no field "${part}".${hint}`
    if (known.persons.has(name)) report.error(path, message)
    else report.warn(path, message)
  }
  return template.references
}

function attempt<Result>(compile: () => Result, path: Path, report: Report): Result | null {
  try {
    return compile()
  } catch (error) {
    if (!isParquetryError(error)) throw error
    const { line, column, wayOut } = error.details as { line?: number; column?: number; wayOut?: string }
    const place = typeof line === 'number' ? ` (line ${line}${typeof column === 'number' ? `, column ${column}` : ''})` : ''
    const hint = typeof wayOut === 'string' ? ` ${wayOut}` : ''
    report.error(path, `${error.message}${place && error.message.includes(`line ${line}`) ? '' : place}${hint}`)
    return null
  }
}

function reportUnknown(references: readonly string[], path: Path, known: Known, report: Report): void {
  for (const name of references) {
    if (known.names.includes(name) || known.isOpen) continue
    const [, producer = '', kind] = /^(.+)__(trace|reasoning_content)$/.exec(name) ?? []
    const isNear = known.names.includes(producer)
    // A column that could not be read may well make it.
    if (isNear && !known.types.has(producer)) continue
    const field = kind === 'trace' ? 'with_trace: last_message or all_messages' : 'extract_reasoning_content: true'
    report.error(
      path,
      `no column has the name "${name}".${isNear ? ` Give "${producer}" ${field} if it asks a model.` : suggest(name, known.names)}`,
    )
  }
}

/** `{name}` as in Python's f-strings, where `name` is a column. */
function warnOfSingleBraces(source: string, path: Path, known: Known, report: Report): void {
  const names = [...source.matchAll(/(?<![{%#])\{\s*([A-Za-z_]\w*)[^{}]*\}(?!\})/g)].map((match) => match[1]!)
  for (const name of new Set(names)) {
    if (known.names.includes(name))
      report.warn(path, `{${name}} stands in single braces and is sent as it is; to insert the column write {{ ${name} }}`)
  }
}

function samplerInputs(column: SamplerColumnConfig, path: Path, known: Known, report: Report): readonly string[] {
  const inputs = [...checkConditions(Object.keys(column.conditional_params), [...path, 'conditional_params'], known, report)]
  for (const { part: params } of allParams(column, path)) {
    if (params.sampler_type === 'subcategory') inputs.push(params.category)
    if (params.sampler_type === 'timedelta') inputs.push(params.reference_column_name)
  }
  return inputs
}

/** The columns that a sampler's conditions read. Reports conditions that cannot be read, or that read what is not drawn before. */
export function checkConditions(conditions: readonly string[], path: Path, known: Known, report: Report): readonly string[] {
  return conditions.flatMap((condition) => {
    const place = [...path, condition]
    const compiled = attempt(() => compileCondition(condition), place, report)
    if (compiled === null) return []
    reportUnknown(compiled.references, place, known, report)
    for (const name of compiled.references) {
      if (known.names.includes(name) && !known.samplers.has(name)) {
        report.error(place, `expected a condition on sampler columns, which are drawn first; "${name}" is none`)
      }
    }
    if (compiled.references.length === 0) report.warn(place, 'the condition names no column, so it holds for all rows or for none')
    return compiled.references
  })
}

/** Right-hand sides of constraints are drawn before their targets, as in DataDesigner, and so take part in circles of samplers. */
function reportCircles(
  columns: readonly Placed<ColumnConfig>[],
  constraints: readonly Placed<ConstraintConfig>[],
  inputs: ReadonlyMap<string, readonly string[]>,
  report: Report,
): void {
  const needs = new Map(inputs)
  for (const { part } of constraints) {
    const before = needs.get(part.target_column)
    if (part.constraint_type === 'column_inequality' && before !== undefined) needs.set(part.target_column, [...before, part.rhs])
  }
  for (const circle of orderByNeeds(needs).circles) {
    const path = columns.find(({ part }) => part.name === circle[0])!.path
    const text = circle.map((name) => `"${name}"`).join(' needs ')
    report.error(
      path,
      circle.length === 2 ? `the column needs itself: ${text}` : `expected columns that do not need each other in a circle, found ${text}`,
    )
  }
}
