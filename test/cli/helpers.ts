/** Running the compiled command line as a person would, in a home and a folder of its own. */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from '@temporalio/client'
import { connectTarget, embeddedTarget } from '../../src/server/connection.ts'
import { ensureNamespace } from '../../src/server/namespace.ts'
import { findPython } from '../parquet/python.ts'
import { findTestBinary, sharedTestServer } from '../helpers/temporal-server.ts'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
/** The compiled command line. */
export const mainPath = join(root, 'dist', 'src', 'cli', 'main.js')
const renderer = join(root, 'test', 'cli', 'render-terminal.py')
const terminal = join(root, 'test', 'cli', 'run-in-terminal.py')
const built = join(root, 'dist', 'workflow-bundle.js')

/** Builds `dist` unless it is newer than all sources. Several test files may ask at once: one builds, the others wait. */
export function ensureBuilt(): void {
  const lock = join(root, 'node_modules', '.cache', 'parquetry-build.lock')
  mkdirSync(dirname(lock), { recursive: true })
  const deadline = Date.now() + 240_000
  while (!isBuilt()) {
    if (!takeLock(lock)) {
      if (Date.now() > deadline) throw new Error(`another process holds ${lock} for too long`)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
      continue
    }
    try {
      if (isBuilt()) return
      const result = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, encoding: 'utf8' })
      if (!existsSync(built)) throw new Error(`npm run build failed:\n${result.stdout}${result.stderr}`)
      return
    } finally {
      rmSync(lock, { force: true })
    }
  }
}

function takeLock(lock: string): boolean {
  try {
    closeSync(openSync(lock, 'wx'))
    return true
  } catch {
    // Left behind by a run that was killed.
    if (existsSync(lock) && Date.now() - statSync(lock).mtimeMs > 180_000) rmSync(lock, { force: true })
    return false
  }
}

function isBuilt(): boolean {
  if (!existsSync(built) || !existsSync(mainPath)) return false
  const builtAt = statSync(built).mtimeMs
  return ['src', 'workflows', 'activities'].every((folder) => newest(join(root, folder)) <= builtAt)
}

function newest(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return Math.max(...entries.filter((entry) => entry.isFile()).map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs))
}

/** What a command left behind. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly seconds: number
}

/** A command that runs. */
export interface Started {
  readonly child: ChildProcess
  /** Resolves once stdout or stderr holds the text; throws when the command ends without it. */
  waitFor(pattern: RegExp): Promise<void>
  readonly ended: Promise<Ended>
}

