/** Processors of row groups: which columns they drop, and what their templates name. */
import { shellPattern } from '../seed/shell-pattern.ts'
import { checkTemplate } from './check-references.ts'
import type { Known } from './check-references.ts'
import type { Path } from './paths.ts'
import type { Report } from './problems.ts'
import type { ConfigParts } from './read-config.ts'
import { suggest } from './suggest.ts'

/** Those of the columns, side-effect columns included, that drop processors remove, in the order of the config. */
export function droppedByProcessors(parts: ConfigParts, names: readonly string[], report: Report): ReadonlySet<string> {
  const known = { names, isOpen: parts.hasUnknownColumns }
  return new Set(
    parts.processors.flatMap(({ part, path }) =>
      part.processor_type === 'drop_columns' ? droppedColumns(part.column_names, [...path, 'column_names'], known, report) : [],
    ),
  )
}

/** The columns that names and patterns stand for. Reports those that stand for none. */
export function droppedColumns(
  patterns: readonly string[],
  path: Path,
  { names, isOpen }: Pick<Known, 'names' | 'isOpen'>,
  report: Report,
): readonly string[] {
  return patterns.flatMap((pattern, index) => {
    const matches = matchingColumns(pattern, names)
    if (matches.length > 0 || isOpen) return matches
    if (pattern.includes('*')) report.warn([...path, index], `the pattern "${pattern}" matches no column`)
    else report.error([...path, index], `no column has the name "${pattern}".${suggest(pattern, names)}`)
    return matches
  })
}

/** Columns that a name or, with `*`, a shell pattern (`*`, `?`, `[abc]`, `[!abc]`) stands for. */
export function matchingColumns(pattern: string, names: readonly string[]): readonly string[] {
  if (!pattern.includes('*')) return names.filter((name) => name === pattern)
  const expression = shellPattern(pattern)
  return expression === null ? [] : names.filter((name) => expression.test(name))
}

/** Reports templates of schema transforms that cannot be read or that name unknown columns. */
export function checkTransforms(parts: ConfigParts, known: Known, report: Report): void {
  for (const { part, path } of parts.processors) {
    if (part.processor_type !== 'schema_transform') continue
    if (Object.keys(part.template).length === 0)
      report.error([...path, 'template'], 'expected at least one new column, found an empty mapping')
    checkTexts(part.template, [...path, 'template'], known, report)
  }
}

/** Reports templates anywhere in a value that cannot be read or that name unknown columns. */
export function checkTexts(value: unknown, path: Path, known: Known, report: Report): void {
  if (typeof value === 'string') checkTemplate(value, path, known, report)
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) checkTexts(item, [...path, index], known, report)
  else if (typeof value === 'object' && value !== null)
    for (const [key, item] of Object.entries(value)) checkTexts(item, [...path, key], known, report)
}
