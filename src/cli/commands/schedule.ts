/** `schedule`: makes a schedule that extends a dataset, looks at schedules, changes them. */
import { resolve } from 'node:path'
import type { DatasetSchedule } from '../../client/describe-schedule.ts'
import type { Schedules } from '../../client/schedules.ts'
import { checkDatasetName } from '../../dataset/layout.ts'
import { isParquetryError, ParquetryError } from '../../errors.ts'
import type { CommandContext, ConfigFlags } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { findDataset } from '../find-dataset.ts'
import { count } from '../format.ts'
import type { Output } from '../output.ts'
import { extensionArguments, waitForWorker } from '../run-session.ts'
import { firingsText, lastText, nextText, timesText } from '../schedule-text.ts'
import type { Server } from '../server.ts'
import { findServer, openServer, scheduleLink, workflowLink } from '../server.ts'
import { commandLine, datasetArgument, shownPath } from '../shell.ts'
import { isCompositeFile } from './composite-file.ts'
import { nameOf } from './create.ts'
import { loadConfig } from './load-config.ts'

/** Flags of `schedule`. */
export interface ScheduleFlags extends ConfigFlags {
  readonly artifactPath: string
  /** Milliseconds. */
  readonly every?: number
  readonly cron?: string
  readonly extend?: number
  readonly first?: number
  readonly datasetName?: string
  readonly bufferSize?: number
  readonly seed?: string
  readonly list?: boolean
  readonly pause?: boolean
  readonly resume?: boolean
  readonly now?: boolean
  readonly delete?: boolean
}

/** Longest wait for a firing to be there, in ms. */
const FIRING_MS = 5_000

/** Runs the command; answers its exit code. */
export async function schedule(subject: string | undefined, flags: ScheduleFlags, context: CommandContext): Promise<number> {
  if (flags.list === true) {
    if (subject !== undefined) throw usage(`--list names all schedules, and ${subject} is one`, commandLine('schedule', subject))
    return await withServer(context, (server) => list(server, context))
  }
  if (subject === undefined) throw usage('expected a config or a dataset, found neither', commandLine('schedule', '--list'))
  const isMade = [flags.every, flags.cron, flags.extend, flags.first].some((value) => value !== undefined)
  if (isMade) return await make(subject, flags, context)
  return await withServer(context, (server) => change(subject, flags, server, context))
}

async function make(config: string, flags: ScheduleFlags, context: CommandContext): Promise<number> {
  const { output, env } = context
  const { extend, every, cron } = flags
  if (extend === undefined || (every === undefined && cron === undefined)) {
    throw usage('expected times and how many rows each firing adds', commandLine('schedule', config, '--every', '1d', '--extend', '1000'))
  }
  if (await isCompositeFile(config)) throw usage('expected a config of one dataset, found stages', 'schedule a dataset of its own')
  const datasetName = flags.datasetName ?? nameOf(config)
  checkDatasetName(datasetName)
  const artifactPath = resolve(flags.artifactPath)
  const prepared = await loadConfig(config, flags, context, resolve(artifactPath, datasetName))
  const server = await openServer(env, output)
  try {
    const { schedule: made, run } = await server.client.schedules.start(prepared, {
      datasetName,
      artifactPath,
      extendBy: extend,
      ...(every === undefined ? {} : { everyMs: every }),
      ...(cron === undefined ? {} : { cron }),
      ...(flags.first === undefined ? {} : { first: flags.first }),
      ...(flags.bufferSize === undefined ? {} : { bufferSize: flags.bufferSize }),
      ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    })
    const ui = scheduleLink(server, made.scheduleId, env)
    output.emit('scheduled', { ...made, ui, firstRun: run?.workflowId ?? null })
    const dataset = datasetArgument(made.location)
    const worker = commandLine('worker', ...extensionArguments(flags.extensions))
    output.say(`Schedule ${dataset}: ${count(extend)} rows more, ${timesText(made)}; next ${nextText(made, Date.now())}`)
    for (const note of run?.notes ?? []) output.say(`note     ${note}`)
    output.say(run === null ? `Dataset  ${shownPath(made.location)} is complete as it is` : `First    ${commandLine('watch', dataset)}`)
    output.say(`Worker   ${worker}   must run at these times, on this machine or another that sees the folder`)
    output.say(`UI       ${ui}`)
    output.say(`look     ${commandLine('schedule', dataset)}`)
    if (!(await waitForWorker(server.client, made.taskQueue))) {
      const message = `no worker serves the task queue ${made.taskQueue}: nothing is made until one does; start one with: ${worker}`
      output.emit('warning', { path: '', message })
      output.warn(message)
    }
    return EXIT.complete
  } finally {
    await server.close()
  }
}

