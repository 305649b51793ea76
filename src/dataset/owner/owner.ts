/**
 * Who may write a dataset (ruling 2). Temporal's workflow id already keeps two runs of one server apart; the claim on the folder keeps
 * two servers apart, and tells attempts of an earlier run that they are no longer wanted.
 *
 * 1. Every claim has an epoch of its own: `owner-claims/<epoch>.json` is made by exclusive create, so of two that claim at once one wins.
 * 2. `owner.json` is the newest claim as people and renewals see it. A late renewal of an older epoch cannot take the folder back,
 *    because the newest claim file decides.
 */
import type { Owner } from '../../contract.ts'
import { ParquetryError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import { keys } from '../layout.ts'

/** An owner that was not renewed for this long has gone, in ms. */
export const OWNER_FRESH_MS = 30_000
/** Milliseconds between two renewals. */
const RENEW_MS = OWNER_FRESH_MS / 6
/** Claims that may come in between before one gives up; more means that something is wrong. */
const MAX_TRIES = 20

/** A claim on a dataset's folder. */
export interface OwnerClaim extends Owner {
  /** ≥ 1; rises with every claim. */
  readonly epoch: number
  /** Milliseconds since the epoch of time; 0 once released. */
  readonly renewedAt: number
}

/** The claim that holds, whether fresh or not, or null when nobody ever claimed the folder. */
export async function readOwner(storage: Storage): Promise<OwnerClaim | null> {
  const [seen, newest] = await Promise.all([readClaim(storage, keys.owner), newestClaim(storage)])
  if (seen === null || newest === null) return seen ?? newest
  return newest.epoch > seen.epoch ? newest : seen
}

/** True while the claim's run is alive, as far as its renewals say. */
export function isFresh(claim: OwnerClaim, now: number): boolean {
  return now - claim.renewedAt < OWNER_FRESH_MS
}

/**
 * Claims the folder and answers the epoch. Claiming again for the same run answers the same epoch; a run of the same workflow id
 * on the same server takes over at once, since Temporal has ended the one before. Throws `DATASET_OPEN_ELSEWHERE`.
 */
export async function claimOwner(storage: Storage, owner: Owner, now: number): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const current = await readOwner(storage)
    if (current !== null && current.firstRunId === owner.firstRunId) {
      await writeClaim(storage, keys.owner, { ...owner, epoch: current.epoch, renewedAt: now })
      return current.epoch
    }
    if (current !== null && !isSamePlace(current, owner) && isFresh(current, now)) throw openElsewhere(storage, current, now)
    const claim: OwnerClaim = { ...owner, epoch: (current?.epoch ?? 0) + 1, renewedAt: now }
    // Another was faster: whether it may have the folder is looked at anew.
    if (!(await storage.createExclusive(keys.ownerClaim(claim.epoch), json(claim)))) continue
    await writeClaim(storage, keys.owner, claim)
    await removeOlderClaims(storage, claim.epoch)
    return claim.epoch
  }
  throw new ParquetryError('DATASET_OPEN_ELSEWHERE', `expected to claim ${storage.describe()}, but others claim it again and again`)
}

/** Renews the claim of an epoch when it is due. Throws `DATASET_OPEN_ELSEWHERE` when a later epoch owns the folder. */
export async function renewOwner(storage: Storage, epoch: number, now: number): Promise<void> {
  const current = await requireEpoch(storage, epoch)
  if (current !== null && current.epoch === epoch && now - current.renewedAt > RENEW_MS) {
    await writeClaim(storage, keys.owner, { ...current, renewedAt: now })
  }
}

/** Gives the folder up at the end of a run, so that any server may take it at once. */
export async function releaseOwner(storage: Storage, epoch: number): Promise<void> {
  const current = await readOwner(storage)
  if (current !== null && current.epoch === epoch) await writeClaim(storage, keys.owner, { ...current, renewedAt: 0 })
}

/**
 * Lets the epochs of an empty folder go on above `epoch`: that of the folder which was in this place before, so that work on that one
 * which nobody has stopped notices that the place is not its own any more.
 */
export async function startAboveEpoch(storage: Storage, owner: Owner, epoch: number): Promise<void> {
  await storage.createExclusive(keys.ownerClaim(epoch), json({ ...owner, epoch, renewedAt: 0 }))
}

/** The claim that holds, unless a later epoch owns the folder: then `DATASET_OPEN_ELSEWHERE`. */
export async function requireEpoch(storage: Storage, epoch: number): Promise<OwnerClaim | null> {
  const current = await readOwner(storage)
  if (current !== null && current.epoch > epoch) throw ownedLater(storage, current)
  return current
}

/** The error of work whose epoch no longer owns the folder. */
export function ownedLater(storage: Storage, current: OwnerClaim): ParquetryError {
  return new ParquetryError('DATASET_OPEN_ELSEWHERE', `a later run (${current.firstRunId}) owns ${storage.describe()}`, {
    wayOut: 'nothing is to be done: the later run goes on with the dataset',
  })
}

function isSamePlace(a: Owner, b: Owner): boolean {
  return a.server === b.server && a.namespace === b.namespace && a.workflowId === b.workflowId
}

function openElsewhere(storage: Storage, current: OwnerClaim, now: number): ParquetryError {
  const seconds = Math.round((now - current.renewedAt) / 1000)
  return new ParquetryError(
    'DATASET_OPEN_ELSEWHERE',
    `${storage.describe()} is being written by ${current.workflowId} in namespace ${current.namespace} of another Temporal server, last seen ${seconds} s ago`,
    { wayOut: 'stop that run first; its claim ends 30 s after its last sign of life' },
  )
}

async function newestClaim(storage: Storage): Promise<OwnerClaim | null> {
  const newest = (await storage.list(keys.ownerClaimsFolder)).filter((name) => name.endsWith('.json')).at(-1)
  return newest === undefined ? null : await readClaim(storage, `${keys.ownerClaimsFolder}/${newest}`)
}

async function removeOlderClaims(storage: Storage, epoch: number): Promise<void> {
  for (const name of await storage.list(keys.ownerClaimsFolder)) {
    const key = `${keys.ownerClaimsFolder}/${name}`
    if (key < keys.ownerClaim(epoch)) await storage.remove(key)
  }
}

async function readClaim(storage: Storage, key: string): Promise<OwnerClaim | null> {
  const bytes = await storage.read(key)
  if (bytes === null) return null
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as OwnerClaim
    return typeof value.epoch === 'number' && typeof value.firstRunId === 'string' ? value : null
  } catch {
    return null
  }
}

async function writeClaim(storage: Storage, key: string, claim: OwnerClaim): Promise<void> {
  await storage.writeAtomic(key, json(claim))
}

function json(claim: OwnerClaim): string {
  return `${JSON.stringify(claim, null, 2)}\n`
}
