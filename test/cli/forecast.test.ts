import { describe, expect, it } from 'vitest'
import { forecastLines, forecastOf } from '../../src/cli/forecast.ts'
import type { ForecastInput } from '../../src/cli/forecast.ts'
import { prepareConfig } from '../../src/config/prepare-config.ts'

const model = (alias: string, name: string, parallel: number, maxTokens?: number): object => ({
  alias,
  model: name,
  provider: 'local',
  inference_parameters: { max_parallel_requests: parallel, ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }) },
})

const text = (name: string, alias: string, prompt = 'hello'): object => ({ name, column_type: 'llm-text', model_alias: alias, prompt })

async function input(
  columns: readonly object[],
  models: readonly object[],
  more: Partial<ForecastInput> = {},
  prices: object = {},
): Promise<ForecastInput> {
  const { compiled } = await prepareConfig(
    { columns, model_configs: models, model_providers: [{ name: 'local', endpoint: 'http://127.0.0.1:9/v1' }], parquetry: { prices } },
    { env: {}, homeFolder: '/nowhere' },
  )
  const samples = new Map([
    ['a', { calls: 50, inputTokens: 5_000, outputTokens: 2_500 }],
    ['b', { calls: 100, inputTokens: 1_000, outputTokens: 1_000 }],
  ])
  return { compiled, sampleRows: 50, samples, numRecords: 10_000, bufferSize: 1_000, rowGroupsAtOnce: 4, latencyMs: 2_000, ...more }
}

const twoModels = [model('a', 'large', 10, 200), model('b', 'small', 40)]
const twoColumns = [text('x', 'a'), text('y', 'b')]

describe('the forecast', () => {
  it('scales calls, tokens and cost of every alias up by its own price', async () => {
    const prices = { a: { input_per_million: 1, output_per_million: 2 } }
    const forecast = forecastOf(await input(twoColumns, twoModels, {}, prices))
    expect(forecast.aliases).toMatchObject([
      { alias: 'a', calls: 10_000, inputTokens: 1_000_000, outputTokens: 500_000, cost: 2, outputTokensAtMost: 2_000_000, costAtMost: 5 },
      { alias: 'b', calls: 20_000, inputTokens: 200_000, outputTokens: 200_000, cost: null, outputTokensAtMost: null },
    ])
    expect(forecast).toMatchObject({ calls: 30_000, costs: { USD: 2 }, unpriced: ['b'] })
  })

  it('takes as long as the slowest model at its own parallelism', async () => {
    const forecast = forecastOf(await input(twoColumns, twoModels))
    expect(forecast).toMatchObject({ timeMs: (10_000 * 2_000) / 10, bottleneck: 'large at local' })
  })

  it('aliases of one model share the smaller limit', async () => {
    const forecast = forecastOf(await input(twoColumns, [model('a', 'same', 10), model('b', 'same', 40)]))
    expect(forecast.timeMs).toBe((30_000 * 2_000) / 10)
  })

  it('no more calls are open than rows', async () => {
    const forecast = forecastOf(
      await input(twoColumns, [model('a', 'large', 100), model('b', 'small', 100)], { bufferSize: 5, rowGroupsAtOnce: 2 }),
    )
    expect(forecast.timeMs).toBe((20_000 * 2_000) / 10)
  })

  it('columns that follow one another take their calls one after the other', async () => {
    const chain = [text('x', 'a'), text('y', 'a', '{{ x }}'), text('z', 'a', '{{ y }}')]
    const samples = new Map([['a', { calls: 3, inputTokens: 3, outputTokens: 3 }]])
    const forecast = forecastOf(await input(chain, [model('a', 'large', 64)], { numRecords: 1, sampleRows: 1, samples }))
    expect(forecast.timeMs).toBe(6_000)
  })

  it('is a table with its assumptions', async () => {
    const prices = { a: { input_per_million: 1, output_per_million: 2 }, b: { input_per_million: 0.5, output_per_million: 0.5 } }
    expect(forecastLines(forecastOf(await input(twoColumns, twoModels, {}, prices)), 50)).toEqual([
      'Forecast 10,000 rows, from a rehearsal of 50',
      '  alias  model            calls  tokens in  tokens out   cost',
      '  a      large at local  10,000  1,000,000     500,000  $2.00',
      '  b      small at local  20,000    200,000     200,000  $0.20',
      '  total                  30,000  1,200,000     700,000  $2.20',
      'time     33:20 at 2,000 ms a call (assumed; --latency-ms changes it), decided by large at local',
      '         with 10 calls at once for a, 40 calls at once for b (max_parallel_requests)',
      'tokens   in: four characters each; out: as long as the rehearsal answers, a real model may write more',
      '         a out: at most 2,000,000 (max_tokens), then $5.00',
    ])
  })

  it('costs nothing without models', async () => {
    const columns = [{ name: 'x', column_type: 'expression', expr: '1' }]
    const forecast = forecastOf(await input(columns, [], { samples: new Map() }))
    expect(forecast).toMatchObject({ calls: 0, timeMs: 0, costs: {}, bottleneck: null })
    expect(forecastLines(forecast, 50)).toEqual(["Forecast 10,000 rows: no model is called, so it costs nothing but this machine's time"])
  })
})
