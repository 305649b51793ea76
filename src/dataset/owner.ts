/**
 * Who may write a dataset (ruling 2). Temporal's workflow id already keeps two runs of one server apart; `owner.json` keeps two
 * servers apart, and tells attempts of an earlier run that they are no longer wanted.
 */
import type { Owner } from '../contract.ts'
import { ParquetryError } from '../errors.ts'
import type { Storage } from '../storage/storage.ts'
import { keys } from './layout.ts'

/** An owner that was not renewed for this long has gone, in ms. */
export const OWNER_FRESH_MS = 30_000

interface OwnerFile extends Owner {
  readonly epoch: number
  /** Milliseconds since the epoch; 0 once released. */
  readonly renewedAt: number
}

async function readOwner(storage: Storage): Promise<OwnerFile | null> {
  const bytes = await storage.read(keys.owner)
  if (bytes === null) return null
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as OwnerFile
    return typeof value.epoch === 'number' && typeof value.firstRunId === 'string' ? value : null
  } catch {
    return null
  }
}

/**
 * Claims the folder and answers the epoch. Claiming again for the same run answers the same epoch; a run of the same workflow id
 * on the same server takes over at once, since Temporal has ended the one before. Throws `DATASET_OPEN_ELSEWHERE`.
 */
export async function claimOwner(storage: Storage, owner: Owner, now: number): Promise<number> {
  const current = await readOwner(storage)
  if (current !== null && current.firstRunId === owner.firstRunId) {
    await writeOwner(storage, { ...owner, epoch: current.epoch, renewedAt: now })
    return current.epoch
  }
  const isSamePlace = current?.server === owner.server && current.namespace === owner.namespace && current.workflowId === owner.workflowId
  if (current !== null && !isSamePlace && now - current.renewedAt < OWNER_FRESH_MS) {
    throw new ParquetryError(
      'DATASET_OPEN_ELSEWHERE',
      `${storage.describe()} is being written by ${current.workflowId} in namespace ${current.namespace} of another Temporal server, last seen ${Math.round((now - current.renewedAt) / 1000)} s ago`,
      { wayOut: 'stop that run first; its claim ends 30 s after its last sign of life' },
    )
  }
  const epoch = (current?.epoch ?? 0) + 1
  await writeOwner(storage, { ...owner, epoch, renewedAt: now })
  return epoch
}

/** Renews the claim of an epoch. Throws `DATASET_OPEN_ELSEWHERE` when a later epoch owns the folder. */
export async function renewOwner(storage: Storage, epoch: number, now: number): Promise<void> {
  const current = await requireEpoch(storage, epoch)
  if (current !== null && now - current.renewedAt > OWNER_FRESH_MS / 6) await writeOwner(storage, { ...current, renewedAt: now })
}

/** Gives the folder up at the end of a run, so that any server may take it at once. */
export async function releaseOwner(storage: Storage, epoch: number): Promise<void> {
  const current = await readOwner(storage)
  if (current !== null && current.epoch === epoch) await writeOwner(storage, { ...current, renewedAt: 0 })
}

/** Asks that no later run owns the folder; answers who does. Throws `DATASET_OPEN_ELSEWHERE`. */
export async function requireEpoch(storage: Storage, epoch: number): Promise<OwnerFile | null> {
  const current = await readOwner(storage)
  if (current === null || current.epoch <= epoch) return current
  throw new ParquetryError('DATASET_OPEN_ELSEWHERE', `a later run (${current.firstRunId}) owns ${storage.describe()}`)
}

async function writeOwner(storage: Storage, owner: OwnerFile): Promise<void> {
  await storage.writeAtomic(keys.owner, `${JSON.stringify(owner, null, 2)}\n`)
}
