// `npm run bench:chaos`: a run that is killed again and again, and the proof that nothing of it shows (see bench/README.md).
//   --seed N            first seed of the kills; drawn and printed when not given
//   --seeds N           how many seeds, one after the other (1)
//   --rows N            rows of 3 calls each (2000)      --kills N          worker kills (20)
//   --buffer-size N     rows a row group (100)           --server-kills N   server kills (3)
//   --latency-ms N --jitter-ms N   of a call (50 + 0 … 150)
//   --heartbeat-ms N    heartbeat timeout (default of the product)
//   --min-outage-ms N --max-outage-ms N   absence of the server (500 … 5000)
//   --max-first-call-ms N  longest pause after a worker's kill (12000)
//   --verbose           one line an event
// Prints one table line a seed and exits with 1 when anything is violated; the folder is then kept.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { parse } from 'yaml'
import { verifyFiles } from '../dist/src/client/dataset-files.js'
import { ParquetryClient } from '../dist/src/client/parquetry-client.js'
import { readRows } from '../dist/src/dataset/read-rows.js'
import { isParquetryError } from '../dist/src/errors.js'
import { userCacheDir } from '../dist/src/server/cache-folder.js'
import { connectTarget, embeddedTarget } from '../dist/src/server/connection.js'
import { findBinary } from '../dist/src/server/find-binary.js'
import { launchServer } from '../dist/src/server/launch.js'
import { ensureNamespace, registerSearchAttributes } from '../dist/src/server/namespace.js'
import { choosePort } from '../dist/src/server/ports.js'
import { openStorage } from '../dist/src/storage/open.js'

const here = dirname(fileURLToPath(import.meta.url))
const { values: given } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
    seeds: { type: 'string', default: '1' },
    rows: { type: 'string', default: '2000' },
    kills: { type: 'string', default: '20' },
    'server-kills': { type: 'string', default: '3' },
    'buffer-size': { type: 'string', default: '100' },
    'latency-ms': { type: 'string', default: '50' },
    'jitter-ms': { type: 'string', default: '150' },
    'heartbeat-ms': { type: 'string' },
    'min-outage-ms': { type: 'string', default: '500' },
    'max-outage-ms': { type: 'string', default: '5000' },
    'max-first-call-ms': { type: 'string', default: '12000' },
    verbose: { type: 'boolean', default: false },
  },
})
const settings = {
  rows: Number(given.rows),
  kills: Number(given.kills),
  serverKills: Number(given['server-kills']),
  bufferSize: Number(given['buffer-size']),
  latencyMs: Number(given['latency-ms']),
  jitterMs: Number(given['jitter-ms']),
  run: given['heartbeat-ms'] === undefined ? {} : { heartbeatTimeoutMs: Number(given['heartbeat-ms']) },
  maxAfterWorkerKillMs: Number(given['max-first-call-ms']),
  minOutageMs: Number(given['min-outage-ms']),
  maxOutageMs: Number(given['max-outage-ms']),
  maxAfterServerStartMs: 10_000,
}
const PARALLEL = 64
/** Longest time without any new call before the bench gives up. */
const PATIENCE_MS = 90_000
const MINIMUM = settings.rows * 3
/** Row groups that are open when the server goes are finished without it, so it goes while there is work for the kills after it. */
const EARLY = 0.6
/** Share of the calls after which no kill is planned, so that all come before the run ends; a kill may come some 100 calls late. */
const LAST_KILL = settings.rows >= 1_000 ? 0.85 : 0.6

const begun = performance.now()
const say = (text) => given.verbose && console.error(`${((performance.now() - begun) / 1_000).toFixed(2).padStart(8)} s  ${text}`)
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Nothing outlives the bench, also when it is interrupted. */
const children = new Set()
function owned(child) {
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))
process.once('exit', () => children.forEach((child) => child.kill('SIGKILL')))

/** xorshift32, numbers in [0, 1). */
function prng(seed) {
  let state = (seed * 2_654_435_761) | 0 || 0x9e3779b9
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 4_294_967_296
  }
}

async function startStub() {
  const port = await choosePort([])
  const child = owned(
    spawn(process.execPath, [join(here, 'model-stub.mjs'), '--port', String(port)], { stdio: ['ignore', 'pipe', 'inherit'] }),
  )
  await firstLineOf(child, 'the model stub')
  const base = `http://127.0.0.1:${port}`
  return {
    endpoint: `${base}/v1`,
    stats: async () => (await fetch(`${base}/stats`)).json(),
    reset: async (options) => void (await fetch(`${base}/reset`, { method: 'POST', body: JSON.stringify(options) })),
    stop: () => void child.kill('SIGKILL'),
  }
}

