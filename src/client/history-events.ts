/** From Temporal's history of a run to what happened, in words. Pure. What it does not know, e.g. of another release, is left out. */
import type { temporal } from '@temporalio/proto'
import { defaultPayloadConverter } from '@temporalio/common'
import type { DatasetResult, Finding, PreparedDataset, RepairResult, RowGroupResult, RunProcessorsResult, ScanResult } from '../contract.ts'

/** One thing that happened. */
export interface RunEvent {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Temporal's run id. */
  readonly runId: string
  readonly kind:
    | 'started'
    | 'continued'
    | 'prepared'
    | 'scanned'
    | 'found'
    | 'committed'
    | 'dropped'
    | 'repaired'
    | 'tried-again'
    | 'blocked'
    | 'failed'
    | 'asked'
    | 'changed'
    | 'processed'
    | 'profiled'
    | 'ended'
  /** One line. */
  readonly message: string
  /** The same for machines; counters and names only. */
  readonly facts: Readonly<Record<string, unknown>>
}

type History = temporal.api.history.v1.IHistory
type HistoryEvent = temporal.api.history.v1.IHistoryEvent
type Payloads = temporal.api.common.v1.IPayloads | null | undefined
type Failure = temporal.api.failure.v1.IFailure | null | undefined

/** What is told of one event of the history. */
interface Told {
  readonly kind: RunEvent['kind']
  readonly message: string
  readonly facts?: Readonly<Record<string, unknown>>
}

/** The events of one run, in order. With `isSummed` (default) the commits of row groups in a row are one event. */
export function eventsOfHistory(history: History, runId: string, options: { readonly isSummed?: boolean } = {}): readonly RunEvent[] {
  const activities = new Map<string, string>()
  const events: RunEvent[] = []
  for (const event of history.events ?? []) {
    const scheduled = event.activityTaskScheduledEventAttributes
    if (scheduled?.activityType?.name != null) activities.set(String(event.eventId), scheduled.activityType.name)
    for (const { kind, message, facts = {} } of tellKnown(event, activities))
      events.push({ at: timeOf(event), runId, kind, message, facts })
  }
  return options.isSummed === false ? events : summed(events)
}

function timeOf({ eventTime }: HistoryEvent): number {
  return Number(eventTime?.seconds ?? 0) * 1_000 + Math.floor((eventTime?.nanos ?? 0) / 1e6)
}

/** What is told of an event; nothing when a payload has another shape than this release writes. */
function tellKnown(event: HistoryEvent, activities: ReadonlyMap<string, string>): readonly Told[] {
  try {
    return tell(event, activities)
  } catch (error) {
    if (error instanceof TypeError) return []
    throw error
  }
}

function tell(event: HistoryEvent, activities: ReadonlyMap<string, string>): readonly Told[] {
  const nameOf = (id: unknown): string => activities.get(String(id)) ?? ''
  const begun = event.workflowExecutionStartedEventAttributes
  if (begun)
    return [
      begun.continuedExecutionRunId
        ? { kind: 'continued', message: 'went on with a new history' }
        : { kind: 'started', message: 'started' },
    ]
  const attempt = event.activityTaskStartedEventAttributes
  if (attempt) return toldOfAttempt(nameOf(attempt.scheduledEventId), attempt.attempt ?? 1, attempt.lastFailure)
  const done = event.activityTaskCompletedEventAttributes
  if (done) return toldOfResult(nameOf(done.scheduledEventId), first(done.result))
  const failed = event.activityTaskFailedEventAttributes
  if (failed) return toldOfFailure(nameOf(failed.scheduledEventId), failed.failure)
  const late = event.activityTaskTimedOutEventAttributes
  if (late) return [{ kind: 'failed', message: `${nameOf(late.scheduledEventId)} ran out of time` }]
  return [...toldOfMessages(event), ...toldOfEnd(event)]
}

