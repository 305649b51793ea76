/** One run of one dataset, as its owner or any onlooker sees it. */
import {
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client'
import type { Client, WorkflowHandle } from '@temporalio/client'
import { ActivityFailure, ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common'
import { SIGNALS, UPDATES } from '../contract.ts'
import type {
  BudgetAnswer,
  BudgetRequest,
  DatasetResult,
  ExtendAnswer,
  ModelLimitsAnswer,
  ModelLimitsRequest,
  RetryDroppedAnswer,
} from '../contract.ts'
import { kindOfCode, ParquetryError } from '../errors.ts'
import type { ErrorCode } from '../errors.ts'
import type { RunProgress } from './progress.ts'
import { readProgress } from './progress.ts'

/** What a run handle is made of. */
export interface RunHandleParts {
  readonly client: Client
  readonly handle: WorkflowHandle
  readonly location: string
  readonly datasetName: string
  readonly datasetId: string
  readonly taskQueue: string
  /** True when the run was open already and this client only joined it. */
  readonly isAttached: boolean
  /** Said to the person, e.g. why a new folder was taken. */
  readonly notes: readonly string[]
}

/** Longest wait for the answer to a message, in ms: only a worker can give it. */
const ANSWER_MS = 20_000
/** Milliseconds between two looks of `progress()`. */
const LOOK_MS = 500

/** A run of `generateDataset`. Messages are idempotent; `result` follows continue-as-new. */
export class RunHandle {
  readonly #parts: RunHandleParts

  constructor(parts: RunHandleParts) {
    this.#parts = parts
  }

  get workflowId(): string {
    return this.#parts.handle.workflowId
  }
  /** Absolute folder of the dataset. */
  get location(): string {
    return this.#parts.location
  }
  get datasetName(): string {
    return this.#parts.datasetName
  }
  get datasetId(): string {
    return this.#parts.datasetId
  }
  get taskQueue(): string {
    return this.#parts.taskQueue
  }
  get isAttached(): boolean {
    return this.#parts.isAttached
  }
  get notes(): readonly string[] {
    return this.#parts.notes
  }

  /** The outcome, once the run has ended. Throws a `ParquetryError` when it failed, was cancelled or terminated. */
  async result(): Promise<DatasetResult> {
    try {
      return (await this.#parts.handle.result()) as DatasetResult
    } catch (error) {
      throw toParquetryError(error)
    }
  }

  /** One look at the run. */
  async readProgress(): Promise<RunProgress> {
    return await readProgress(this.#parts.client, this.#parts.handle)
  }

  /** One look, or null when no worker answers within the time, in ms. */
  async look(timeoutMs = 4_000): Promise<RunProgress | null> {
    return await this.#parts.client.withDeadline(Date.now() + timeoutMs, () => this.readProgress()).catch(() => null)
  }

  /** Looks at the run again and again until it has ended; looks that the server cannot answer are left out. */
  async *progress(options: { readonly intervalMs?: number; readonly signal?: AbortSignal } = {}): AsyncGenerator<RunProgress> {
    let hasEnded = false
    const ended = this.#parts.handle.result().then(
      () => (hasEnded = true),
      () => (hasEnded = true),
    )
    while (!hasEnded && options.signal?.aborted !== true) {
      const look = await this.readProgress().catch(() => null)
      if (look !== null) yield look
      await Promise.race([ended, delay(options.intervalMs ?? LOOK_MS)])
    }
  }

  /** No call is begun until `resume`, in row groups that are open neither; calls in flight finish, and their answers are kept. */
  async pause(): Promise<void> {
    await this.#signal(SIGNALS.pause)
  }
  /** Goes on after `pause` or while waiting: reconciles with the disk again, then continues. */
  async resume(): Promise<void> {
    await this.#signal(SIGNALS.resume)
  }
  /** Ends the run cleanly, resumable: the open row groups are finished, or with `now`, or while it is paused, given up (their answers are kept). */
  async stop(options: { readonly now?: boolean } = {}): Promise<void> {
    await this.#signal(SIGNALS.stop, options)
  }
  /** Cancels the run; what was answered is kept. */
  async cancel(): Promise<void> {
    await this.#parts.handle.cancel()
  }
  /** Rows dropped so far, and any dropped later, are made again before the run ends. Answers how many are dropped now. */
  async retryDropped(): Promise<RetryDroppedAnswer> {
    return await this.#update<RetryDroppedAnswer>(UPDATES.retryDropped)
  }
  /**
   * Limits of one model from now on, over all workers of the run; row groups that are open follow within seconds, and calls in flight
   * finish. They end with the run. Answers all limits of the alias. Throws `USAGE` with the reason for an alias or a number that cannot be.
   */
  async setModelLimits(request: ModelLimitsRequest): Promise<ModelLimitsAnswer> {
    return await this.#update<ModelLimitsAnswer>(UPDATES.setModelLimits, request)
  }
  /**
   * What the dataset may cost in all from now on; null for no limit. Row groups that are open follow within seconds, and a run that waits
   * for money goes on if there is some. Answers what is spent. Throws `USAGE` with the reason.
   */
  async setBudget(request: BudgetRequest): Promise<BudgetAnswer> {
    return await this.#update<BudgetAnswer>(UPDATES.setBudget, request)
  }
  /** Wants so many rows in all from now on; at least as many as before. Throws `USAGE` with the reason. */
  async extend(numRecords: number): Promise<ExtendAnswer> {
    return await this.#update<ExtendAnswer>(UPDATES.extend, numRecords)
  }
  /** Row groups open at once, 1–256, from now on. Answers the value that holds. Throws `USAGE` with the reason. */
  async setMaxConcurrentRowGroups(count: number): Promise<number> {
    return await this.#update<number>(UPDATES.setMaxConcurrentRowGroups, count)
  }

  async #signal(name: string, ...args: unknown[]): Promise<void> {
    try {
      await this.#parts.handle.signal(name, ...args)
    } catch (error) {
      throw toMessageError(error, this.#parts)
    }
  }

  async #update<Answer>(name: string, argument?: unknown): Promise<Answer> {
    const { client, handle } = this.#parts
    const send = (): Promise<Answer> =>
      argument === undefined ? handle.executeUpdate<Answer, []>(name) : handle.executeUpdate<Answer, [unknown]>(name, { args: [argument] })
    try {
      return await client.withDeadline(Date.now() + ANSWER_MS, send)
    } catch (error) {
      throw toMessageError(error, this.#parts)
    }
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Why a run did not follow a message; anything else as it is. */
function toMessageError(error: unknown, { taskQueue, location }: RunHandleParts): unknown {
  if (error instanceof WorkflowUpdateFailedError) return new ParquetryError('USAGE', error.cause?.message ?? error.message, {}, error)
  if (error instanceof WorkflowNotFoundError) {
    return new ParquetryError('RUN_NOT_OPEN', `expected an open run of ${location}, found that it has ended`, {
      wayOut: 'start again with --resume always to go on with the dataset',
    })
  }
  if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)) return error
  return new ParquetryError(
    'NO_WORKER',
    `expected an answer of the run within ${ANSWER_MS / 1_000} s, found none: no worker serves the task queue ${taskQueue}`,
    { wayOut: 'start a worker for it, or go on with the run, then send the message again' },
    error,
  )
}

/** What a person needs to know of a run that failed. */
export function toParquetryError(error: unknown): unknown {
  if (!(error instanceof WorkflowFailedError)) return error
  let cause: unknown = error.cause
  if (cause instanceof ActivityFailure) cause = cause.cause
  if (cause instanceof CancelledFailure)
    return new ParquetryError('RUN_FAILED', 'the run was cancelled', { wayOut: 'start again with --resume always; answers are kept' })
  if (cause instanceof TerminatedFailure)
    return new ParquetryError('RUN_FAILED', 'the run was terminated', { wayOut: 'start again with --resume always; answers are kept' })
  if (cause instanceof ApplicationFailure && cause.type !== undefined && cause.type !== null) {
    const isKnown = cause.type === 'INTERNAL' || kindOfCode(cause.type) !== 'internal'
    return new ParquetryError(isKnown ? (cause.type as ErrorCode) : 'RUN_FAILED', cause.message, {}, error)
  }
  return new ParquetryError('RUN_FAILED', error.message, {}, error)
}