/** A home folder and a folder to work in, both removed with `remove`. */
export interface Place {
  /** The folder that commands run in. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  write(name: string, text: string): string
  read(name: string): string
  exists(name: string): boolean
  /** In a terminal of 80 columns; types the answer once the pattern was printed, if it is not empty. */
  startInTerminal(pattern: string, answer: string, args: readonly string[], env?: Readonly<Record<string, string>>): Started
  /** In an emulated terminal of 30 lines: every screen that it shows is one of `screensOf`. Becomes `to` columns wide once `at` is on the screen. */
  startOnScreen(columns: number, args: readonly string[], resize?: { readonly at: string; readonly to: number }): Started
  start(args: readonly string[], env?: Readonly<Record<string, string>>): Started
  /** Runs to the end; the limit is 120 s. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>
  remove(): void
}

/** Where a place's commands find Temporal: `shared` names the test run's server; `embedded` lets them start one of their own. */
export interface PlaceOptions {
  readonly server?: 'shared' | 'embedded'
  /** A namespace of its own on the shared server, for commands that serve its shared task queue. */
  readonly namespace?: string
}

/** Makes a place; remove it in the end. */
export async function createPlace({ server = 'shared', namespace }: PlaceOptions = {}): Promise<Place> {
  ensureBuilt()
  const base = mkdtempSync(join(tmpdir(), 'parquetry-cli-'))
  const folder = join(base, 'work')
  mkdirSync(folder)
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    HOME: join(base, 'home'),
    PARQUETRY_HOME: join(base, 'home', 'parquetry'),
    XDG_CACHE_HOME: join(base, 'home', 'cache'),
    PARQUETRY_TEMPORAL_CLI: (await findTestBinary()).path,
    ...(server === 'shared' ? { TEMPORAL_ADDRESS: sharedTestServer().address, TEMPORAL_UI_URL: sharedTestServer().uiUrl } : {}),
  }
  mkdirSync(env['HOME'] as string)
  if (namespace !== undefined) {
    const { connection } = await connectTarget(embeddedTarget(sharedTestServer().address, 'default'))
    await ensureNamespace(connection, namespace, 1)
    await awaitNamespace(new Client({ connection, namespace }))
    await connection.close()
    env['TEMPORAL_NAMESPACE'] = namespace
  }
  const children = new Set<ChildProcess>()
  function startCommand(program: string, args: readonly string[], more: Readonly<Record<string, string>> = {}): Started {
    const begun = performance.now()
    const child = spawn(program, args, { cwd: folder, env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] })
    children.add(child)
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    const ended = new Promise<Ended>((resolve) => {
      child.once('close', (code, signal) => {
        children.delete(child)
        resolve({ code, signal, stdout, stderr, seconds: (performance.now() - begun) / 1_000 })
      })
    })
    return {
      child,
      ended,
      async waitFor(pattern): Promise<void> {
        const limit = Date.now() + 60_000
        let isOver = false
        void ended.then(() => (isOver = true))
        while (!pattern.test(stdout) && !pattern.test(stderr)) {
          if (isOver || Date.now() > limit) throw new Error(`expected ${String(pattern)} in:\n${stdout}\n${stderr}`)
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
      },
    }
  }
  function start(args: readonly string[], more?: Readonly<Record<string, string>>): Started {
    return startCommand(process.execPath, [mainPath, ...args], more)
  }
  return {
    folder,
    env,
    startInTerminal: (pattern, answer, args, more) =>
      startCommand('python3', [terminal, '80', pattern, answer, process.execPath, mainPath, ...args], { TERM: 'xterm', ...more }),
    startOnScreen: (columns, args, resize) =>
      startCommand(
        findPython(),
        [renderer, '30', String(columns), resize?.at ?? '', String(resize?.to ?? 0), process.execPath, mainPath, ...args],
        { TERM: 'xterm' },
      ),
    write(name, text): string {
      writeFileSync(join(folder, name), text)
      return name
    },
    read: (name) => readFileSync(join(folder, name), 'utf8'),
    exists: (name) => existsSync(join(folder, name)),
    start,
    async run(args, more): Promise<Ended> {
      const started = start(args, more)
      const timer = setTimeout(() => started.child.kill('SIGKILL'), 120_000)
      const ended = await started.ended
      clearTimeout(timer)
      return ended
    },
    remove(): void {
      for (const child of children) child.kill('SIGKILL')
      rmSync(base, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** A new namespace is not known to all parts of the server at once. */
async function awaitNamespace(client: Client): Promise<void> {
  for (const deadline = Date.now() + 30_000; ;) {
    try {
      const handle = await client.workflow.start('nothing', { workflowId: 'first', taskQueue: 'nobody' })
      await handle.terminate()
      return
    } catch (error) {
      if (Date.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

/** What a terminal shows at a moment. */
export interface Screen {
  readonly columns: number
  /** Row and column, from 0. */
  readonly cursor: readonly [number, number]
  /** Lines that left at the top. */
  readonly scrolled: number
  readonly lines: readonly string[]
}

/** The screens of a command that `startOnScreen` ran, and its exit code. */
export function screensOf(ended: Ended): { readonly screens: readonly Screen[]; readonly code: unknown } {
  const told = eventsOf(ended)
  return { screens: told.slice(0, -1) as unknown as readonly Screen[], code: told.at(-1)?.['code'] }
}

/** JSON lines on stdout. */
export function eventsOf({ stdout }: Ended): readonly Record<string, unknown>[] {
  return stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** An endpoint of a provider, whose behaviour a test changes while it runs. */
export interface Endpoint {
  /** Base URL. */
  readonly endpoint: string
  /** Requests that have come in. */
  calls(): number
  /** Different ones among them. */
  distinct(): number
  /** Answers with this status and message from now on; null for real answers. */
  refuse(status: number | null, message?: string): void
  /** Real answers take this long from now on, in ms. */
  delay(latencyMs: number): void
  close(): Promise<void>
}

/** Starts one on loopback. Real answers take so many ms. */
export async function startEndpoint(firstLatencyMs = 0): Promise<Endpoint> {
  let calls = 0
  let latencyMs = firstLatencyMs
  let refusal: { readonly status: number; readonly message: string } | null = null
  const bodies = new Set<string>()
  const server = createServer((request, response) => {
    calls += 1
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.once('end', () => {
      bodies.add(Buffer.concat(chunks).toString())
      const { status, message } = refusal ?? { status: 200, message: '' }
      const answer = {
        choices: [
          {
            index: 0,
            message: { role: 'assistant', content: `an answer to ${Buffer.concat(chunks).length} bytes` },
            finish_reason: 'stop',
          },
        ],
        usage: { prompt_tokens: 12, completion_tokens: 5 },
      }
      setTimeout(
        () => {
          response.writeHead(status, { 'content-type': 'application/json' })
          response.end(JSON.stringify(status === 200 ? answer : { error: { message, type: 'invalid_request_error' } }))
        },
        status === 200 ? latencyMs : 0,
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    calls: () => calls,
    distinct: () => bodies.size,
    refuse(status, message = 'refused'): void {
      refusal = status === null ? null : { status, message }
    },
    delay(ms): void {
      latencyMs = ms
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** A port on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return port
}

/** A config without models. */
export const SAMPLERS = `
columns:
  - { name: colour, column_type: sampler, sampler_type: category, params: { values: [red, green, blue], weights: [1, 2, 3] } }
  - { name: size, column_type: sampler, sampler_type: uniform, params: { low: 1, high: 9, decimal_places: 1 } }
  - { name: label, column_type: expression, expr: '{{ colour }} of {{ size }}' }
`

/** Every `npx parquetry …` that a command printed, as arguments. */
export function printedCommands({ stdout, stderr }: Pick<Ended, 'stdout' | 'stderr'>): readonly (readonly string[])[] {
  return [...`${stdout}\n${stderr}`.matchAll(/npx parquetry (.*?)(?: {3}.*)?$/gm)].map(([, words = '']) => words.trim().split(/ +/u))
}

/** Every address that a command printed. */
export function printedAddresses({ stdout, stderr }: Pick<Ended, 'stdout' | 'stderr'>): readonly string[] {
  return [...`${stdout}\n${stderr}`.matchAll(/https?:\/\/[^\s)]+/g)].map(([address]) => address)
}

/** A config with one text column; `endpoint` of a provider that needs no key, since it is on this machine. */
export function textConfig(endpoint: string, options: { readonly parallel?: number; readonly settings?: string } = {}): string {
  return `
columns:
  - { name: id, column_type: sampler, sampler_type: uuid, params: { short_form: true } }
  - { name: topic, column_type: sampler, sampler_type: category, params: { values: [tea, rain, trains] } }
  - { name: text, column_type: llm-text, model_alias: writer, prompt: 'Write about {{ topic }} number {{ id }}.' }
model_configs:
  - { alias: writer, model: stub, provider: local, inference_parameters: { max_parallel_requests: ${options.parallel ?? 8} } }
model_providers:
  - { name: local, endpoint: '${endpoint}', provider_type: openai }
${options.settings ?? ''}
`
}