function toldOfAttempt(activity: string, attempt: number, failure: Failure): readonly Told[] {
  if (attempt < 2 || !failure) return []
  const { code, message } = failureOf(failure)
  return [
    {
      kind: 'tried-again',
      message: `${activity} is tried again, attempt ${attempt}, after ${code}: ${message}`,
      facts: { activity, attempt, code },
    },
  ]
}

function toldOfResult(activity: string, result: unknown): readonly Told[] {
  if (typeof result !== 'object' || result === null)
    return activity === 'profileDataset' ? [{ kind: 'profiled', message: 'statistics and report written' }] : []
  switch (activity) {
    case 'prepareDataset': {
      const { targetNumRecords, rehearsal, findings = [] } = result as PreparedDataset
      const message = `prepared: ${targetNumRecords} rows wanted${rehearsal ? ', REHEARSAL model' : ''}`
      return [{ kind: 'prepared', message, facts: { targetNumRecords, rehearsal } }, ...findings.map(toldOfFinding)]
    }
    case 'scanDataset': {
      const { totals, findings } = result as ScanResult
      const message = `scanned: ${totals.rowGroups} row groups committed, ${totals.rowsWritten} rows`
      return [
        { kind: 'scanned', message, facts: { rowGroups: totals.rowGroups, rowsWritten: totals.rowsWritten } },
        ...findings.map(toldOfFinding),
      ]
    }
    case 'generateRowGroup':
      return toldOfRowGroup('committed', result as RowGroupResult)
    case 'repairRowGroup': {
      const { id, rowsFilled } = result as RepairResult
      return [{ kind: 'repaired', message: `row group ${id}: ${rowsFilled} dropped rows filled`, facts: { rowGroup: id, rowsFilled } }]
    }
    case 'runProcessors': {
      const { ran } = result as RunProcessorsResult
      return ran.length === 0 ? [] : [{ kind: 'processed', message: `processed: ${ran.join(', ')}`, facts: { ran } }]
    }
    case 'profileDataset': {
      const { findings = [] } = result as { readonly findings?: readonly Finding[] }
      return [{ kind: 'profiled', message: 'statistics and report written' }, ...findings.map(toldOfFinding)]
    }
    default:
      return []
  }
}

function toldOfRowGroup(kind: 'committed', { id, rowsWritten, rowsDropped, usage, dropReasons = [] }: RowGroupResult): readonly Told[] {
  const facts = { rowGroups: 1, firstId: id, lastId: id, rowsWritten, rowsDropped, calls: usage.calls }
  const committed: Told = { kind, message: committedText(facts), facts }
  if (rowsDropped === 0) return [committed]
  const why = dropReasons.map(({ code, column, rows }) => `${code} ${rows}${column === '' ? '' : ` (column ${column})`}`).join(', ')
  return [
    committed,
    {
      kind: 'dropped',
      message: `row group ${id}: ${rowsDropped} rows dropped${why === '' ? '' : `: ${why}`}`,
      facts: { rowGroup: id, rowsDropped, dropReasons },
    },
  ]
}

function toldOfFinding({ kind, count, message }: Finding): Told {
  return { kind: 'found', message: `found: ${message}`, facts: { finding: kind, count } }
}

/** A row group that nothing can be done about for now makes the run wait. */
function toldOfFailure(activity: string, failure: Failure): readonly Told[] {
  const { code, message } = failureOf(failure)
  const waits = activity === 'generateRowGroup' || activity === 'repairRowGroup'
  return [
    {
      kind: waits ? 'blocked' : 'failed',
      message: `${waits ? 'blocked' : `${activity} failed`}: ${code}: ${message}`,
      facts: { activity, code },
    },
  ]
}

function toldOfMessages(event: HistoryEvent): readonly Told[] {
  const signal = event.workflowExecutionSignaledEventAttributes
  if (signal?.signalName) return [asked('asked', signal.signalName, signal.input)]
  const update = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input
  if (update?.name) return [asked('changed', update.name, update.args)]
  return event.workflowExecutionCancelRequestedEventAttributes ? [{ kind: 'asked', message: 'asked to cancel' }] : []
}

