/** The rehearsal endpoint of a worker: started with the first call that needs it, closed with the worker. */
import { startRehearsalServer } from '../rehearsal/server.ts'

/** How the endpoint behaves. */
export type RehearsalOptions = NonNullable<Parameters<typeof startRehearsalServer>[0]>

/** A rehearsal endpoint that is there when asked for. */
export interface Rehearsal {
  /** Base URL, e.g. `http://127.0.0.1:4711/v1`. */
  endpoint(): Promise<string>
  close(): Promise<void>
}

/** Nothing is started before the first `endpoint()`. */
export function createRehearsal(options: RehearsalOptions): Rehearsal {
  let starting: ReturnType<typeof startRehearsalServer> | null = null
  return {
    async endpoint(): Promise<string> {
      starting ??= startRehearsalServer(options)
      return (await starting).endpoint
    },
    async close(): Promise<void> {
      if (starting !== null) await (await starting).close()
    },
  }
}
