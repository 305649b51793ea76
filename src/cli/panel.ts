/** The live panel: from looks at a run to lines of text. Pure, so that it can be tested at any width. */
import type { RunProgress } from '../client/progress.ts'
import { count, duration, money } from './format.ts'
import { fit } from './text.ts'
import { waitingLines } from './waiting.ts'

/** A look at a run and when it was taken. */
export interface Look {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly progress: RunProgress
}

/** Rates are averaged over this long, in ms. */
const RATE_WINDOW_MS = 10_000
/**
 * A row group that is committed between the two halves of a look is in neither of them for a moment: the highest of the looks
 * of this long, in ms, is shown.
 */
const STEADY_MS = 2_500

/** Keeps the looks that rates are computed from. */
export interface Panel {
  add(look: Look): void
  /** A look was tried at this time, in ms since the epoch, and nobody answered. */
  miss(at: number): void
  /** Lines no wider than `width`. */
  render(width: number): string[]
  /** The same in one line, for logs. */
  line(): string
}

/** Shorter silences are not worth a word, in ms. */
const MISS_MS = 4_000

/** How the panel names things. */
export interface PanelOptions {
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** The command that goes on with the run, as it is to be typed. */
  readonly resumeCommand: string
}

interface Facts {
  readonly progress: RunProgress
  readonly rowsDone: number
  readonly rowsPerSecond: number
  readonly callsPerSecond: number
  /** Most calls ever seen; the ones of a row group that has given up for now included. */
  readonly callsSeen: number
}

/** An empty panel. */
export function createPanel({ startedAt, resumeCommand }: PanelOptions): Panel {
  const looks: Look[] = []
  let first: Look | null = null
  let callsSeen = 0
  let missing: { readonly since: number; at: number } | null = null

  function missLines(): string[] {
    if (missing === null || missing.at - missing.since < MISS_MS) return []
    return [`no answer from Temporal or a worker for ${Math.floor((missing.at - missing.since) / 1_000)} s; the run is kept, trying again`]
  }

  function factsOf(last: Look): Facts {
    const steady = looks.filter(({ at, progress }) => last.at - at <= STEADY_MS && progress.state === last.progress.state)
    const recent = rates(looks[0], last)
    // A slow model may finish no row within the window: then the whole time counts.
    const rowsPerSecond = recent.rowsPerSecond > 0 ? recent.rowsPerSecond : rates(first ?? undefined, last).rowsPerSecond
    const rowsDone = Math.max(...steady.map(({ progress }) => progress.rowsDone))
    return { progress: last.progress, rowsDone, rowsPerSecond, callsPerSecond: recent.callsPerSecond, callsSeen }
  }

  return {
    add(look): void {
      first ??= look
      missing = null
      callsSeen = Math.max(callsSeen, look.progress.usage.calls)
      looks.push(look)
      while (looks.length > 2 && look.at - (looks[0]?.at ?? 0) > RATE_WINDOW_MS) looks.shift()
    },
    miss(at): void {
      missing = { since: missing?.since ?? looks.at(-1)?.at ?? startedAt, at }
    },
    render(width): string[] {
      const last = looks.at(-1)
      if (last === undefined) return ['starting', ...missLines()].map((line) => fit(line, width))
      const facts = factsOf(last)
      const { progress } = last
      if (progress.blocked !== null && progress.state === 'waiting') {
        return waitingLines({ progress, blocked: progress.blocked, callsSeen: facts.callsSeen, now: last.at, resumeCommand }, width)
      }
      return [
        fit(headOf(progress, last.at - startedAt), width),
        bar(facts, width),
        ...wrap(partsOf(facts), width),
        ...(missing === null ? hintsOf(last) : missLines()).map((line) => fit(line, width)),
      ]
    },
    line(): string {
      const last = looks.at(-1)
      if (last === undefined) return ['starting', ...missLines()].join('   ')
      const { blocked, state } = last.progress
      const why = missing !== null ? missLines() : blocked === null ? hintsOf(last) : [`${blocked.code}: ${blocked.message}`]
      return [state, ...partsOf(factsOf(last)), ...why].join('   ')
    },
  }
}

/** A worker reports every two seconds; one that has not for this long, in ms, may be gone. */
const QUIET_MS = 8_000

/** Why a run that is not blocked may stand still. */
function hintsOf({ at, progress: { quietSince, retrying } }: Look): string[] {
  if (quietSince !== null && at - quietSince >= QUIET_MS) {
    return [
      `waiting for a worker that was last heard of ${Math.floor((at - quietSince) / 1_000)} s ago; its row groups are taken over once its heartbeat times out`,
    ]
  }
  return retrying === null ? [] : [`trying again after: ${retrying.replaceAll('\n', ' ')}`]
}

function headOf(progress: RunProgress, elapsedMs: number): string {
  const name = progress.datasetName === '' ? 'dataset' : progress.datasetName
  return [name, progress.state.toUpperCase(), ...(progress.rehearsal ? ['REHEARSAL model'] : []), duration(elapsedMs)].join('   ')
}

function rates(from: Look | undefined, to: Look): { rowsPerSecond: number; callsPerSecond: number } {
  if (from === undefined || to.at <= from.at) return { rowsPerSecond: 0, callsPerSecond: 0 }
  const seconds = (to.at - from.at) / 1_000
  const settled = (look: Look): number => look.progress.rowsDone + look.progress.rowsDropped
  return {
    rowsPerSecond: Math.max(0, settled(to) - settled(from)) / seconds,
    callsPerSecond: Math.max(0, to.progress.usage.calls - from.progress.usage.calls) / seconds,
  }
}

function partsOf({ progress, rowsDone, rowsPerSecond, callsPerSecond }: Facts): string[] {
  const { usage } = progress
  const left = Math.max(0, progress.targetNumRecords - rowsDone - progress.rowsDropped)
  const rows = [
    `rows ${count(rowsDone)}/${count(progress.targetNumRecords)}`,
    `dropped ${count(progress.rowsDropped)}`,
    `groups ${count(progress.totals.rowGroups)}/${count(progress.rowGroupsWanted)}`,
  ]
  const work =
    usage.calls > 0 || progress.callsInFlight > 0
      ? [
          `calls ${count(usage.calls)}`,
          `calls/s ${count(callsPerSecond)}`,
          `tokens ${count(usage.inputTokens)} in ${count(usage.outputTokens)} out`,
          progress.rehearsal ? 'paid $0.00' : money(usage.cost, progress.currency),
        ]
      : [`rows/s ${count(rowsPerSecond)}`]
  return [...rows, ...work, `left ${timeLeft(left, rowsPerSecond)}`]
}

function timeLeft(rows: number, rowsPerSecond: number): string {
  if (rows === 0) return '0:00'
  return rowsPerSecond > 0 ? duration((rows / rowsPerSecond) * 1_000) : '-:--'
}

function bar({ progress, rowsDone }: Facts, width: number): string {
  const cells = Math.max(0, Math.min(60, width - 7))
  const settled = rowsDone + progress.rowsDropped
  const share = progress.targetNumRecords === 0 ? 0 : Math.min(1, settled / progress.targetNumRecords)
  const full = Math.floor(share * cells)
  return fit(`[${'#'.repeat(full)}${'.'.repeat(cells - full)}] ${Math.floor(share * 100)}%`, width)
}

/** Parts side by side, as many in a line as fit. */
function wrap(parts: readonly string[], width: number): string[] {
  const lines: string[] = []
  for (const part of parts) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 3 + part.length <= width) lines[lines.length - 1] = `${last}   ${part}`
    else lines.push(fit(part, width))
  }
  return lines
}
