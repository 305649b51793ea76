import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { ColumnGenerator, ColumnGenerators } from '../../src/columns/custom-generator.ts'
import { knownGenerators } from '../../src/config/column-generators.ts'
import type { CompiledConfig } from '../../src/config/compile.ts'
import { compileStored, toBuilderConfig, toParquetryFile } from '../../src/config/stored.ts'
import { compile, configOf, errorsOf, expression, sampler } from './builders.ts'

const n = sampler('n', 'uniform', { low: 0, high: 1 })
const custom = (name: string, generator: string, more: object = {}): Record<string, unknown> => ({
  name,
  column_type: 'custom',
  generator_function: generator,
  ...more,
})
const generate = (): never => {
  throw new Error('not run here')
}
const band: ColumnGenerator = {
  inputs: ['n'],
  output: z.object({ name: z.enum(['low', 'high']), score: z.number().nullable() }),
  sideEffects: { band_reason: 'string' },
  models: ['m'],
  params: z.object({ limit: z.number() }),
  version: '1',
  generate,
}
const withGenerators = (generators: ColumnGenerators): { generators: ReturnType<typeof knownGenerators> } => ({
  generators: knownGenerators(generators),
})
const compiled = (generator: ColumnGenerator = band, more: object = { generator_params: { limit: 1 } }): CompiledConfig =>
  compile(
    configOf([n, custom('band', 'band', more), expression('e', '{{ band.name }} {{ band_reason }}')]),
    withGenerators({ band: generator }),
  )

describe('a config with custom columns', () => {
  it('has the types, inputs, side effects and models that the generator declares', () => {
    const { compiled: dataset } = compiled()
    expect(dataset.schema.map(({ name, type }) => [name, type.kind])).toEqual([
      ['n', 'double'],
      ['band', 'group'],
      ['band_reason', 'string'],
      ['e', 'string'],
    ])
    expect(dataset.types['band']).toEqual({
      kind: 'group',
      fields: [
        { name: 'name', type: { kind: 'string' } },
        { name: 'score', type: { kind: 'double' } },
      ],
    })
    expect(dataset.inputs['band']).toEqual(['n'])
    expect(dataset.inputs['e']).toEqual(['band'])
    expect(Object.keys(dataset.models)).toEqual(['m'])
  })

  it('means the same from a dataset’s folder, without the code', () => {
    const config = compiled()
    const stored = JSON.parse(JSON.stringify([toBuilderConfig(config), toParquetryFile(config)])) as [object, object]
    expect(compileStored(...stored)).toEqual(config.compiled)
    const { providers: _providers, ...others } = stored[1] as { providers: unknown }
    expect(JSON.stringify(others)).toContain('"generators":{"band"')
  })

  it('has another fingerprint with other parameters, another version or another model, and the same whatever code stands behind it', () => {
    const hashOf = (config: CompiledConfig): string => config.compiled.fingerprint.hash
    const hash = hashOf(compiled())
    expect(hashOf(compiled({ ...band, generate: () => ({}) } as ColumnGenerator))).toBe(hash)
    const others = [
      compiled({ ...band, version: '2' }),
      compiled({ ...band, models: [] }),
      compiled(band, { generator_params: { limit: 2 } }),
    ]
    expect(new Set([hash, ...others.map(hashOf)]).size).toBe(4)
  })

  it('is refused for all that does not go together, at once, and a function of Python by its name', () => {
    const columns = [
      n,
      custom('a', 'bnad', { generator_params: {} }),
      custom('b', 'band', { generation_strategy: 'full_column', generator_params: { limit: 'x' } }),
      custom('c', 'band', { generator_params: { limit: 1 } }),
      custom('d', 'needy'),
      expression('e', '{{ a }} {{ whatever_a_makes }}'),
    ]
    const needy: ColumnGenerator = { inputs: ['m'], output: 'json', generate }
    expect(errorsOf(configOf(columns), withGenerators({ band, needy }))).toEqual([
      'columns[1].generator_function: expected the name of a registered column generator, found "bnad" (registered: band, needy). Did you mean "band"? ' +
        'Functions of Python cannot run here: write it in TypeScript with defineColumnGenerator, and give it as columnGenerators: { "bnad": … } or in a module with --extensions',
      'columns[2].generation_strategy: expected cell_by_cell, which the generator "band" has, found full_column; leave it out',
      'columns[2].generator_params.limit: expected a number, found "x"',
      'columns[3].generator_function: expected side-effect columns that one column makes, found "band_reason", which "b" makes too: use the generator "band" once',
    ])
    expect(errorsOf(configOf([n, custom('d', 'needy')]), withGenerators({ needy }))).toEqual([
      'columns[1].generator_function: the generator "needy" needs the column "m"; no column has that name. Did you mean "n"?',
    ])
    expect(
      errorsOf(
        configOf([n, custom('n2', 'band', { generator_params: { limit: 1 } }), expression('band_reason', 'x{{ n }}')]),
        withGenerators({ band }),
      ),
    ).toEqual(['columns[2].name: expected unique column names, found "band_reason", which "n2" makes too'])
  })

  it.each([
    [{ output: 'string' }, 'expected a function generate, found none'],
    [{ generate }, 'expected output to be a type, found nothing'],
    [{ generate, output: 'text' }, 'expected output to be a type, found "text"'],
    [{ generate, output: { kind: 'list' } }, 'found neither a schema of zod 4 nor a type of Parquetry'],
    [{ generate, output: z.map(z.string(), z.string()) }, 'a schema that has no JSON schema'],
    [{ generate, output: 'int64', strategy: 'batch' }, 'expected the strategy cell_by_cell or full_column'],
    [{ generate, output: 'int64', inputs: 'n' }, 'expected inputs to be a list of column names'],
    [{ generate, output: 'int64', version: 1 }, 'expected version to be a text'],
    [{ generate, output: 'int64', params: {} }, 'expected params to be a schema of zod 4'],
  ])('takes no generator that does not declare what it must: %o', (generator, message) => {
    expect(() => knownGenerators({ mine: generator as unknown as ColumnGenerator })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(`the column generator "mine": `) }),
    )
    expect(() => knownGenerators({ mine: generator as unknown as ColumnGenerator })).toThrow(message)
  })
})
