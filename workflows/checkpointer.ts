/**
 * Checkpoints, single flight: while one is written, later completions fold into the next one. At most one an interval;
 * `flush` waits for neither.
 */
import { condition } from '@temporalio/workflow'

/** Writes checkpoints of a run. */
export interface Checkpointer {
  /** Something was committed: a checkpoint follows. */
  request(): void
  /** Writes whatever is not written yet and resolves once it is. */
  flush(): Promise<void>
  /** The first write that was refused for good, to be thrown by the run. */
  failure(): unknown
}

/** `write` gives the state at the moment of writing; `intervalMs` ≥ 0. */
export function createCheckpointer(write: () => Promise<void>, intervalMs: number): Checkpointer {
  let isDirty = false
  let isWriting = false
  let isFlushing = false
  let failure: unknown

  async function pump(): Promise<void> {
    if (isWriting) return
    isWriting = true
    try {
      while (isDirty && failure === undefined) {
        isDirty = false
        await write()
        if (isDirty && !isFlushing) await condition(() => isFlushing, intervalMs, { summary: 'until the next checkpoint' })
      }
    } catch (error) {
      failure ??= error
    } finally {
      isWriting = false
    }
  }

  return {
    request(): void {
      isDirty = true
      void pump()
    },
    async flush(): Promise<void> {
      isFlushing = true
      isDirty = true
      await condition(() => !isWriting)
      await pump()
      isFlushing = false
      if (failure !== undefined) throw failure
    },
    failure: () => failure,
  }
}
