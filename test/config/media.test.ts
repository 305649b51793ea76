import { describe, expect, it } from 'vitest'
import { compileStored, toBuilderConfig, toParquetryFile } from '../../src/config/stored.ts'
import { city, compile, configOf, errorsOf, modelM, text, warningsOf } from './builders.ts'
import type { Mapping } from './builders.ts'

const embedder = { alias: 'e', model: 'embed-1', provider: 'openai', inference_parameters: { generation_type: 'embedding' } }
const drawer = { alias: 'i', model: 'dall-e-3', provider: 'openai', inference_parameters: { generation_type: 'image' } }
const claude = { alias: 'c', model: 'claude-1', provider: 'anthropic' }
const model_configs = [modelM, embedder, drawer, claude]

const vector = (more: Mapping = {}): Mapping => ({ name: 'v', column_type: 'embedding', target_column: 'city', model_alias: 'e', ...more })
const picture = (more: Mapping = {}): Mapping => ({ name: 'p', column_type: 'image', prompt: 'Draw {{ city }}', model_alias: 'i', ...more })
const seen = (...contexts: readonly Mapping[]): Mapping => ({ multi_modal_context: contexts })
const config = (columns: readonly Mapping[], more: Mapping = {}): Mapping => configOf([city, ...columns], { model_configs, ...more })
const image = { modality: 'image', column_name: 'city' }

