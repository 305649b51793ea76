/** One run of one dataset, as its owner or any onlooker sees it. */
import { WorkflowFailedError } from '@temporalio/client'
import type { Client, WorkflowHandle } from '@temporalio/client'
import { ActivityFailure, ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common'
import { SIGNALS, UPDATES } from '../contract.ts'
import type { DatasetResult, RetryDroppedAnswer } from '../contract.ts'
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

  /** No new row group is opened until `resume`. */
  async pause(): Promise<void> {
    await this.#parts.handle.signal(SIGNALS.pause)
  }
  /** Goes on after `pause` or while waiting: reconciles with the disk again, then continues. */
  async resume(): Promise<void> {
    await this.#parts.handle.signal(SIGNALS.resume)
  }
  /** Ends the run cleanly, resumable: the open row groups are finished, or with `now` given up (their answers are kept). */
  async stop(options: { readonly now?: boolean } = {}): Promise<void> {
    await this.#parts.handle.signal(SIGNALS.stop, options)
  }
  /** Cancels the run; what was answered is kept. */
  async cancel(): Promise<void> {
    await this.#parts.handle.cancel()
  }
  /** Rows dropped so far, and any dropped later, are made again before the run ends. Answers how many are dropped now. */
  async retryDropped(): Promise<RetryDroppedAnswer> {
    return await this.#parts.handle.executeUpdate<RetryDroppedAnswer, []>(UPDATES.retryDropped)
  }
  /** Row groups open at once, 1–256, from now on. Answers the value that holds. */
  async setMaxConcurrentRowGroups(count: number): Promise<number> {
    return await this.#parts.handle.executeUpdate(UPDATES.setMaxConcurrentRowGroups, { args: [count] })
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
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
