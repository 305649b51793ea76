import { describe, expect, it } from 'vitest'
import { compileEmbedding } from '../../src/columns/embedding.ts'
import { compileImage } from '../../src/columns/image.ts'
import { compileLlmText } from '../../src/columns/llm-text.ts'
import type { CellMedia } from '../../src/columns/media/cell-media.ts'
import { packVectors } from '../../src/columns/media/vectors.ts'
import type { CompiledModel, EmbeddingColumn, ImageColumn } from '../../src/config/compiled.ts'
import type { ChatAnswer } from '../../src/model/client.ts'
import type { Value } from '../../src/values.ts'
import { model, options, row, scripted, textColumn } from './llm-builders.ts'

const common = { drop: false, skip: null, propagate_skip: true, model_alias: 'm' } as const
const embedding: EmbeddingColumn = { ...common, name: 'v', column_type: 'embedding', target_column: 'texts' }
const image: ImageColumn = { ...common, name: 'p', column_type: 'image', prompt: 'Draw {{ product }}' }
const embedder: CompiledModel = model({
  generation: { kind: 'embedding', encodingFormat: 'base64', dimensions: 2 },
  extraBody: { input_type: 'query' },
})
const limits = { maxConversationRestarts: 2, maxConversationCorrectionSteps: 3 }

const embed = (
  cell: Value,
  ...script: readonly (string | Partial<ChatAnswer>)[]
): { made: unknown; asked: ReturnType<typeof scripted>['asked'] } => {
  const { ports, asked } = scripted(...script)
  return { made: compileEmbedding(embedding, { model: embedder, limits }).generate(row({ texts: cell }), ports), asked }
}

describe('an embedding column', () => {
  it('asks for all texts of a cell at once, with the parameters of its model', async () => {
    const { made, asked } = embed('["a", "b"]', {
      embeddings: packVectors([
        [1, 2],
        [3, 4],
      ]),
    })
    expect(await made).toEqual({
      embeddings: [
        [1, 2],
        [3, 4],
      ],
      num_embeddings: 2,
      dimension: 2,
    })
    expect(asked[0]?.request).toEqual({
      model: 'provider/model-1',
      messages: [],
      extraBody: { input_type: 'query' },
      wants: { kind: 'embeddings', texts: ['a', 'b'], encodingFormat: 'base64', dimensions: 2 },
    })
  })

  it('asks for nothing where there is nothing, and refuses an empty text', async () => {
    expect(await embed('[]').made).toEqual({ embeddings: [], num_embeddings: 0, dimension: 0 })
    await expect(embed(['a', '']).made).rejects.toMatchObject({
      code: 'EMPTY_PROMPT',
      message: expect.stringContaining('item 2 of 2') as string,
    })
    await expect(embed(null).made).rejects.toMatchObject({ code: 'EMPTY_PROMPT' })
  })

  it('asks afresh, never by correcting, when the vectors are too few, and gives up in the end', async () => {
    const few = { embeddings: packVectors([[1, 2]]) }
    const { made, asked } = embed(['a', 'b'], few, {}, few)
    await expect(made).rejects.toMatchObject({ code: 'ANSWER_INVALID', details: { calls: 3, lastError: 'expected 2 vectors, found 1.' } })
    expect(asked.map(({ ordinal }) => ordinal)).toEqual([0, 1, 2].map((restart) => ({ restart, step: 0 })))
  })
})

const media: CellMedia = {
  cellOf: ({ column, row: index, refill }, images) => images.map(({ file }) => `${column}/${index}/${refill}/${file}`),
  find: (path) => Promise.resolve({ format: 'png', sha256: path, read: () => Promise.resolve('AAAA') }),
}

describe('an image column', () => {
  it.each([
    ['dall-e-3', 'images'],
    ['openai/GPT-Image-1', 'images'],
    ['stabilityai/stable-diffusion-xl', 'images'],
    ['google/gemini-2.5-flash-image', 'chat'],
  ])('draws with %s by the route of %s, and sends words only to the API for images', async (name, route) => {
    const target = { ...model().target, model: name }
    const { ports, asked } = scripted({ images: [{ file: 'f.png', sizeBytes: 1 }] })
    const seeing = { ...image, multi_modal_context: [{ modality: 'image', column_name: 'seen', data_type: null } as const] }
    const generator = compileImage(seeing, options({ model: model({ target, temperature: 1, maxTokens: 5 }) }))
    expect(generator.inputs).toEqual(['product', 'seen'])
    expect(await generator.generate(row({ product: 'a house', seen: 'images/x/1.png' }), { ...ports, media })).toEqual(['p/0/0/f.png'])
    const [{ request } = { request: undefined }] = asked
    expect(request).toMatchObject({ model: name, messages: [{ role: 'user', content: 'Draw a house' }], wants: { kind: 'images', route } })
    expect(request).not.toHaveProperty('temperature')
    expect(request?.messages[0]?.media?.length).toBe(route === 'chat' ? 1 : undefined)
  })

  it('asks once more, however many restarts there are, for an answer without a picture, or with one that is none', async () => {
    const { ports, asked } = scripted({ images: [], imageProblem: 'it is not base64' }, 'No.', 'never asked for')
    const made = compileImage(image, options({ limits })).generate(row({ product: 'x' }), { ...ports, media })
    await expect(made).rejects.toMatchObject({ code: 'ANSWER_INVALID', details: { lastError: 'it holds no picture; it says "No.".' } })
    expect(asked).toHaveLength(2)
  })
})

describe('a text column with context', () => {
  it('shows it before the words, and its trace says where it comes from', async () => {
    const column = textColumn({
      with_trace: 'all_messages',
      multi_modal_context: [{ modality: 'image', column_name: 'seen', data_type: null }],
    })
    const cells = row({ product: 'this', seen: ['https://x.test/1', 'images/x/1.png'] })
    const { ports, asked } = scripted('A house.')
    const generator = compileLlmText(column, options())
    expect(generator.inputs).toEqual(['product', 'seen'])
    expect(await generator.generate(cells, { ...ports, media })).toBe('A house.')
    expect(asked[0]?.request.messages[0]?.media?.map(({ id }) => id)).toEqual(['https://x.test/1', 'image/png sha256:images/x/1.png'])
    expect(cells.get('review__trace')).toMatchObject([
      {
        content: [
          { type: 'image', text: 'https://x.test/1' },
          { type: 'image', text: 'images/x/1.png' },
          { type: 'text', text: 'Review this' },
        ],
      },
      { content: [{ type: 'text', text: 'A house.' }] },
    ])
  })
})
