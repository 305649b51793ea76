/** What a report shows: plain data, read by whoever has the folder. All texts are as they are; the page escapes them. */
import type { Totals, Usage } from '../contract.ts'

/** Equally wide bins between neighbouring edges. */
export interface Histogram {
  /** One more than counts, rising. */
  readonly edges: readonly number[]
  readonly counts: readonly number[]
}

/** Values and how often each occurs, most frequent first. */
export interface Categories {
  readonly categories: readonly (string | number | boolean)[]
  readonly counts: readonly number[]
  /** Different values that are not listed; absent when there are none. */
  readonly omitted?: number
}

/** Of numbers; null where it is not known. */
export interface Summary {
  readonly min: number | null
  readonly max: number | null
  readonly mean: number | null
  readonly stddev: number | null
  readonly median: number | null
}

/** One column of the final rows. */
export interface ColumnFacts {
  readonly name: string
  /** DataDesigner's kind, with the sampler's: `sampler · gaussian`. */
  readonly kind: string
  readonly type: string
  /** What it is made from: a prompt, an expression, parameters; null where nothing is to be said. */
  readonly source: string | null
  readonly records: number
  readonly nulls: number
  /** Different values; null where they were not counted. */
  readonly unique: number | null
  readonly numbers: Summary | null
  readonly histogram: Histogram | null
  readonly categories: Categories | null
  /** Characters of texts. */
  readonly lengths: (Summary & { readonly histogram: Histogram | null }) | null
  /** Estimated tokens of a model's column. */
  readonly tokens: { readonly input: Summary | null; readonly output: Summary | null } | null
  /** True when any number is of a sketch. */
  readonly isApproximate: boolean
}

/** A model alias. */
export interface ModelFacts {
  readonly alias: string
  readonly model: string
  readonly provider: string
  /** Columns that ask it, and profilers. */
  readonly askedBy: readonly string[]
  /** `0.15 in, 0.6 out per million tokens (USD)`; null without one. */
  readonly price: string | null
}

/** A score of a judge column. */
export interface ScoreFacts {
  readonly name: string
  readonly description: string
  readonly categories: Categories
  readonly numbers: Summary | null
  /** What a model says of a sample of the reasons; null where none was asked. */
  readonly summary: string | null
  readonly samples: number
}

/** An output of a processor. */
export interface OutputFacts {
  readonly name: string
  readonly kind: string
  readonly files: number
  /** Null when there are too many files to look at. */
  readonly sizeBytes: number | null
  /** First names. */
  readonly examples: readonly string[]
}

/** How a run stands, in a word. */
export type ReportState = 'complete' | 'incomplete' | 'unfinished'

/** All of it. */
export interface ReportFacts {
  readonly name: string
  readonly state: ReportState
  /** True when a rehearsal model answered instead of a real one. */
  readonly rehearsal: boolean
  readonly rowsWanted: number
  /** Rows that may be dropped in a complete dataset. */
  readonly maxDropped: number
  readonly totals: Totals
  readonly rowGroupsWanted: number
  readonly rowGroupSize: number
  /** Bytes of all row groups. */
  readonly sizeBytes: number
  readonly currency: string | null
  readonly seed: string
  readonly fingerprint: string
  readonly datasetId: string
  /** ISO 8601, UTC. */
  readonly referenceTime: string
  /** ISO 8601; null where it is not known. */
  readonly createdAt: string | null
  /** When the first and the last row group were written; ISO 8601. */
  readonly writtenFrom: string | null
  readonly writtenTo: string | null
  /** Temporal runs that wrote row groups. */
  readonly runs: number
  readonly models: readonly ModelFacts[]
  /** What the summaries of judge scores used; null when there are none. */
  readonly summariesUsage: Usage | null
  readonly columns: readonly ColumnFacts[]
  /** Columns that are made and not in the final rows. */
  readonly droppedColumns: readonly string[]
  readonly examples: readonly { readonly row: number; readonly values: Readonly<Record<string, unknown>> }[]
  /** A few dropped rows. */
  readonly droppedRows: readonly { readonly row: number; readonly column: string; readonly code: string; readonly reason: string }[]
  readonly judges: readonly { readonly column: string; readonly scores: readonly ScoreFacts[] }[]
  readonly outputs: readonly OutputFacts[]
  /** builder_config.json. */
  readonly config: string
}
