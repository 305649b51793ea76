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
  const dropped = new Set<string>()
  for (const { part, path } of parts.processors) {
    if (part.processor_type !== 'drop_columns') continue
    for (const [index, pattern] of part.column_names.entries()) {
      const place = [...path, 'column_names', index]
      const matches = matchingColumns(pattern, names)
      if (matches.length === 0 && parts.hasUnknownColumns) continue
      if (matches.length === 0 && pattern.includes('*')) report.warn(place, `the pattern "${pattern}" matches no column`)
      else if (matches.length === 0) report.error(place, `no column has the name "${pattern}".${suggest(pattern, names)}`)
      for (const name of matches) dropped.add(name)
    }
  }
  return dropped
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

function checkTexts(value: unknown, path: Path, known: Known, report: Report): void {
  if (typeof value === 'string') checkTemplate(value, path, known, report)
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) checkTexts(item, [...path, index], known, report)
  else if (typeof value === 'object' && value !== null)
    for (const [key, item] of Object.entries(value)) checkTexts(item, [...path, key], known, report)
}
