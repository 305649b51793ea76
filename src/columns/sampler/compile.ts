/** From sampler columns and constraints to a program that draws any row alone. */
import type { Constraint, SamplerColumn, SamplerParams } from '../../config/compiled.ts'
import { isParquetryError, ParquetryError } from '../../errors.ts'
import type { Problem } from '../../errors.ts'
import type { People } from '../../plan/people.ts'
import { createRandom } from '../../random/random.ts'
import type { Value } from '../../values.ts'
import type { SamplerProgram } from '../generator.ts'
import { SECONDS_PER_UNIT } from '../../plan/calendar.ts'
import { allParams } from './category.ts'
import { compileConstraint } from './constraint.ts'
import type { CompiledConstraint } from './constraint.ts'
import { compileConversion } from './convert.ts'
import type { Conversion } from './convert.ts'
import { compileDraw } from './compile-draw.ts'
import type { DrawContext, ManagedPeople } from './compile-draw.ts'
import type { Draw } from './draw.ts'
import { loadToAscii } from './email-address.ts'
import { requestOf } from './managed-person.ts'
import { orderSamplers } from './order.ts'
import { parseDate } from '../../plan/parse-date.ts'
import type { OpenPeople } from './people.ts'
import { loadPersonSource } from './person.ts'
import type { PersonSource } from './person.ts'
import { createProgram } from './program.ts'
import type { CompiledSampler } from './program.ts'

/** A compiled condition: the columns it reads, and whether it holds for their values. */
export interface CompiledCondition {
  readonly references: readonly string[]
  test(values: Record<string, Value>): boolean
}

/** Compiles a Jinja expression without braces; throws a `ParquetryError` (`TEMPLATE_INVALID`) when it cannot be read. */
export type CompileCondition = (expression: string) => CompiledCondition

/** What a program is made of. */
export interface SamplerSources {
  /** All sampler columns of the dataset, in config order. */
  readonly columns: readonly SamplerColumn[]
  readonly constraints: readonly Constraint[]
  /** Columns whose values are there before samplers are drawn: conditions may read them. Default none. */
  readonly given?: readonly string[]
  /** The dataset's recorded seed. */
  readonly seed: string | number
  /** The dataset's recorded reference time (ISO 8601): the day on which people have their age. */
  readonly referenceTime: string
  readonly compileCondition: CompileCondition
  /** Where the people of `person` columns come from, by locale. Default none. */
  readonly people?: People
  /** Reads managed people. Default: there are none here. */
  readonly openPeople?: OpenPeople
}

/**
 * Compiles the samplers of a dataset; asynchronous, for faker's words are loaded when a locale asks for them. Equal sources
 * give equal programs on any machine. Throws `CONFIG_INVALID` with all problems at once, each under the path
 * `columns.<name>…`, for the place in the config's list is not known here.
 */
export async function compileSamplers(sources: SamplerSources): Promise<SamplerProgram> {
  const problems: Problem[] = []
  const report = (path: string, message: string): void => void problems.push({ path, message, level: 'error' })
  const conditions = compileConditions(sources, report)
  const conversions = compileConversions(sources.columns, report)
  const groups = orderGroups(sources, conditions, report)
  const constraints = compileConstraints(sources, conversions, report)
  const context: DrawContext = {
    columns: new Map(sources.columns.map((column, slot) => [column.name, { column, slot }])),
    random: createRandom(sources.seed),
    referenceDay: referenceDayOf(sources.referenceTime),
    people: sources.people ?? {},
    persons: await loadPersons(sources, report),
    managed: await loadManaged(sources, report),
    report,
  }
  const draws = sources.columns.map((column) => compileDraws(column, context))
  if (problems.length > 0) throw invalid(problems)

  const shown = new Set([...conditions.values()].flatMap((ofColumn) => ofColumn.flatMap((condition) => condition.references)))
  const compiled = sources.columns.map((column, slot): CompiledSampler => {
    const [draw, ...conditional] = draws[slot]! as [Draw, ...Draw[]]
    const tests = conditions.get(column.name)!
    return {
      name: column.name,
      slot,
      stream: context.random.seekable(column.name),
      draw,
      branches: conditional.map((branch, index) => ({ draw: branch, test: (values) => tests[index]!.test(values) })),
      conversion: conversions.get(column.name)!,
      isShown: shown.has(column.name),
      constraints: constraints.get(column.name) ?? [],
    }
  })
  const byName = new Map(compiled.map((column) => [column.name, column]))
  return createProgram(
    compiled,
    groups.map((group) => group.map((name) => byName.get(name)!)),
    (sources.given ?? []).filter((name) => shown.has(name)),
  )
}

type Report = (path: string, message: string) => void

function compileConditions(sources: SamplerSources, report: Report): ReadonlyMap<string, readonly CompiledCondition[]> {
  return new Map(
    sources.columns.map((column) => [
      column.name,
      Object.keys(column.conditional_params).flatMap((expression) => {
        try {
          return [sources.compileCondition(expression)]
        } catch (error) {
          if (!isParquetryError(error)) throw error
          report(`columns.${column.name}.conditional_params`, error.message)
          return []
        }
      }),
    ]),
  )
}

function compileConversions(columns: readonly SamplerColumn[], report: Report): ReadonlyMap<string, Conversion> {
  const conversions = new Map<string, Conversion>()
  for (const column of columns) {
    const conversion = compileConversion(column)
    if ('problem' in conversion) report(`columns.${column.name}.convert_to`, conversion.problem)
    else conversions.set(column.name, conversion)
  }
  return conversions
}

