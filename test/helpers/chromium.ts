/**
 * Pages in headless Chromium, over its debugging port. `node scripts/chromium.mjs` makes the browser; PARQUETRY_TEST_CHROMIUM names another.
 *
 * One browser a test file: open it in `beforeAll`, close it in `afterAll`. A page is given in pixels of CSS and answers what it logged, what
 * it asked the network for, and what it looks like.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { crc32, deflateSync, inflateSync } from 'node:zlib'
import { WebSocket } from 'undici'

const CACHED = fileURLToPath(new URL('../../node_modules/.cache/parquetry-chromium/chromium', import.meta.url))

/** How a page is opened. */
export interface PageOptions {
  /** In CSS pixels; default 1,280 by 800. */
  readonly width?: number
  readonly height?: number
  /** `prefers-color-scheme`; default light. */
  readonly scheme?: 'light' | 'dark'
  /** `print` shows the page as it is printed; default `screen`. */
  readonly media?: 'screen' | 'print'
  /** A phone: touch, and the width of the viewport meta tag. Default false. */
  readonly isMobile?: boolean
}

/** A page that has loaded. */
export interface Page {
  /** Console errors and warnings, uncaught exceptions, and complaints of the browser (e.g. about a blocked script), in order. */
  readonly complaints: readonly string[]
  /** URLs of all requests, the page itself not among them. */
  readonly requests: readonly string[]
  /** The value of an expression in the page; JSON only. Promises are waited for. */
  evaluate<T>(expression: string): Promise<T>
  /** A PNG of the viewport, or of the whole page. */
  screenshot(isWhole?: boolean): Promise<Uint8Array>
  close(): Promise<void>
}

/** A browser that runs. */
export interface Chromium {
  open(url: string, options?: PageOptions): Promise<Page>
  close(): Promise<void>
}

type Reply = Readonly<Record<string, unknown>>

/** Starts a browser; close it in the end. Throws, saying how to get one, when there is none. */
export async function startChromium(): Promise<Chromium> {
  const executable = process.env['PARQUETRY_TEST_CHROMIUM'] ?? CACHED
  if (!existsSync(executable)) throw new Error(`no Chromium at ${executable}: make one with \`node scripts/chromium.mjs\``)
  const profile = await mkdtemp(join(tmpdir(), 'parquetry-chromium-'))
  const own = dirname(executable)
  const libraries = [join(own, 'lib'), own, process.env['LD_LIBRARY_PATH']].filter((path) => path !== undefined).join(':')
  const child = spawn(
    executable,
    [
      '--headless=shell',
      '--no-sandbox',
      '--no-zygote',
      '--single-process',
      '--in-process-gpu',
      '--use-gl=angle',
      '--use-angle=swiftshader',
      '--enable-unsafe-swiftshader',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--no-first-run',
      '--no-proxy-server',
      // Pages must do without the network, also where there is one.
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
      '--hide-scrollbars',
      '--font-render-hinting=none',
      `--user-data-dir=${profile}`,
      '--remote-debugging-port=0',
      'about:blank',
    ],
    { stdio: 'ignore', env: { ...process.env, HOME: profile, LD_LIBRARY_PATH: libraries, FONTCONFIG_PATH: own } },
  )
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  async function close(): Promise<void> {
    child.kill('SIGKILL')
    await exited
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    const connection = await connect(await addressOf(join(profile, 'DevToolsActivePort'), exited))
    return { open: async (url, options) => await openPage(connection, url, options ?? {}), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The address that the browser writes once it listens. */
async function addressOf(file: string, exited: Promise<void>): Promise<string> {
  let isOver = false
  void exited.then(() => (isOver = true))
  for (const deadline = Date.now() + 30_000; ; await new Promise((resolve) => setTimeout(resolve, 30))) {
    const [port = '', path = ''] = (await readFile(file, 'utf8').catch(() => '')).split('\n')
    if (path.startsWith('/')) return `ws://127.0.0.1:${port}${path}`
    if (isOver || Date.now() > deadline) throw new Error('Chromium did not start')
  }
}

interface Connection {
  send(method: string, params?: object, sessionId?: string): Promise<Reply>
  /** Calls `take` for every event of a session from now on. */
  listen(sessionId: string, take: (method: string, params: Reply) => void): void
}

async function connect(address: string): Promise<Connection> {
  const socket = new WebSocket(address)
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve())
    socket.addEventListener('error', () => reject(new Error(`cannot connect to ${address}`)))
  })
  let last = 0
  const waiting = new Map<number, { readonly resolve: (reply: Reply) => void; readonly reject: (error: Error) => void }>()
  const listeners = new Map<string, (method: string, params: Reply) => void>()
  socket.addEventListener('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('Chromium is gone'))
  })
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as {
      readonly id?: number
      readonly result?: Reply
      readonly error?: { readonly message: string }
      readonly method?: string
      readonly params?: Reply
      readonly sessionId?: string
    }
    const { id, result, error, method, params, sessionId } = message
    if (id === undefined) listeners.get(sessionId ?? '')?.(method ?? '', params ?? {})
    else if (error === undefined) waiting.get(id)?.resolve(result ?? {})
    else waiting.get(id)?.reject(new Error(error.message))
    if (id !== undefined) waiting.delete(id)
  })
  return {
    send: async (method, params = {}, sessionId) =>
      await new Promise((resolve, reject) => {
        last += 1
        waiting.set(last, { resolve, reject })
        socket.send(JSON.stringify({ id: last, method, params, ...(sessionId === undefined ? {} : { sessionId }) }))
      }),
    listen: (sessionId, take) => listeners.set(sessionId, take),
  }
}

