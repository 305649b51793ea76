/**
 * What the parts of a config that could not be read name all the same: columns, models and providers. So a field that is spelled wrongly
 * does not hide that the same column's prompt names a column that is not there.
 */
import { checkConditions } from './check-references.ts'
import type { Known } from './check-references.ts'
import { checkTexts, droppedColumns } from './check-processors.ts'
import type { AliasUse } from './models.ts'
import { isMapping } from './paths.ts'
import type { Path } from './paths.ts'
import type { Report } from './problems.ts'
import type { ConfigParts, Unread } from './read-config.ts'

/** Fields that hold templates. */
const TEMPLATES = ['prompt', 'system_prompt', 'expr'] as const

/** Reports what unreadable columns and processors name and nothing has. */
export function checkUnread(
  { unread, hasUnknownColumns }: Pick<ConfigParts, 'unread' | 'hasUnknownColumns'>,
  known: Known,
  report: Report,
): void {
  const texts = (value: unknown, path: Path): void => {
    if (!report.hasErrors(path)) checkTexts(value, path, known, report)
  }
  for (const { part, path } of unread.columns) {
    for (const field of TEMPLATES) if (typeof part[field] === 'string') texts(part[field], [...path, field])
    const { skip, conditional_params: conditional } = part
    if (isMapping(skip) && typeof skip['when'] === 'string') texts(skip['when'], [...path, 'skip', 'when'])
    if (isMapping(conditional)) checkConditions(Object.keys(conditional), [...path, 'conditional_params'], known, report)
  }
  for (const { part, path } of unread.processors) {
    if (isMapping(part['template'])) texts(part['template'], [...path, 'template'])
    if (Array.isArray(part['column_names'])) {
      const patterns = part['column_names'].map((pattern) => (typeof pattern === 'string' ? pattern : '*'))
      droppedColumns(patterns, [...path, 'column_names'], { names: known.names, isOpen: hasUnknownColumns }, report)
    }
  }
}

/** The aliases that unreadable text columns ask; those of other kinds may need models of other kinds. */
export function unreadAliasUses({ columns }: ConfigParts['unread']): readonly AliasUse[] {
  return columns.flatMap(({ part: { column_type: type, model_alias: alias }, path }) => {
    const isText = typeof type === 'string' && type.startsWith('llm-')
    return isText && typeof alias === 'string' ? [{ alias, path: [...path, 'model_alias'] }] : []
  })
}

/** The providers that unreadable models name. */
export function unreadProviders(models: readonly Unread[]): readonly { readonly name: string; readonly path: Path }[] {
  return models.flatMap(({ part, path }) =>
    typeof part['provider'] === 'string' ? [{ name: part['provider'], path: [...path, 'provider'] }] : [],
  )
}
