/** Post-generation processors of a config: what they read, and whether the columns they name are in the final rows. */
import type { Schema, ValueType } from '../values.ts'
import { checkFolderName } from './check-names.ts'
import type { DatasetProcessor } from './compiled.ts'
import type { Path } from './paths.ts'
import type { Report } from './problems.ts'
import type { ConfigParts } from './read-config.ts'
import type { DatasetProcessorConfig } from './schema-dataset-processors.ts'
import { suggest } from './suggest.ts'

/** What the checks know of the dataset. */
export interface FinalRows {
  readonly schema: Schema
  /** Names of the columns that are made but dropped. */
  readonly dropped: readonly string[]
  /** Names of the columns that could not be read: they are given the benefit of the doubt. */
  readonly unread: readonly string[]
}

/** Compiles the processors in the order of the config, each with its name and its input; reports what is wrong with them. */
export function compileDatasetProcessors(parts: ConfigParts, rows: FinalRows, report: Report): readonly DatasetProcessor[] {
  const taken = new Map(parts.processors.map(({ part }) => [part.name.toLowerCase(), 'a processor of row groups']))
  // Those that leave rows for later ones.
  const sources: string[] = []
  return parts.datasetProcessors.map(({ part, path }) => {
    const name = part.name ?? part.processor_type
    checkName(name, [...path, 'name'], taken, report)
    checkColumns(part, path, rows, report)
    const input = inputOf(part, [...path, 'input'], sources, report)
    if (part.processor_type === 'deduplicate' || part.processor_type === 'shuffle') sources.push(name)
    return { ...part, name, input }
  })
}

function checkName(name: string, path: Path, taken: Map<string, string>, report: Report): void {
  checkFolderName(name, path, report)
  const other = taken.get(name.toLowerCase())
  if (other !== undefined) report.error(path, `expected a name of its own, found "${name}", which ${other} has; give it a name`)
  taken.set(name.toLowerCase(), 'another dataset processor')
}

function inputOf(part: DatasetProcessorConfig, path: Path, sources: readonly string[], report: Report): string | null {
  if (part.input === undefined) return sources.at(-1) ?? null
  if (part.input !== null && !sources.includes(part.input)) {
    const known = sources.length === 0 ? 'there is none before it' : `before it: ${sources.join(', ')}`
    report.error(
      path,
      `expected null or the name of an earlier deduplicate or shuffle (${known}), found "${part.input}".${suggest(part.input, sources)}`,
    )
  }
  return part.input
}

function checkColumns(part: DatasetProcessorConfig, path: Path, rows: FinalRows, report: Report): void {
  switch (part.processor_type) {
    case 'deduplicate':
      checkKept(part.columns ?? [], [...path, 'columns'], rows, report)
      if (part.method === 'near') checkTexts(part.columns, [...path, 'columns'], rows, report)
      break
    case 'split':
      checkKept(part.by ?? [], [...path, 'by'], rows, report)
      checkShares(part.shares, [...path, 'shares'], report)
      break
    case 'export':
      checkKept(part.columns ?? [], [...path, 'columns'], rows, report)
      break
    case 'shuffle':
    case 'custom':
  }
}

function checkKept(columns: readonly string[], path: Path, { schema, dropped, unread }: FinalRows, report: Report): void {
  const kept = schema.map(({ name }) => name)
  for (const [index, column] of columns.entries()) {
    if (columns.indexOf(column) < index) report.error([...path, index], `expected each column once, found "${column}" twice`)
    else if (kept.includes(column) || unread.includes(column)) continue
    else if (dropped.includes(column))
      report.error([...path, index], `expected a column of the final rows, found "${column}", which is dropped`)
    else report.error([...path, index], `no column has the name "${column}".${suggest(column, kept)}`)
  }
}

function checkTexts(columns: readonly string[] | undefined, path: Path, { schema }: FinalRows, report: Report): void {
  if (columns === undefined) {
    report.error(path, 'expected the text columns to compare, found nothing; near duplicates are looked for in texts')
    return
  }
  for (const [index, column] of columns.entries()) {
    const type: ValueType | undefined = schema.find(({ name }) => name === column)?.type
    if (type === undefined || type.kind === 'string') continue
    report.error([...path, index], `expected a text column, found "${column}" of type ${type.kind}; use method: exact`)
  }
}

/** Names become files; Hugging Face datasets knows train, validation and test by them. */
function checkShares(shares: Readonly<Record<string, number>>, path: Path, report: Report): void {
  const names = Object.keys(shares)
  const sum = Object.values(shares).reduce((total, share) => total + share, 0)
  if (names.length < 2 || names.length > 100) report.error(path, `expected 2 to 100 splits, found ${names.length}`)
  for (const name of names) {
    const isUsable = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name)
    if (!isUsable) report.error([...path, name], `expected a name of letters, digits, "-" and "_", found ${JSON.stringify(name)}`)
  }
  if (new Set(names.map((name) => name.toLowerCase())).size < names.length) {
    report.error(path, 'expected names that differ in more than upper and lower case')
  }
  if (Math.abs(sum - 1) > 1e-6) report.error(path, `expected shares that add up to 1, found ${Number(sum.toFixed(6))}`)
}
