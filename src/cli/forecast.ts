/** From a rehearsed sample to what the whole dataset will take. Pure. */
import type { CompiledDataset } from '../config/compiled.ts'
import { asksModel } from '../config/model-columns.ts'
import { count, duration, money } from './format.ts'

/** Calls of one alias in the sample. */
export interface AliasSample {
  readonly calls: number
  readonly inputTokens: number
  readonly outputTokens: number
}

/** What a forecast is made from. */
export interface ForecastInput {
  /** Compiled with its real providers: its prices and its limits count. */
  readonly compiled: CompiledDataset
  /** Rows of the sample, ≥ 1. */
  readonly sampleRows: number
  readonly samples: ReadonlyMap<string, AliasSample>
  readonly numRecords: number
  /** Rows per row group. */
  readonly bufferSize: number
  /** Row groups open at once. */
  readonly rowGroupsAtOnce: number
  /** Assumed time of one call, in ms. */
  readonly latencyMs: number
}

/** One alias, for the whole dataset. */
export interface AliasForecast extends AliasSample {
  readonly alias: string
  readonly model: string
  readonly provider: string
  /** Calls open at once. */
  readonly atOnce: number
  /** Null where no price is given. */
  readonly cost: number | null
  readonly currency: string | null
  /** Money if every answer were as long as max_tokens lets it be; null without a price or max_tokens. */
  readonly costAtMost: number | null
  /** Output tokens if every answer were as long as max_tokens lets it be; null without max_tokens. */
  readonly outputTokensAtMost: number | null
}

/** The whole dataset. */
export interface Forecast {
  readonly numRecords: number
  readonly aliases: readonly AliasForecast[]
  readonly calls: number
  readonly inputTokens: number
  readonly outputTokens: number
  /** Currency → money; empty without prices. */
  readonly costs: Readonly<Record<string, number>>
  /** Aliases without a price: their cost is not in `costs`. */
  readonly unpriced: readonly string[]
  readonly latencyMs: number
  /** Time that the calls take at the configured parallelism, in ms. */
  readonly timeMs: number
  /** The provider and model that decides `timeMs`, or null without calls. */
  readonly bottleneck: string | null
}

/** Scales the sample up. */
export function forecastOf(input: ForecastInput): Forecast {
  const aliases = Object.entries(input.compiled.models).map(([alias]) => aliasForecast(alias, input))
  const costs: Record<string, number> = {}
  for (const { cost, currency } of aliases) if (cost !== null && currency !== null) costs[currency] = (costs[currency] ?? 0) + cost
  const slowest = slowestLane(aliases, input)
  const chainMs = longestChain(input.compiled) * input.latencyMs
  return {
    numRecords: input.numRecords,
    aliases,
    calls: sum(aliases, ({ calls }) => calls),
    inputTokens: sum(aliases, ({ inputTokens }) => inputTokens),
    outputTokens: sum(aliases, ({ outputTokens }) => outputTokens),
    costs,
    unpriced: aliases.filter(({ cost, calls }) => cost === null && calls > 0).map(({ alias }) => alias),
    latencyMs: input.latencyMs,
    timeMs: slowest === null ? 0 : Math.max(slowest.timeMs, chainMs),
    bottleneck: slowest?.name ?? null,
  }
}

function aliasForecast(alias: string, { compiled, samples, sampleRows, numRecords }: ForecastInput): AliasForecast {
  const model = compiled.models[alias]
  const sample = samples.get(alias) ?? { calls: 0, inputTokens: 0, outputTokens: 0 }
  const scale = (amount: number): number => Math.ceil((amount * numRecords) / sampleRows)
  const [calls, inputTokens, outputTokens] = [scale(sample.calls), scale(sample.inputTokens), scale(sample.outputTokens)]
  const price = model?.price ?? null
  const maxTokens = model?.maxTokens ?? null
  const costWith = (output: number): number | null =>
    price === null ? null : (inputTokens * price.inputPerMillion + output * price.outputPerMillion) / 1e6
  return {
    alias,
    model: model?.target.model ?? alias,
    provider: model?.target.provider.name ?? '',
    atOnce: model?.target.maxParallelRequests ?? 1,
    calls,
    inputTokens,
    outputTokens,
    cost: costWith(outputTokens),
    costAtMost: maxTokens === null ? null : costWith(calls * maxTokens),
    currency: price?.currency ?? null,
    outputTokensAtMost: maxTokens === null ? null : calls * maxTokens,
  }
}

