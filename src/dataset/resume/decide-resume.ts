/**
 * What starting on a folder means: the table of design section 5 as a pure function of what the folder holds and what is asked.
 * Effects are in `resolve-dataset.ts`.
 */
import type { Fingerprint } from '../../config/compiled.ts'
import { SEED_DATA } from '../../config/fingerprint.ts'
import type { ResumeMode } from '../../contract.ts'
import { ParquetryError } from '../../errors.ts'
import type { Adoptable } from './adopt.ts'
import type { MetadataReading } from '../metadata.ts'
import type { Rebuilt } from './rebuild.ts'

export type { ResumeMode } from '../../contract.ts'

/** The mode that a wish means: `true` is `always`, `false` and nothing are `never`. */
export function resumeModeOf(resume: ResumeMode | boolean | undefined): ResumeMode {
  if (resume === true) return 'always'
  return resume === undefined || resume === false ? 'never' : resume
}

/** What a dataset's folder holds. */
export interface FolderFacts {
  /** Absolute folder, for messages. */
  readonly location: string
  /** False for an absent folder and for an empty one. */
  readonly holdsAnything: boolean
  /** Of `dataset.json`; null when there is none, or an unreadable one. */
  readonly datasetId: string | null
  readonly metadata: MetadataReading
  /** Files named like a row group's. */
  readonly rowGroupFiles: number
  /** What the receipts say; null when there are none, or when `metadata` is ours and need not be rebuilt. */
  readonly rebuilt: Rebuilt | null
  /** What is known of a folder of DataDesigner; null for any other. */
  readonly adoptable: Adoptable | null
}

/** What is recorded of a dataset that was begun, by whichever of its files. */
export interface Recorded {
  readonly fingerprint: Fingerprint
  readonly targetNumRecords: number
  readonly bufferSize: number
  /** Null in a folder of DataDesigner, which records none. */
  readonly seed: string | null
  readonly rowsWritten: number
  readonly rowsDropped: number
  /** Null in a folder of DataDesigner. */
  readonly datasetId: string | null
}

/** What is recorded in the folder; null when nothing usable is. */
export function recordedOf({ metadata, rebuilt, adoptable }: FolderFacts): Recorded | null {
  if (metadata.kind === 'ours') {
    const { target_num_records: targetNumRecords, buffer_size: bufferSize, parquetry } = metadata.value
    const { fingerprint, seed, totals, dataset_id: datasetId } = parquetry
    return { fingerprint, targetNumRecords, bufferSize, seed, datasetId, rowsWritten: totals.rowsWritten, rowsDropped: totals.rowsDropped }
  }
  if (adoptable !== null) {
    if (adoptable.problem !== null || adoptable.fingerprint === null) return null
    const { fingerprint, metadata: theirs, rowsWritten, rowsDropped } = adoptable
    const { target_num_records: targetNumRecords, buffer_size: bufferSize } = theirs
    return {
      fingerprint,
      targetNumRecords,
      bufferSize,
      rowsWritten,
      rowsDropped,
      seed: rebuilt?.seed ?? null,
      datasetId: rebuilt?.datasetId ?? null,
    }
  }
  if (rebuilt === null) return null
  const { fingerprint, bufferSize, seed, segments, totals, datasetId } = rebuilt
  const targetNumRecords = segments.at(-1)?.end ?? 0
  return { fingerprint, targetNumRecords, bufferSize, seed, datasetId, rowsWritten: totals.rowsWritten, rowsDropped: totals.rowsDropped }
}

/** What a person asks for. Only explicitly given values are compared on resume (ruling 3). */
export interface RunRequest {
  readonly mode: ResumeMode
  /** False when no mode was given: then an unfinished run is never silently started anew (ruling 22). */
  readonly isModeExplicit: boolean
  readonly fingerprint: Fingerprint
  readonly numRecords: number | null
  readonly bufferSize: number | null
  readonly seed: string | null
  /** Whether dropped columns are kept beside the dataset; compared with what DataDesigner did. */
  readonly preservesDroppedColumns: boolean
  /** True when a value depends on the recorded reference time: ages of people. */
  readonly usesReferenceTime: boolean
}

/** Where the run goes. `note` is said to the person. */
export type ResumeDecision =
  | { readonly action: 'fresh'; readonly note: string | null }
  | { readonly action: 'fresh-timestamped'; readonly note: string }
  | { readonly action: 'resume'; readonly note: string | null }

