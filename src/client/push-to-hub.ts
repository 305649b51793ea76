/** A dataset on Hugging Face, or on another hub with its API, for whoever shall load it by name. */
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { keys } from '../dataset/layout.ts'
import type { Metadata } from '../dataset/metadata.ts'
import { datasetCard } from '../dataset/publish/dataset-card.ts'
import { publishedFiles, sourceOfText } from '../dataset/publish/published-files.ts'
import type { PublishedDataset } from '../dataset/publish/published-files.ts'
import { requireMetadata } from '../dataset/read-rows.ts'
import { readJson, readStored } from '../dataset/stored-files.ts'
import { ParquetryError } from '../errors.ts'
import { checkEndpoint, checkRepoId, findToken, HUGGING_FACE } from '../hub/endpoint.ts'
import { openHub } from '../hub/hub-client.ts'
import type { HubClient } from '../hub/hub-client.ts'
import type { RetryPolicy } from '../hub/retry.ts'
import { createRepository, listFiles, readFile, uploadFiles } from '../hub/upload.ts'
import type { HubFile, ListedFile } from '../hub/upload.ts'
import { rowCount, rowGroupCount } from '../plan/row-groups.ts'
import { openStorage } from '../storage/open.ts'

/** How to push. */
export interface PushOptions {
  /** Default: the environment's HF_ENDPOINT, else https://huggingface.co. */
  readonly endpoint?: string
  /** Whether only its owner sees a dataset that is made by this. Default false. */
  readonly private?: boolean
  /** Tags of the card, besides `synthetic`, `datadesigner` and `parquetry`. */
  readonly tags?: readonly string[]
  /** Markdown below the title of the card. Default: one sentence. */
  readonly description?: string
  /** Push a dataset that lacks rows; its card says so. Default false. */
  readonly allowIncomplete?: boolean
  /** Push over another dataset, whose files in the same folders are removed. Default false. */
  readonly replace?: boolean
  /** Say what would be pushed, and ask the hub nothing. Default false. */
  readonly dryRun?: boolean
  /** Where HF_TOKEN, HF_ENDPOINT and the token's file are looked for. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Default: the person's. */
  readonly homeFolder?: string
  /** How often a request is tried. Default: five times. */
  readonly retries?: RetryPolicy
  /** Called after each file; cheap. */
  readonly onProgress?: (filesDone: number, files: number) => void
}

/** What was pushed, or would be. */
export interface PushedDataset {
  readonly repoId: string
  /** Address of the dataset for people. */
  readonly url: string
  readonly isComplete: boolean
  readonly rows: number
  readonly rowsWanted: number
  /** Paths and sizes of all files that the dataset has on the hub now, the card among them. */
  readonly files: readonly { readonly path: string; readonly sizeBytes: number }[]
  readonly card: string
  /** Null for a dry run. */
  readonly upload: {
    /** Paths that the hub did not have with this content. */
    readonly changed: readonly string[]
    readonly unchanged: readonly string[]
    readonly deleted: readonly string[]
    /** Contents that were sent; what the hub's storage had already is not. */
    readonly sentBytes: number
    readonly commits: readonly string[]
  } | null
}

const CARD = 'README.md'

/**
 * Pushes the dataset in a folder to `owner/name`. A later push sends only what changed, and removes files that the dataset has no more.
 * Throws `USAGE`, `DATASET_NOT_FOUND`, `DATASET_DAMAGED`, `DATASET_INCOMPLETE`, `HUB_TOKEN_MISSING`, `HUB_FORBIDDEN`, `HUB_REFUSED`,
 * `HUB_UNAVAILABLE`.
 */
