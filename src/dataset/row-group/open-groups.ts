/**
 * The row groups that a worker has open. A second attempt at one of them (the server gave the first one up, or the run was started
 * anew) joins the work that goes on already, so that no call is made twice by one process (design section 6).
 *
 * O1  A worker has at most one work on a row group at a time.
 * O2  Work is ended early only when its last attempt has left; it is wound down before anyone begins it again.
 * O3  What work needs of "its" attempt (name, epoch, plan) is that of the attempt which joined last.
 */
import type { RowGroupProgress } from '../../contract.ts'
import type { OpenDataset } from '../open-dataset.ts'
import type { Attempt } from '../ports.ts'

/** An attempt at a row group, as Temporal gave it to this worker. */
export interface GroupAttempt {
  readonly attempt: Attempt
  readonly dataset: OpenDataset
  readonly epoch: number
  /** The row group's place in the run's window. */
  readonly slot: number
  /** Aborted when this attempt shall end. */
  readonly signal: AbortSignal
  /** False while the server may have given the row group to somebody else. */
  readonly isInTouch: () => boolean
  /** Called often; cheap. */
  readonly onProgress: (progress: RowGroupProgress) => void
}

/** An open row group, as its work sees it. */
export interface OpenGroup {
  /** The attempt that joined last and has not left; the last one to leave when all have. */
  newest(): GroupAttempt
  /** True while some attempt still counts with the server. */
  isInTouch(): boolean
  /** Aborted, with the reason of the last attempt, once all have left. */
  readonly signal: AbortSignal
  /** Tells all attempts. */
  report(progress: RowGroupProgress): void
}

/** Joins attempts to works. `Result` is what work on a row group answers. */
export interface OpenGroups<Result> {
  /**
   * Joins the work on the row group `key`, or begins it. Rejects with the attempt's reason when it leaves; the last one to leave waits
   * until the work has wound down.
   */
  join(key: string, attempt: GroupAttempt, work: (group: OpenGroup) => Promise<Result>): Promise<Result>
}

interface Work<Result> {
  readonly attempts: Set<GroupAttempt>
  readonly stop: AbortController
  result: Promise<Result>
  newest: GroupAttempt
  progress: RowGroupProgress | null
}

/** The open row groups of one worker. */
export function createOpenGroups<Result>(): OpenGroups<Result> {
  const works = new Map<string, Work<Result>>()

  function begin(key: string, first: GroupAttempt, work: (group: OpenGroup) => Promise<Result>): Work<Result> {
    const attempts = new Set<GroupAttempt>()
    const stop = new AbortController()
    const opened: Work<Result> = { attempts, stop, newest: first, progress: null, result: Promise.reject(new Error('not begun')) }
    opened.result.catch(() => undefined)
    works.set(key, opened)
    opened.result = work({
      newest: () => opened.newest,
      isInTouch: () => [...attempts].some((attempt) => attempt.isInTouch()),
      signal: stop.signal,
      report(progress) {
        opened.progress = progress
        for (const attempt of attempts) attempt.onProgress(progress)
      },
    }).finally(() => works.delete(key))
    opened.result.catch(() => undefined)
    return opened
  }

  return {
    async join(key, attempt, work) {
      for (;;) {
        attempt.signal.throwIfAborted()
        const open = works.get(key)
        if (open?.stop.signal.aborted !== true) return await takePart(open ?? begin(key, attempt, work), attempt)
        await untilSettled(open.result, attempt.signal)
      }
    },
  }
}

/** Resolves with the work, or rejects when this attempt leaves while others stay. */
function takePart<Result>(work: Work<Result>, attempt: GroupAttempt): Promise<Result> {
  work.attempts.add(attempt)
  work.newest = attempt
  if (work.progress !== null) attempt.onProgress(work.progress)
  return new Promise<Result>((resolve, reject) => {
    function leave(): void {
      work.attempts.delete(attempt)
      const stays = [...work.attempts].at(-1)
      if (stays === undefined) return work.stop.abort(attempt.signal.reason)
      work.newest = stays
      reject(attempt.signal.reason as Error)
    }
    attempt.signal.addEventListener('abort', leave, { once: true })
    work.result.then(resolve, reject).finally(() => attempt.signal.removeEventListener('abort', leave))
  })
}

/** Resolves when the work has ended either way; rejects with the signal's reason when it aborts first. */
function untilSettled(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
    work
      .then(
        () => resolve(),
        () => resolve(),
      )
      .finally(() => signal.removeEventListener('abort', onAbort))
  })
}
