/**
 * A stand-in for Hugging Face's HTTP API on loopback: repositories, preupload, LFS batch, commits, and reading back, as its own Python
 * client speaks it. Large files go to a storage at another origin, as there.
 */
import { createHash, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as it came in; bodies of uploads are not kept. */
export interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly origin: 'hub' | 'storage'
  readonly authorization: string | undefined
  readonly contentLength: string | undefined
}

/** The stand-in. */
export interface HubStandIn {
  readonly endpoint: string
  /** The only token that may write. */
  readonly token: string
  /** Requests since the last `forget`. */
  requests(): readonly SeenRequest[]
  forget(): void
  /** Files of a dataset by path; null when it was never made. */
  files(repoId: string): ReadonlyMap<string, Uint8Array> | null
  isPrivate(repoId: string): boolean
  /** Answers the next so many requests whose `METHOD url` matches with this status, and headers. */
  fail(pattern: RegExp, times: number, status: number, headers?: Readonly<Record<string, string>>): void
  /** Puts a file there as somebody else would. */
  put(repoId: string, path: string, bytes: Uint8Array): void
  close(): Promise<void>
}

interface Stored {
  readonly bytes: Uint8Array
  readonly isLarge: boolean
}
interface Repository {
  readonly files: Map<string, Stored>
  readonly isPrivate: boolean
  commit: string
}

/** Files of these kinds go to the storage, as the hub's .gitattributes has it. */
const LARGE = /\.(?:parquet|png|jpg|webp)$/u
/** Entries on a page of the list of files. */
const PAGE = 3

