/** Custom columns: is the generator that they name registered, and do their parameters suit it? */
import type { GeneratorFacts } from '../plan/generator-facts.ts'
import type { Field } from '../values.ts'
import type { KnownGenerators } from './column-generators.ts'
import type { Column } from './compiled.ts'
import { readPart } from './issues.ts'
import type { Path } from './paths.ts'
import type { Report } from './problems.ts'
import type { ConfigParts } from './read-config.ts'
import type { ColumnConfig, CustomColumnConfig } from './schema-columns.ts'
import { suggest } from './suggest.ts'

/**
 * The parts without custom columns whose generator is not registered: like columns that cannot be read they keep their names. Reports
 * those, parameters that the generator refuses, and side-effect columns that two columns make.
 */
export function withKnownGenerators(parts: ConfigParts, generators: KnownGenerators, report: Report): ConfigParts {
  const makers = new Map<string, string>()
  const columns = parts.columns.filter(({ part, path }) => {
    if (part.column_type !== 'custom') return true
    checkMade(part, path, makers, generators, report)
    return checkColumn(part, path, generators, report)
  })
  if (columns.length === parts.columns.length) return parts
  // Nobody knows what else an unknown generator makes.
  return { ...parts, columns, hasUnknownColumns: true }
}

function checkColumn(column: CustomColumnConfig, path: Path, generators: KnownGenerators, report: Report): boolean {
  const { generator_function: name, generation_strategy: said, generator_params: params } = column
  const known = generators.get(name)
  if (known === undefined) {
    const names = [...generators.keys()]
    report.error(
      [...path, 'generator_function'],
      `expected the name of a registered column generator, found "${name}" (registered: ${names.join(', ') || 'none'}).${suggest(name, names)} ` +
        `Functions of Python cannot run here: write it in TypeScript with defineColumnGenerator, and give it as columnGenerators: { ${JSON.stringify(name)}: … } or in a module with --extensions`,
    )
    return false
  }
  const { strategy } = known.facts
  if (said !== undefined && said !== strategy) {
    report.error([...path, 'generation_strategy'], `expected ${strategy}, which the generator "${name}" has, found ${said}; leave it out`)
  }
  if (known.params !== undefined) readPart(known.params, params ?? {}, [...path, 'generator_params'], report)
  return true
}

function checkMade(
  { name, generator_function: generator }: CustomColumnConfig,
  path: Path,
  makers: Map<string, string>,
  generators: KnownGenerators,
  report: Report,
): void {
  for (const { name: made } of generators.get(generator)?.facts.sideEffects ?? []) {
    const other = makers.get(made)
    if (other !== undefined) {
      const message = `expected side-effect columns that one column makes, found "${made}", which "${other}" makes too: use the generator "${generator}" once`
      report.error([...path, 'generator_function'], message)
    }
    makers.set(made, name)
  }
}

/** The columns that a custom column makes beside its own. */
export function madeByGenerator(column: ColumnConfig, generators: KnownGenerators): readonly Field[] {
  return column.column_type === 'custom' ? (generators.get(column.generator_function)?.facts.sideEffects ?? []) : []
}

/** What the generators declare that a column names. */
export function factsOfUsed(columns: readonly Column[], generators: KnownGenerators): Readonly<Record<string, GeneratorFacts>> {
  const names = columns.flatMap((column) => (column.column_type === 'custom' ? [column.generator_function] : []))
  return Object.fromEntries(names.map((name) => [name, generators.get(name)!.facts]))
}
