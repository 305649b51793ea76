/** All payloads of a run's histories: arguments, results, details, memos, search attributes, summaries. */
import type { Client, WorkflowHandle } from '@temporalio/client'

/** One payload: where in the histories it is, and its size. */
export interface FoundPayload {
  /** E.g. `42 ACTIVITY_TASK_SCHEDULED input.payloads.0`. */
  readonly where: string
  readonly bytes: number
}

/** Walks the history of a run, and of those that continue-as-new began, from the first one on. */
export async function payloadsOf(
  client: Client,
  first: WorkflowHandle,
): Promise<{ readonly payloads: readonly FoundPayload[]; readonly runs: number }> {
  const payloads: FoundPayload[] = []
  let runs = 0
  let runId: string | undefined = (first as unknown as { readonly firstExecutionRunId?: string }).firstExecutionRunId
  for (;;) {
    const { events } = await client.workflow.getHandle(first.workflowId, runId).fetchHistory()
    runs += 1
    for (const event of events ?? []) collect(event, `${String(event.eventId)} ${String(event.eventType)}`, payloads)
    runId = events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined
    if (runId === undefined) return { payloads, runs }
  }
}

function collect(value: unknown, where: string, payloads: FoundPayload[]): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return
  const { data, metadata } = value as { readonly data?: unknown; readonly metadata?: unknown }
  if (data instanceof Uint8Array && typeof metadata === 'object') payloads.push({ where, bytes: data.byteLength })
  else for (const [name, member] of Object.entries(value)) collect(member, `${where} ${name}`, payloads)
}