function asked(kind: 'asked' | 'changed', name: string, input: Payloads): Told {
  const given = (input?.payloads ?? []).map(decode).filter((value) => value !== undefined && value !== null)
  const text = given.map((value) => JSON.stringify(value)).join(', ')
  return { kind, message: `${kind === 'asked' ? 'asked to' : 'changed:'} ${name}${text === '' ? '' : ` ${text}`}`, facts: { name, given } }
}

function toldOfEnd(event: HistoryEvent): readonly Told[] {
  const completed = event.workflowExecutionCompletedEventAttributes
  if (completed) {
    const { state = 'ended', totals } = (first(completed.result) ?? {}) as Partial<DatasetResult>
    const rows = totals === undefined ? '' : `: ${totals.rowsWritten} rows written, ${totals.rowsDropped} dropped`
    return [{ kind: 'ended', message: `${state}${rows}`, facts: { state } }]
  }
  const failed = event.workflowExecutionFailedEventAttributes
  if (failed) {
    const { code, message } = failureOf(failed.failure)
    return [{ kind: 'ended', message: `failed with ${code}: ${message}`, facts: { state: 'failed', code } }]
  }
  const terminated = event.workflowExecutionTerminatedEventAttributes
  if (terminated)
    return [{ kind: 'ended', message: `terminated${terminated.reason ? `: ${terminated.reason}` : ''}`, facts: { state: 'terminated' } }]
  if (event.workflowExecutionTimedOutEventAttributes) return [{ kind: 'ended', message: 'ran out of time', facts: { state: 'timed-out' } }]
  return event.workflowExecutionCanceledEventAttributes ? [{ kind: 'ended', message: 'cancelled', facts: { state: 'cancelled' } }] : []
}

/** The failure that says why: those of Temporal around it say only where. */
function failureOf(failure: Failure): { readonly code: string; readonly message: string } {
  let inner = failure
  while (inner?.cause && !inner.applicationFailureInfo) inner = inner.cause
  return { code: inner?.applicationFailureInfo?.type || 'FAILED', message: (inner?.message ?? '').replaceAll('\n', ' ') }
}

function first(payloads: Payloads): unknown {
  const payload = payloads?.payloads?.[0]
  return payload === undefined ? undefined : decode(payload)
}

function decode(payload: temporal.api.common.v1.IPayload): unknown {
  try {
    return defaultPayloadConverter.fromPayload(payload)
  } catch {
    return undefined
  }
}

interface Committed {
  readonly rowGroups: number
  readonly firstId: number
  readonly lastId: number
  readonly rowsWritten: number
  readonly rowsDropped: number
  readonly calls: number
}

function committedText({ rowGroups, firstId, lastId, rowsWritten, calls }: Committed): string {
  const which = rowGroups === 1 ? `row group ${firstId}` : `${rowGroups} row groups, ${firstId} to ${lastId},`
  return `${which} committed: ${rowsWritten} rows${calls === 0 ? '' : `, ${calls} calls`}`
}

/** Row groups that are committed one after the other, with nothing else between, as one event of the time of the last one. */
function summed(events: readonly RunEvent[]): readonly RunEvent[] {
  const told: RunEvent[] = []
  for (const event of events) {
    const last = told.at(-1)
    if (event.kind !== 'committed' || last?.kind !== 'committed' || last.runId !== event.runId) {
      told.push(event)
      continue
    }
    const [a, b] = [last.facts as unknown as Committed, event.facts as unknown as Committed]
    const facts = {
      rowGroups: a.rowGroups + b.rowGroups,
      firstId: Math.min(a.firstId, b.firstId),
      lastId: Math.max(a.lastId, b.lastId),
      rowsWritten: a.rowsWritten + b.rowsWritten,
      rowsDropped: a.rowsDropped + b.rowsDropped,
      calls: a.calls + b.calls,
    }
    told[told.length - 1] = { ...event, message: committedText(facts), facts }
  }
  return told
}
