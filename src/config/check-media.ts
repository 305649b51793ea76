/** Whether what is shown to a model can be shown: formats that are needed, and what an API takes. */
import { imageRouteOf } from '../plan/image-models.ts'
import type { ResolvedModel } from './models.ts'
import type { Path } from './paths.ts'
import type { Report } from './problems.ts'
import type { Placed } from './read-config.ts'
import type { ColumnConfig } from './schema-columns.ts'

/** Reports contexts without the format they need, sounds and films for Anthropic's API, and pictures that nobody will look at. */
export function checkMedia(columns: readonly Placed<ColumnConfig>[], models: ReadonlyMap<string, ResolvedModel>, report: Report): void {
  for (const { part, path } of columns) {
    if (part.column_type === 'image') checkDrawer(part.model_alias, [...path, 'model_alias'], models, report)
    if (!('multi_modal_context' in part) || part.multi_modal_context === null) continue
    const asked = models.get(part.model_alias)
    const aliases = [part.model_alias, ...(asked?.compiled.fallbacks ?? [])]
    const anthropic = aliases.find((alias) => models.get(alias)?.provider.target.type === 'anthropic')
    for (const [index, context] of part.multi_modal_context.entries()) {
      const place = [...path, 'multi_modal_context', index]
      const field = `${context.modality}_format`
      const format = Object.entries(context).find(([name]) => name === field)?.[1]
      if (context.data_type === 'base64' && format === null) {
        report.error([...place, field], 'expected the format of the base64, since data_type is base64, found nothing')
      }
      if (context.modality !== 'image' && anthropic !== undefined) {
        report.error(
          [...place, 'modality'],
          `expected image, the only modality that Anthropic's API takes, found ${context.modality} for "${anthropic}"; use a model of another provider`,
        )
      }
    }
    if (part.column_type === 'image' && part.multi_modal_context.length > 0 && asked !== undefined) {
      const { model } = asked.compiled.target
      if (imageRouteOf(model) === 'images') {
        report.warn([...path, 'multi_modal_context'], `${model} draws from words only: the context is not sent`)
      }
    }
  }
}

/** A chat model may draw, but none at Anthropic; of an image model there it is said where its provider stands. */
function checkDrawer(alias: string, path: Path, models: ReadonlyMap<string, ResolvedModel>, report: Report): void {
  const asked = models.get(alias)
  const drawers = [alias, ...(asked?.compiled.fallbacks ?? [])]
  const anthropic = drawers.find((drawer) => models.get(drawer)?.provider.target.type === 'anthropic')
  if (anthropic !== undefined)
    report.error(path, `expected a model that draws, found "${anthropic}" at an Anthropic provider, whose API makes no pictures`)
}
