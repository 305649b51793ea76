/** Heartbeats on a timer, so that a long stretch without progress is still alive, and the newest details go along. */
import { Context } from '@temporalio/activity'

/** Milliseconds between two heartbeats; the SDK throttles them further. */
const BEAT_MS = 1_000

/** Beats while the operation runs; `details` is asked for at each beat, the last time with `hasEnded` true. */
export async function withHeartbeat<T>(details: (hasEnded: boolean) => unknown, operation: () => Promise<T>): Promise<T> {
  const context = Context.current()
  context.heartbeat(details(false))
  const timer = setInterval(() => context.heartbeat(details(false)), BEAT_MS)
  try {
    return await operation()
  } finally {
    clearInterval(timer)
    context.heartbeat(details(true))
  }
}
