/**
 * Publishes what the workers of open row groups must know, single flight: while one control is written, later changes fold into the next
 * one. Nothing is written before there is something to say.
 */
import { CancellationScope, condition } from '@temporalio/workflow'

/** Publishes the control of a run. */
export interface ControlPublisher {
  /** Something changed: the workers are told. */
  request(): void
  /** Resolves when everything that was requested is written. */
  settled(): Promise<void>
  /** The first write that was refused for good, to be thrown by the run. */
  failure(): unknown
}

/** `write` gives the state at the moment of writing; it is not called before `isReady`, and `request` is to be repeated then. */
export function createControlPublisher(write: () => Promise<void>, isReady: () => boolean): ControlPublisher {
  let isDirty = false
  let isWriting = false
  let failure: unknown

  async function pump(): Promise<void> {
    if (isWriting || !isReady()) return
    isWriting = true
    try {
      while (isDirty && failure === undefined) {
        isDirty = false
        await CancellationScope.nonCancellable(write)
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
    async settled(): Promise<void> {
      await CancellationScope.nonCancellable(() => condition(() => !isWriting))
    },
    failure: () => failure,
  }
}