/** A Temporal server of the bench's own, on a SQLite file, that keeps its ports over a kill. */
async function createServer(folder) {
  const binary = await findBinary({ env: process.env, cacheDir: userCacheDir(process.env) })
  const [port, uiPort] = [await choosePort([]), await choosePort([])]
  let running = null
  const launch = async () => {
    running = await launchServer({
      binary,
      env: process.env,
      namespace: 'default',
      databaseFile: join(folder, 'temporal.sqlite'),
      logFile: join(folder, 'server.log'),
      preferredPorts: [port],
      preferredUiPorts: [uiPort],
      detached: false,
      timeoutMs: 60_000,
    })
    owned(running.child)
    if (running.address !== `127.0.0.1:${port}`) throw new Error(`port ${port} was taken while the server was down`)
  }
  await launch()
  const { connection } = await connectTarget(embeddedTarget(running.address, 'default'))
  await ensureNamespace(connection, 'default', 1)
  await registerSearchAttributes(connection, 'default')
  await connection.close()
  return {
    address: running.address,
    launch,
    async kill() {
      const gone = new Promise((resolve) => running.child.once('exit', resolve))
      running.child.kill('SIGKILL')
      await gone
    },
  }
}

async function startWorker(address, taskQueue, ledgerFile) {
  closeSync(openSync(ledgerFile, 'w'))
  const child = owned(
    spawn(process.execPath, [join(here, 'chaos-worker.mjs'), address, taskQueue, ledgerFile], { stdio: ['ignore', 'pipe', 'inherit'] }),
  )
  const gone = new Promise((resolve) => child.once('exit', (code) => resolve(code)))
  await firstLineOf(child, 'the worker')
  return {
    gone,
    /** Resolves with the calls in flight by the worker's own count. */
    async kill() {
      child.kill('SIGKILL')
      await gone
      return Number(readFileSync(ledgerFile, 'utf8'))
    },
    async terminate() {
      child.kill('SIGTERM')
      return await gone
    },
  }
}

function firstLineOf(child, name) {
  return new Promise((resolve, reject) => {
    child.stdout.once('data', resolve)
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)))
  })
}

/** Kills in the order of the progress at which they come: `at` is a number of different calls. */
function drawEvents(random) {
  const total = settings.kills + settings.serverKills
  const events = Array.from({ length: total }, () => ({ kind: 'worker', at: Math.floor((0.01 + 0.99 * LAST_KILL * random()) * MINIMUM) }))
  events.sort((a, b) => a.at - b.at)
  for (let left = settings.serverKills; left > 0;) {
    const event = events[Math.floor(random() * Math.max(settings.serverKills, total * EARLY))]
    if (event.kind === 'server') continue
    Object.assign(event, {
      kind: 'server',
      outageMs: Math.round(settings.minOutageMs + (settings.maxOutageMs - settings.minOutageMs) * random()),
    })
    left -= 1
  }
  return events.map((event) => ({ ...event, pauseMs: Math.round(60 + 190 * random()) }))
}

/** The result of a run, whatever becomes of the connection meanwhile. */
async function resultOf(run) {
  for (;;) {
    try {
      return await run.result()
    } catch (error) {
      if (isParquetryError(error) && error.code !== 'TEMPORAL_UNREACHABLE') throw error
      await sleep(500)
    }
  }
}

async function hashRows(location) {
  const hashes = []
  for await (const row of readRows(openStorage(location))) {
    const text = JSON.stringify(row, (_key, value) => (typeof value === 'bigint' ? `${value}n` : value))
    hashes.push(createHash('sha256').update(text).digest('hex'))
  }
  return hashes
}

/** Codes of the failures that reached the workflow: deaths of workers and absences of the server are none. */
async function failuresIn(client, workflowId) {
  const { events } = await client.temporal.workflow.getHandle(workflowId).fetchHistory()
  return (events ?? []).flatMap(({ activityTaskFailedEventAttributes: failed }) => {
    return failed ? [`${failed.failure?.applicationFailureInfo?.type}: ${failed.failure?.message}`] : []
  })
}

async function leftoversIn(location) {
  const found = []
  for (const folder of ['journal', 'tmp-partial-parquet-files', 'requests', 'quarantine']) {
    for (const name of await readdir(join(location, folder)).catch(() => [])) found.push(`${folder}/${name}`)
  }
  for (const name of await readdir(location)) if (name.startsWith('.parquetry-tmp-')) found.push(name)
  return found
}

/** Waits for the next call; null when the run ended without one. */
async function msToNextCall(stub, since, before, isEnded) {
  while (performance.now() - since < PATIENCE_MS) {
    if ((await stub.stats()).requests > before) return performance.now() - since
    if (isEnded()) return null
    await sleep(10)
  }
  throw new Error(`no new call within ${PATIENCE_MS / 1_000} s`)
}