async function openPage(connection: Connection, url: string, options: PageOptions): Promise<Page> {
  const { width = 1_280, height = 800, scheme = 'light', media = 'screen', isMobile = false } = options
  const { targetId } = await connection.send('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = (await connection.send('Target.attachToTarget', { targetId, flatten: true })) as { readonly sessionId: string }
  const send = async (method: string, params: object = {}): Promise<Reply> => await connection.send(method, params, sessionId)
  const complaints: string[] = []
  const requests: string[] = []
  let loaded: () => void = () => undefined
  const isLoaded = new Promise<void>((resolve) => (loaded = resolve))
  connection.listen(sessionId, (method, params) => {
    if (method === 'Page.loadEventFired') loaded()
    if (method === 'Runtime.exceptionThrown') complaints.push(JSON.stringify(params['exceptionDetails']))
    if (method === 'Runtime.consoleAPICalled' && ['error', 'warning', 'assert'].includes(String(params['type'])))
      complaints.push(JSON.stringify(params['args']))
    if (method === 'Log.entryAdded') complaints.push(JSON.stringify(params['entry']))
    if (method === 'Network.requestWillBeSent') requests.push((params['request'] as { readonly url: string }).url)
  })
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await send(`${domain}.enable`)
  await send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: isMobile })
  await send('Emulation.setEmulatedMedia', { media, features: [{ name: 'prefers-color-scheme', value: scheme }] })
  await send('Page.navigate', { url })
  await isLoaded
  return {
    complaints,
    get requests() {
      return requests.filter((asked) => asked !== url)
    },
    async evaluate<T>(expression: string): Promise<T> {
      const { result, exceptionDetails } = await send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true })
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
      return (result as { readonly value: T }).value
    },
    async screenshot(isWhole = false) {
      const { data } = await send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: isWhole })
      return Buffer.from(String(data), 'base64')
    },
    async close() {
      await connection.send('Target.closeTarget', { targetId })
    },
  }
}

/** The same picture in fewer bytes: packed with more effort. */
export function repacked(png: Uint8Array): Uint8Array {
  const chunks = chunksOf(png)
  const pixels = Buffer.concat(chunks.filter(({ kind }) => kind === 'IDAT').map(({ body }) => body))
  const header = chunks.filter(({ kind }) => kind === 'IHDR')
  const packed = deflateSync(inflateSync(pixels), { level: 9, memLevel: 9 })
  return Buffer.concat([
    Buffer.from(png).subarray(0, 8),
    ...[...header, { kind: 'IDAT', body: packed }, { kind: 'IEND', body: Buffer.alloc(0) }].map(({ kind, body }) => {
      const named = Buffer.concat([Buffer.from(kind, 'latin1'), body])
      const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
      length.writeUInt32BE(body.length)
      check.writeUInt32BE(crc32(named))
      return Buffer.concat([length, named, check])
    }),
  ])
}

function chunksOf(png: Uint8Array): { readonly kind: string; readonly body: Buffer }[] {
  const bytes = Buffer.from(png)
  const chunks = []
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    chunks.push({ kind: bytes.toString('latin1', at + 4, at + 8), body: bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)) })
  }
  return chunks
}

/** How many different lines of pixels a PNG of Chromium has (8 bits a channel, not interlaced): 1 is a blank page. */
export function differentLines(png: Uint8Array): number {
  const parts: Buffer[] = []
  let [width, height, channels] = [0, 0, 4]
  for (const { kind, body } of chunksOf(png)) {
    if (kind === 'IHDR') [width, height, channels] = [body.readUInt32BE(0), body.readUInt32BE(4), body[9] === 2 ? 3 : 4]
    if (kind === 'IDAT') parts.push(body)
  }
  const stride = 1 + width * channels
  const lines = inflateSync(Buffer.concat(parts))
  // Lines are stored as differences to the one above or before: as many kinds of differences as there are kinds of lines, nearly.
  return new Set(Array.from({ length: height }, (_, y) => lines.toString('latin1', y * stride, (y + 1) * stride))).size
}
