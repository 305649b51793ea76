/**
 * `metadata.json`, the checkpoint: DataDesigner's keys, so that its readers and its own resume find what they look for, and ours
 * under `parquetry`. A view: folded from results, rebuilt from receipts when it is lost. DataDesigner's `config_hash` is left
 * out on purpose; it then compares builder_config.json itself.
 */
import type { Fingerprint } from '../config/compiled.ts'
import type { PlanSegment, RangeSet, RunState, Totals } from '../contract.ts'
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
}

/** Reads the checkpoint. `damaged` says what is wrong with it; `data-designer` is a checkpoint without our part. */
export async function readMetadata(
  storage: Storage,
): Promise<{ kind: 'absent' } | { kind: 'damaged'; why: string } | { kind: 'ours'; value: Metadata } | { kind: 'data-designer' }> {
  const bytes = await storage.read(keys.metadata)
  if (bytes === null) return { kind: 'absent' }
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return { kind: 'damaged', why: `its ${bytes.length} bytes are no JSON` }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { kind: 'damaged', why: 'it holds no object' }
  if (!('parquetry' in value)) return { kind: 'data-designer' }
  const missing = missingKey(value as Record<string, unknown>)
  return missing === null
    ? { kind: 'ours', value: value as Metadata }
    : { kind: 'damaged', why: `${missing} is missing or of the wrong type` }
}

const TYPES: Readonly<Record<string, string>> = {
  dataset_name: 'string',
  buffer_size: 'number',
  target_num_records: 'number',
  original_target_num_records: 'number',
  actual_num_records: 'number',
  num_completed_batches: 'number',
}
const OUR_TYPES: Readonly<Record<string, string>> = {
  version: 'number',
  dataset_id: 'string',
  seed: 'string',
  reference_time: 'string',
  fingerprint: 'object',
  segments: 'object',
  epoch: 'number',
  sequence: 'number',
  totals: 'object',
  committed: 'object',
}

function missingKey(value: Record<string, unknown>): string | null {
  for (const [key, type] of Object.entries(TYPES)) if (typeof value[key] !== type) return key
  const ours = value['parquetry']
  if (typeof ours !== 'object' || ours === null) return 'parquetry'
  for (const [key, type] of Object.entries(OUR_TYPES)) {
    const part = (ours as Record<string, unknown>)[key]
    if (typeof part !== type || part === null) return `parquetry.${key}`
  }
  return null
}

/** Replaces the checkpoint whole, keys sorted as DataDesigner's. */
export async function writeMetadata(storage: Storage, metadata: Metadata): Promise<void> {
  const sorted = Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)))
  await storage.writeAtomic(keys.metadata, `${JSON.stringify(sorted, null, 2)}\n`)
}
