/** Statistics of a column, with DataDesigner's names (`column_statistics` of `metadata.json`), so that its readers find them. */
import type { NumberHistogram } from './histogram.ts'

/** What DataDesigner writes where a number is not available. */
export const UNAVAILABLE = '--'

/** How a column's values are spread. */
export type DistributionType = 'categorical' | 'numerical' | 'other' | 'unknown'

/** Of numbers; null where there are too few of them. */
export interface NumericalDistribution {
  readonly min: number | null
  readonly max: number | null
  readonly mean: number | null
  /** Of the sample (n − 1). */
  readonly stddev: number | null
  readonly median: number | null
}

/** Of categories; null where there are none. */
export interface CategoricalDistribution {
  readonly most_common_value: string | number | boolean | null
  readonly least_common_value: string | number | boolean | null
  /** Highest count first; at most 1,000 categories. */
  readonly histogram: { readonly categories: readonly (string | number | boolean)[]; readonly counts: readonly number[] }
}

/** Where numbers are not exact, by how much; only beyond the exact number of rows (ruling 16). */
export interface Approximation {
  /** Standard error of `num_unique`, relative to it. */
  readonly num_unique_relative_error?: number
  /** Rank of `median` is off by at most this share of the values. */
  readonly median_rank_error?: number
  /** Counts of the histogram are too low by at most this. */
  readonly histogram_count_error?: number
}

/** Characters of texts. */
export interface TextLengths extends NumericalDistribution {
  readonly histogram: NumberHistogram | null
}

/** What ours says beyond DataDesigner; whoever reads theirs passes over it. */
export interface OwnStatistics {
  /** The kind of column, where DataDesigner's statistics have none of their own for it, e.g. `embedding` or `side-effect`. */
  readonly column_type?: string
  /** Absent when everything is exact. */
  readonly approximate?: Approximation
  /** Categories left out of the histogram, rare values that were given up not counted. */
  readonly histogram_omitted?: number
  /** Of numbers. */
  readonly histogram?: NumberHistogram
  /** Of texts that are few and short: as `distribution.histogram`. */
  readonly values?: CategoricalDistribution['histogram']
  readonly text_length?: TextLengths
  /** How the tokens of a model's column were counted; only with token statistics. */
  readonly tokens?: typeof TOKEN_METHOD
}

/**
 * How tokens are counted: ceil(characters / 4) of each text, as where a provider reports none. DataDesigner counts with a tokenizer that
 * is that of one family of models and has to be downloaded; what was really used and paid for stands in `parquetry.totals.usage`.
 */
export const TOKEN_METHOD = 'estimated: characters / 4'

/** Mean, median and standard deviation of a model's column, or `--` where they cannot be had. */
export type TokenNumber = number | typeof UNAVAILABLE

/** Tokens of a model's column: of its answers as they are stored, and of the prompts of at most 1,000 rows, rendered again. */
export interface TokenStatistics {
  readonly input_tokens_mean: TokenNumber
  readonly input_tokens_median: TokenNumber
  readonly input_tokens_stddev: TokenNumber
  readonly output_tokens_mean: TokenNumber
  readonly output_tokens_median: TokenNumber
  readonly output_tokens_stddev: TokenNumber
}

/** Statistics of one column. */
export interface ColumnStatistics extends Partial<TokenStatistics> {
  readonly column_name: string
  /** One of DataDesigner's kinds of statistics; `general` for columns that have none of their own. */
  readonly column_type: string
  readonly num_records: number
  readonly num_null: number
  /** Different values, nulls not counted. */
  readonly num_unique: number
  readonly simple_dtype: string
  readonly pyarrow_dtype: string
  readonly sampler_type?: string
  readonly distribution_type?: DistributionType
  readonly distribution?: NumericalDistribution | CategoricalDistribution | typeof UNAVAILABLE | null
  /** Of validation columns: records that it calls valid; where it has several targets, those of which all are. */
  readonly num_valid_records?: number
  /** Absent when there is nothing to say. */
  readonly parquetry?: OwnStatistics
}
