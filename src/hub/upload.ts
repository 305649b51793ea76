/**
 * Bringing a dataset on a hub to hold exactly these files, sending only what it has not.
 *
 * Every file is hashed, in pieces, and compared with what the hub lists. What differs goes up: large files to the storage that the hub
 * names (which skips what it holds already, also from an upload that was cut off), small ones inside the commit. Files are committed a
 * part at a time, so memory and requests stay bounded however many there are.
 */
import { createHash } from 'node:crypto'
import type { ByteSource } from '../parquet/byte-source.ts'
import { ParquetryError } from '../errors.ts'
import type { HubClient } from './hub-client.ts'

/** A file to be there. */
export interface HubFile {
  /** Path in the dataset on the hub, `/`-separated. */
  readonly path: string
  readonly source: ByteSource
}

/** A file that is there. */
export interface ListedFile {
  readonly path: string
  readonly sizeBytes: number
  /** SHA-256 of a large file, or null for one that lies in git. */
  readonly sha256: string | null
  /** git's hash of a file that lies there. */
  readonly oid: string
}

/** What an upload did. */
export interface UploadResult {
  /** Paths that were sent or given a new content, and that were there with this content. */
  readonly changed: readonly string[]
  readonly unchanged: readonly string[]
  readonly deleted: readonly string[]
  /** Bytes that went over the wire as contents. */
  readonly sentBytes: number
  /** Ids of the commits, in order; none when nothing was to be done. */
  readonly commits: readonly string[]
}

/** How to upload. */
export interface UploadOptions {
  readonly files: readonly HubFile[]
  /** What the hub lists now. */
  readonly listed: readonly ListedFile[]
  /** Paths to remove with the first commit. */
  readonly deleted: readonly string[]
  /** Summary of the commits. */
  readonly summary: string
  /** Called after each file; cheap. */
  readonly onProgress?: (done: number, wanted: number) => void
}

/** Bytes read and sent at once. */
const CHUNK_BYTES = 1024 * 1024
/** Files that are announced and sent together. */
const SENT_FILES = 256
/** Files of one commit, for a hub takes only so many commits an hour; and bytes of small files in it, which are in memory then. */
const COMMIT_FILES = 1_000
const COMMIT_BYTES = 32 * 1024 * 1024
/** Start of a file that the hub is shown to decide where it belongs. */
const SAMPLE_BYTES = 512
/** Large files sent at once. */
const AT_ONCE = 4
/** Hash over git's header of the file as well, as git names contents. */
const gitHeader = (sizeBytes: number): string => `blob ${sizeBytes}\0`

interface Hashed extends HubFile {
  readonly sha256: string
  readonly oid: string
}

/** Makes the dataset unless it is there. */
export async function createRepository(hub: HubClient, endpoint: string, isPrivate: boolean): Promise<void> {
  const [organization, name] = hub.repoId.split('/')
  await hub.send(`${endpoint}/api/repos/create`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: () => JSON.stringify({ type: 'dataset', name, organization, private: isPrivate, visibility: isPrivate ? 'private' : 'public' }),
    accepts: [409],
    purpose: 'to make the dataset',
  })
}

/** All files of the dataset. */
export async function listFiles(hub: HubClient): Promise<readonly ListedFile[]> {
  const files: ListedFile[] = []
  let next: string | null = `${hub.api}/tree/main?recursive=true`
  while (next !== null) {
    // Without a first commit there is no tree.
    const answer = await hub.send(next, { method: 'GET', accepts: [404], purpose: 'to list the files' })
    if (answer.status === 404) return files
    for (const { type, path, size, oid, lfs } of listOf<TreeEntry>(parse(answer.text))) {
      if (type === 'file') files.push({ path, sizeBytes: lfs?.size ?? size, sha256: lfs?.oid ?? null, oid })
    }
    const link: string | undefined = /<([^>]+)>;\s*rel="next"/.exec(String(answer.headers['link'] ?? ''))?.[1]
    next = link === undefined ? null : new URL(link, hub.api).href
  }
  return files
}

interface TreeEntry {
  readonly type: string
  readonly path: string
  readonly size: number
  readonly oid: string
  readonly lfs?: { readonly oid: string; readonly size: number }
}

/** Redirects that are followed. */
const HOPS = 3

/** The content of a file, or null when there is none. */
export async function readFile(hub: HubClient, path: string): Promise<string | null> {
  let url = `${hub.url}/resolve/main/${path}`
  for (let hop = 0; hop <= HOPS; hop += 1) {
    const answer = await hub.send(url, { method: 'GET', accepts: [301, 302, 307, 308, 404], purpose: `to read ${path}` })
    if (answer.status < 300) return answer.text
    if (answer.status === 404) return null
    url = new URL(String(answer.headers['location'] ?? ''), url).href
  }
  throw strange(`to give ${path}`, 'redirects without an end')
}

