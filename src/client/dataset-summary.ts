/** What a dataset's folder says of it, with or without a server: state, rows, use, age. Reads a few small files, never a row. */
import { basename, resolve } from 'node:path'
import type { RunState, Usage } from '../contract.ts'
import { NO_USAGE } from '../contract.ts'
import { keys } from '../dataset/layout.ts'
import { readMetadata } from '../dataset/metadata.ts'
import type { Metadata } from '../dataset/metadata.ts'
import { isFresh, readOwner } from '../dataset/owner/owner.ts'
import { openStorage } from '../storage/open.ts'
import type { Storage } from '../storage/storage.ts'

/**
 * A run's state, or: `unbegun`, nothing was prepared yet; `interrupted`, unfinished and no run is open on it; `damaged`, its checkpoint
 * cannot be read; `data-designer`, a folder of DataDesigner that was never gone on with.
 */
export type DatasetState = RunState | 'unbegun' | 'interrupted' | 'damaged' | 'data-designer'

/** One dataset at one moment, as its checkpoint has it. */
export interface DatasetSummary {
  readonly datasetName: string
  /** Absolute folder. */
  readonly location: string
  readonly state: DatasetState
  readonly rowsWritten: number
  readonly rowsDropped: number
  /** Null where nothing says how many are wanted. */
  readonly targetNumRecords: number | null
  readonly rowGroups: number
  readonly usage: Usage
  readonly currency: string | null
  readonly rehearsal: boolean
  /** Milliseconds since the epoch of the last checkpoint; null when there is none. */
  readonly updatedAt: number | null
}

/** What else is known of a dataset than its folder. */
export interface SummaryFacts {
  /** True when a run is open on it, false when none is, null when no server was asked: then the claim on the folder decides. */
  readonly isOpen: boolean | null
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** States of a run that has not ended. */
const OPEN_STATES: ReadonlySet<RunState> = new Set(['preparing', 'generating', 'waiting', 'paused', 'stopping', 'processing'])

/** True for a state in which somebody still works on the dataset, or means to. */
export function isOpenState(state: DatasetState): boolean {
  return (OPEN_STATES as ReadonlySet<string>).has(state)
}

/** Summarizes the dataset in a folder; null when the folder holds none. */
export async function summarizeDataset(location: string, facts: SummaryFacts): Promise<DatasetSummary | null> {
  const folder = resolve(location)
  const storage = openStorage(folder)
  const reading = await readMetadata(storage)
  const nothing = { datasetName: basename(folder), location: folder, ...NOTHING }
  switch (reading.kind) {
    case 'ours':
      return { location: folder, ...factsOf(reading.value), state: await stateOf(storage, reading.value.parquetry.state, facts) }
    case 'data-designer':
      return { ...nothing, state: 'data-designer', targetNumRecords: reading.value.target_num_records }
    case 'damaged':
      return { ...nothing, state: 'damaged' }
    case 'absent':
      if ((await storage.stat(keys.identity)) === null) return null
      return { ...nothing, state: facts.isOpen === true ? 'preparing' : 'unbegun' }
  }
}

const NOTHING = {
  rowsWritten: 0,
  rowsDropped: 0,
  targetNumRecords: null,
  rowGroups: 0,
  usage: NO_USAGE,
  currency: null,
  rehearsal: false,
  updatedAt: null,
} as const

function factsOf({
  dataset_name: datasetName,
  target_num_records: targetNumRecords,
  parquetry,
}: Metadata): Omit<DatasetSummary, 'location' | 'state'> {
  const { totals, currency, rehearsal, updated_at: updatedAt } = parquetry
  return {
    datasetName,
    rowsWritten: totals.rowsWritten,
    rowsDropped: totals.rowsDropped,
    targetNumRecords,
    rowGroups: totals.rowGroups,
    usage: totals.usage,
    currency,
    rehearsal,
    updatedAt: Date.parse(updatedAt) || null,
  }
}

/** The checkpoint of a run that died still says that it generates. */
async function stateOf(storage: Storage, state: RunState, { isOpen, now }: SummaryFacts): Promise<DatasetState> {
  if (!isOpenState(state)) return isOpen === true ? 'preparing' : state
  if (isOpen !== null) return isOpen ? state : 'interrupted'
  const owner = await readOwner(storage)
  return owner !== null && isFresh(owner, now) ? state : 'interrupted'
}