export async function pushToHub(location: string, repoId: string, options: PushOptions = {}): Promise<PushedDataset> {
  checkRepoId(repoId)
  const env = options.env ?? process.env
  const named = options.endpoint ?? env['HF_ENDPOINT'] ?? ''
  const endpoint = checkEndpoint(named === '' ? HUGGING_FACE : named)
  const { files, published, metadata, ...facts } = await collect(location, repoId, options)
  const described = {
    repoId,
    url: `${endpoint}/datasets/${repoId}`,
    ...facts,
    files: files.map(({ path, source }) => ({ path, sizeBytes: source.byteLength })),
  }
  if (options.dryRun === true) return { ...described, upload: null }
  const token = await findToken(env, options.homeFolder ?? homedir())
  const hub = openHub({ endpoint, repoId, token, ...(options.retries === undefined ? {} : { retries: options.retries }) })
  try {
    await createRepository(hub, endpoint, options.private === true)
    const listed = await listFiles(hub)
    const deleted = await staleFiles(hub, listed, { files, folders: published.folders, metadata }, options.replace === true)
    const summary = `Upload ${metadata.dataset_name} with Parquetry`
    const { onProgress } = options
    const upload = await uploadFiles(hub, { files, listed, deleted, summary, ...(onProgress === undefined ? {} : { onProgress }) })
    return { ...described, upload }
  } finally {
    await hub.close()
  }
}

interface Collected extends Pick<PushedDataset, 'isComplete' | 'rows' | 'rowsWanted' | 'card'> {
  readonly files: readonly HubFile[]
  readonly published: PublishedDataset
  readonly metadata: Metadata
}

/** Everything that is to be on the hub. */
async function collect(location: string, repoId: string, options: PushOptions): Promise<Collected> {
  const storage = openStorage(resolve(location))
  const metadata = await requireMetadata(storage)
  const compiled = await readStored(storage)
  const builderConfig = await readJson(storage, keys.builderConfig)
  const published = await publishedFiles(storage, metadata)
  const { state, segments } = metadata.parquetry
  const rowsWanted = rowCount(segments)
  const { rows } = published
  const missing = rowGroupCount(segments) - published.rowGroups
  const isComplete = state === 'complete' && missing === 0
  if (!isComplete && options.allowIncomplete !== true) {
    const lacks = missing > 0 ? `, and ${missing} of ${rowGroupCount(segments)} row groups missing` : ''
    throw new ParquetryError('DATASET_INCOMPLETE', `expected a complete dataset in ${storage.describe()}, found its run ${state}${lacks}`, {
      wayOut: 'finish it with parquetry resume, or push it as it is with --allow-incomplete: its card says so then',
    })
  }
  const card = datasetCard({
    repoId,
    metadata,
    compiled,
    builderConfig,
    published,
    isComplete,
    tags: options.tags ?? [],
    description: options.description ?? null,
  })
  // The card comes last: it speaks of what is there by then.
  const files = [...published.files, { path: CARD, source: sourceOfText(card) }]
  return { files, published, metadata, isComplete, rows, rowsWanted, card }
}

/** Files of this dataset that it has no more. Those of another one are no business of ours, unless it shall be replaced. Throws `USAGE`. */
async function staleFiles(
  hub: HubClient,
  listed: readonly ListedFile[],
  { files, folders, metadata }: Pick<Collected, 'files' | 'metadata'> & Pick<PublishedDataset, 'folders'>,
  isReplacing: boolean,
): Promise<readonly string[]> {
  const wanted = new Set(files.map(({ path }) => path))
  const stale = listed
    .map(({ path }) => path)
    .filter((path) => !wanted.has(path) && folders.some((folder) => path.startsWith(`${folder}/`)))
  const isBegun = listed.some(({ path }) => path === keys.metadata || path.startsWith('data/'))
  if (isReplacing || !isBegun) return stale
  const there = await datasetIdThere(hub, listed)
  if (there === metadata.parquetry.dataset_id) return stale
  // An upload that was cut off before its metadata.json is gone on with: then nothing but our own files is there.
  if (there === null && stale.length === 0) return []
  throw new ParquetryError('USAGE', `expected ${hub.repoId} to be empty or to hold this dataset, found another one there`, {
    wayOut: 'push to another name, or with --replace over what is there',
  })
}

async function datasetIdThere(hub: HubClient, listed: readonly ListedFile[]): Promise<string | null> {
  if (!listed.some(({ path }) => path === keys.metadata)) return null
  const text = await readFile(hub, keys.metadata)
  try {
    const value = JSON.parse(text ?? '') as { readonly parquetry?: { readonly dataset_id?: unknown } } | null
    const id = value?.parquetry?.dataset_id
    return typeof id === 'string' ? id : 'unknown'
  } catch {
    return 'unknown'
  }
}
