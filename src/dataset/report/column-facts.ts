/** From a column's config and statistics to what the report shows of it. `metadata.json` comes from a file: what has no such form is left out. */
import type { Column, CompiledDataset } from '../../config/compiled.ts'
import type { ColumnFacts, Histogram, ReportFacts, ScoreFacts, Summary } from '../../report/facts.ts'
import { NO_SUMMARY } from '../profile/judge-profiles.ts'
import type { JudgeProfile } from '../profile/judge-profiles.ts'
import type { CategoricalDistribution, ColumnStatistics, NumericalDistribution } from '../profile/statistics.ts'

/** The columns of the final rows, in order. */
export function columnFactsOf({ schema, columns }: CompiledDataset, statistics: readonly unknown[]): readonly ColumnFacts[] {
  const byName = new Map(
    statistics.flatMap((entry) => {
      const found = entry as Partial<ColumnStatistics> | null
      return typeof found?.column_name === 'string' ? [[found.column_name, found] as const] : []
    }),
  )
  return schema.map(({ name }) =>
    factsOf(
      name,
      columns.find((column) => column.name === name),
      byName.get(name) ?? {},
    ),
  )
}

function factsOf(name: string, column: Column | undefined, found: Partial<ColumnStatistics>): ColumnFacts {
  const { distribution, parquetry } = found
  const kind = column?.column_type ?? parquetry?.column_type ?? found.column_type ?? 'unknown'
  const numbers = isOf<NumericalDistribution>(distribution, 'mean') ? distribution : null
  const categories = isOf<CategoricalDistribution>(distribution, 'histogram') ? distribution.histogram : (parquetry?.values ?? null)
  const length = parquetry?.text_length
  return {
    name,
    kind: column?.column_type === 'sampler' ? `${kind} · ${column.sampler_type}` : kind,
    type: found.simple_dtype ?? '',
    source: column === undefined ? null : sourceOf(column),
    records: found.num_records ?? 0,
    nulls: found.num_null ?? 0,
    unique: found.num_unique ?? null,
    numbers,
    histogram: histogramOf(parquetry?.histogram),
    categories:
      categories === null
        ? null
        : { ...categories, ...(parquetry?.histogram_omitted === undefined ? {} : { omitted: parquetry.histogram_omitted }) },
    lengths: length === undefined ? null : { ...length, histogram: histogramOf(length.histogram) },
    tokens: tokensOf(found),
    isApproximate: parquetry?.approximate !== undefined,
  }
}

function histogramOf(found: Histogram | null | undefined): Histogram | null {
  return found !== null && found !== undefined && Array.isArray(found.edges) && Array.isArray(found.counts) ? found : null
}

function isOf<T extends object>(value: unknown, field: keyof T): value is T {
  return typeof value === 'object' && value !== null && field in value
}

function tokensOf(found: Partial<ColumnStatistics>): ColumnFacts['tokens'] {
  if (found.output_tokens_mean === undefined) return null
  const summary = (mean: unknown, median: unknown, stddev: unknown): Summary | null =>
    typeof mean !== 'number' || typeof median !== 'number'
      ? null
      : { min: null, max: null, mean, median, stddev: typeof stddev === 'number' ? stddev : null }
  return {
    input: summary(found.input_tokens_mean, found.input_tokens_median, found.input_tokens_stddev),
    output: summary(found.output_tokens_mean, found.output_tokens_median, found.output_tokens_stddev),
  }
}

/** What a column is made from, as its config has it, without what every column has. */
function sourceOf(column: Column): string | null {
  if (column.column_type === 'seed-dataset') return null
  if (column.column_type === 'expression') return column.expr
  if ('prompt' in column) {
    const system = 'system_prompt' in column ? column.system_prompt : null
    return `${system === null ? '' : `System prompt:\n${system}\n\nPrompt:\n`}${column.prompt}`
  }
  const { name: _name, drop: _drop, column_type: _type, ...rest } = column as Column & Readonly<Record<string, unknown>>
  const told = Object.entries(rest).filter(([, value]) => value !== null && JSON.stringify(value) !== '{}')
  return JSON.stringify(Object.fromEntries(told), null, 2)
}

/** What judges said. */
export function judgeFactsOf({ columns }: CompiledDataset, profiles: readonly unknown[]): ReportFacts['judges'] {
  return profiles.flatMap((entry) => {
    const profile = entry as Partial<JudgeProfile> | null
    const { column_name: name, score_distributions: found, summaries = {} } = profile ?? {}
    if (typeof name !== 'string' || found === undefined) return []
    const column = columns.find((one) => one.name === name)
    const described = column?.column_type === 'llm-judge' ? column.scores : []
    return [{ column: name, scores: Object.keys(found.histograms).map((score) => scoreFactsOf(score, found, summaries, described)) }]
  })
}

function scoreFactsOf(
  name: string,
  { histograms, distributions }: JudgeProfile['score_distributions'],
  summaries: JudgeProfile['summaries'],
  described: readonly { readonly name: string; readonly description: string }[],
): ScoreFacts {
  const histogram = histograms[name]
  const distribution = distributions[name]
  const summary = summaries[name]
  return {
    name,
    description: described.find((score) => score.name === name)?.description ?? '',
    categories: typeof histogram === 'object' ? histogram : { categories: [], counts: [] },
    numbers: isOf<NumericalDistribution>(distribution, 'mean') ? distribution : null,
    summary:
      summary === undefined
        ? null
        : summary.summary.startsWith(NO_SUMMARY)
          ? 'No summary yet: no model wrote one. Resuming the dataset asks again.'
          : summary.summary,
    samples: summary?.score_samples.length ?? 0,
  }
}
