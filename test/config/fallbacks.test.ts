import { describe, expect, it } from 'vitest'
import { compileStored, toBuilderConfig, toParquetryFile } from '../../src/config/stored.ts'
import { city, compile, configOf, errorsOf, structured, text, warningsOf } from './builders.ts'
import type { Mapping } from './builders.ts'

const model = (alias: string, more: Mapping = {}): Mapping => ({ alias, model: `x-${alias}`, provider: 'openai', ...more })
const standing = (parquetry: Mapping, models: readonly Mapping[] = [model('b'), model('c')]): Mapping =>
  configOf([city, text('t', '{{ city }}')], { model_configs: [model('m'), ...models], parquetry })
const fallbacks = { m: ['b', 'c'] }
const price = { input_per_million: 1, output_per_million: 1 }

describe('fallbacks', () => {
  it('are compiled with the models they stand in for, and stored with them', () => {
    const first = compile(standing({ fallbacks }))
    expect(first.compiled.models['m']).toMatchObject({ fallbacks: ['b', 'c'] })
    expect(Object.keys(first.compiled.models)).toEqual(['m', 'b', 'c'])
    expect(first.compiled.models['b']).not.toHaveProperty('fallbacks')
    const stored = [toBuilderConfig(first), toParquetryFile(first)].map((value) => JSON.parse(JSON.stringify(value)) as object)
    expect(compileStored(stored[0]!, stored[1]!)).toEqual(first.compiled)
    const { fallbacks: _, ...before } = stored[1] as { fallbacks: object }
    expect(compileStored(stored[0]!, before).models['m']).not.toHaveProperty('fallbacks')
  })

  it('are part of the fingerprint, with their order, for their answers may be in the rows', () => {
    const hashOf = (config: Mapping): string => compile(config).compiled.fingerprint.hash
    const hash = hashOf(standing({ fallbacks }))
    expect(hash).not.toBe(hashOf(standing({})))
    expect(hash).not.toBe(hashOf(standing({ fallbacks: { m: ['c', 'b'] } })))
    expect(hash).not.toBe(hashOf(standing({ fallbacks }, [model('b', { model: 'y' }), model('c')])))
    expect(hash).toBe(hashOf(standing({ fallbacks }, [model('b', { provider: 'nvidia' }), model('c')])))
    expect(hash).toBe(hashOf(standing({ fallbacks: { m: ['d', 'c'] } }, [model('d', { model: 'x-b' }), model('c')])))
  })

  it.each<[string, Mapping, string]>([
    ['that nobody knows', standing({ fallbacks: { m: ['bb'] } }), 'parquetry.fallbacks.m[0]: no model config has the alias "bb".'],
    ['of itself', standing({ fallbacks: { m: ['b', 'm'] } }), 'parquetry.fallbacks.m[1]: expected another alias than "m" itself'],
    ['named twice', standing({ fallbacks: { m: ['b', 'b'] } }), 'parquetry.fallbacks.m[1]: expected each alias once, found "b" twice'],
    ['of nobody', standing({ fallbacks: { m: [] } }), 'parquetry.fallbacks.m: expected a list of at least 1 item'],
    [
      'that rehearses',
      standing({ fallbacks: { m: ['b'] } }, [model('b', { provider: 'rehearsal' })]),
      'parquetry.fallbacks.m[0]: expected "b" to be a real model as "m" is',
    ],
    [
      'for embeddings',
      standing({ fallbacks: { m: ['b'] } }, [model('b', { inference_parameters: { encoding_format: 'float' } })]),
      'parquetry.fallbacks.m[0]: expected a model of the generation type chat-completion, as "m" is, found "b", which is for embedding',
    ],
    [
      'without native structured output',
      {
        ...standing({ fallbacks: { m: ['b'] }, native_structured_output: ['m'] }, [model('b')]),
        columns: [city, structured('s', '{{ city }}', { type: 'object', properties: { a: { type: 'string' } } })],
      },
      'parquetry.fallbacks.m[0]: expected "b" in native_structured_output, as "m" is',
    ],
  ])('are refused: one %s', (_, config, expected) => {
    expect(errorsOf(config)).toEqual([expect.stringContaining(expected)])
  })

  it('are warned of when nobody needs them, or when their price is not known', () => {
    expect(warningsOf(standing({ fallbacks: { z: ['b'] } }))).toEqual([
      'parquetry.fallbacks.z: no column uses the alias "z". Did you mean "m"?',
    ])
    expect(warningsOf(standing({ fallbacks: { m: ['b'] }, prices: { m: price } }))).toEqual([
      'parquetry.fallbacks.m[0]: no price is given for "b": what it costs when it stands in is not counted',
    ])
    expect(warningsOf(standing({ fallbacks: { m: ['b'] }, prices: { m: price, b: price } }))).toEqual([])
  })
})