/** Starts it. Files larger than `partBytes` are asked for in parts of that size. */
export async function startHub({ partBytes = 1 << 30 } = {}): Promise<HubStandIn> {
  const token = `hf_${randomUUID().replaceAll('-', '')}`
  const repositories = new Map<string, Repository>()
  const storage = new Map<string, Uint8Array>()
  const parts = new Map<string, Uint8Array>()
  const etags = new Map<string, string>()
  let seen: SeenRequest[] = []
  const failures: {
    readonly pattern: RegExp
    times: number
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
  }[] = []
  let [endpoint, storageEndpoint] = ['', '']

  function json(response: ServerResponse, value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): void {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))
  }

  async function takeIn(request: IncomingMessage, origin: SeenRequest['origin'], response: ServerResponse): Promise<Buffer | null> {
    const { method = '', url = '', headers } = request
    seen.push({ method, url, origin, authorization: headers.authorization, contentLength: headers['content-length'] })
    const failure = failures.find(({ pattern, times }) => times > 0 && pattern.test(`${method} ${url}`))
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    if (failure === undefined) return Buffer.concat(chunks)
    failure.times -= 1
    json(response, { error: `made to fail, and ${headers.authorization ?? 'nobody'} was here` }, failure.status, failure.headers)
    return null
  }

  async function onStorage(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await takeIn(request, 'storage', response)
    if (body === null) return
    const [, oid = '', part] = /^\/put\/([0-9a-f]+)(?:\/(\d+))?$/.exec(request.url ?? '') ?? []
    // As S3 does with signed addresses.
    if (request.method !== 'PUT' || request.headers['transfer-encoding'] !== undefined || request.headers.authorization !== undefined) {
      response.writeHead(400).end()
      return
    }
    if (part === undefined) storage.set(oid, body)
    else parts.set(`${oid}/${part}`, body)
    const etag = `"${createHash('md5').update(body).digest('hex')}"`
    if (part !== undefined) etags.set(`${oid}/${part}`, etag)
    response.writeHead(200, { etag }).end()
  }

  async function onHub(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await takeIn(request, 'hub', response)
    if (body === null) return
    const { pathname: path, searchParams: query } = new URL(request.url ?? '', endpoint)
    const isOwner = request.headers.authorization === `Bearer ${token}`
    if (request.method === 'POST' && !/\/paths-info\/|\/lfs\/complete\//u.test(path) && !isOwner) {
      return json(response, { error: 'Invalid credentials in Authorization header' }, 401)
    }
    if (path === '/api/repos/create') {
      const { organization, name, private: isPrivate, type } = JSON.parse(String(body)) as Record<string, unknown>
      const id = `${String(organization)}/${String(name)}`
      if (type !== 'dataset') return json(response, { error: 'expected a dataset' }, 400)
      if (repositories.has(id))
        return json(response, { error: 'You already created this dataset repo', url: `${endpoint}/datasets/${id}` }, 409)
      repositories.set(id, { files: new Map(), isPrivate: isPrivate === true, commit: '0'.repeat(40) })
      return json(response, { url: `${endpoint}/datasets/${id}` })
    }
    const [, id = '', rest = ''] = /^\/(?:api\/)?datasets\/([\w.-]+\/[\w.-]+?)(?:\.git)?(\/.*)?$/.exec(path) ?? []
    const repository = repositories.get(id)
    // The address of a completion is signed, so it comes without a token.
    const isSigned = rest.startsWith('/info/lfs/complete/') && request.headers.authorization === undefined
    if (repository === undefined || (repository.isPrivate && !isOwner && !isSigned)) {
      return json(response, { error: 'Repository not found' }, 404, { 'x-error-code': 'RepoNotFound' })
    }
    if (path.startsWith('/api/')) onApi({ request, response, body, repository, id, rest, query })
    else if (rest === '/info/lfs/objects/batch') onBatch(response, JSON.parse(String(body)) as BatchRequest)
    else if (rest.startsWith('/info/lfs/complete/')) onComplete(response, rest, JSON.parse(String(body)) as CompleteRequest)
    else if (rest === '/info/lfs/verify') {
      const { oid, size } = JSON.parse(String(body)) as { readonly oid: string; readonly size: number }
      json(response, {}, storage.get(oid)?.length === size ? 200 : 404)
    } else onResolve(request, response, repository, /^\/resolve\/[^/]+\/(.+)$/.exec(rest)?.[1] ?? '')
  }

  interface BatchRequest {
    readonly objects: readonly { readonly oid: string; readonly size: number }[]
  }
  function onBatch(response: ServerResponse, { objects }: BatchRequest): void {
    const answered = objects.map(({ oid, size }) => {
      if (storage.has(oid)) return { oid, size }
      const verify = { href: `${endpoint}/datasets/${[...repositories.keys()][0] ?? ''}/info/lfs/verify`, header: {} }
      if (size <= partBytes) return { oid, size, actions: { upload: { href: `${storageEndpoint}/put/${oid}` }, verify } }
      const header: Record<string, string> = { chunk_size: String(partBytes) }
      for (let part = 1; part <= Math.ceil(size / partBytes); part += 1)
        header[String(part).padStart(5, '0')] = `${storageEndpoint}/put/${oid}/${part}`
      const href = `${endpoint}/datasets/${[...repositories.keys()][0] ?? ''}/info/lfs/complete/${oid}`
      return { oid, size, actions: { upload: { href, header } } }
    })
    json(response, { transfer: 'basic', objects: answered })
  }

  interface CompleteRequest {
    readonly oid: string
    readonly parts: readonly { readonly partNumber: number; readonly etag: string }[]
  }
  function onComplete(response: ServerResponse, rest: string, { oid, parts: named }: CompleteRequest): void {
    const bytes = named.map(({ partNumber }) => parts.get(`${oid}/${partNumber}`) ?? new Uint8Array())
    if (!rest.endsWith(oid) || named.some(({ partNumber, etag }) => etags.get(`${oid}/${partNumber}`) !== etag))
      return json(response, {}, 400)
    storage.set(oid, Buffer.concat(bytes))
    return json(response, {})
  }

  interface ApiRequest {
    readonly request: IncomingMessage
    readonly response: ServerResponse
    readonly body: Buffer
    readonly repository: Repository
    readonly id: string
    readonly rest: string
    readonly query: URLSearchParams
  }
  function onApi({ request, response, body, repository, id, rest, query }: ApiRequest): void {
    const entryOf = ([path, file]: readonly [string, Stored]): object => ({ type: 'file', path, ...factsOf(file) })
    if (rest === '' || rest.startsWith('/revision/')) {
      const siblings = [...repository.files.keys()].map((rfilename) => ({ rfilename }))
      return json(response, { id, sha: repository.commit, private: repository.isPrivate, siblings, tags: [], downloads: 0, likes: 0 })
    }
    if (rest.startsWith('/tree/')) {
      if (repository.files.size === 0) return json(response, { error: 'no commit yet' }, 404, { 'x-error-code': 'EntryNotFound' })
      const folder = decodeURIComponent(/^\/tree\/[^/]+\/?(.*)$/.exec(rest)?.[1] ?? '')
      const all = treeOf(repository, folder, query.get('recursive') === 'true')
      if (all.length === 0) return json(response, { error: 'no such folder' }, 404, { 'x-error-code': 'EntryNotFound' })
      const start = Number(query.get('cursor') ?? 0)
      const isLast = start + PAGE >= all.length
      const next = new URL(request.url ?? '', endpoint)
      next.searchParams.set('cursor', String(start + PAGE))
      return json(
        response,
        all.slice(start, start + PAGE).flatMap((path) => infoOf(repository, path, entryOf)),
        200,
        isLast ? {} : { link: `<${next.href}>; rel="next"` },
      )
    }
    if (rest.startsWith('/paths-info/')) {
      const paths = new URLSearchParams(String(body)).getAll('paths')
      return json(
        response,
        paths.flatMap((path) => infoOf(repository, path, entryOf)),
      )
    }
    if (rest.startsWith('/preupload/')) {
      const { files } = JSON.parse(String(body)) as {
        readonly files: readonly { readonly path: string; readonly size: number; readonly sample: string }[]
      }
      if (files.some(({ size, sample }) => Buffer.from(sample, 'base64').length !== Math.min(512, size))) return json(response, {}, 400)
      return json(response, {
        files: files.map(({ path }) => ({ path, uploadMode: LARGE.test(path) ? 'lfs' : 'regular', shouldIgnore: false })),
      })
    }
    if (rest.startsWith('/commit/')) return onCommit(response, repository, String(body))
    return json(response, { error: 'unknown' }, 404)
  }

  function onCommit(response: ServerResponse, repository: Repository, text: string): void {
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly key: string; readonly value: Record<string, string> })
    if (lines[0]?.key !== 'header' || lines[0].value['summary'] === '') return json(response, { error: 'expected a header' }, 400)
    for (const { key, value } of lines.slice(1)) {
      const path = value['path'] ?? ''
      if (path === '' || path.split('/').some((part) => part === '' || part === '..' || part === '.git'))
        return json(response, { error: 'bad path' }, 400)
      if (key === 'deletedFile') repository.files.delete(path)
      else if (key === 'file') repository.files.set(path, { bytes: Buffer.from(value['content'] ?? '', 'base64'), isLarge: false })
      else {
        const bytes = storage.get(value['oid'] ?? '')
        if (key !== 'lfsFile' || bytes === undefined || hashOf('sha256', bytes) !== value['oid'])
          return json(response, { error: 'no such object' }, 400)
        repository.files.set(path, { bytes, isLarge: true })
      }
    }
    repository.commit = createHash('sha1').update(`${repository.commit}${text}`).digest('hex')
    return json(response, { success: true, commitOid: repository.commit, commitUrl: `${endpoint}/commit/${repository.commit}` })
  }

  function onResolve(request: IncomingMessage, response: ServerResponse, repository: Repository, path: string): void {
    const file = repository.files.get(decodeURIComponent(path))
    if (file === undefined)
      return json(response, { error: 'Entry not found' }, 404, { 'x-error-code': 'EntryNotFound', 'x-repo-commit': repository.commit })
    const { bytes } = file
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
    const start = Number(from ?? 0)
    const end = to === undefined || to === '' ? bytes.length : Math.min(bytes.length, Number(to) + 1)
    const headers = {
      etag: `"${hashOf('sha256', bytes)}"`,
      'x-repo-commit': repository.commit,
      'accept-ranges': 'bytes',
      'content-length': String(end - start),
      ...(from === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${bytes.length}` }),
    }
    response.writeHead(from === undefined ? 200 : 206, headers).end(request.method === 'HEAD' ? undefined : bytes.subarray(start, end))
  }

  const servers: Server[] = []
  async function serve(handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>): Promise<string> {
    const server = createServer((request, response) => {
      handle(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)))
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  endpoint = await serve(onHub)
  storageEndpoint = await serve(onStorage)
  return {
    endpoint,
    token,
    requests: () => seen,
    forget(): void {
      seen = []
    },
    files(repoId) {
      const repository = repositories.get(repoId)
      return repository === undefined ? null : new Map([...repository.files].map(([path, { bytes }]) => [path, bytes]))
    },
    isPrivate: (repoId) => repositories.get(repoId)?.isPrivate === true,
    fail: (pattern, times, status, headers = {}) => void failures.push({ pattern, times, status, headers }),
    put(repoId, path, bytes): void {
      const repository = repositories.get(repoId) ?? { files: new Map<string, Stored>(), isPrivate: false, commit: '1'.repeat(40) }
      repositories.set(repoId, repository)
      repository.files.set(path, { bytes, isLarge: LARGE.test(path) })
    },
    async close(): Promise<void> {
      for (const server of servers) {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
    },
  }
}

/** What the hub says of a file: a large one is a pointer in git. */
function factsOf({ bytes, isLarge }: Stored): object {
  if (!isLarge) return { size: bytes.length, oid: hashOf('sha1', Buffer.concat([Buffer.from(`blob ${bytes.length}\0`), bytes])) }
  const oid = hashOf('sha256', bytes)
  return { size: bytes.length, oid: hashOf('sha1', Buffer.from(oid)), lfs: { oid, size: bytes.length, pointerSize: 130 } }
}

/** Paths of files and folders below a folder, in order. */
function treeOf({ files }: Repository, folder: string, isDeep: boolean): readonly string[] {
  const start = folder === '' ? '' : `${folder}/`
  const found = new Set<string>()
  for (const path of files.keys()) {
    if (!path.startsWith(start)) continue
    const names = path.slice(start.length).split('/')
    for (let depth = 1; depth <= (isDeep ? names.length : 1); depth += 1) found.add(start + names.slice(0, depth).join('/'))
  }
  return [...found].toSorted()
}

function infoOf({ files }: Repository, path: string, entryOf: (entry: readonly [string, Stored]) => object): readonly object[] {
  const file = files.get(path)
  if (file !== undefined) return [entryOf([path, file])]
  return [...files.keys()].some((key) => key.startsWith(`${path}/`)) ? [{ type: 'directory', path, oid: '2'.repeat(40), size: 0 }] : []
}

function hashOf(algorithm: 'sha1' | 'sha256', bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex')
}
