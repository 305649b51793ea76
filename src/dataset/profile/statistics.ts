/** Statistics of a column, with DataDesigner's names (`column_statistics` of `metadata.json`), so that its readers find them. */

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

/** Statistics of one column. */
export interface ColumnStatistics {
  readonly column_name: string
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
  readonly input_tokens_mean?: typeof UNAVAILABLE
  readonly input_tokens_median?: typeof UNAVAILABLE
  readonly input_tokens_stddev?: typeof UNAVAILABLE
  readonly output_tokens_mean?: typeof UNAVAILABLE
  readonly output_tokens_median?: typeof UNAVAILABLE
  readonly output_tokens_stddev?: typeof UNAVAILABLE
  /** Ours; absent when everything is exact and whole. */
  readonly parquetry?: {
    readonly approximate?: Approximation
    /** Categories left out of the histogram, rare values that were given up not counted. */
    readonly histogram_omitted?: number
  }
}
