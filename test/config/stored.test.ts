import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../src/config/compile.ts'
import { parseText } from '../../src/config/parse-text.ts'
import { applyProvider, parsedConfigOf } from '../../src/config/sources.ts'
import { compileStored, toBuilderConfig, toParquetryFile } from '../../src/config/stored.ts'
import { city, compile, configOf, expression, sampler, text } from './builders.ts'

const onDisk = (value: object): object => JSON.parse(JSON.stringify(value)) as object

describe('a stored config', () => {
  it.each(['product-reviews', 'support-tickets', 'iot-readings', 'code-exercises', 'product-pictures'])(
    'of %s compiles to the same dataset and fingerprint',
    async (name) => {
      const file = fileURLToPath(new URL(`../../examples/${name}.yaml`, import.meta.url))
      for (const provider of [null, 'rehearsal', 'nvidia']) {
        const parsed = parsedConfigOf(parseText(await readFile(file, 'utf8'), name))
        const first = compileConfig(provider === null ? parsed : applyProvider(parsed, provider), { env: {} })
        expect(compileStored(onDisk(toBuilderConfig(first)), onDisk(toParquetryFile(first)))).toEqual(first.compiled)
      }
    },
  )

  it('keeps what came from the environment, home files and default aliases', () => {
    const first = compile(
      {
        columns: [city, text('t', 'About {{ city }}', { model_alias: 'openai-text' })],
        parquetry: { max_dropped: '7%', seed: 3, refill_attempts: 0, budget: { tokens: 9_000 } },
      },
      {
        env: { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' },
        runConfig: { path: 'run.yaml', value: { max_concurrent_row_groups: 2, buffer_size: 7 } },
        referenceTime: '2025-01-01T00:00:00Z',
      },
    )
    const stored = toParquetryFile(first)
    expect(stored).toMatchObject({ seed: '3', reference_time: '2025-01-01T00:00:00Z', buffer_size: 7 })
    const again = compileStored(onDisk(toBuilderConfig(first)), onDisk({ ...stored, seed: 'drawn', added_by_others: 1 }))
    expect(again).toEqual(first.compiled)
    expect(again.models['openai-text']?.target.provider.endpoint).toBe('http://127.0.0.1:9/v1')
    expect(again.policies).toMatchObject({ maxDropped: { share: 0.07 }, maxConcurrentRowGroups: 2, refillAttempts: 0 })
  })

  it('keeps distributions of parameters', () => {
    const parameters = { temperature: { params: { low: 0.5, high: 1 } }, top_p: { params: { values: [0.1, 0.9], weights: [1, 2] } } }
    const first = compile(
      configOf([city, text('t', '{{ city }}')], {
        model_configs: [{ alias: 'm', model: 'x', provider: 'openai', inference_parameters: parameters }],
      }),
    )
    expect(compileStored(onDisk(toBuilderConfig(first)), onDisk(toParquetryFile(first)))).toEqual(first.compiled)
  })

  it('has no field in builder_config.json that DataDesigner does not know', () => {
    const first = compile(
      configOf([text('t', 'Hello')], { model_providers: [{ name: 'p', endpoint: 'http://127.0.0.1:1/v1' }], parquetry: { seed: 1 } }),
    )
    const stored = toBuilderConfig(first) as { data_designer: Record<string, unknown> }
    expect(Object.keys(stored)).toEqual(['data_designer', 'library_version'])
    expect(Object.keys(stored.data_designer)).toEqual(['columns', 'model_configs', 'constraints', 'processors'])
    expect(JSON.stringify(stored)).not.toContain('127.0.0.1')
  })

  it('holds no key: a key in a home file leaves a mark only', () => {
    const key = 'sk-abcdefghijklmnopqrstuvwxyz'
    const first = compile(configOf([city, text('t', '{{ city }}')], { model_configs: [{ alias: 'm', model: 'x', provider: 'mine' }] }), {
      homeProviders: [
        { path: 'home/model_providers.yaml', value: { providers: [{ name: 'mine', endpoint: 'http://127.0.0.1:1/v1', api_key: key }] } },
      ],
    })
    const both = JSON.stringify([toBuilderConfig(first), toParquetryFile(first), first.compiled, first.warnings])
    expect(both).not.toContain(key)
    expect(toParquetryFile(first)).toMatchObject({ providers: [{ name: 'mine', api_key_env: null, has_home_key: true }] })
    expect(first.warnings.map(({ message }) => message)).toEqual([expect.stringContaining('stands in plain text in a home file')])
  })

  it('reads a builder_config.json as DataDesigner writes it, idle fields, normalised weights and all', () => {
    const theirs = {
      data_designer: {
        columns: [
          {
            name: 'c',
            drop: false,
            column_type: 'sampler',
            skip: null,
            propagate_skip: true,
            sampler_type: 'category',
            params: { values: ['x', 'y'], weights: [0.75, 0.25], sampler_type: 'category' },
            conditional_params: {},
            convert_to: null,
          },
          { name: 'e', drop: true, column_type: 'expression', skip: null, propagate_skip: true, expr: '{{ c }}', dtype: 'str' },
        ],
        model_configs: [],
        tool_configs: [],
        seed_config: null,
        constraints: [],
        profilers: null,
        processors: [{ name: 'd', processor_type: 'drop_columns', column_names: ['e*'] }],
      },
      library_version: '0.9.6',
    }
    const ours = {
      columns: [sampler('c', 'category', { values: ['x', 'y'], weights: [3, 1] }), expression('e', '{{ c }}', { drop: true })],
    }
    expect(compile(theirs).compiled.fingerprint).toEqual(compile(ours).compiled.fingerprint)
  })

  it('of an earlier release, without a sync time of the journal, has the default', () => {
    const first = compile(configOf([city], { parquetry: { journal_sync_ms: 5 } }))
    const stored = onDisk(toParquetryFile(first)) as { policies: Record<string, unknown> }
    expect(compileStored(toBuilderConfig(first), stored).policies.journalSyncMs).toBe(5)
    delete stored.policies['journal_sync_ms']
    expect(compileStored(toBuilderConfig(first), stored).policies.journalSyncMs).toBe(1_000)
  })

  it('says so when parquetry.json is not what was written', () => {
    const first = compile(configOf([city]))
    expect(() => compileStored(toBuilderConfig(first), { version: 1 })).toThrow(/expected parquetry\.json of version 1/)
  })
})