describe('embedding and image columns', () => {
  it('have declared types, need what they name, and are stored so that they compile to the same', () => {
    const first = compile(
      config([
        vector({ skip: { when: '{{ city == "Rome" }}' } }),
        picture(seen({ ...image, column_name: 'v' })),
        text('t', 'x', seen(image)),
      ]),
    )
    const { types, inputs, models } = first.compiled
    expect(types['v']).toMatchObject({
      kind: 'group',
      fields: [{ name: 'embeddings', type: { kind: 'list', element: { kind: 'list' } } }, {}, {}],
    })
    expect(types['p']).toEqual({ kind: 'list', element: { kind: 'string' } })
    expect(inputs).toMatchObject({ v: ['city'], p: ['city', 'v'], t: ['city'] })
    expect(models['e']?.generation).toEqual({ kind: 'embedding', encodingFormat: 'float', dimensions: null })
    expect(models['i']?.generation).toEqual({ kind: 'image', route: 'images' })
    const onDisk = (value: object): object => JSON.parse(JSON.stringify(value)) as object
    expect(compileStored(onDisk(toBuilderConfig(first)), onDisk(toParquetryFile(first)))).toEqual(first.compiled)
  })

  it.each<[string, readonly Mapping[], string]>([
    [
      'a text column of an embedding model',
      [text('t', '{{ city }}', { model_alias: 'e' })],
      'columns[1].model_alias: expected a model of the generation type chat-completion, found "e", which is for embedding',
    ],
    [
      'a text column of an image model',
      [text('t', '{{ city }}', { model_alias: 'i' })],
      'columns[1].model_alias: expected a model of the generation type chat-completion, found "i", which is for image',
    ],
    [
      'an embedding column of a chat model',
      [vector({ model_alias: 'm' })],
      'columns[1].model_alias: expected a model of the generation type embedding, found "m", which is for chat-completion',
    ],
    [
      'an image column of an embedding model',
      [picture({ model_alias: 'e' })],
      'columns[1].model_alias: expected a model of the generation type image or chat-completion, found "e"',
    ],
    [
      'a target that is not there',
      [vector({ target_column: 'ciy' })],
      'columns[1].target_column: no column has the name "ciy". Did you mean "city"?',
    ],
    ['a target that is itself', [vector({ target_column: 'v' })], 'columns[1]: the column needs itself'],
    [
      'a context that is not there',
      [picture(seen({ ...image, column_name: 'nope' }))],
      'columns[1].multi_modal_context[0].column_name: no column has the name "nope".',
    ],
    [
      'a circle through a context',
      [picture(seen({ ...image, column_name: 't' })), text('t', '{{ p }}')],
      'columns[1]: expected columns that do not need each other in a circle, found "p" needs "t" needs "p"',
    ],
    [
      'base64 without a format',
      [text('t', '{{ city }}', seen({ ...image, data_type: 'base64' }))],
      'columns[1].multi_modal_context[0].image_format: expected the format of the base64',
    ],
    [
      'a modality that is none',
      [text('t', '{{ city }}', seen({ ...image, modality: 'smell' }))],
      'columns[1].multi_modal_context[0].modality',
    ],
    [
      'a sound for Anthropic',
      [text('t', '{{ city }}', { model_alias: 'c', ...seen({ modality: 'audio', column_name: 'city' }) })],
      'columns[1].multi_modal_context[0].modality: expected image, the only modality that Anthropic\'s API takes, found audio for "c"',
    ],
    [
      'pictures of Anthropic',
      [picture({ model_alias: 'c' })],
      'columns[1].model_alias: expected a model that draws, found "c" at an Anthropic provider, whose API makes no pictures',
    ],
    ['a prompt that is empty', [picture({ prompt: ' ' })], 'columns[1].prompt: expected a prompt, found an empty text'],
    [
      'a system prompt, which images have not',
      [picture({ system_prompt: 'x' })],
      'columns[1].system_prompt: unknown field "system_prompt"',
    ],
  ])('are refused: %s', (_name, columns, expected) => {
    expect(errorsOf(config(columns))).toEqual([expect.stringContaining(expected) as string])
  })

  it('are refused at a provider whose API makes neither vectors nor pictures, and where another kind stands in', () => {
    const at = (provider: string, more: Mapping = {}): readonly string[] =>
      errorsOf(
        configOf([city, vector(), picture()], {
          model_configs: [
            { ...embedder, provider },
            { ...drawer, provider },
          ],
          ...more,
        }),
      )
    expect(at('anthropic')).toEqual([
      expect.stringContaining(
        'model_configs[0].provider: expected an OpenAI-compatible provider for "e": Anthropic\'s API makes no embeddings',
      ) as string,
      expect.stringContaining("Anthropic's API makes no pictures") as string,
    ])
    const standIn = (model: Mapping): readonly string[] =>
      errorsOf(configOf([city, vector()], { model_configs: [embedder, model], parquetry: { fallbacks: { e: ['b'] } } }))
    expect(standIn({ ...drawer, alias: 'b' })).toEqual([
      expect.stringContaining('expected a model of the generation type embedding, as "e" is') as string,
    ])
    expect(standIn({ ...embedder, alias: 'b', model: 'other' })).toEqual([
      expect.stringContaining('vectors of two models cannot be compared') as string,
    ])
    const same = { ...embedder, alias: 'b', model: 'owner/embed-1', provider: 'openrouter' }
    expect(warningsOf(configOf([city, vector()], { model_configs: [embedder, same], parquetry: { fallbacks: { e: ['b'] } } }))).toEqual([])
  })

  it('are warned of when what they are given is not sent', () => {
    expect(warningsOf(config([picture(seen(image))]))).toEqual([
      'columns[1].multi_modal_context: dall-e-3 draws from words only: the context is not sent',
    ])
    const warm = { ...modelM, inference_parameters: { temperature: 1, max_tokens: 5 } }
    expect(warningsOf(configOf([city, picture({ model_alias: 'm' })], { model_configs: [warm] }))).toEqual([
      'columns[1].model_alias: temperature, max_tokens of "m" are not sent for pictures; put what is needed into extra_body',
    ])
  })

  it('may ask for several pictures only where all of them come in one answer', () => {
    const many = (model: string): Mapping => ({
      ...drawer,
      model,
      inference_parameters: { generation_type: 'image', extra_body: { n: 2 } },
    })
    expect(warningsOf(configOf([city, picture()], { model_configs: [many('dall-e-2')] }))).toEqual([])
    expect(errorsOf(configOf([city, picture()], { model_configs: [many('gemini-image')] }))).toEqual([
      expect.stringContaining('expected n to be 1') as string,
    ])
  })

  it('take the old shape of a context for a picture, with a warning', () => {
    const old = config([text('t', '{{ city }}', seen({ column_name: 'city', data_type: 'url' }))])
    expect(warningsOf(old)).toEqual([
      'columns[1].multi_modal_context[0]: a context without modality is taken for a picture; write modality: image',
    ])
    const now = config([text('t', '{{ city }}', seen({ ...image, data_type: 'url' }))])
    expect(compile(old).compiled.fingerprint).toEqual(compile(now).compiled.fingerprint)
  })

  it('are in the fingerprint with what changes a value, and an empty list of contexts is none', () => {
    const hashOf = (...columns: readonly Mapping[]): string => compile(config(columns)).compiled.fingerprint.hash
    const sized = (parameters: Mapping): string =>
      compile(
        configOf([city, vector()], {
          model_configs: [{ ...embedder, inference_parameters: { ...embedder.inference_parameters, ...parameters } }],
        }),
      ).compiled.fingerprint.hash
    expect(sized({ dimensions: 8 })).not.toBe(sized({}))
    expect(sized({ max_parallel_requests: 9 })).toBe(sized({}))
    expect(hashOf(text('t', '{{ city }}', seen(image)))).not.toBe(hashOf(text('t', '{{ city }}')))
    expect(hashOf(text('t', '{{ city }}', seen()))).toBe(hashOf(text('t', '{{ city }}')))
    expect(hashOf(picture(seen(image)))).not.toBe(hashOf(picture()))
  })
})
