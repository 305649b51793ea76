/** Reading and compiling `multi_modal_context`. */
import type { MediaContext } from './compiled.ts'
import { isMapping } from './paths.ts'
import type { Path } from './paths.ts'
import type { Report } from './problems.ts'
import type { MediaContextConfig } from './schema-media.ts'

/** The column with a modality in each of its contexts: before DataDesigner knew others than pictures they had none. */
export function withModalities(column: Record<string, unknown>, path: Path, report: Report): Record<string, unknown> {
  const { multi_modal_context: contexts } = column
  if (!Array.isArray(contexts)) return column
  const read = contexts.map((context: unknown, index) => {
    if (!isMapping(context) || 'modality' in context || 'audio_format' in context || 'video_format' in context) return context
    report.warn([...path, 'multi_modal_context', index], 'a context without modality is taken for a picture; write modality: image')
    return { modality: 'image', ...context }
  })
  return { ...column, multi_modal_context: read }
}

/** A column that may have contexts. */
export interface ContextSource {
  readonly multi_modal_context: readonly MediaContextConfig[] | null
}

/** The field of a compiled column; none where it asks for nothing, so that a dataset of before it was is still the same. */
export function contextFields({ multi_modal_context: contexts }: ContextSource): {
  readonly multi_modal_context?: readonly MediaContext[]
} {
  return contexts === null || contexts.length === 0 ? {} : { multi_modal_context: contexts }
}