/** Uploads what differs. Throws what `HubClient.send` throws; what was sent before is not sent again by the next upload. */
export async function uploadFiles(hub: HubClient, { files, listed, deleted, summary, onProgress }: UploadOptions): Promise<UploadResult> {
  const there = new Map(listed.map((file) => [file.path, file]))
  const result = { changed: [] as string[], unchanged: [] as string[] }
  const commits = createCommits(hub, summary, deleted)
  let waiting: Hashed[] = []
  let sentBytes = 0
  let done = 0
  const tell = (count: number): void => onProgress?.((done += count), files.length)
  const send = async (): Promise<void> => {
    sentBytes += await sendFiles(hub, waiting, commits)
    result.changed.push(...waiting.map(({ path }) => path))
    tell(waiting.length)
    waiting = []
  }
  for (const file of files) {
    const hashed = { ...file, ...(await hashesOf(file.source)) }
    if (isSame(hashed, there.get(file.path))) {
      result.unchanged.push(file.path)
      tell(1)
      continue
    }
    waiting.push(hashed)
    if (waiting.length >= SENT_FILES) await send()
  }
  if (waiting.length > 0) await send()
  return { ...result, sentBytes, commits: await commits.end(), deleted }
}

function isSame({ source, sha256, oid }: Hashed, there: ListedFile | undefined): boolean {
  if (there === undefined || there.sizeBytes !== source.byteLength) return false
  return there.sha256 === null ? there.oid === oid : there.sha256 === sha256
}

/** What the next commit will hold. */
interface Commits {
  /** Adds an operation; commits when there are enough. `bytes` is what it takes in the request. */
  add(operation: string, bytes: number): Promise<void>
  /** Commits the rest; answers the ids of all commits. */
  end(): Promise<readonly string[]>
}

function createCommits(hub: HubClient, summary: string, deleted: readonly string[]): Commits {
  const ids: string[] = []
  let lines = deleted.map((path) => line('deletedFile', { path }))
  let size = 0
  const commit = async (): Promise<void> => {
    if (lines.length === 0) return
    const body = [line('header', { summary, description: '' }), ...lines].join('')
    const answer = await hub.send(`${hub.api}/commit/main`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: () => body,
      purpose: 'to commit the files',
    })
    const { commitOid } = parse(answer.text) as { readonly commitOid?: unknown }
    ids.push(typeof commitOid === 'string' ? commitOid : '')
    lines = []
    size = 0
  }
  return {
    async add(operation, bytes): Promise<void> {
      if (lines.length >= COMMIT_FILES || (size > 0 && size + bytes > COMMIT_BYTES)) await commit()
      lines.push(operation)
      size += bytes
    },
    async end(): Promise<readonly string[]> {
      await commit()
      return ids
    },
  }
}

/** Sends large files, and puts all of them into commits; answers the bytes of contents sent. */
async function sendFiles(hub: HubClient, files: readonly Hashed[], commits: Commits): Promise<number> {
  const modes = await modesOf(hub, files)
  const large = files.filter(({ path }) => modes.get(path) === 'lfs')
  let sentBytes = large.length === 0 ? 0 : await sendLarge(hub, large)
  for (const { path, sha256, source } of large) {
    await commits.add(line('lfsFile', { path, algo: 'sha256', oid: sha256, size: source.byteLength }), 0)
  }
  for (const { path, source } of files.filter((file) => modes.get(file.path) === 'regular')) {
    const content = Buffer.from(await source.slice(0, source.byteLength)).toString('base64')
    await commits.add(line('file', { path, content, encoding: 'base64' }), content.length)
    sentBytes += source.byteLength
  }
  return sentBytes
}

function line(key: string, value: object): string {
  return `${JSON.stringify({ key, value })}\n`
}

/** Path → `lfs` for the hub's storage, `regular` for git; what the hub ignores is left out. */
async function modesOf(hub: HubClient, files: readonly Hashed[]): Promise<ReadonlyMap<string, string>> {
  const asked: { readonly path: string; readonly size: number; readonly sample: string }[] = []
  for (const { path, source } of files) {
    const sample = Buffer.from(await source.slice(0, Math.min(SAMPLE_BYTES, source.byteLength))).toString('base64')
    asked.push({ path, size: source.byteLength, sample })
  }
  const answer = await hub.send(`${hub.api}/preupload/main`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: () => JSON.stringify({ files: asked }),
    purpose: 'to announce the files',
  })
  const { files: modes } = parse(answer.text) as { readonly files?: unknown }
  const found = listOf<{ readonly path: string; readonly uploadMode: string; readonly shouldIgnore?: boolean }>(modes)
  return new Map(found.filter(({ shouldIgnore }) => shouldIgnore !== true).map(({ path, uploadMode }) => [path, uploadMode]))
}