/** Waits until so many different calls were made; a run that gets nowhere any more says why. */
async function untilAsked(stub, count, isEnded, run) {
  let [last, since] = [-1, performance.now()]
  while (!isEnded()) {
    const { distinct } = await stub.stats()
    if (distinct >= count) return
    if (distinct !== last) [last, since] = [distinct, performance.now()]
    if (performance.now() - since > PATIENCE_MS) {
      const { state, blocked } = await run.readProgress()
      throw new Error(`no new call within ${PATIENCE_MS / 1_000} s: the run is ${state}, ${blocked?.code}: ${blocked?.message}`)
    }
    await sleep(5)
  }
}

/** A worker that dies before it could do anything, again and again, is not what is measured here; the run would wait for a person. */
async function untilAnswered(stub, isEnded) {
  const answered = async () => (await stub.stats()).byStatus[200] ?? 0
  const before = await answered()
  const deadline = performance.now() + PATIENCE_MS
  while (!isEnded() && performance.now() < deadline && (await answered()) === before) await sleep(5)
}

async function runWithKills(seed, { client, server, stub, folder, start }) {
  await stub.reset({ latencyMs: settings.latencyMs, jitterMs: settings.jitterMs })
  const random = prng(seed)
  const events = drawEvents(random)
  const ledger = join(folder, 'ledger')
  const startedAt = performance.now()
  const run = await start(`seed-${seed}`)
  let outcome = null
  const ending = resultOf(run).then(
    (result) => (outcome = { result }),
    (error) => (outcome = { error }),
  )
  const isEnded = () => outcome !== null
  let worker = await startWorker(server.address, run.taskQueue, ledger)
  const found = { inFlight: 0, inFlightAtStub: 0, mostInFlight: 0, afterWorkerKill: 0, afterServerStart: 0, kills: 0, serverKills: 0 }
  for (const event of events) {
    await untilAsked(stub, event.at, isEnded, run)
    await sleep(event.pauseMs)
    if (isEnded()) break
    // The last look before the kill: more calls may leave, and others be answered, until it comes.
    const { inFlight, distinct } = await stub.stats()
    const killedAt = performance.now()
    if (event.kind === 'worker') {
      const atWorker = await worker.kill()
      const { requests } = await settledStats(stub)
      found.kills += 1
      found.inFlight += atWorker
      found.inFlightAtStub += inFlight
      found.mostInFlight = Math.max(found.mostInFlight, atWorker)
      worker = await startWorker(server.address, run.taskQueue, ledger)
      const readyMs = performance.now() - killedAt
      const pause = await msToNextCall(stub, killedAt, requests, isEnded)
      await untilAnswered(stub, isEnded)
      found.afterWorkerKill = Math.max(found.afterWorkerKill, pause ?? 0)
      say(
        `worker killed at ${distinct} calls with ${atWorker} in flight (${inFlight} at the stub); next ready ${Math.round(readyMs)} ms, first call ${pause === null ? 'none' : Math.round(pause)} ms after the kill`,
      )
    } else {
      await server.kill()
      await sleep(event.outageMs)
      const restartedAt = performance.now()
      const { requests } = await stub.stats()
      await server.launch()
      const bootMs = performance.now() - restartedAt
      const pause = await msToNextCall(stub, restartedAt, requests, isEnded)
      found.serverKills += 1
      found.afterServerStart = Math.max(found.afterServerStart, pause ?? 0)
      say(
        `server killed at ${distinct} calls, gone for ${event.outageMs} ms; answers ${Math.round(bootMs)} ms, first call ${pause === null ? 'none' : Math.round(pause)} ms after its start`,
      )
    }
  }
  await ending
  const wallSeconds = (performance.now() - startedAt) / 1_000
  const code = await worker.terminate()
  if (outcome.error !== undefined) throw outcome.error
  return {
    ...found,
    code,
    wallSeconds,
    result: outcome.result,
    location: run.location,
    stats: await stub.stats(),
    failures: await failuresIn(client, run.workflowId),
  }
}

/** What a dead worker sent may still be on its way into the stub. */
async function settledStats(stub) {
  let before = await stub.stats()
  for (;;) {
    await sleep(20)
    const now = await stub.stats()
    if (now.requests === before.requests) return now
    before = now
  }
}

