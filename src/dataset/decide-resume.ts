/**
 * What starting on a folder means: the table of design section 5 as a pure function of what the folder holds and what is asked.
 * Effects are in `resolve-dataset.ts`.
 */
import type { Fingerprint } from '../config/compiled.ts'
import { ParquetryError } from '../errors.ts'
import type { Metadata } from './metadata.ts'

/** `never` starts fresh, `always` goes on or fails, `if_possible` goes on where it can. Also written `false` and `true`. */
export type ResumeMode = 'never' | 'always' | 'if_possible'

/** What a dataset's folder holds. */
export interface FolderFacts {
  /** Absolute folder, for messages. */
  readonly location: string
  /** False for an absent folder and for an empty one. */
  readonly holdsAnything: boolean
  /** Content of `dataset.json`, or null. */
  readonly datasetId: string | null
  readonly metadata:
    | { readonly kind: 'absent' }
    | { readonly kind: 'damaged'; readonly why: string }
    | { readonly kind: 'ours'; readonly value: Metadata }
    | { readonly kind: 'data-designer' }
  /** Files named like a row group's. */
  readonly rowGroupFiles: number
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
  if (obstacle === null)
    return {
      action: 'resume',
      note:
        facts.metadata.kind === 'absent' ? 'no metadata.json and no row group yet: starting from the beginning in the same folder' : null,
    }
  if (request.mode === 'if_possible' && !ALWAYS_AN_ERROR.has(obstacle.code)) {
    return { action: 'fresh-timestamped', note: `cannot go on with ${facts.location}: ${obstacle.message}` }
  }
  throw obstacle
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
function unfinishedOf(facts: FolderFacts, request: RunRequest): string | null {
  if (facts.metadata.kind !== 'ours' || obstacleOf(facts, { ...request, numRecords: null, bufferSize: null, seed: null }) !== null)
    return null
  const { target_num_records: wanted, parquetry } = facts.metadata.value
  const { rowsWritten, rowsDropped } = parquetry.totals
  return rowsWritten + rowsDropped >= wanted ? null : `${rowsWritten} of ${wanted} rows`
}

/** Why the folder cannot be resumed as asked, or null. */
function obstacleOf(facts: FolderFacts, request: RunRequest): ParquetryError | null {
  const { metadata, location } = facts
  if (metadata.kind === 'data-designer') {
    return new ParquetryError('RESUME_INCOMPATIBLE', `${location} was made by DataDesigner; adopting its row groups is not supported yet`, {
      wayOut: 'start a new dataset under another name with --dataset-name',
    })
  }
  if (metadata.kind === 'damaged' || (metadata.kind === 'absent' && facts.rowGroupFiles > 0)) {
    const why = metadata.kind === 'damaged' ? metadata.why : `it is missing, but ${facts.rowGroupFiles} row groups are there`
    return new ParquetryError('METADATA_DAMAGED', `expected ${location}/metadata.json to describe the dataset, but ${why}`, {
      wayOut: 'put the file back, or start a new dataset under another name with --dataset-name',
    })
  }
  return metadata.kind === 'absent' ? null : differenceOf(metadata.value, location, request)
}

function differenceOf(recorded: Metadata, location: string, request: RunRequest): ParquetryError | null {
  const { parquetry } = recorded
  if (parquetry.fingerprint.hash !== request.fingerprint.hash) {
    return new ParquetryError(
      'RESUME_INCOMPATIBLE',
      `the config differs from that of ${location} in ${differingParts(parquetry.fingerprint, request.fingerprint)}`,
      {
        wayOut: 'use the same config, or start a new dataset without --resume or under another --dataset-name',
      },
    )
  }
  if (request.numRecords !== null && request.numRecords < recorded.target_num_records) {
    return new ParquetryError(
      'NUM_RECORDS_MISMATCH',
      `${location} is planned for ${recorded.target_num_records} records, ${request.numRecords} were asked for`,
      {
        wayOut: `ask for ${recorded.target_num_records} or more (more extends the dataset)`,
      },
    )
  }
  if (request.bufferSize !== null && request.bufferSize !== recorded.buffer_size) {
    return new ParquetryError(
      'BUFFER_SIZE_MISMATCH',
      `${location} has row groups of ${recorded.buffer_size} rows, ${request.bufferSize} were asked for`,
      {
        wayOut: `leave out the buffer size, or give ${recorded.buffer_size}`,
      },
    )
  }
  if (request.seed !== null && request.seed !== parquetry.seed) {
    return new ParquetryError('SEED_MISMATCH', `${location} was begun with seed ${parquetry.seed}, seed ${request.seed} was asked for`, {
      wayOut: `leave out the seed, or give ${parquetry.seed}`,
    })
  }
  return null
}

/** "columns review, price and the constraints": the first differences by name. */
function differingParts(recorded: Fingerprint, asked: Fingerprint): string {
  const names = [...new Set([...Object.keys(recorded.parts), ...Object.keys(asked.parts)])].filter(
    (name) => recorded.parts[name] !== asked.parts[name],
  )
  const shown = names.slice(0, 3).join(', ')
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown || 'its order of columns'
}
