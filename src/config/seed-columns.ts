/** What seed data mean for a config: their columns, the rows selected, and what does not go together. */
import type { SeedFacts } from '../seed/source.ts'
import type { CompiledSeed } from './compiled.ts'
import type { Path } from './paths.ts'
import type { Report } from './problems.ts'
import type { ConfigParts, Placed } from './read-config.ts'
import { SEED_DATA_PATH, SEED_PATH } from './read-seed.ts'
import type { ColumnConfig } from './schema-columns.ts'
import type { SeedConfig } from './schema-seed.ts'
import { suggest } from './suggest.ts'

/** Seed data as they were read beforehand, or why they could not be. */
export type SeedReading = SeedFacts | { readonly problem: string }

/** A config with its seed columns in it. */
export interface WithSeed {
  readonly parts: ConfigParts
  readonly seed: CompiledSeed | null
}

/**
 * Puts the columns of the seed data before the others. Reports names that stand on both sides, `seed-dataset` columns that the data do
 * not have, and rows selected that are not there.
 */
export function withSeedColumns(parts: ConfigParts, reading: SeedReading | null, report: Report): WithSeed {
  const { seedConfig } = parts
  const listed = parts.columns.filter(({ part }) => part.column_type === 'seed-dataset')
  if (seedConfig === null) {
    // What seed_config is wrong about is said already.
    if (!parts.hasUnknownColumns) {
      for (const { path } of listed) {
        report.error(
          [...path, 'column_type'],
          'expected seed_config, which brings the columns of seed data, found none; add it, or remove the column',
        )
      }
    }
    return { parts: withoutColumns(parts, listed), seed: null }
  }
  if (reading === null || 'problem' in reading) {
    report.error(SEED_DATA_PATH, reading === null ? 'expected seed data that were read, found them not read' : reading.problem)
    return { parts: { ...withoutColumns(parts, listed), hasUnknownColumns: true }, seed: null }
  }
  const names = reading.schema.map(({ name }) => name)
  checkListed(listed, names, report)
  const own = withoutColumns(parts, listed)
  for (const { part: name, path } of own.names) {
    if (!names.includes(name)) continue
    report.error(
      path,
      `expected a name that no column of the seed data has, found "${name}"; give the column another name, or take it out of the seed data`,
    )
  }
  if (names.length === 0) report.error(SEED_DATA_PATH, 'expected seed data with columns, found none')
  for (const name of new Set(names.filter((candidate, index) => names.indexOf(candidate) !== index))) {
    report.error(SEED_DATA_PATH, `expected seed data with unique columns, found "${name}" twice; rename one of them`)
  }
  const added = [...new Set(names)].filter((name) => !own.names.some(({ part }) => part === name)).map((name) => seedColumn(name))
  for (const note of reading.notes) report.warn(SEED_DATA_PATH, note)
  return {
    parts: {
      ...own,
      columns: [...added, ...own.columns],
      names: [...added.map(({ part }) => ({ part: part.name, path: SEED_DATA_PATH })), ...own.names],
    },
    seed: { ...seedConfig, data: reading, ...selectRows(seedConfig, reading.rowCount, report) },
  }
}

function withoutColumns(parts: ConfigParts, columns: readonly Placed<ColumnConfig>[]): ConfigParts {
  if (columns.length === 0) return parts
  const paths = new Set(columns.map(({ path }) => path.join('.')))
  return {
    ...parts,
    columns: parts.columns.filter(({ path }) => !paths.has(path.join('.'))),
    names: parts.names.filter(({ path }) => !paths.has(path.slice(0, -1).join('.'))),
  }
}

/** DataDesigner writes the seed's columns into the builder_config.json of a run, though its own builder does not take them from there. */
function checkListed(listed: readonly Placed<ColumnConfig>[], names: readonly string[], report: Report): void {
  for (const { part, path } of listed) {
    if (!names.includes(part.name)) {
      report.error([...path, 'name'], `the seed data have no column "${part.name}".${suggest(part.name, names)}`)
    } else if (part.drop) {
      report.error([...path, 'drop'], `expected drop: false; to drop a column of the seed data, name it in a drop_columns processor`)
    }
  }
}

function seedColumn(name: string): Placed<ColumnConfig> {
  return { part: { name, column_type: 'seed-dataset', drop: false, skip: null, propagate_skip: true }, path: SEED_DATA_PATH }
}

/** First row and number of the rows that rows are taken from; ranges and parts as DataDesigner counts them. */
function selectRows(
  { selection_strategy: selection }: SeedConfig,
  rowCount: number,
  report: Report,
): { firstRow: number; rowCount: number } {
  const path: Path = [...SEED_PATH, 'selection_strategy']
  if (rowCount === 0) {
    report.error(SEED_DATA_PATH, 'expected seed data with at least one row, found none')
    return { firstRow: 0, rowCount: 0 }
  }
  if (selection === null) return { firstRow: 0, rowCount }
  if ('start' in selection) {
    const { start, end } = selection
    if (end >= rowCount) report.error([...path, 'end'], `expected a row of the seed data, 0 to ${rowCount - 1}, found ${end}`)
    return { firstRow: start, rowCount: end - start + 1 }
  }
  const { index, num_partitions: parts } = selection
  if (parts > rowCount) {
    report.error([...path, 'num_partitions'], `expected at most as many parts as the seed data have rows, ${rowCount}, found ${parts}`)
  }
  const size = Math.floor(rowCount / parts)
  const firstRow = index * size
  return { firstRow, rowCount: index === parts - 1 ? rowCount - firstRow : size }
}
