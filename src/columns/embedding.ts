/** Columns of vectors: one for a text, or one for each text of a list. */
import type { EmbeddingColumn } from '../config/compiled.ts'
import { ParquetryError } from '../errors.ts'
import type { ChatAnswer, ChatRequest } from '../model/client.ts'
import type { Value } from '../values.ts'
import type { Reading } from './conversation.ts'
import { converse } from './conversation.ts'
import type { CellGenerator } from './generator.ts'
import type { LlmColumnOptions } from './llm-prompt.ts'
import { textsOfCell } from './media/texts-of-cell.ts'
import { unpackVectors } from './media/vectors.ts'

/**
 * Compiles an embedding column. A cell is `{embeddings, num_embeddings, dimension}`, all texts of a cell in one call; none is made for an
 * empty list. Cells throw `EMPTY_PROMPT` for a text that is empty, and `ANSWER_INVALID`.
 */
export function compileEmbedding(column: EmbeddingColumn, { model, limits }: Pick<LlmColumnOptions, 'model' | 'limits'>): CellGenerator {
  const { encodingFormat, dimensions } =
    model.generation?.kind === 'embedding' ? model.generation : { encodingFormat: 'float' as const, dimensions: null }
  return {
    column: column.name,
    inputs: [column.target_column],
    isSync: false,
    generate: async (row, ports) => {
      const texts = textsOfCell(row.get(column.target_column))
      if (texts.length === 0) return cellOf([])
      if (texts.includes('')) throw emptyText(column, texts)
      const request: ChatRequest = {
        model: model.target.model,
        messages: [],
        ...(Object.keys(model.extraBody).length === 0 ? {} : { extraBody: model.extraBody }),
        wants: { kind: 'embeddings', texts, encodingFormat, dimensions },
      }
      const ask = ports.ask.bind(ports, column.model_alias)
      const read = (answer: ChatAnswer): Reading<Value> => readVectors(answer, texts.length)
      return (await converse({ column: column.name, request, read, ask }, { ...limits, maxConversationCorrectionSteps: 0 })).value
    },
  }
}

function readVectors({ embeddings: packed }: ChatAnswer, wanted: number): Reading<Value> {
  const vectors = packed === undefined ? null : unpackVectors(packed)
  if (vectors === null) return { isUsable: false, kind: 'parse', message: 'it has no vectors, or vectors of several dimensions.' }
  if (vectors.length === wanted) return { isUsable: true, value: cellOf(vectors) }
  return { isUsable: false, kind: 'schema', message: `expected ${wanted} vectors, found ${vectors.length}.` }
}

function cellOf(vectors: readonly (readonly number[])[]): Value {
  return { embeddings: vectors, num_embeddings: vectors.length, dimension: vectors[0]?.length ?? 0 }
}

function emptyText({ name, target_column: target }: EmbeddingColumn, texts: readonly string[]): ParquetryError {
  const where = texts.length === 1 ? `"${target}" is empty` : `item ${texts.indexOf('') + 1} of ${texts.length} in "${target}" is empty`
  return new ParquetryError('EMPTY_PROMPT', `Column "${name}": expected a text to embed, but ${where}.`, {
    column: name,
    emptyInputs: [target],
    wayOut: 'Skip the cell where there is no text, e.g. skip: {when: "{{ not text }}"}.',
  })
}
