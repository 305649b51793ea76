/** What happened to a dataset, run after run, as far back as the server remembers. Temporal's history is the log: nothing else is written. */
import type { Client } from '@temporalio/client'
import { workflowIdOf } from '../contract.ts'
import type { RunEvent } from './history-events.ts'
import { eventsOfHistory } from './history-events.ts'

/** How to read events. */
export interface EventOptions {
  /** One event for each row group that is committed, instead of one for many in a row. Default false. */
  readonly isDetailed?: boolean
  /** Go on until the open run has ended. Default false. */
  readonly isFollowed?: boolean
  readonly signal?: AbortSignal
}

/** Milliseconds between two looks at an open run. */
const LOOK_MS = 1_000

/** The events of a dataset's runs, oldest first; a followed run's as they come. `datasetId` stands in `dataset.json`. */
export async function* readRunEvents(client: Client, datasetId: string, options: EventOptions = {}): AsyncGenerator<RunEvent> {
  const workflowId = workflowIdOf(datasetId)
  const isSummed = options.isDetailed !== true && options.isFollowed !== true
  /** Events of each run that were told. */
  const told = new Map<string, number>()
  /** Runs of which everything was told. */
  const closed = new Set<string>()
  for (;;) {
    let isOpen = false
    for (const { runId, isRunning } of await runsOf(client, workflowId)) {
      isOpen ||= isRunning
      if (closed.has(runId)) continue
      const events = eventsOfHistory(await client.workflow.getHandle(workflowId, runId).fetchHistory(), runId, { isSummed })
      for (const event of events.slice(told.get(runId) ?? 0)) yield event
      told.set(runId, events.length)
      if (!isRunning) closed.add(runId)
    }
    if (options.isFollowed !== true || !isOpen || options.signal?.aborted === true) return
    await new Promise<void>((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

async function runsOf(client: Client, workflowId: string): Promise<readonly { readonly runId: string; readonly isRunning: boolean }[]> {
  const runs: { runId: string; isRunning: boolean; at: number }[] = []
  for await (const { runId, status, startTime } of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
    runs.push({ runId, isRunning: status.name === 'RUNNING', at: startTime.getTime() })
  }
  return runs.sort((a, b) => a.at - b.at)
}