async function violationsOf(found, expected) {
  const { stats, result, location } = found
  const hashes = await hashRows(location)
  const different = expected.findIndex((hash, row) => hash !== hashes[row])
  const verified = await verifyFiles(location)
  const leftovers = await leftoversIn(location)
  const paidAgain = stats.requests - stats.distinct
  return [
    [result.state !== 'complete', `the run ended ${result.state}`],
    [found.code !== 0, `the last worker ended with ${found.code}`],
    [found.kills !== settings.kills || found.serverKills !== settings.serverKills, 'the run ended before all kills had come'],
    [different !== -1 || hashes.length !== expected.length, `row ${different} differs (${hashes.length} rows of ${expected.length})`],
    [
      verified.state !== 'complete',
      `verify: ${verified.rowsMissing} rows missing; ${verified.problems.map(({ key, message }) => `${key}: ${message}`).join('; ')}`,
    ],
    [stats.distinct !== MINIMUM, `${stats.distinct} different calls of ${MINIMUM}`],
    [result.totals.usage.calls !== MINIMUM, `the receipts count ${result.totals.usage.calls} calls of ${MINIMUM}`],
    [paidAgain > found.inFlight, `${paidAgain} calls paid again, ${found.inFlight} were in flight`],
    // Those whose answers are being written are not on the wire any more, and there are few.
    [found.mostInFlight > PARALLEL * 2, `${found.mostInFlight} calls in flight at one kill, allowed are ${PARALLEL} on the wire`],
    [
      found.afterWorkerKill > settings.maxAfterWorkerKillMs,
      `${Math.round(found.afterWorkerKill)} ms from a worker's kill to the next call`,
    ],
    [
      found.afterServerStart > settings.maxAfterServerStartMs,
      `${Math.round(found.afterServerStart)} ms from the server's start to the next call`,
    ],
    [found.failures.length > 0, `the run waited or failed: ${found.failures.join('; ')}`],
    [leftovers.length > 0, `left behind: ${leftovers.join(', ')}`],
  ].flatMap(([isViolated, text]) => (isViolated ? [text] : []))
}

const COLUMNS = ['seed', 'calls', 'minimum', 'paid again', 'in flight (stub)', 'after worker kill', 'after server start', 'wall', 'verdict']

function lineOf(seed, found, violations) {
  const { requests, distinct } = found.stats
  const seconds = (ms) => `${(ms / 1_000).toFixed(1)} s`
  const cells = [
    seed,
    requests,
    MINIMUM,
    requests - distinct,
    `${found.inFlight} (${found.inFlightAtStub})`,
    seconds(found.afterWorkerKill),
    seconds(found.afterServerStart),
    `${found.wallSeconds.toFixed(0)} s`,
    violations.length === 0 ? 'ok' : `VIOLATED: ${violations.join(' · ')}`,
  ]
  return `| ${cells.join(' | ')} |`
}

async function main() {
  const folder = await mkdtemp(join(tmpdir(), 'parquetry-chaos-'))
  const stub = await startStub()
  const server = await createServer(folder)
  const client = await ParquetryClient.connect({ env: { TEMPORAL_ADDRESS: server.address } })
  const config = parse(await readFile(join(here, 'full.yaml'), 'utf8'))
  config.model_providers[0].endpoint = stub.endpoint
  const start = (datasetName) =>
    client.create(config, {
      artifactPath: join(folder, 'artifacts'),
      datasetName,
      numRecords: settings.rows,
      bufferSize: settings.bufferSize,
      seed: 7,
      taskQueue: 'own',
      run: settings.run,
    })
  let isViolated = false
  try {
    await stub.reset({ latencyMs: 2, jitterMs: 0 })
    const unbroken = await start('unbroken')
    const worker = await startWorker(server.address, unbroken.taskQueue, join(folder, 'ledger'))
    await unbroken.result()
    await worker.terminate()
    const expected = await hashRows(unbroken.location)
    say('unbroken run done')
    console.log(
      `${settings.rows} rows, row groups of ${settings.bufferSize}, ${PARALLEL}-way, ${settings.latencyMs}–${settings.latencyMs + settings.jitterMs} ms a call; ${settings.kills} worker kills, ${settings.serverKills} server kills`,
    )
    console.log(`| ${COLUMNS.join(' | ')} |\n|${COLUMNS.map(() => '---').join('|')}|`)
    for (let seed = Number(given.seed); seed < Number(given.seed) + Number(given.seeds); seed += 1) {
      const found = await runWithKills(seed, { client, server, stub, folder, start })
      const violations = await violationsOf(found, expected)
      isViolated ||= violations.length > 0
      console.log(lineOf(seed, found, violations))
    }
  } catch (error) {
    isViolated = true
    console.error(error)
  } finally {
    await client.close().catch(() => undefined)
    await server.kill()
    stub.stop()
    if (isViolated) console.error(`kept: ${folder}`)
    else await rm(folder, { recursive: true, force: true })
  }
  process.exit(isViolated ? 1 : 0)
}

await main()
