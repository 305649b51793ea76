/**
 * From a name and a wish to a folder with an identity, before anything is started. Done by the client, which sees the same storage
 * as the workers; idempotent by request id (ruling 2).
 */
import { join } from 'node:path'
import { ParquetryError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import { decideResume, recordedOf, unfinishedOf } from './decide-resume.ts'
import type { RunRequest } from './decide-resume.ts'
import { factsOf, readIdentity } from './folder-facts.ts'
import type { DatasetIdentity } from './folder-facts.ts'
import { checkDatasetName, isTimestampedName, keys, timestampedName } from '../layout.ts'
import { isSameFolder } from './same-folder.ts'

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
  /** Content of `parquetry.json` as the run would write it. */
  readonly parquetryFile: object
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
  const { datasetName, requestId, request } = options
  const location = join(options.artifactPath, datasetName)
  const storage = ports.openStorage(location)
  const mine = await readIdentity(storage)
  if (mine?.request_id === requestId) return { location, datasetName, datasetId: mine.dataset_id, isFresh: true, note: null }
  const facts = await factsOf(storage, options.parquetryFile)
  const decision = decideResume(facts, request)
  if (decision.action === 'fresh-timestamped') {
    return await startBeside(options, await withUnfinishedBeside(options, decision.note, ports), ports)
  }
  const claim = await claimIdentity(storage, options, recordedOf(facts)?.datasetId ?? null, ports)
  if (decision.action === 'fresh' && claim.identity.request_id !== requestId && request.mode === 'never') {
    // Another client made the folder in this moment, or left it behind without starting anything.
    if ((await storage.list(keys.requestsFolder)).length > 0) return await startBeside(options, `${location} was taken a moment ago`, ports)
  }
  const moved = await settleLocation(storage, claim.identity, ports)
  return {
    location,
    datasetName,
    datasetId: claim.identity.dataset_id,
    isFresh: decision.action === 'fresh',
    note: [decision.note, claim.note, moved].filter((part) => part !== null).join('; ') || null,
  }
}

/**
 * The note, with the run of the same config that was left unfinished in a timestamped folder, since the plain name was taken then too.
 * Throws `DATASET_UNFINISHED` when no mode was given (ruling 22).
 */
async function withUnfinishedBeside(options: ResolveOptions, note: string, ports: ResolvePorts): Promise<string> {
  const { request, artifactPath, datasetName } = options
  if (request.mode !== 'never') return note
  const entries = await ports.openStorage(artifactPath).list('')
  const names = entries.filter((entry) => entry.endsWith('/') && isTimestampedName(datasetName, entry.slice(0, -1)))
  for (const name of names.map((entry) => entry.slice(0, -1))) {
    const location = join(artifactPath, name)
    const unfinished = unfinishedOf(await factsOf(ports.openStorage(location), options.parquetryFile), request)
    if (unfinished === null) continue
    if (request.isModeExplicit) return `${note}; ${location} holds an unfinished run of the same config (${unfinished})`
    throw new ParquetryError('DATASET_UNFINISHED', `${location} holds an unfinished run of the same config: ${unfinished}`, {
      location,
      wayOut: `give --dataset-name ${name} --resume always to go on with it, or --resume never to start a new dataset beside it`,
    })
  }
  return note
}

/** A new folder with the time in its name, and some letters more when that is taken too. */
async function startBeside(options: ResolveOptions, note: string, ports: ResolvePorts): Promise<ResolvedDataset> {
  const stamped = timestampedName(options.datasetName, new Date(ports.now()))
  for (const datasetName of [stamped, `${stamped}_${ports.newId().replaceAll('-', '').slice(0, 8)}`]) {
    const location = join(options.artifactPath, datasetName)
    const storage = ports.openStorage(location)
    const identity = identityOf(storage, options, ports)
    if ((await storage.list('')).length > 0) continue
    if (await storage.createExclusive(keys.identity, json(identity)))
      return { location, datasetName, datasetId: identity.dataset_id, isFresh: true, note }
  }
  throw new ParquetryError('DATASET_UNFINISHED', `expected a free folder name like ${stamped}, found all taken`, {
    wayOut: 'try again in a second',
  })
}

/** The folder's identity: the one it has, or the one that its other files remember, or a new one. */
async function claimIdentity(
  storage: Storage,
  options: ResolveOptions,
  recordedId: string | null,
  ports: ResolvePorts,
): Promise<{ readonly identity: DatasetIdentity; readonly note: string | null }> {
  const known = await readIdentity(storage)
  if (known !== null) {
    if (recordedId === null || recordedId === known.dataset_id) return { identity: known, note: null }
    throw new ParquetryError(
      'DATASET_DAMAGED',
      `expected ${storage.describe()}/dataset.json to name dataset ${recordedId}, as the other files do, found ${known.dataset_id}`,
      { wayOut: 'move dataset.json away: it is written anew' },
    )
  }
  const isDamaged = (await storage.stat(keys.identity)) !== null
  if (isDamaged) await storage.move(keys.identity, keys.quarantinedFile(keys.identity, ports.newId()))
  const fresh = identityOf(storage, options, ports)
  const identity = recordedId === null ? fresh : { ...fresh, dataset_id: recordedId }
  if (!(await storage.createExclusive(keys.identity, json(identity)))) return await claimIdentity(storage, options, recordedId, ports)
  if (recordedId === null && !isDamaged) return { identity, note: null }
  return { identity, note: `dataset.json was ${isDamaged ? 'damaged' : 'missing'}: written anew` }
}

function identityOf(storage: Storage, options: ResolveOptions, ports: ResolvePorts): DatasetIdentity {
  return {
    dataset_id: ports.newId(),
    request_id: options.requestId,
    location: storage.describe(),
    created_at: new Date(ports.now()).toISOString(),
  }
}

/** A dataset that was moved is told its new place. Answers what to say. Throws `DATASET_MOVED`. */
async function settleLocation(storage: Storage, identity: DatasetIdentity, ports: ResolvePorts): Promise<string | null> {
  const here = storage.describe()
  if (identity.location === here || (await refuseCopy(storage, identity.dataset_id, identity.location, ports)) === 'same') return null
  await storage.writeAtomic(keys.identity, json({ ...identity, location: here }))
  return `the dataset was moved here from ${identity.location}`
}

/**
 * Looks at another place where a dataset was: `gone` when it is not there any more, `same` when that path leads here. A copy whose original
 * still stands is refused, since the two would share one workflow id (ruling 2): throws `DATASET_MOVED`, naming both.
 */
export async function refuseCopy(
  storage: Storage,
  datasetId: string,
  otherLocation: string,
  ports: Pick<ResolvePorts, 'openStorage' | 'newId'>,
): Promise<'gone' | 'same'> {
  const other = openIfPossible(otherLocation, ports)
  const there = other === null ? null : await readIdentity(other).catch(() => null)
  if (other === null || there?.dataset_id !== datasetId) return 'gone'
  if (await isSameFolder(storage, other, ports.newId())) return 'same'
  const here = storage.describe()
  throw new ParquetryError('DATASET_MOVED', `${here} is a copy of ${otherLocation}: both say they are dataset ${datasetId}`, {
    wayOut: `go on with ${otherLocation}, or move it away if ${here} shall take its place`,
  })
}

/** A place that this machine does not understand is not there, as far as it can tell. */
function openIfPossible(location: string, ports: Pick<ResolvePorts, 'openStorage'>): Storage | null {
  try {
    return ports.openStorage(location)
  } catch {
    return null
  }
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
