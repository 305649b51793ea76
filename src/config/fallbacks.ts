/** Models that stand in for an alias's own while that one is blocked (`parquetry.fallbacks`). */
import type { AliasUse, ResolvedModel } from './models.ts'
import type { Path } from './paths.ts'
import type { Report } from './problems.ts'
import type { ParquetrySettings } from './schema-settings.ts'

const pathOf = (alias: string, index: number): Path => ['parquetry', 'fallbacks', alias, index]

/** The stand-ins of used aliases as uses of their own; reports those named twice, and aliases that stand in for themselves. */
export function fallbackUses(uses: readonly AliasUse[], { fallbacks = {} }: ParquetrySettings, report: Report): readonly AliasUse[] {
  const used = new Set(uses.map(({ alias }) => alias))
  return Object.entries(fallbacks).flatMap(([owner, aliases]) => {
    for (const [index, alias] of aliases.entries()) {
      if (alias === owner) report.error(pathOf(owner, index), `expected another alias than "${owner}" itself`)
      else if (aliases.indexOf(alias) < index) report.error(pathOf(owner, index), `expected each alias once, found "${alias}" twice`)
    }
    return used.has(owner) ? aliases.map((alias, index) => ({ alias, path: pathOf(owner, index) })) : []
  })
}

/** The resolved models with their stand-ins; reports those that cannot take over. */
export function withFallbacks(
  models: ReadonlyMap<string, ResolvedModel>,
  { fallbacks = {}, prices = {} }: ParquetrySettings,
  report: Report,
): ReadonlyMap<string, ResolvedModel> {
  return new Map(
    [...models].map(([owner, model]) => {
      const aliases = Object.hasOwn(fallbacks, owner) ? fallbacks[owner]! : []
      for (const [index, alias] of aliases.entries()) {
        const fallback = models.get(alias)
        if (fallback === undefined) continue
        const problem = problemOf(owner, model, alias, fallback)
        if (problem !== null) report.error(pathOf(owner, index), problem)
        const isCostUnknown = Object.hasOwn(prices, owner) && !Object.hasOwn(prices, alias)
        if (isCostUnknown)
          report.warn(pathOf(owner, index), `no price is given for "${alias}": what it costs when it stands in is not counted`)
      }
      return [owner, aliases.length === 0 ? model : { ...model, compiled: { ...model.compiled, fallbacks: aliases } }]
    }),
  )
}

function problemOf(owner: string, { compiled }: ResolvedModel, alias: string, { compiled: fallback }: ResolvedModel): string | null {
  const isRehearsal = compiled.target.provider.type === 'rehearsal'
  if (isRehearsal !== (fallback.target.provider.type === 'rehearsal')) {
    return `expected "${alias}" to be ${isRehearsal ? 'a rehearsal' : 'a real model'} as "${owner}" is: their answers must not be mixed`
  }
  const kind = compiled.generation?.kind ?? 'chat-completion'
  const other = fallback.generation?.kind ?? 'chat-completion'
  if (kind !== other) return `expected a model of the generation type ${kind}, as "${owner}" is, found "${alias}", which is for ${other}`
  if (kind === 'embedding' && !makesSameVectors(compiled, fallback)) {
    return `expected the same model and dimensions as "${owner}", at another provider, found "${alias}": vectors of two models cannot be compared`
  }
  if (compiled.nativeStructuredOutput && !fallback.nativeStructuredOutput) {
    return `expected "${alias}" in native_structured_output, as "${owner}" is: it gets the same requests`
  }
  return null
}

/** Providers put an owner before a model's name, or not. */
function makesSameVectors(one: ResolvedModel['compiled'], other: ResolvedModel['compiled']): boolean {
  const nameOf = ({ target }: ResolvedModel['compiled']): string => target.model.slice(target.model.lastIndexOf('/') + 1)
  const sizeOf = ({ generation }: ResolvedModel['compiled']): number | null =>
    generation?.kind === 'embedding' ? generation.dimensions : null
  return nameOf(one) === nameOf(other) && sizeOf(one) === sizeOf(other)
}