/** Decides, or throws a `ParquetryError` of kind `user` that says what differs and how to get on. */
export function decideResume(facts: FolderFacts, request: RunRequest): ResumeDecision {
  if (!facts.holdsAnything) {
    if (request.mode !== 'always') return { action: 'fresh', note: null }
    throw new ParquetryError('NOTHING_TO_RESUME', `expected a dataset to resume in ${facts.location}, found nothing there`, {
      wayOut: 'leave out --resume always to start a new dataset',
    })
  }
  if (request.mode === 'never') return decideFresh(facts, request)
  const obstacle = obstacleOf(facts, request)
  if (obstacle === null) return { action: 'resume', note: noteOf(facts, request) }
  if (request.mode === 'if_possible' && !ALWAYS_AN_ERROR.has(obstacle.code)) {
    return { action: 'fresh-timestamped', note: `cannot go on with ${facts.location}: ${obstacle.message}` }
  }
  throw obstacle
}

/** What a person should know of the dataset that is gone on with, or null. */
function noteOf(facts: FolderFacts, request: RunRequest): string | null {
  const { metadata, rebuilt, adoptable, location } = facts
  if (adoptable !== null) return adoptedMessage(location, adoptable)
  if (metadata.kind === 'ours') {
    const wanted = Math.max(metadata.value.target_num_records, request.numRecords ?? 0)
    const { rowsWritten, rowsDropped } = metadata.value.parquetry.totals
    return rowsWritten + rowsDropped >= wanted ? `${location} is complete already, as its metadata.json says: ${rowsWritten} rows` : null
  }
  if (rebuilt === null) return 'no metadata.json and no row group yet: starting from the beginning in the same folder'
  return rebuiltMessage(metadata.kind === 'damaged' ? `damaged (${metadata.why})` : 'missing', rebuilt)
}

/** What is said when a folder of DataDesigner is taken over. */
export function adoptedMessage(location: string, { rowGroups, rowsWritten, rowsDropped }: Adoptable): string {
  const lacking = rowsDropped === 0 ? '' : `; ${rowsDropped} rows are dropped, which ones is not known`
  return `${location} was last written by DataDesigner: its ${rowGroups} row groups with ${rowsWritten} rows are taken over${lacking}`
}

/** What is said when `metadata.json` is rebuilt; `state` is `missing` or what is wrong with it. */
export function rebuiltMessage(state: string, { totals, segments }: Rebuilt): string {
  const planned = segments.at(-1)?.end ?? 0
  return (
    `metadata.json is ${state}: rebuilt from the receipts of ${totals.rowGroups} row groups, planned for ${planned} records; ` +
    'an extension of which no row group was committed yet is not known any more'
  )
}

/** Even `if_possible` does not paper over these: the person asked for something contradictory. */
const ALWAYS_AN_ERROR: ReadonlySet<string> = new Set(['NUM_RECORDS_MISMATCH', 'BUFFER_SIZE_MISMATCH', 'DATASET_MOVED'])

function decideFresh(facts: FolderFacts, request: RunRequest): ResumeDecision {
  const unfinished = unfinishedOf(facts, request)
  if (unfinished !== null && !request.isModeExplicit) {
    throw new ParquetryError('DATASET_UNFINISHED', `${facts.location} holds an unfinished run of the same config: ${unfinished}`, {
      wayOut: 'add --resume always to go on with it, or --resume never to start a new dataset beside it',
    })
  }
  return {
    action: 'fresh-timestamped',
    note:
      unfinished === null
        ? `${facts.location} is taken`
        : `${facts.location} holds an unfinished run (${unfinished}) that --resume always would go on with`,
  }
}

/** "412 of 2,000 rows", or null when there is nothing to go on with. */
export function unfinishedOf(facts: FolderFacts, request: RunRequest): string | null {
  if (obstacleOf(facts, { ...request, numRecords: null, bufferSize: null, seed: null }) !== null) return null
  const recorded = recordedOf(facts)
  if (recorded === null) return null
  const { targetNumRecords, rowsWritten, rowsDropped } = recorded
  return rowsWritten + rowsDropped >= targetNumRecords ? null : `${rowsWritten} of ${targetNumRecords} rows`
}

