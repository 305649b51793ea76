/** Columns of pictures: a prompt is drawn by a model, by the API for images or in a conversation. */
import type { ImageColumn } from '../config/compiled.ts'
import type { ChatAnswer, ChatRequest, KeptImage } from '../model/client.ts'
import { imageRouteOf } from '../plan/image-models.ts'
import type { Reading } from './conversation.ts'
import { converse } from './conversation.ts'
import type { CellGenerator } from './generator.ts'
import type { LlmColumnOptions } from './llm-prompt.ts'
import { compilePrompts } from './llm-prompt.ts'
import { compileContexts } from './media/contexts.ts'

/** A picture costs what a hundred texts do: one that cannot be had is asked for once more, not five times. */
const MAX_RESTARTS = 1

/**
 * Compiles an image column. A cell is a list of paths in the dataset's folder, mostly of one. An answer without pictures, or with one that is none,
 * is asked once more. Throws `TEMPLATE_INVALID`; cells throw `EMPTY_PROMPT`, `MEDIA_INVALID`, `ANSWER_INVALID`.
 */
export function compileImage(column: ImageColumn, options: LlmColumnOptions): CellGenerator {
  const { model, limits } = options
  const prompts = compilePrompts({ ...column, system_prompt: null }, options)
  const route = imageRouteOf(model.target.model)
  const rounds = { maxConversationRestarts: Math.min(limits.maxConversationRestarts, MAX_RESTARTS), maxConversationCorrectionSteps: 0 }
  // The API for images takes words only.
  const contexts = compileContexts(route === 'chat' ? column : { name: column.name })
  const shown = compileContexts(column).inputs
  return {
    column: column.name,
    inputs: [...new Set([...prompts.inputs, ...shown])],
    isSync: false,
    generate: async (row, ports) => {
      const { user } = prompts.render(row)
      const media = await contexts.build(row, ports.media)
      const request: ChatRequest = {
        model: model.target.model,
        messages: [{ role: 'user', content: user, ...(media.length === 0 ? {} : { media }) }],
        ...(Object.keys(model.extraBody).length === 0 ? {} : { extraBody: model.extraBody }),
        wants: { kind: 'images', route },
      }
      const ask = ports.ask.bind(ports, column.model_alias)
      const reached = await converse({ column: column.name, request, read: readImages, ask }, rounds)
      return ports.media.cellOf({ column: column.name, row: row.rowIndex, refill: row.refill }, reached.value)
    },
  }
}

function readImages({ images = [], imageProblem, content }: ChatAnswer): Reading<readonly KeptImage[]> {
  if (imageProblem !== undefined) return { isUsable: false, kind: 'schema', message: `a picture in it is none: ${imageProblem}.` }
  if (images.length > 0) return { isUsable: true, value: images }
  const said = content.trim().slice(0, 100)
  return { isUsable: false, kind: 'parse', message: `it holds no picture${said === '' ? '' : `; it says ${JSON.stringify(said)}`}.` }
}
