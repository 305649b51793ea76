/**
 * Statistics of all columns in one pass over the row groups, in row-group order. Memory is bounded whatever the number of rows: up
 * to `exactRows` values a column everything is exact (about 32 bytes a value), beyond that sketches with known errors take over.
 */
import { ParquetryError } from '../../errors.ts'
import type { Table, Value, ValueType } from '../../values.ts'
import { createDistinctCount } from './distinct-count.ts'
import { pyarrowDtype, simpleDtype } from './dtypes.ts'
import { createFewValues } from './few-values.ts'
import { histogramOf } from './histogram.ts'
import { createMoments } from './moments.ts'
import { createQuantiles } from './quantiles.ts'
import { UNAVAILABLE } from './statistics.ts'
import type {
  Approximation,
  CategoricalDistribution,
  ColumnStatistics,
  DistributionType,
  NumericalDistribution,
  OwnStatistics,
} from './statistics.ts'
import { createTopValues } from './top-values.ts'
import type { Category } from './top-values.ts'
import { isValidRecord } from './valid-records.ts'
import { hashValue } from './value-hash.ts'

/** A column to profile. */
export interface ProfiledColumn {
  readonly name: string
  /** DataDesigner's column type, e.g. `llm-text`. */
  readonly columnType: string
  readonly valueType: ValueType
  /** Of sampler columns. */
  readonly samplerType?: string
}

/** Collects statistics. */
export interface Profiler {
  /** One more row group. Throws `INTERNAL` when a column is missing. */
  add(table: Table): void
  /** Statistics so far, in the order of the columns. */
  result(): readonly ColumnStatistics[]
}

/** Settings of a profiler. */
export interface ProfilerOptions {
  /** Values a column up to which everything is exact. Default 1,000,000 (ruling 16). */
  readonly exactRows?: number
}

const DEFAULT_EXACT_ROWS = 1_000_000
/** Categories in a histogram: it is read by people. */
const MAX_CATEGORIES = 1_000

/** A profiler of nothing yet. */
export function createProfiler(columns: readonly ProfiledColumn[], options: ProfilerOptions = {}): Profiler {
  const profiles = columns.map((column) => ({ column, profile: createColumnProfile(column, options.exactRows ?? DEFAULT_EXACT_ROWS) }))
  return {
    add(table): void {
      for (const { column, profile } of profiles) {
        const values = table.columns.get(column.name)
        if (values === undefined) throw new ParquetryError('INTERNAL', `expected a column ${column.name} in the row group, found none`)
        for (const value of values) profile.add(value)
      }
    },
    result: () => profiles.map(({ profile }) => profile.result()),
  }
}

interface ColumnProfile {
  add(value: Value): void
  result(): ColumnStatistics
}

/** One kind of distribution being collected. */
interface Collector {
  add(value: NonNullable<Value>): void
  distribution(): NumericalDistribution | CategoricalDistribution
  approximation(): Approximation
  own(): OwnStatistics
}

function createColumnProfile(column: ProfiledColumn, exactRows: number): ColumnProfile {
  const distinct = createDistinctCount(exactRows)
  const kind = distributionTypeOf(column)
  const collector = kind === 'numerical' ? collectNumbers(exactRows, column) : kind === 'categorical' ? collectCategories(exactRows) : null
  const texts = column.valueType.kind === 'string' && kind !== 'categorical' ? collectTexts(exactRows) : null
  const hash = { high: 0, low: 0 }
  let [records, nulls, valid] = [0, 0, 0]
  const isValidation = column.columnType === 'validation'
  return {
    add(value): void {
      records += 1
      if (value === null) {
        nulls += 1
        return
      }
      if (isValidation && isValidRecord(value)) valid += 1
      hashValue(value, hash)
      distinct.add(hash)
      collector?.add(value)
      if (typeof value === 'string') texts?.add(value)
    },
    result(): ColumnStatistics {
      const error = distinct.relativeError()
      const approximate: Approximation = { ...(error > 0 ? { num_unique_relative_error: error } : {}), ...collector?.approximation() }
      const type = statisticsTypeOf(column.columnType)
      const own = {
        ...(type === column.columnType ? {} : { column_type: column.columnType }),
        ...(Object.keys(approximate).length > 0 ? { approximate } : {}),
        ...collector?.own(),
        ...texts?.own(),
      }
      return {
        column_name: column.name,
        column_type: type,
        num_records: records,
        num_null: nulls,
        num_unique: distinct.count(),
        simple_dtype: simpleDtype(column.valueType),
        pyarrow_dtype: pyarrowDtype(column.valueType),
        ...(column.samplerType === undefined ? {} : { sampler_type: column.samplerType }),
        ...(column.samplerType === undefined && collector === null ? {} : distributionFields(kind, collector)),
        ...(isValidation ? { num_valid_records: valid } : {}),
        ...(Object.keys(own).length > 0 ? { parquetry: own } : {}),
      }
    },
  }
}

