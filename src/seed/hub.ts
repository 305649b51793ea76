/**
 * Seed data on Hugging Face, or on a server with its API: listed, and downloaded once for each content into a cache folder.
 *
 * The token is read from the environment at the moment of the call and appears nowhere else; one that the config does not name is sent
 * to Hugging Face itself only, for an endpoint comes from a file that people share.
 */
import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { HUGGING_FACE } from '../hub/endpoint.ts'
import { isMomentary, retried } from '../hub/retry.ts'
import { byCodePoint, formatOf, oneFormat, statFile } from './find-files.ts'
import type { FoundFiles } from './find-files.ts'
import type { SeedFile, SeedPlace, SeedSource } from './source.ts'
import { unreadable } from './unreadable.ts'

/** A source on Hugging Face. */
export type HubSource = Extract<SeedSource, { seed_type: 'hf' }>

const RETRIES = { attempts: 4, firstDelayMs: 500 }
/** Until the answer begins; a download itself may take long. */
const ANSWER_MS = 30_000

/** Finds and downloads the files. Throws `SEED_DATA_UNREADABLE`. */
export async function downloadSeedFiles(source: HubSource, place: SeedPlace): Promise<FoundFiles> {
  const repository = repositoryOf(source, place)
  const matches = pathPattern(repository.path)
  const listed = (await list(repository)).filter(({ type, path }) => type === 'file' && matches.test(path) && formatOf(path) !== null)
  if (listed.length === 0) {
    throw unreadable(`expected files of seed data that match ${source.path} at ${source.endpoint}, found none`, 'check the path')
  }
  const format = oneFormat(
    listed.map(({ path }) => path),
    source.path,
  )
  await mkdir(place.cacheFolder, { recursive: true })
  const files: SeedFile[] = []
  for (const file of listed.toSorted((a, b) => byCodePoint(a.path, b.path))) {
    files.push(await download(repository, file, format, place.cacheFolder))
  }
  return { format, files }
}

interface Repository {
  readonly endpoint: string
  /** `owner/name`. */
  readonly name: string
  readonly revision: string
  /** Of the files within it; may hold `*`. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** For messages: where a token would be taken from. */
  readonly tokenName: string
}

interface ListedFile {
  readonly type: string
  readonly path: string
  readonly size: number
  /** Hash of its content. */
  readonly oid: string
}

function repositoryOf({ path, token, endpoint }: HubSource, { env }: SeedPlace): Repository {
  const [, owner = '', nameAndRevision = '', ...rest] = path.split('/')
  const [name = '', revision = 'main'] = nameAndRevision.split('@')
  const isOwn = endpoint.replace(/\/+$/, '') === HUGGING_FACE
  const secret = token === null ? (isOwn ? env['HF_TOKEN'] : undefined) : env[token]
  if (token !== null && (secret ?? '') === '') {
    throw unreadable(`expected the token for ${path} in the environment variable ${token}, found it not set`, `set ${token}`)
  }
  return {
    endpoint: endpoint.replace(/\/+$/, ''),
    name: `${encodeURIComponent(owner)}/${encodeURIComponent(name)}`,
    revision: encodeURIComponent(revision),
    path: rest.join('/'),
    headers: secret === undefined || secret === '' ? {} : { authorization: `Bearer ${secret}` },
    tokenName: token ?? 'HF_TOKEN',
  }
}

/** `*` stays within a folder, `**` does not. */
function pathPattern(path: string): RegExp {
  const source = path.replaceAll(/\*\*\/|\*+|[.+?^${}()|[\]\\]/g, (part) => {
    if (part === '**/') return '(?:.*/)?'
    return part.startsWith('*') ? '[^/]*' : `\\${part}`
  })
  return new RegExp(`^${source}$`, 'su')
}

/** All files of the repository, page by page. */
async function list(repository: Repository): Promise<readonly ListedFile[]> {
  const { endpoint, name, revision } = repository
  const files: ListedFile[] = []
  let next: string | null = `${endpoint}/api/datasets/${name}/tree/${revision}?recursive=true`
  while (next !== null) {
    const response: Response = await request(next, repository)
    const page = (await response.json()) as readonly ListedFile[]
    if (!Array.isArray(page)) throw unreadable(`expected a list of files from ${endpoint}, found something else`, 'check the endpoint')
    files.push(...(page as readonly ListedFile[]))
    const link: string | undefined = /<([^>]+)>;\s*rel="next"/.exec(response.headers.get('link') ?? '')?.[1]
    // A next page elsewhere would be given the token.
    next = link !== undefined && new URL(link, endpoint).origin === new URL(endpoint).origin ? new URL(link, endpoint).href : null
  }
  return files
}

/** The file in the cache: the same content is downloaded once. Its name is a hash, so that no path of a server leads anywhere. */
async function download(repository: Repository, file: ListedFile, format: string, cacheFolder: string): Promise<SeedFile> {
  const { endpoint, name, revision } = repository
  const id = createHash('sha256')
    .update(JSON.stringify([endpoint, name, file.path, file.oid, file.size]))
    .digest('hex')
  const target = join(cacheFolder, `${id.slice(0, 32)}.${format}`)
  if ((await stat(target).catch(() => null))?.size === file.size) return await statFile(target)
  const path = file.path.split('/').map(encodeURIComponent).join('/')
  const partial = `${target}.${randomUUID()}.partial`
  try {
    const response = await request(`${endpoint}/datasets/${name}/resolve/${revision}/${path}`, repository)
    await pipeline(Readable.fromWeb(response.body as ReadableStream), createWriteStream(partial))
    const { size } = await stat(partial)
    if (size !== file.size) throw unreadable(`expected ${file.size} bytes of ${file.path}, found ${size}`, 'try again')
    await rename(partial, target)
  } catch (error) {
    await rm(partial, { force: true })
    if (error instanceof TypeError) throw unreachable(endpoint, error)
    throw error
  }
  return await statFile(target)
}

/** An answer of 2xx. Faults of the server and of the connection are tried again, a few times. */
async function request(url: string, { headers, endpoint, name, tokenName }: Repository): Promise<Response> {
  const asked = await retried(() => fetchOnce(url, headers), {
    statusOf: ({ status }) => status,
    discard: async ({ body }) => body?.cancel(),
    policy: RETRIES,
  })
  if (asked.kind === 'unreachable') throw unreachable(endpoint, asked.cause)
  const { answer } = asked
  if (answer.ok) return answer
  await answer.body?.cancel()
  const { status } = answer
  if (status === 401 || status === 403) {
    throw unreadable(
      `expected to be let in to the dataset ${name} at ${endpoint}, found status ${status}`,
      `put a token that may read it into the environment variable ${tokenName}${tokenName === 'HF_TOKEN' && endpoint !== HUGGING_FACE ? ', and name it as the token of the source' : ''}`,
    )
  }
  if (isMomentary(status)) {
    throw unreadable(`expected an answer from ${endpoint}, found status ${status} ${RETRIES.attempts} times`, 'try again later')
  }
  throw unreadable(`expected the dataset ${name} at ${endpoint}, found status ${status}`, 'check path and endpoint')
}

async function fetchOnce(url: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new Error('no answer in time')), ANSWER_MS)
  try {
    return await fetch(url, { headers, signal: controller.signal })
  } finally {
    clearTimeout(timer)
  }
}

function unreachable(endpoint: string, cause: unknown): Error {
  return unreadable(`expected to reach ${endpoint} for seed data, found no connection`, 'check the network and the endpoint', cause)
}