/** Conditions, subcategory parents, time references and right-hand sides of constraints are drawn first. */
function orderGroups(
  sources: SamplerSources,
  conditions: ReadonlyMap<string, readonly CompiledCondition[]>,
  report: Report,
): readonly (readonly string[])[] {
  const dependencies = new Map<string, Set<string>>(sources.columns.map((column) => [column.name, new Set()]))
  const need = (column: string, input: string, path: string): void => {
    if (dependencies.has(input)) dependencies.get(column)!.add(input)
    else report(path, `Expected the name of a sampler column, for samplers are drawn first; found "${input}".`)
  }
  for (const column of sources.columns) {
    const path = `columns.${column.name}`
    for (const condition of conditions.get(column.name)!) {
      for (const reference of condition.references) {
        if (sources.given?.includes(reference) !== true) need(column.name, reference, `${path}.conditional_params`)
      }
    }
    for (const params of allParams(column)) {
      if (params.sampler_type === 'subcategory') need(column.name, params.category, `${path}.params.category`)
      if (params.sampler_type === 'timedelta') need(column.name, params.reference_column_name, `${path}.params.reference_column_name`)
    }
  }
  for (const [index, constraint] of sources.constraints.entries()) {
    const isTargetKnown = dependencies.has(constraint.target_column)
    if (!isTargetKnown) report(`constraints[${index}]`, `Expected the name of a sampler column; found "${constraint.target_column}".`)
    if (isTargetKnown && constraint.constraint_type === 'column_inequality') {
      need(constraint.target_column, constraint.rhs, `constraints[${index}].rhs`)
    }
  }
  const order = orderSamplers(dependencies)
  if ('groups' in order) return order.groups
  report('', `Expected sampler columns that do not need each other in a circle; found ${order.cycle.join(' -> ')} (each needs the next).`)
  return []
}

function compileConstraints(
  sources: SamplerSources,
  conversions: ReadonlyMap<string, Conversion>,
  report: Report,
): ReadonlyMap<string, readonly CompiledConstraint[]> {
  const slotOf = new Map(sources.columns.map((column, slot) => [column.name, slot]))
  const byTarget = new Map<string, CompiledConstraint[]>()
  for (const [index, constraint] of sources.constraints.entries()) {
    const target = conversions.get(constraint.target_column)
    const isScalar = constraint.constraint_type === 'scalar_inequality'
    const other = isScalar ? 'number' : conversions.get(constraint.rhs)?.comparable
    if (target === undefined || other === undefined) continue
    if (target.comparable === null || target.comparable !== other) {
      const found = `${describe(target.comparable)} and ${isScalar ? 'a number' : describe(other)}`
      report(`constraints[${index}]`, `Expected two numbers or two date-times to compare; found ${found}.`)
      continue
    }
    const compiled = byTarget.get(constraint.target_column) ?? []
    compiled.push(compileConstraint(constraint, index, slotOf))
    byTarget.set(constraint.target_column, compiled)
  }
  return byTarget
}

function describe(comparable: Conversion['comparable']): string {
  if (comparable === null) return 'values of another kind'
  return comparable === 'number' ? 'numbers' : 'date-times'
}

async function loadPersons({ columns, people = {} }: SamplerSources, report: Report): Promise<ReadonlyMap<string, PersonSource>> {
  const persons = new Map<string, PersonSource>()
  for (const column of columns) {
    for (const params of allParams(column)) {
      const isFaker =
        params.sampler_type === 'person_from_faker' || (params.sampler_type === 'person' && people[params.locale]?.kind === 'faker')
      if (!isFaker || persons.has(params.locale)) continue
      try {
        persons.set(params.locale, await loadPersonSource(params.locale))
      } catch (error) {
        if (!isParquetryError(error)) throw error
        report(`columns.${column.name}.params.locale`, `${error.message} ${error.details.wayOut}`)
      }
    }
  }
  return persons
}

async function loadManaged(sources: SamplerSources, report: Report): Promise<ReadonlyMap<SamplerParams, ManagedPeople>> {
  const managed = new Map<SamplerParams, ManagedPeople>()
  for (const column of sources.columns) {
    for (const [index, params] of allParams(column).entries()) {
      const source = params.sampler_type === 'person' ? sources.people?.[params.locale] : undefined
      if (params.sampler_type !== 'person' || source?.kind === 'faker') continue
      const path = `columns.${column.name}.${index === 0 ? 'params' : 'conditional_params'}`
      if (source === undefined || sources.openPeople === undefined) {
        report(path, `Expected managed people of the locale ${params.locale}; found none here.`)
        continue
      }
      const pool = await sources.openPeople(requestOf(params, source))
      if (pool.size > 0) managed.set(params, { pool, toAscii: await loadToAscii() })
      else report(path, `Expected filters that some person of the locale ${params.locale} meets; found nobody. Loosen them.`)
    }
  }
  return managed
}

function compileDraws(column: SamplerColumn, context: DrawContext): readonly (Draw | null)[] {
  return allParams(column).map((params, index) => {
    const path = index === 0 ? `columns.${column.name}.params` : `columns.${column.name}.conditional_params`
    return compileDraw(column, params, path, context)
  })
}

function referenceDayOf(referenceTime: string): number {
  const seconds = parseDate(referenceTime)
  if (seconds === null) throw new ParquetryError('INTERNAL', `Expected an ISO 8601 reference time; found ${JSON.stringify(referenceTime)}.`)
  return Math.floor(seconds / SECONDS_PER_UNIT.D)
}

function invalid(problems: readonly Problem[]): ParquetryError {
  const listed = problems.map((problem) => (problem.path === '' ? problem.message : `${problem.path}: ${problem.message}`))
  return new ParquetryError(
    'CONFIG_INVALID',
    `Expected sampler columns that can be drawn; found ${problems.length} problem(s). ${listed.join(' ')}`,
    {
      problems,
      wayOut: 'Correct the columns named above.',
    },
  )
}
