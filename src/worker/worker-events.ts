/** What happens in a worker, for metrics and logs. Holds no prompt, no answer and no key. Observers must not throw. */
import type { RowGroupEvent } from '../../activities/index.ts'
import type { ModelEvent } from '../model/model-client.ts'

/** One thing that happened. */
export type WorkerEvent = ModelEvent | RowGroupEvent

/** A line for a log: what happened in a few words, and the facts beside it; null for what happens at every call. */
export function logLineOf(event: WorkerEvent): { readonly message: string; readonly facts: Readonly<Record<string, unknown>> } | null {
  const { kind, ...facts } = event
  switch (event.kind) {
    case 'answered':
      return null
    case 'retrying':
      return { message: `model ${event.alias}: trying again after ${event.code}`, facts: { kind, ...facts } }
    case 'failed':
      return { message: `model ${event.alias}: ${event.code}: ${event.message}`, facts: { kind, ...facts } }
    case 'limit':
      return {
        message: `limit of ${event.model} at ${event.provider} is ${event.limit} of ${event.cap} (${event.reason})`,
        facts: { kind, ...facts },
      }
    case 'row-group-opened':
      return { message: `row group ${event.rowGroup}: opened, attempt ${event.attempt}`, facts: { kind, ...facts } }
    case 'row-group-committed':
      return {
        message: `row group ${event.rowGroup}: ${event.isNew ? 'committed' : 'found committed'}, ${event.rowsWritten} rows, ${event.rowsDropped} dropped`,
        facts: { kind, ...facts },
      }
    case 'row-group-ended':
      return { message: `row group ${event.rowGroup}: ended with ${event.code}: ${event.message}`, facts: { kind, ...facts } }
  }
}
