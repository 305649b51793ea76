/**
 * Following one run from the command line: worker, watching, Ctrl-C, leaving. `create`, `resume`, `rehearse` and the quickstart are
 * this with different settings.
 */
import type { ParquetryClient } from '../client/parquetry-client.ts'
import type { RunProgress } from '../client/progress.ts'
import type { RunHandle } from '../client/run-handle.ts'
import { TASK_QUEUE } from '../contract.ts'
import type { DatasetResult } from '../contract.ts'
import { startWorker } from '../worker/start-worker.ts'
import type { RunningWorker, StartWorkerOptions } from '../worker/start-worker.ts'
import { EXIT, exitOfResult } from './exit-codes.ts'
import type { Output } from './output.ts'
import { EXIT_OUTPUT_CLOSED } from './output.ts'
import { createPresses } from './presses.ts'
import { hasScanned, sayFound } from './say-found.ts'
import type { Server } from './server.ts'
import { workflowLink } from './server.ts'
import { commandLine, datasetArgument } from './shell.ts'
import { watchRun } from './watch-run.ts'
import { sayMetrics } from './watched-worker.ts'

/** Settings of a session. */
export interface SessionOptions {
  readonly output: Output
  readonly client: ParquetryClient
  readonly server: Server
  readonly run: RunHandle
  /** `embedded`: a worker inside this process serves this dataset only, unless another process does. `external`: some `parquetry worker` does. */
  readonly worker: 'embedded' | 'external'
  /** Leave after waiting this long, in ms; null waits for ever. */
  readonly maxWaitMs: number | null
  readonly env: Readonly<Record<string, string | undefined>>
  /** Module with code that the config names (`--extensions`): going on needs it too. */
  readonly extensions?: string | undefined
  /** Called once somebody is there to do the work. */
  readonly onServing?: () => void
  /** Called with every look at the run, in place of saying what the folder held at the start. */
  readonly onProgress?: (progress: RunProgress) => void
  /** Further settings of the worker inside this process. */
  readonly workerOptions?: Pick<StartWorkerOptions, 'observeModels' | 'metricsPort' | 'onEvent' | 'columnGenerators' | 'datasetProcessors'>
}

/** How a session ended. */
export interface SessionEnd {
  readonly exitCode: number
  readonly run: RunHandle
  /** Null when the command left before the run's end. */
  readonly result: DatasetResult | null
  /** Messages of findings that were said already, at the start. */
  readonly said: ReadonlySet<string>
  /** As in the options. */
  readonly extensions?: string | undefined
}

/** Longest wait for a run that was told to stop: the calls on the wire may take 20 s, in ms. */
const STOP_MS = 30_000

/** Follows the run to its end, or to where a person or a script wants to leave. Throws when the run failed. */
export async function followRun(options: SessionOptions): Promise<SessionEnd> {
  return { ...(await follow(options)), extensions: options.extensions }
}

async function follow(options: SessionOptions): Promise<SessionEnd> {
  const { output, run, server } = options
  for (const note of run.notes) output.say(`note     ${note}`)
  output.emit('started', {
    workflowId: run.workflowId,
    location: run.location,
    attached: run.isAttached,
    ui: workflowLink(server, run.workflowId),
  })
  const worker = await serve(options)
  options.onServing?.()
  const leaving = new AbortController()
  let said: ReadonlySet<string> | null = null
  const interrupts = handleInterrupts(options, worker !== null || !run.isAttached, leaving)
  try {
    const ended = await watchRun({
      output,
      run,
      maxWaitMs: options.maxWaitMs,
      startedAt: Date.now(),
      resumeCommand: resumeCommandOf(options),
      workerFailed: worker?.failed ?? never(),
      leave: leaving.signal,
      onProgress(progress): void {
        if (options.onProgress !== undefined) options.onProgress(progress)
        else if (said === null && hasScanned(progress)) said = sayFound(output, run, progress)
      },
    })
    if (ended === 'left') {
      output.say(`Left     the run goes on where it is served; look again with ${resumeCommandOf(options)}`)
      return { exitCode: EXIT.stopped, run, result: null, said: new Set() }
    }
    if (ended === 'waited') return await leaveWaiting(options, worker)
    return { exitCode: exitOfResult(ended), run, result: ended, said: said ?? new Set() }
  } finally {
    interrupts.remove()
    await worker?.stop()
  }
}

