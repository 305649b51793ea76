/** What a run does with its messages: each is validated, idempotent, and answered with the state that holds from then on. */
import { setHandler } from '@temporalio/workflow'
import type { RunState } from '../src/contract.ts'
import type { ControlPublisher } from './control-publisher.ts'
import { pauseSignal, progressQuery, resumeSignal, retryDroppedUpdate, setMaxConcurrentRowGroupsUpdate, stopSignal } from './messages.ts'
import { showState } from './presentation.ts'
import { requestRetry } from './retry-dropped.ts'
import type { Run } from './run.ts'
import { progressOf, totalsOf, windowOf } from './run.ts'

/** Most row groups that may be open at once; more gains nothing and nears Temporal's limits. */
const MAX_WINDOW = 256

/** States in which nothing more is begun. */
const ENDED: ReadonlySet<RunState> = new Set(['complete', 'incomplete', 'stopped'])

/** Sets the handlers; called before anything is waited for, so that no message is missed. */
export function handleMessages(run: Run, control: ControlPublisher): void {
  setHandler(progressQuery, () => progressOf(run))
  setHandler(pauseSignal, () => {
    setPaused(run, control, true)
    showState(run)
  })
  setHandler(resumeSignal, () => {
    setPaused(run, control, false)
    run.blocked = null
    run.isRescanRequested = true
    showState(run)
  })
  setHandler(stopSignal, (request) => {
    run.stop = { now: request?.now === true || run.stop?.now === true }
    showState(run)
  })
  setHandler(
    setMaxConcurrentRowGroupsUpdate,
    (cap) => {
      run.maxConcurrentRowGroups = cap
      return windowOf(run)
    },
    {
      validator: (cap) => {
        if (!Number.isInteger(cap) || cap < 1 || cap > MAX_WINDOW) {
          throw new Error(`expected a whole number of row groups from 1 to ${MAX_WINDOW}, found ${String(cap)}`)
        }
      },
    },
  )
  setHandler(
    retryDroppedUpdate,
    () => {
      requestRetry(run)
      return { rowsDropped: totalsOf(run).rowsDropped }
    },
    {
      validator: () => {
        if (run.stop !== null || ENDED.has(run.state)) throw new Error('expected a run that goes on, but it is stopping or has ended')
      },
    },
  )
}

/** The workers of open row groups are told of every change, and of nothing else. */
function setPaused(run: Run, control: ControlPublisher, isPaused: boolean): void {
  if (run.isPaused === isPaused) return
  run.isPaused = isPaused
  control.request()
}
