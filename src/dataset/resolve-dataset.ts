/**
 * From a name and a wish to a folder with an identity, before anything is started. Done by the client, which sees the same storage
 * as the workers; idempotent by request id (ruling 2).
 */
import { basename, join } from 'node:path'
import { ParquetryError } from '../errors.ts'
import type { Storage } from '../storage/storage.ts'
import { decideResume } from './decide-resume.ts'
import type { RunRequest } from './decide-resume.ts'
import { factsOf, readIdentity } from './folder-facts.ts'
import type { DatasetIdentity } from './folder-facts.ts'
import { checkDatasetName, keys, timestampedName } from './layout.ts'

/** Effects of resolving. */
export interface ResolvePorts {
  openStorage(location: string): Storage
  now(): number
  /** A fresh random id, e.g. a UUID. */
  newId(): string
}

/** What to resolve. */
export interface ResolveOptions {
  /** Absolute folder that holds datasets. */
  readonly artifactPath: string
  readonly datasetName: string
  readonly requestId: string
  readonly request: RunRequest
}

/** A folder that is ours, and what the run on it will be. */
export interface ResolvedDataset {
  readonly location: string
  readonly datasetName: string
  readonly datasetId: string
  readonly isFresh: boolean
  /** Said to the person, or null. */
  readonly note: string | null
}

/** Resolves the folder and gives it its identity. Throws `ParquetryError` of kind `user`. */
export async function resolveDataset(options: ResolveOptions, ports: ResolvePorts): Promise<ResolvedDataset> {
  checkDatasetName(options.datasetName)
  const location = join(options.artifactPath, options.datasetName)
  const storage = ports.openStorage(location)
  const mine = await readIdentity(storage)
  if (mine?.request_id === options.requestId) return resolved(options.datasetName, location, mine, true, null)
  const decision = decideResume(await factsOf(storage), options.request)
  if (decision.action === 'fresh-timestamped') return await startBeside(options, decision.note, ports)
  const identity = await claimIdentity(storage, options, ports)
  if (decision.action === 'fresh' && identity.request_id !== options.requestId && options.request.mode === 'never') {
    // Another client made the folder in this moment, or left it behind without starting anything.
    if ((await storage.list(keys.requestsFolder)).length > 0) return await startBeside(options, `${location} was taken a moment ago`, ports)
  }
  await refuseCopy(storage, identity, ports)
  return resolved(options.datasetName, location, identity, decision.action === 'fresh', decision.note)
}

function resolved(
  datasetName: string,
  location: string,
  identity: DatasetIdentity,
  isFresh: boolean,
  note: string | null,
): ResolvedDataset {
  return { location, datasetName, datasetId: identity.dataset_id, isFresh, note }
}

/** A new folder with the time in its name, and some letters more when that is taken too. */
async function startBeside(options: ResolveOptions, note: string, ports: ResolvePorts): Promise<ResolvedDataset> {
  const stamped = timestampedName(options.datasetName, new Date(ports.now()))
  for (const datasetName of [stamped, `${stamped}_${ports.newId().replaceAll('-', '').slice(0, 8)}`]) {
    const location = join(options.artifactPath, datasetName)
    const storage = ports.openStorage(location)
    const identity = identityOf(storage, options, ports)
    if ((await storage.list('')).length > 0) continue
    if (await storage.createExclusive(keys.identity, json(identity))) return resolved(datasetName, location, identity, true, note)
  }
  throw new ParquetryError('DATASET_UNFINISHED', `expected a free folder name like ${stamped}, found all taken`, {
    wayOut: 'try again in a second',
  })
}

async function claimIdentity(storage: Storage, options: ResolveOptions, ports: ResolvePorts): Promise<DatasetIdentity> {
  const fresh = identityOf(storage, options, ports)
  if (await storage.createExclusive(keys.identity, json(fresh))) return fresh
  const known = await readIdentity(storage)
  if (known !== null) return known
  throw new ParquetryError(
    'DATASET_DAMAGED',
    `expected ${storage.describe()}/dataset.json to name the dataset, found something unreadable`,
    {
      wayOut: 'move the file away; the dataset then gets a new identity',
    },
  )
}

function identityOf(storage: Storage, options: ResolveOptions, ports: ResolvePorts): DatasetIdentity {
  return {
    dataset_id: ports.newId(),
    request_id: options.requestId,
    location: storage.describe(),
    created_at: new Date(ports.now()).toISOString(),
  }
}

/** A moved folder is fine; a copy whose original still stands is not: the two would share one workflow id (ruling 2). */
async function refuseCopy(storage: Storage, identity: DatasetIdentity, ports: ResolvePorts): Promise<void> {
  const here = storage.describe()
  if (identity.location === here) return
  const there = await readIdentity(ports.openStorage(identity.location)).catch(() => null)
  if (there?.dataset_id === identity.dataset_id) {
    throw new ParquetryError(
      'DATASET_MOVED',
      `${here} is a copy of ${identity.location}: both say they are dataset ${identity.dataset_id}`,
      {
        wayOut: `remove ${basename(here)}/dataset.json from the copy to make it a dataset of its own`,
      },
    )
  }
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