/** Aliases of one provider and model share the smallest of their limits; the slowest of these lanes decides. */
function slowestLane(aliases: readonly AliasForecast[], input: ForecastInput): { readonly name: string; readonly timeMs: number } | null {
  const lanes = new Map<string, { calls: number; atOnce: number }>()
  for (const { provider, model, calls, atOnce } of aliases) {
    const name = `${model} at ${provider}`
    const lane = lanes.get(name) ?? { calls: 0, atOnce }
    lanes.set(name, { calls: lane.calls + calls, atOnce: Math.min(lane.atOnce, atOnce) })
  }
  const rowsOpen = Math.min(input.numRecords, input.bufferSize * input.rowGroupsAtOnce)
  const times = [...lanes].map(([name, { calls, atOnce }]) => ({
    name,
    timeMs: (calls * input.latencyMs) / Math.max(1, Math.min(atOnce, rowsOpen)),
  }))
  return times.sort((a, b) => b.timeMs - a.timeMs)[0] ?? null
}

/** Model columns that have to follow one another in one row. */
function longestChain({ columns, inputs }: CompiledDataset): number {
  const isModel = new Map(columns.map((column) => [column.name, asksModel(column)]))
  const depths = new Map<string, number>()
  function depthOf(column: string): number {
    const known = depths.get(column)
    if (known !== undefined) return known
    depths.set(column, 0)
    const depth = Math.max(0, ...(inputs[column] ?? []).map(depthOf)) + (isModel.get(column) === true ? 1 : 0)
    depths.set(column, depth)
    return depth
  }
  return Math.max(0, ...[...isModel.keys()].map(depthOf))
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}

/** The forecast as a table with its assumptions. */
export function forecastLines(forecast: Forecast, sampleRows: number): string[] {
  const { numRecords, aliases } = forecast
  if (forecast.calls === 0) return [`Forecast ${count(numRecords)} rows: no model is called, so it costs nothing but this machine's time`]
  const header = ['alias', 'model', 'calls', 'tokens in', 'tokens out', 'cost']
  const rows = aliases.map(({ alias, provider, model, calls, inputTokens, outputTokens, cost, currency }) => [
    alias,
    `${model} at ${provider}`,
    count(calls),
    count(inputTokens),
    count(outputTokens),
    cost === null ? 'no price given' : money(cost, currency),
  ])
  const total = ['total', '', count(forecast.calls), count(forecast.inputTokens), count(forecast.outputTokens), totalCost(forecast)]
  const longest = aliases.filter(({ outputTokensAtMost }) => outputTokensAtMost !== null)
  return [
    `Forecast ${count(numRecords)} rows, from a rehearsal of ${count(sampleRows)}`,
    ...table([header, ...rows, ...(aliases.length > 1 ? [total] : [])]),
    `time     ${duration(forecast.timeMs)} at ${count(forecast.latencyMs)} ms a call (assumed; --latency-ms changes it), decided by ${forecast.bottleneck}`,
    `         with ${aliases.map(({ alias, atOnce }) => `${atOnce} calls at once for ${alias}`).join(', ')} (max_parallel_requests)`,
    'tokens   in: four characters each; out: as long as the rehearsal answers, a real model may write more',
    ...longest.map(
      (alias) => `         ${alias.alias} out: at most ${count(alias.outputTokensAtMost ?? 0)} (max_tokens)${atMostText(alias)}`,
    ),
    ...(forecast.unpriced.length === 0
      ? []
      : [`price    none given for ${forecast.unpriced.join(', ')}; parquetry.prices in the config gives one`]),
  ]
}

function atMostText({ costAtMost, currency }: AliasForecast): string {
  return costAtMost === null ? '' : `, then ${money(costAtMost, currency)}`
}

function totalCost({ costs, unpriced }: Forecast): string {
  const known = Object.entries(costs).map(([currency, amount]) => money(amount, currency))
  if (known.length === 0) return 'no price given'
  return `${known.join(' + ')}${unpriced.length === 0 ? '' : ' and more'}`
}

/** Columns side by side; numbers to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map((row) =>
    `  ${row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')}`.trimEnd(),
  )
}
