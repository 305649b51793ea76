/**
 * `metadata.json`, the checkpoint: DataDesigner's keys, so that its readers and its own resume find what they look for, and ours
 * under `parquetry`. A view: folded from results, rebuilt from receipts when it is lost. DataDesigner's `config_hash` is left
 * out on purpose; it then compares builder_config.json itself.
 */
import { z } from 'zod'
import type { Fingerprint } from '../config/compiled.ts'
import type { PlanSegment, RangeSet, RunState, Totals, Usage } from '../contract.ts'
import { checkSegments, rowCount, rowGroupCount } from '../plan/row-groups.ts'
import type { Storage } from '../storage/storage.ts'
import { keys } from './layout.ts'

/** Version of our part. */
export const METADATA_VERSION = 1

/** Content of `metadata.json`. */
export interface Metadata {
  readonly dataset_name: string
  /** Rows per row group. */
  readonly buffer_size: number
  /** Asked for in the latest run. */
  readonly target_num_records: number
  /** Asked for in the first run. */
  readonly original_target_num_records: number
  /** Rows on disk. */
  readonly actual_num_records: number
  /** DataDesigner's two names of one number: row groups on disk. */
  readonly total_num_batches: number
  readonly num_completed_batches: number
  readonly preserve_dropped_columns: boolean
  /** Written at the end of a run only (ruling 9). */
  readonly file_paths?: Readonly<Record<string, unknown>>
  readonly column_statistics?: readonly unknown[]
  /** Columns that others made beside their own; written with the statistics. */
  readonly side_effect_column_names?: readonly string[]
  /** Of judge columns: DataDesigner's `JudgeScoreProfilerResults`; written with the statistics. */
  readonly column_profiles?: readonly unknown[]
  readonly parquetry: ParquetryMetadata
}

/** Our part of `metadata.json`. */
export interface ParquetryMetadata {
  readonly version: number
  readonly dataset_id: string
  readonly fingerprint: Fingerprint
  readonly seed: string
  /** ISO 8601, UTC: the "now" of samplers, recorded once, so that a resumed dataset's values do not drift with the clock. */
  readonly reference_time: string
  /** The request that was prepared last. */
  readonly request_id: string
  readonly segments: readonly PlanSegment[]
  readonly epoch: number
  readonly sequence: number
  readonly state: RunState
  readonly totals: Totals
  /** Row group ids known to be committed. */
  readonly committed: RangeSet
  /** ISO 8601, UTC. */
  readonly updated_at: string
  /** True when the answers come from the rehearsal endpoint. */
  readonly rehearsal: boolean
  /** Currency of `totals.usage.cost`, or null. */
  readonly currency: string | null
  /** Hash of the row groups that `column_statistics` were made from; absent before the first profile. */
  readonly profile_made_from?: string
  /** Hash of the profilers that it was made with; absent without any. */
  readonly profilers?: string
  /** Summaries of judge scores that no model wrote yet; absent when none is missing. */
  readonly summaries_missing?: number
  /** What the summaries used; absent without any. */
  readonly summaries_usage?: Usage
  /** What report.html was made of; absent before the first. */
  readonly report_made_from?: string
  /** True when row groups of DataDesigner, which have no receipt, count as committed (ruling 7). */
  readonly adopted?: boolean
}

/**
 * DataDesigner's own `metadata.json`, as far as it is looked at; all its other keys are kept. `original_target_num_records` fixes the
 * sizes of the first row groups; where it is missing nothing was extended.
 */
export interface DataDesignerMetadata {
  readonly dataset_name: string
  readonly buffer_size: number
  readonly target_num_records: number
  readonly original_target_num_records?: number | undefined
  /** Absent counts as true. */
  readonly preserve_dropped_columns?: boolean | undefined
  /** Set once its processors over the whole dataset have begun to rewrite the row groups. */
  readonly post_generation_state?: string | null | undefined
  readonly post_generation_processed?: boolean | null | undefined
}