/** Kinds of columns for which DataDesigner has statistics of their own; it reads those of any other kind as `general`. */
const OWN_STATISTICS: ReadonlySet<string> = new Set([
  'expression',
  'llm-code',
  'llm-judge',
  'llm-structured',
  'llm-text',
  'sampler',
  'seed-dataset',
  'validation',
])

function statisticsTypeOf(columnType: string): string {
  return OWN_STATISTICS.has(columnType) ? columnType : 'general'
}

/** DataDesigner has no half distribution: where a part of it is unknown (no values, the spread of a single one) it is `--` as a whole. */
function distributionFields(
  kind: DistributionType,
  collector: Collector | null,
): Pick<ColumnStatistics, 'distribution_type' | 'distribution'> {
  const distribution = collector?.distribution() ?? null
  if (distribution === null) return { distribution_type: kind, distribution: kind === 'unknown' ? UNAVAILABLE : null }
  const isWhole = Object.values(distribution).every((value) => value !== null)
  return isWhole ? { distribution_type: kind, distribution } : { distribution_type: 'unknown', distribution: UNAVAILABLE }
}

const CATEGORICAL_SAMPLERS: ReadonlySet<string> = new Set(['category', 'subcategory'])
const NUMERICAL_SAMPLERS: ReadonlySet<string> = new Set([
  'bernoulli',
  'bernoulli_mixture',
  'binomial',
  'gaussian',
  'poisson',
  'scipy',
  'uniform',
])

/** Samplers as DataDesigner does; of other columns, which it leaves without a distribution, numbers and booleans get one. */
function distributionTypeOf({ samplerType, valueType: { kind } }: ProfiledColumn): DistributionType {
  const isNumber = kind === 'int64' || kind === 'double'
  const isScalar = isNumber || kind === 'string' || kind === 'boolean'
  if (samplerType === undefined) return isNumber ? 'numerical' : kind === 'boolean' ? 'categorical' : 'other'
  if (CATEGORICAL_SAMPLERS.has(samplerType)) return isScalar ? 'categorical' : 'unknown'
  if (NUMERICAL_SAMPLERS.has(samplerType)) return isNumber || kind === 'boolean' ? 'numerical' : 'unknown'
  return 'other'
}

function collectNumbers(exactRows: number, { valueType }: ProfiledColumn): Collector {
  const moments = createMoments()
  const quantiles = createQuantiles(exactRows)
  return {
    add(value): void {
      const number = typeof value === 'number' ? value : Number(value)
      if (!Number.isFinite(number)) return
      moments.add(number)
      quantiles.add(number)
    },
    distribution: () => ({ min: moments.min, max: moments.max, mean: moments.mean, stddev: moments.stddev, median: quantiles.median() }),
    approximation: () => (quantiles.rankError() > 0 ? { median_rank_error: quantiles.rankError() } : {}),
    own() {
      const histogram = histogramOf(quantiles.weighted(), { min: moments.min, max: moments.max, isWhole: valueType.kind !== 'double' })
      return histogram === null ? {} : { histogram }
    },
  }
}

function collectCategories(exactRows: number): Collector {
  const values = createTopValues(exactRows)
  return {
    add: (value) => values.add(categoryOf(value)),
    distribution(): CategoricalDistribution {
      const ranked = values.ranked()
      const shown = ranked.slice(0, MAX_CATEGORIES)
      return {
        most_common_value: ranked[0]?.[0] ?? null,
        least_common_value: ranked.at(-1)?.[0] ?? null,
        histogram: { categories: shown.map(([category]) => category), counts: shown.map(([, count]) => count) },
      }
    },
    approximation: () => (values.countError() > 0 ? { histogram_count_error: values.countError() } : {}),
    own() {
      const omitted = values.ranked().length - MAX_CATEGORIES
      return omitted > 0 ? { histogram_omitted: omitted } : {}
    },
  }
}

/** Lengths of texts, and the texts themselves where they are labels. */
function collectTexts(exactRows: number): { add(text: string): void; own(): OwnStatistics } {
  const moments = createMoments()
  const quantiles = createQuantiles(exactRows)
  const labels = createFewValues()
  return {
    add(text): void {
      moments.add(text.length)
      quantiles.add(text.length)
      labels.add(text)
    },
    own() {
      if (moments.count === 0) return {}
      const { min, max, mean, stddev } = moments
      const ranked = labels.ranked()
      const histogram = histogramOf(quantiles.weighted(), { min, max, isWhole: true })
      return {
        text_length: { min, max, mean, stddev, median: quantiles.median(), histogram },
        // Texts that all differ are no labels, however few there are.
        ...(ranked === null || ranked.every(([, count]) => count === 1)
          ? {}
          : { values: { categories: ranked.map(([text]) => text), counts: ranked.map(([, count]) => count) } }),
      }
    },
  }
}

/** Integers that JSON cannot hold become their digits. */
function categoryOf(value: NonNullable<Value>): Category {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  if (typeof value !== 'bigint') return JSON.stringify(value)
  return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
}