interface LfsAction {
  readonly href: string
  readonly header?: Readonly<Record<string, string>>
}
interface LfsObject {
  readonly oid: string
  readonly actions?: { readonly upload?: LfsAction; readonly verify?: LfsAction }
  readonly error?: { readonly message?: string }
}

const LFS_HEADERS = { accept: 'application/vnd.git-lfs+json', 'content-type': 'application/vnd.git-lfs+json' }

/** Sends what the storage has not; answers how many bytes that were. */
async function sendLarge(hub: HubClient, files: readonly Hashed[]): Promise<number> {
  const byHash = new Map(files.map((file) => [file.sha256, file]))
  const answer = await hub.send(`${hub.lfs}/objects/batch`, {
    method: 'POST',
    headers: LFS_HEADERS,
    body: () =>
      JSON.stringify({
        operation: 'upload',
        transfers: ['basic', 'multipart'],
        hash_algo: 'sha256',
        ref: { name: 'main' },
        objects: [...byHash.values()].map(({ sha256, source }) => ({ oid: sha256, size: source.byteLength })),
      }),
    purpose: 'to announce large files',
  })
  const objects = [...listOf<LfsObject>((parse(answer.text) as { readonly objects?: unknown }).objects)]
  let sentBytes = 0
  const work = async (): Promise<void> => {
    for (let object = objects.shift(); object !== undefined; object = objects.shift()) {
      const file = byHash.get(object.oid)
      if (file === undefined) continue
      if (object.error !== undefined) throw strange(`to store ${file.path}`, String(object.error.message ?? 'an error'))
      if (object.actions?.upload === undefined) continue
      await sendOne(hub, file, object.actions.upload)
      sentBytes += file.source.byteLength
      const { verify } = object.actions
      if (verify !== undefined) {
        await hub.send(verify.href, {
          method: 'POST',
          headers: { ...LFS_HEADERS, ...verify.header },
          body: () => JSON.stringify({ oid: file.sha256, size: file.source.byteLength }),
          purpose: `to check ${file.path}`,
        })
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return sentBytes
}

/** One file, whole or in the parts that the hub's multipart transfer asks for. */
async function sendOne(hub: HubClient, { path, sha256, source }: Hashed, { href, header = {} }: LfsAction): Promise<void> {
  const put = async (url: string, start: number, end: number, headers: Readonly<Record<string, string>>): Promise<string> => {
    const answer = await hub.send(url, {
      method: 'PUT',
      headers: { ...headers, 'content-length': String(end - start) },
      body: () => piecesOf(source, start, end),
      withoutToken: true,
      purpose: `to upload ${path}`,
    })
    return String(answer.headers['etag'] ?? '')
  }
  const partSize = Number(header['chunk_size'] ?? 0)
  if (partSize === 0) {
    await put(href, 0, source.byteLength, header)
    return
  }
  const urls = Object.keys(header)
    .filter((key) => /^\d+$/.test(key))
    .toSorted((a, b) => Number(a) - Number(b))
  if (!(partSize > 0) || urls.length !== Math.ceil(source.byteLength / partSize))
    throw strange(`to upload ${path}`, 'parts that do not fit')
  const parts: { readonly partNumber: number; readonly etag: string }[] = []
  for (const [index, key] of urls.entries()) {
    const start = index * partSize
    parts.push({ partNumber: Number(key), etag: await put(header[key]!, start, Math.min(start + partSize, source.byteLength), {}) })
  }
  await hub.send(href, {
    method: 'POST',
    headers: LFS_HEADERS,
    body: () => JSON.stringify({ oid: sha256, parts }),
    withoutToken: true,
    purpose: `to finish ${path}`,
  })
}

async function* piecesOf(source: ByteSource, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; at += CHUNK_BYTES) yield await source.slice(at, Math.min(at + CHUNK_BYTES, end))
}

async function hashesOf(source: ByteSource): Promise<{ readonly sha256: string; readonly oid: string }> {
  const sha256 = createHash('sha256')
  const oid = createHash('sha1').update(gitHeader(source.byteLength))
  for await (const piece of piecesOf(source, 0, source.byteLength)) {
    sha256.update(piece)
    oid.update(piece)
  }
  return { sha256: sha256.digest('hex'), oid: oid.digest('hex') }
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Said below.
  }
  throw strange('to speak the API of Hugging Face', 'something else')
}

function listOf<T>(value: unknown): readonly T[] {
  if (Array.isArray(value)) return value as readonly T[]
  throw strange('to speak the API of Hugging Face', 'something else')
}

function strange(purpose: string, found: string): ParquetryError {
  return new ParquetryError('HUB_REFUSED', `expected the hub ${purpose}, found ${found.slice(0, 200)}`, { wayOut: 'check the endpoint' })
}
