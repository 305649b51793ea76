/**
 * `verify --repair`: sets aside what a verification found to be wrong, so that a resume makes just that anew (ruling 6).
 *
 * 1. Nothing is deleted: files move to `quarantine/`.
 * 2. Nobody else writes meanwhile: the folder is claimed like a run claims it, or the repair is refused.
 * 3. A row group that lies in another one's place is put back, since it is paid for; only what is lost is made again.
 * 4. Repairing twice changes nothing the second time.
 */
import { randomUUID } from 'node:crypto'
import { isParquetryError, ParquetryError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import { keys } from '../layout.ts'
import type { Metadata } from '../metadata.ts'
import { readMetadata, writeMetadata } from '../metadata.ts'
import { claimOwner, releaseOwner, renewOwner } from '../owner/owner.ts'
import type { DatasetProblem, DatasetVerification, VerifyOptions } from './verify.ts'
import { verifyDataset } from './verify.ts'

/** A file that was moved; keys relative to the dataset's folder. */
export interface MovedFile {
  readonly from: string
  readonly to: string
}

/** What a repair did. */
export interface FolderRepair {
  /** As it was. */
  readonly before: DatasetVerification
  /** As it is now. */
  readonly after: DatasetVerification
  /** Files that went to `quarantine/`. */
  readonly setAside: readonly MovedFile[]
  /** Row groups that were in another one's place. */
  readonly putBack: readonly MovedFile[]
  /** True when `metadata.json` was written anew from the receipts. */
  readonly isCheckpointRewritten: boolean
}

/** Milliseconds between two renewals of the claim. */
const RENEW_MS = 5_000

/** Repairs. Throws `DATASET_OPEN_ELSEWHERE` while a run has the folder, and what `verifyDataset` throws. */
export async function repairFolder(storage: Storage, now: () => number, options: VerifyOptions = {}): Promise<FolderRepair> {
  const epoch = await claim(storage, now())
  const renewal = setInterval(() => void renewOwner(storage, epoch, now()).catch(() => undefined), RENEW_MS)
  try {
    const before = await verifyDataset(storage, options)
    const setAside = await setAsideAll(storage, before.problems)
    const putBack = await putBackAll(storage, before.problems, setAside)
    const hasMoved = setAside.length > 0
    const between = hasMoved ? await verifyDataset(storage, options) : before
    const isCheckpointRewritten = await rewriteCheckpoint(storage, between, epoch, now())
    const after = isCheckpointRewritten ? await verifyDataset(storage, options) : between
    return { before, after, setAside, putBack, isCheckpointRewritten }
  } finally {
    clearInterval(renewal)
    await releaseOwner(storage, epoch)
  }
}

/** The claim has a name of its own, so that not even a second repair takes it over. */
async function claim(storage: Storage, now: number): Promise<number> {
  const firstRunId = randomUUID()
  try {
    return await claimOwner(storage, { server: 'none', namespace: 'none', workflowId: `verify --repair ${firstRunId}`, firstRunId }, now)
  } catch (error) {
    if (!isParquetryError(error) || error.code !== 'DATASET_OPEN_ELSEWHERE') throw error
    throw new ParquetryError('DATASET_OPEN_ELSEWHERE', `expected nobody to be writing ${storage.describe()}, but ${error.message}`, {
      wayOut: 'wait for the end of the run, or stop it; 30 s after its last sign of life the folder is free',
    })
  }
}

/**
 * A group whose sidecar, or one of whose pictures, is lost is made anew whole: its values are in no other file. Seed data are copied
 * anew where no index stands.
 */
const SET_ASIDE: ReadonlySet<DatasetProblem['kind']> = new Set(['damaged', 'foreign', 'stray', 'sidecar', 'image', 'seed'])

async function setAsideAll(storage: Storage, problems: readonly DatasetProblem[]): Promise<readonly MovedFile[]> {
  const moved: MovedFile[] = []
  for (const { kind, key, rowGroup } of problems) {
    if (!SET_ASIDE.has(kind)) continue
    const aside = (kind === 'sidecar' || kind === 'image') && rowGroup !== null ? [keys.rowGroup(rowGroup), key] : [key]
    for (const from of aside) {
      if ((await storage.stat(from)) === null) continue
      const to =
        rowGroup !== null && from === keys.rowGroup(rowGroup)
          ? keys.quarantined(rowGroup, randomUUID())
          : keys.quarantinedOther(from, randomUUID())
      await storage.move(from, to)
      moved.push({ from, to })
    }
  }
  return moved
}

/** Only once all are aside: of two that were exchanged, each one's place is then free. */
async function putBackAll(
  storage: Storage,
  problems: readonly DatasetProblem[],
  setAside: readonly MovedFile[],
): Promise<readonly MovedFile[]> {
  const putBack: MovedFile[] = []
  for (const { key, belongsTo } of problems) {
    const aside = setAside.find(({ from }) => from === key)
    if (belongsTo === undefined || aside === undefined) continue
    const to = keys.rowGroup(belongsTo)
    if ((await storage.stat(to)) !== null) continue
    if (await storage.publish(aside.to, to)) putBack.push({ from: key, to })
  }
  return putBack
}

/** Makes the checkpoint say what the files say. A checkpoint that cannot be used is left to the next run, which makes it anew. */
async function rewriteCheckpoint(storage: Storage, found: DatasetVerification, epoch: number, now: number): Promise<boolean> {
  const reading = await readMetadata(storage)
  if (reading.kind !== 'ours') return false
  const isWrong = found.problems.some(({ kind }) => kind === 'checkpoint' || kind === 'missing')
  if (!isWrong) return false
  await writeMetadata(storage, correctedMetadata(reading.value, found, epoch, now))
  return true
}

function correctedMetadata(before: Metadata, found: DatasetVerification, epoch: number, now: number): Metadata {
  const { totals, committed, rowsMissing, rowsWanted } = found
  const { file_paths: _stale, column_statistics: statistics, ...rest } = before
  const isWhole = rowsMissing === 0
  return {
    ...rest,
    // Statistics are those of all rows, or of none.
    ...(isWhole && statistics !== undefined ? { column_statistics: statistics } : {}),
    target_num_records: rowsWanted,
    actual_num_records: totals.rowsWritten,
    total_num_batches: totals.rowGroups,
    num_completed_batches: totals.rowGroups,
    parquetry: {
      ...before.parquetry,
      epoch,
      sequence: 0,
      state: isWhole ? before.parquetry.state : 'stopped',
      totals,
      committed,
      updated_at: new Date(now).toISOString(),
    },
  }
}
