/** The open run of a dataset, as the server has it, and whether it is a run of this very place. */
import { WorkflowNotFoundError } from '@temporalio/client'
import type { Client, WorkflowExecutionDescription } from '@temporalio/client'
import { workflowIdOf } from '../contract.ts'
import type { RunRequest } from '../dataset/resume/decide-resume.ts'
import { readMetadata } from '../dataset/metadata.ts'
import { refuseCopy } from '../dataset/resume/resolve-dataset.ts'
import type { ResolvedDataset, ResolvePorts } from '../dataset/resume/resolve-dataset.ts'
import type { Storage } from '../storage/storage.ts'

/** A dataset and the open run on it. */
export interface OpenDatasetRun {
  readonly dataset: ResolvedDataset
  readonly description: WorkflowExecutionDescription
}

/** An open run of a dataset that does not stand any more where that run was started. */
export interface MovedRun {
  readonly kind: 'moved'
  /** The place of that run. */
  readonly from: string
  readonly description: WorkflowExecutionDescription
}

/** What the server knows. */
export type FoundRun = { readonly kind: 'none' } | { readonly kind: 'here'; readonly description: WorkflowExecutionDescription } | MovedRun

/**
 * Looks the dataset's last run up. A run of another place counts only when that place is gone; where the same dataset still stands there,
 * this one is a copy: throws `DATASET_MOVED`, naming both.
 */
export async function findRun(client: Client, { datasetId, location }: ResolvedDataset, ports: ResolvePorts): Promise<FoundRun> {
  const description = await client.workflow
    .getHandle(workflowIdOf(datasetId))
    .describe()
    .catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return null
      throw error
    })
  if (description === null) return { kind: 'none' }
  const from = description.memo?.['location']
  const isHere =
    typeof from !== 'string' || from === location || (await refuseCopy(ports.openStorage(location), datasetId, from, ports)) === 'same'
  if (description.status.name !== 'RUNNING') return { kind: 'none' }
  return isHere ? { kind: 'here', description } : { kind: 'moved', from, description }
}

/** True when the run's activities say themselves that they do not find the dataset where it was. */
export function isPlaceLost({ raw }: WorkflowExecutionDescription): boolean {
  return (raw.pendingActivities ?? []).some((activity) => activity.lastFailure?.applicationFailureInfo?.type === 'DATASET_NOT_VISIBLE')
}

/** The dataset with a note that its earlier run was ended. */
export function movedNote(dataset: ResolvedDataset, { from }: MovedRun): ResolvedDataset {
  const ended = `the open run of ${from} was ended, since the dataset is not there any more; a new run goes on here`
  return { ...dataset, note: dataset.note === null ? ended : `${dataset.note}; ${ended}` }
}

/** What is said when an open run is joined, above all of wishes that it does not follow. */
export async function notesOfJoining(
  storage: Storage,
  asked: Pick<RunRequest, 'numRecords' | 'bufferSize' | 'seed'>,
): Promise<readonly string[]> {
  const joined = 'a run is open on this dataset: joined it; its own settings hold'
  const metadata = await readMetadata(storage)
  if (metadata.kind !== 'ours') return [joined]
  const { target_num_records: target, buffer_size: size, parquetry } = metadata.value
  const differing = [
    asked.numRecords === null || asked.numRecords === target ? null : `${target} records, not ${asked.numRecords}`,
    asked.bufferSize === null || asked.bufferSize === size ? null : `row groups of ${size} rows, not ${asked.bufferSize}`,
    asked.seed === null || asked.seed === parquetry.seed ? null : `seed ${parquetry.seed}, not ${asked.seed}`,
  ].filter((difference) => difference !== null)
  return differing.length === 0
    ? [joined]
    : [joined, `it makes ${differing.join(', ')}; start again once it has ended to change what can be changed`]
}
