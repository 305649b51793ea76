/** What DataDesigner has and this release has not: refused by name, never ignored. */
import type { Path } from './paths.ts'
import type { Report } from './problems.ts'

/** Column kinds to come. */
const COLUMN_TYPES: Readonly<Record<string, string>> = {
  validation: 'validation columns',
}
/** Fields of columns and of the root to come, with the values that ask for nothing. */
const COLUMN_FIELDS: Readonly<Record<string, { readonly name: string; readonly idle: readonly unknown[] }>> = {
  tool_alias: { name: 'tool calls', idle: [null] },
}
const MODEL_COLUMNS = ['llm-text', 'llm-code', 'llm-structured', 'llm-judge']

/** Reports what a column asks of later releases. The column without those fields, or null when its kind itself is one of them. */
export function withoutLaterFields(column: Readonly<Record<string, unknown>>, path: Path, report: Report): Record<string, unknown> | null {
  const type = column['column_type']
  if (typeof type === 'string' && Object.hasOwn(COLUMN_TYPES, type)) {
    report.notYet([...path, 'column_type'], `"${type}": ${COLUMN_TYPES[type]} are not supported yet`)
    return null
  }
  const rest = { ...column }
  for (const [field, { name, idle }] of Object.entries(COLUMN_FIELDS)) {
    const isOwn = MODEL_COLUMNS.includes(String(type))
    if (!isOwn || !Object.hasOwn(column, field) || idle.includes(column[field])) continue
    report.notYet([...path, field], `${name} (${field}) are not supported yet`)
    delete rest[field]
  }
  return rest
}

/** Reports what the root of a config asks of later releases. */
export function reportLaterSections(root: Readonly<Record<string, unknown>>, path: Path, report: Report): void {
  const isEmpty = (value: unknown): boolean => value === undefined || value === null || (Array.isArray(value) && value.length === 0)
  if (!isEmpty(root['tool_configs'])) report.notYet([...path, 'tool_configs'], 'tool calls (tool_configs) are not supported yet')
  if (!isEmpty(root['profilers'])) report.notYet([...path, 'profilers'], 'profilers are not supported yet')
}
