import { describe, expect, it } from 'vitest'
import { readImage } from '../../src/columns/media/image-facts.ts'
import { previewInMemory } from '../../src/worker/preview-in-memory.ts'
import { compile } from '../config/builders.ts'

describe('a preview with pictures', () => {
  it('has them as base64 in its cells, by either route, and shows them to the next model', async () => {
    const image = (name: string, alias: string): object => ({ name, column_type: 'image', prompt: 'Draw {{ id }}', model_alias: alias })
    const { compiled } = compile({
      columns: [
        { name: 'id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
        image('by_api', 'api'),
        image('by_chat', 'chat'),
        {
          name: 'caption',
          column_type: 'llm-text',
          prompt: 'What is it?',
          model_alias: 'm',
          with_trace: 'all_messages',
          multi_modal_context: ['by_api', 'by_chat'].map((name) => ({ modality: 'image', column_name: name })),
        },
        { name: 'vector', column_type: 'embedding', target_column: 'caption', model_alias: 'e' },
      ],
      model_configs: [
        {
          alias: 'api',
          model: 'gpt-image-1',
          provider: 'rehearsal',
          inference_parameters: { generation_type: 'image', extra_body: { n: 2 } },
        },
        { alias: 'chat', model: 'any', provider: 'rehearsal', inference_parameters: { generation_type: 'image' } },
        { alias: 'm', model: 'any', provider: 'rehearsal' },
        { alias: 'e', model: 'any', provider: 'rehearsal', inference_parameters: { dimensions: 8, encoding_format: 'base64' } },
      ],
    })
    const { records, dropped, usage, rehearsal } = await previewInMemory({
      compiled,
      seedPlace: { folder: '/nowhere', env: {} } as never,
      seed: '7',
      referenceTime: '2025-01-01T00:00:00Z',
      numRecords: 2,
      signal: new AbortController().signal,
      env: {},
    })
    expect({ dropped, rehearsal, calls: usage.calls }).toEqual({ dropped: [], rehearsal: true, calls: 8 })
    for (const { values } of records) {
      const pictures = [...(values['by_api'] as string[]), ...(values['by_chat'] as string[])]
      expect(pictures).toHaveLength(3)
      for (const text of pictures) expect(readImage(Buffer.from(text, 'base64'))).toMatchObject({ format: 'png' })
      const [asked] = values['caption__trace'] as { content: { type: string; text: string }[] }[]
      expect(asked?.content.map(({ type, text }) => `${type} ${text.slice(0, 9)}`)).toEqual([
        ...pictures.map(() => 'image image/png'),
        'text What is i',
      ])
      expect(values['vector']).toMatchObject({ num_embeddings: 1, dimension: 8 })
    }
  })
})