/** What stands under `metadata.json`. `damaged` says what is wrong with it; `data-designer` is a checkpoint without our part. */
export type MetadataReading =
  | { readonly kind: 'absent' }
  | { readonly kind: 'damaged'; readonly why: string }
  | { readonly kind: 'ours'; readonly value: Metadata }
  | { readonly kind: 'data-designer'; readonly value: DataDesignerMetadata }

/** Reads the checkpoint. Nothing of it is believed before it is checked: types, bounds, and that what is committed lies inside the plan. */
export async function readMetadata(storage: Storage): Promise<MetadataReading> {
  const bytes = await storage.read(keys.metadata)
  if (bytes === null) return { kind: 'absent' }
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return { kind: 'damaged', why: `its ${bytes.length} bytes are no JSON` }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { kind: 'damaged', why: 'it holds no object' }
  if (!('parquetry' in value)) {
    const theirs = dataDesignerShape.safeParse(value)
    return theirs.success ? { kind: 'data-designer', value: theirs.data } : { kind: 'damaged', why: whyOf(theirs.error) }
  }
  const ours = metadataShape.safeParse(value)
  if (!ours.success) return { kind: 'damaged', why: whyOf(ours.error) }
  const why = contradictionIn(value as Metadata)
  return why === null ? { kind: 'ours', value: value as Metadata } : { kind: 'damaged', why }
}

const count = z.int().min(0)
const atLeastOne = z.int().min(1)
const dataDesignerShape = z.looseObject({
  dataset_name: z.string(),
  buffer_size: atLeastOne,
  target_num_records: count,
  original_target_num_records: count.optional(),
  preserve_dropped_columns: z.boolean().optional(),
  post_generation_state: z.string().nullish(),
  post_generation_processed: z.boolean().nullish(),
})
/** Further fields are kept: a later release, or another program, may add some. */
const metadataShape = z.looseObject({
  dataset_name: z.string(),
  buffer_size: atLeastOne,
  target_num_records: count,
  original_target_num_records: count,
  actual_num_records: count,
  num_completed_batches: count,
  parquetry: z.looseObject({
    version: z.literal(METADATA_VERSION),
    dataset_id: z.string().min(1),
    fingerprint: z.object({ hash: z.string(), parts: z.record(z.string(), z.string()) }),
    seed: z.string(),
    reference_time: z.string(),
    segments: z.array(z.object({ firstId: count, start: count, end: count, size: atLeastOne })),
    epoch: count,
    sequence: count,
    totals: z.looseObject({
      rowGroups: count,
      rowsWritten: count,
      rowsDropped: count,
      usage: z.looseObject({ calls: count, inputTokens: count, outputTokens: count, cost: z.number().min(0) }),
    }),
    committed: z.array(z.tuple([count, count])),
    adopted: z.boolean().optional(),
  }),
})

function whyOf(error: z.ZodError): string {
  const issue = error.issues[0]
  return `${issue?.path.join('.') || 'its form'} is wrong: ${issue?.message ?? 'unknown'}`
}

/** What no checkpoint of ours can say, or null. */
function contradictionIn({ target_num_records: target, parquetry: { segments, totals, committed } }: Metadata): string | null {
  try {
    checkSegments(segments)
  } catch (error) {
    return `its plan has holes: ${error instanceof Error ? error.message : String(error)}`
  }
  if (rowCount(segments) !== target) return `its plan has ${rowCount(segments)} rows, its target is ${target}`
  const groups = rowGroupCount(segments)
  const outside = committed.find(([start, end]) => start >= end || end > groups)
  if (outside !== undefined) return `it counts row groups ${outside[0]} to ${outside[1]} as committed, the plan has ${groups}`
  const { rowGroups, rowsWritten, rowsDropped } = totals
  if (rowGroups > groups || rowsWritten + rowsDropped > target) {
    return `it counts ${rowsWritten} rows written and ${rowsDropped} dropped in ${rowGroups} row groups, planned are ${target} in ${groups}`
  }
  return null
}

/** Replaces the checkpoint whole, keys sorted as DataDesigner's. */
export async function writeMetadata(storage: Storage, metadata: Metadata): Promise<void> {
  const sorted = Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)))
  await storage.writeAtomic(keys.metadata, `${JSON.stringify(sorted, null, 2)}\n`)
}
