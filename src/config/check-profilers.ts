/** What profilers need: a model, where they ask one, and a judge column to read. */
import type { AliasUse } from './models.ts'
import type { Report } from './problems.ts'
import type { ConfigParts } from './read-config.ts'

/** The aliases that profilers ask, with their places. */
export function profilerUses(profilers: ConfigParts['profilers']): readonly AliasUse[] {
  return profilers.map(({ part, path }) => ({ alias: part.model_alias, path: [...path, 'model_alias'] }))
}

/** Warns of profilers that have nothing to read; `kept` are the columns of the final rows. */
export function checkProfilers({ profilers, columns }: ConfigParts, kept: ReadonlySet<string>, report: Report): void {
  const hasJudge = columns.some(({ part }) => part.column_type === 'llm-judge' && kept.has(part.name))
  if (hasJudge) return
  for (const { path } of profilers) report.warn(path, 'a judge score profiler reads llm-judge columns, and no row will have one')
}
