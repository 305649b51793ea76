/** Follows a run to its end: a panel on a terminal, a line now and then elsewhere, JSON lines for machines. */
import { isGrpcServiceError } from '@temporalio/client'
import type { RunHandle } from '../client/run-handle.ts'
import type { RunProgress } from '../client/progress.ts'
import type { DatasetResult } from '../contract.ts'
import type { Output } from './output.ts'
import { createPanel } from './panel.ts'
import type { Panel } from './panel.ts'

/** What watching takes. */
export interface WatchOptions {
  readonly output: Output
  readonly run: Pick<RunHandle, 'result' | 'readProgress'>
  /** Leave once the run has waited this long, in ms; null never leaves. */
  readonly maxWaitMs: number | null
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** The command that goes on with the run, for people. */
  readonly resumeCommand: string
  /** Rejects when the worker of this process died. */
  readonly workerFailed: Promise<never>
  /** Aborted when a person wants to leave without stopping the run. */
  readonly leave: AbortSignal
  /** Called with every look that was answered. */
  readonly onProgress?: (progress: RunProgress) => void
}

/** Why watching ended: the run did, the wait grew too long, or a person left. */
export type WatchEnd = DatasetResult | 'waited' | 'left'

/** Milliseconds between two lines where there is no terminal. */
const LINE_MS = 5_000
/** Milliseconds between two looks at a terminal's panel, and elsewhere. */
const PANEL_MS = 500
const PLAIN_MS = 1_000

/** Resolves at the end of the run or of the patience. Throws when the run failed. */
export async function watchRun(options: WatchOptions): Promise<WatchEnd> {
  const ending = new AbortController()
  const result = resultThroughOutages(options.run, ending.signal)
  result.catch(() => undefined)
  const left = new Promise<'left'>((resolve) => options.leave.addEventListener('abort', () => resolve('left'), { once: true }))
  const watching = look(options, ending.signal)
  watching.catch(() => undefined)
  try {
    return await Promise.race([
      result,
      options.workerFailed,
      left,
      watching.then(async (end): Promise<WatchEnd> => (end === 'waited' ? end : await result)),
    ])
  } finally {
    ending.abort()
    options.output.redraw([])
  }
}

/** The result, also when the server goes away for a while: the run is kept there. */
async function resultThroughOutages(run: WatchOptions['run'], ending: AbortSignal): Promise<DatasetResult> {
  for (;;) {
    try {
      return await run.result()
    } catch (error) {
      if (!isServerAway(error) || ending.aborted) throw error
      await pause(PLAIN_MS, ending)
    }
  }
}

/** Resolves after the time, or at once when there is nothing to wait for any more. */
function pause(ms: number, ending: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    function end(): void {
      clearTimeout(timer)
      ending.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    if (ending.aborted) end()
    else ending.addEventListener('abort', end)
  })
}

/** gRPC's CANCELLED, UNKNOWN, DEADLINE_EXCEEDED and UNAVAILABLE. */
const AWAY_CODES: ReadonlySet<unknown> = new Set([1, 2, 4, 14])

function isServerAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return (isGrpcServiceError(error) && AWAY_CODES.has(error.code)) || isServerAway(error.cause)
}

async function look(
  { output, run, maxWaitMs, startedAt, resumeCommand, onProgress }: WatchOptions,
  ending: AbortSignal,
): Promise<'waited' | 'ended'> {
  const panel = createPanel({ startedAt, resumeCommand })
  const patience = createPatience(startedAt)
  let lastLineAt = startedAt
  let lastState = ''
  while (!ending.aborted) {
    const progress = await run.readProgress().catch(() => null)
    if (ending.aborted) break
    const at = Date.now()
    if (progress === null) panel.miss(at)
    else panel.add({ at, progress })
    if (progress !== null) onProgress?.(progress)
    if (output.isTerminal) output.redraw(panel.render(output.width()))
    else if (at - lastLineAt >= LINE_MS || (progress?.state === 'waiting' && lastState !== 'waiting')) {
      sayLine(output, panel, progress)
      lastLineAt = at
    }
    lastState = progress?.state ?? lastState
    if (maxWaitMs !== null && patience.waitedMs(at, progress) >= maxWaitMs) return 'waited'
    await pause(output.isTerminal ? PANEL_MS : PLAIN_MS, ending)
  }
  return 'ended'
}

function sayLine(output: Output, panel: Panel, progress: RunProgress | null): void {
  output.say(panel.line())
  if (progress !== null) output.emit('progress', progress)
}

/** Starting a worker and finding a row group's worker gone take a while; only what stands still for longer waits, in ms. */
const STUCK_GRACE_MS = 60_000

/** How long a run has not been able to go on. */
interface Patience {
  /** Negative while it goes on. */
  waitedMs(at: number, progress: RunProgress | null): number
}

/** A run that says why it waits, one whose activities are tried again and again, and one that nobody serves: all three wait. */
function createPatience(startedAt: number): Patience {
  let movedAt = startedAt
  let seen = ''
  return {
    waitedMs(at, progress): number {
      if (progress?.blocked != null && progress.state === 'waiting') return Math.max(0, at - progress.blocked.since)
      const isStuck = progress === null || progress.retrying !== null
      const now = progress === null ? seen : JSON.stringify([progress.state, progress.rowsDone, progress.rowsDropped, progress.usage.calls])
      if (!isStuck || now !== seen) movedAt = at
      seen = now
      return isStuck ? at - movedAt - STUCK_GRACE_MS : -1
    },
  }
}