/** The command that goes on with a run. */
export function resumeCommandOf({ run, extensions }: Pick<SessionEnd, 'run' | 'extensions'>): string {
  return commandLine('resume', datasetArgument(run.location), ...extensionArguments(extensions))
}

/** The option that a command needs to find code which the config names. */
export function extensionArguments(extensions: string | undefined): readonly string[] {
  return extensions === undefined ? [] : ['--extensions', extensions]
}

function never(): Promise<never> {
  return new Promise(() => undefined)
}

/** Starts the worker of this process, unless the run is somebody else's to serve. */
async function serve(options: SessionOptions): Promise<RunningWorker | null> {
  const { output, client, run, server, env } = options
  const isShared = run.taskQueue === TASK_QUEUE
  if (options.worker === 'external' || isShared) {
    if (!(await waitForWorker(client, run.taskQueue)))
      output.warn(`no worker serves the task queue ${run.taskQueue}; start one with: ${commandLine('worker')}`)
    return null
  }
  if (run.isAttached && (await client.hasWorker(run.taskQueue))) {
    output.say('note     another process serves this run; Ctrl-C only ends watching')
    return null
  }
  const running = await startWorker({
    server: server.target,
    taskQueue: run.taskQueue,
    env,
    log: (line) => output.warn(line),
    ...options.workerOptions,
  })
  sayMetrics(output, running)
  return running
}

/** True once somebody serves the queue; false after 5 s (ruling 23). */
export async function waitForWorker(client: ParquetryClient, taskQueue: string): Promise<boolean> {
  const deadline = Date.now() + 5_000
  for (;;) {
    if (await client.hasWorker(taskQueue)) return true
    if (Date.now() >= deadline) return false
    await sleep(500)
  }
}

/** Leaves a run that waits: the open row groups give up, their answers are kept, and the run stays resumable. */
async function leaveWaiting({ output, run }: SessionOptions, worker: RunningWorker | null): Promise<SessionEnd> {
  const progress = await run.readProgress().catch(() => null)
  let result: DatasetResult | null = null
  if (worker !== null) {
    await run.stop({ now: true })
    result = await Promise.race([run.result().catch(() => null), sleep(STOP_MS).then(() => null)])
  }
  const blocked = progress?.blocked ?? null
  const why = blocked === null ? (progress?.retrying ?? 'nothing moves') : `${blocked.code}: ${blocked.message}`
  output.emit('left', { blocked, location: run.location })
  if (result !== null && result.state !== 'stopped') return { exitCode: exitOfResult(result), run, result, said: new Set() }
  output.warn(`left while waiting: ${why}`)
  return { exitCode: EXIT.waiting, run, result, said: new Set() }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** The first Ctrl-C drains, the second aborts (ruling 22). A run that others serve is only left. */
function handleInterrupts({ output, run, extensions }: SessionOptions, isOurs: boolean, leaving: AbortController): { remove(): void } {
  const nextPress = createPresses()
  function stop(): void {
    if (!isOurs) return leaving.abort()
    run.stop({ now: true }).catch((error: unknown) => output.warn(`could not stop the run: ${String(error)}`))
  }
  function onInterrupt(): void {
    const press = nextPress()
    if (press === null) return
    if (press > 1) {
      output.warn(
        `aborted; the run stays open on the server, and going on repeats only the calls that were in flight: ${resumeCommandOf({ run, extensions })}`,
      )
      process.exit(EXIT.stopped)
    }
    if (isOurs) output.warn('stopping: answers in flight are kept; Ctrl-C again aborts')
    stop()
  }
  // Whoever read our words has gone: as with Ctrl-C, nothing that was paid for is lost.
  const takeBack = output.onClosed(() => {
    process.exitCode = EXIT_OUTPUT_CLOSED
    stop()
  })
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, onInterrupt)
  return {
    remove(): void {
      takeBack()
      for (const signal of signals) process.off(signal, onInterrupt)
    },
  }
}