/** Why the folder cannot be resumed as asked, or null. */
function obstacleOf(facts: FolderFacts, request: RunRequest): ParquetryError | null {
  const { metadata, location, rebuilt, adoptable } = facts
  const recorded = recordedOf(facts)
  if (adoptable !== null && (adoptable.problem !== null || recorded === null)) {
    return new ParquetryError(
      'RESUME_INCOMPATIBLE',
      `${location} was begun by DataDesigner and cannot be gone on with: ${adoptable.problem}`,
      {
        wayOut: 'start a new dataset under another name with --dataset-name',
      },
    )
  }
  if (recorded === null) return metadata.kind === 'absent' && facts.rowGroupFiles === 0 ? null : nothingToRebuildFrom(facts)
  const theirs = adoptable?.metadata.preserve_dropped_columns ?? true
  if (adoptable !== null && theirs !== request.preservesDroppedColumns) {
    return new ParquetryError(
      'RESUME_INCOMPATIBLE',
      `${location} ${theirs ? 'keeps' : 'does not keep'} dropped columns, the config asks otherwise`,
      {
        wayOut: `set preserve_dropped_columns: ${theirs}, or start a new dataset under another --dataset-name`,
      },
    )
  }
  if (metadata.kind !== 'ours' && rebuilt !== null && rebuilt.referenceTime === null && request.usesReferenceTime) {
    return new ParquetryError(
      'METADATA_DAMAGED',
      `expected ${location}/metadata.json or ${location}/parquetry.json to hold the reference time that ages of people depend on, found it in neither`,
      { wayOut: 'put one of the two files back, or start a new dataset under another name with --dataset-name' },
    )
  }
  return differenceOf(recorded, location, request)
}

function nothingToRebuildFrom({ metadata, location, rowGroupFiles }: FolderFacts): ParquetryError {
  const why = metadata.kind === 'damaged' ? metadata.why : 'it is missing'
  const files = rowGroupFiles === 0 ? 'there is no row group' : `none of the ${rowGroupFiles} files in parquet-files has a receipt`
  return new ParquetryError(
    'METADATA_DAMAGED',
    `expected ${location}/metadata.json to describe the dataset, but ${why}, and ${files} to rebuild it from`,
    { wayOut: 'put the file back, or start a new dataset under another name with --dataset-name' },
  )
}

function differenceOf(recorded: Recorded, location: string, request: RunRequest): ParquetryError | null {
  if (recorded.fingerprint.hash !== request.fingerprint.hash) {
    if (isSeedDataChanged(recorded.fingerprint, request.fingerprint)) return seedDataChanged(location)
    return new ParquetryError(
      'RESUME_INCOMPATIBLE',
      `the config differs from that of ${location} in ${differingParts(recorded.fingerprint, request.fingerprint)}`,
      {
        wayOut: 'use the same config, or start a new dataset without --resume or under another --dataset-name',
      },
    )
  }
  if (request.numRecords !== null && request.numRecords < recorded.targetNumRecords) {
    return new ParquetryError(
      'NUM_RECORDS_MISMATCH',
      `${location} is planned for ${recorded.targetNumRecords} records, ${request.numRecords} were asked for`,
      {
        wayOut: `ask for ${recorded.targetNumRecords} or more (more extends the dataset)`,
      },
    )
  }
  if (request.bufferSize !== null && request.bufferSize !== recorded.bufferSize) {
    return new ParquetryError(
      'BUFFER_SIZE_MISMATCH',
      `${location} has row groups of ${recorded.bufferSize} rows, ${request.bufferSize} were asked for`,
      {
        wayOut: `leave out the buffer size, or give ${recorded.bufferSize}`,
      },
    )
  }
  if (request.seed !== null && recorded.seed !== null && request.seed !== recorded.seed) {
    return new ParquetryError('SEED_MISMATCH', `${location} was begun with seed ${recorded.seed}, seed ${request.seed} was asked for`, {
      wayOut: `leave out the seed, or give ${recorded.seed}`,
    })
  }
  return null
}

/** Whether the data themselves changed; columns that came or went with them are a consequence. */
function isSeedDataChanged({ parts: recorded }: Fingerprint, { parts: asked }: Fingerprint): boolean {
  return recorded[SEED_DATA] !== undefined && asked[SEED_DATA] !== undefined && recorded[SEED_DATA] !== asked[SEED_DATA]
}

function seedDataChanged(location: string): ParquetryError {
  return new ParquetryError('RESUME_INCOMPATIBLE', `the seed data changed since ${location} was begun: new rows would not match its rows`, {
    wayOut: `put the data back as they were, or go on with the data as they were recorded: parquetry resume ${location}; or start a new dataset under another --dataset-name`,
  })
}

/** "columns review, price and the constraints": the first differences by name. */
function differingParts(recorded: Fingerprint, asked: Fingerprint): string {
  if (Object.keys(recorded.parts).length === 0) return 'its fingerprint; the file that could name the columns is lost'
  const names = [...new Set([...Object.keys(recorded.parts), ...Object.keys(asked.parts)])].filter(
    (name) => recorded.parts[name] !== asked.parts[name],
  )
  const shown = names.slice(0, 3).join(', ')
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown || 'its order of columns'
}
