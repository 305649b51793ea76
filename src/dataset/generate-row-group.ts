/**
 * One row group, from its range to its committed file. Runs the same whether it is the first attempt or the tenth, and whoever
 * else may be at it: a committed file is taken as it is, and the journal's answers are used again.
 */
import type { GenerateRowGroupInput, RowGroupProgress, RowGroupResult } from '../contract.ts'
import { createAnswerBook } from './answer-book.ts'
import type { AnswerBook } from './answer-book.ts'
import { commitRowGroup } from './commit.ts'
import { openJournal, removeJournals } from './journal.ts'
import type { OpenDataset } from './open-dataset.ts'
import type { Attempt, DatasetPorts } from './ports.ts'
import { readCommittedReceipt } from './read-receipt.ts'
import type { Receipt } from './receipt.ts'
import { runRows } from './run-rows.ts'

/** What an attempt at a row group takes. */
export interface GenerateOptions {
  readonly input: GenerateRowGroupInput
  readonly dataset: OpenDataset
  readonly ports: DatasetPorts
  readonly attempt: Attempt
  /** Aborted when the attempt shall end: no new calls; those on the wire finish and are journalled for up to `drainMs`. */
  readonly signal: AbortSignal
  readonly drainMs: number
  /** Called often; cheap. */
  readonly onProgress: (progress: RowGroupProgress) => void
}

/** Makes and commits the row group, or finds it committed. Throws `ParquetryError`, or the signal's reason. */
export async function generateRowGroup(options: GenerateOptions): Promise<RowGroupResult> {
  const { dataset, ports, input, attempt } = options
  const { storage } = dataset
  const { rowGroup } = input
  const committed = await readCommittedReceipt(storage, dataset, rowGroup)
  if (committed !== null) {
    await removeJournals(storage, rowGroup.id)
    return resultOf(committed, attempt)
  }
  const journal = await openJournal(storage, rowGroup.id, {
    ...attempt,
    fingerprint: dataset.ref.fingerprint,
    syncMs: dataset.compiled.policies.journalSyncMs,
  })
  const life = openLife(options.signal, options.drainMs)
  try {
    const answers = createAnswerBook({
      models: ports.models,
      compiledModels: dataset.compiled.models,
      journal,
      stop: life.stop.signal,
      abort: life.abort.signal,
      isProbe: input.isProbe,
      onLost: (error) => life.stop.abort(error),
    })
    const made = await runRows({
      rowGroup,
      samplers: dataset.samplers,
      generators: dataset.generators,
      random: dataset.random,
      answers,
      refillAttempts: dataset.compiled.policies.refillAttempts,
      dropPolicy: dataset.compiled.policies,
      signal: life.stop.signal,
      checkRow: dataset.checkRow,
      onFailure: (error) => life.stop.abort(error),
      onProgress: (done, dropped) => options.onProgress(progressOf(input, answers, done, dropped)),
    })
    life.stop.signal.throwIfAborted()
    const outcome = await commitRowGroup({
      dataset,
      ports,
      attempt,
      rowGroup,
      made,
      usage: answers.usage(),
      paidTwice: await journal.usagePaidTwice(),
      isRehearsal: answers.isRehearsal(),
    })
    await journal.close()
    await removeJournals(storage, rowGroup.id)
    return resultOf(outcome.receipt, attempt)
  } finally {
    life.end()
    await journal.close()
  }
}

function progressOf(input: GenerateRowGroupInput, answers: AnswerBook, done: number, dropped: number): RowGroupProgress {
  const { id, start, end } = input.rowGroup
  return {
    id,
    rowsDone: done,
    rowsDropped: dropped,
    rowsWanted: end - start,
    usage: answers.usage(),
    callsInFlight: answers.callsInFlight(),
  }
}

/** A row group is new when this run wrote it, also if the attempt that did could not say so any more. */
function resultOf(receipt: Receipt, attempt: Attempt): RowGroupResult {
  const { rowGroup, rowsWritten, dropped, usage, paidTwice } = receipt
  const isNew = receipt.writtenBy.runId === attempt.runId
  const paidAgain = paidTwice === undefined ? {} : { callsPaidTwice: paidTwice.calls }
  return { id: rowGroup.id, rowsWritten, rowsDropped: dropped.length, usage, ...paidAgain, isNew }
}

interface Life {
  /** No new calls. */
  readonly stop: AbortController
  /** Calls on the wire are given up. */
  readonly abort: AbortController
  end(): void
}

/** From the caller's one signal: stop at once, abort a bounded time later. */
function openLife(signal: AbortSignal, drainMs: number): Life {
  const stop = new AbortController()
  const abort = new AbortController()
  let timer: NodeJS.Timeout | undefined
  function onStop(): void {
    timer = setTimeout(() => abort.abort(stop.signal.reason), drainMs)
  }
  function onSignal(): void {
    stop.abort(signal.reason)
  }
  stop.signal.addEventListener('abort', onStop, { once: true })
  if (signal.aborted) onSignal()
  else signal.addEventListener('abort', onSignal, { once: true })
  return {
    stop,
    abort,
    end(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', onSignal)
      stop.signal.removeEventListener('abort', onStop)
    },
  }
}