async function list({ client }: Server, { output }: CommandContext): Promise<number> {
  const schedules = await client.schedules.list()
  for (const each of schedules) output.emit('schedule', each)
  if (schedules.length === 0) output.say(`no schedule; make one: ${commandLine('schedule', 'CONFIG', '--every', '1d', '--extend', '1000')}`)
  schedules.forEach((each, index) => {
    if (index > 0) output.say()
    say(output, each)
  })
  return EXIT.complete
}

async function change(subject: string, flags: ScheduleFlags, server: Server, { output, env }: CommandContext): Promise<number> {
  const { schedules } = server.client
  const dataset = placeOf(subject, flags)
  if (flags.delete === true) {
    const ended = await schedules.delete(dataset)
    output.emit('deleted', ended)
    output.say(`Schedule ${datasetArgument(ended.location)} ended; its rows stay in ${shownPath(ended.location)}`)
    return EXIT.complete
  }
  const found = await changed(schedules, dataset, flags)
  const ui = scheduleLink(server, found.scheduleId, env)
  output.emit('schedule', { ...found, ui })
  say(output, found)
  if (flags.now === true && found.last !== null) output.say(`Firing   ${workflowLink(server, found.last.workflowId, env)}`)
  else output.say(`UI       ${ui}`)
  return EXIT.complete
}

async function changed(schedules: Schedules, dataset: string, flags: ScheduleFlags): Promise<DatasetSchedule> {
  if (flags.pause === true) return await schedules.pause(dataset)
  if (flags.resume === true) return await schedules.resume(dataset)
  const before = await schedules.get(dataset)
  if (flags.now !== true) return before
  let now = await schedules.trigger(dataset)
  // The server takes a moment.
  for (const deadline = Date.now() + FIRING_MS; now.last?.runId === before.last?.runId && Date.now() < deadline;) {
    await new Promise((done) => setTimeout(done, 200))
    now = await schedules.get(dataset)
  }
  return now
}

function say(output: Output, each: DatasetSchedule): void {
  const now = Date.now()
  output.say(`${datasetArgument(each.location)}   ${count(each.extendBy)} rows more, ${timesText(each)}`)
  const note = each.isPaused && each.note !== null ? ` (${each.note})` : ''
  output.say(`next     ${nextText(each, now)}${note}`)
  output.say(`last     ${lastText(each, now)}`)
  output.say(`so far   ${firingsText(each)}`)
}

/** The dataset's folder; the name as it was given where there is no such folder any more. */
function placeOf(subject: string, { artifactPath, datasetName }: ScheduleFlags): string {
  const isConfig = /\.(?:ya?ml|json)$/u.test(subject)
  try {
    return findDataset(isConfig ? (datasetName ?? nameOf(subject)) : subject, artifactPath)
  } catch (error) {
    if (!isParquetryError(error) || error.code !== 'DATASET_NOT_FOUND') throw error
    if (!isConfig) return subject
    throw usage(
      `${subject} has no dataset yet; expected times and how many rows each firing adds`,
      commandLine('schedule', subject, '--every', '1d', '--extend', '1000'),
    )
  }
}

async function withServer(context: CommandContext, work: (server: Server) => Promise<number>): Promise<number> {
  const server = await findServer(context.env)
  if (server === null) {
    throw new ParquetryError('TEMPORAL_UNREACHABLE', 'expected a Temporal server that keeps schedules, found none', {
      wayOut: `start it again with ${commandLine('dev', '--detach')}; its schedules are kept`,
    })
  }
  try {
    return await work(server)
  } finally {
    await server.close()
  }
}

function usage(message: string, wayOut: string): ParquetryError {
  return new ParquetryError('USAGE', message, { wayOut })
}
