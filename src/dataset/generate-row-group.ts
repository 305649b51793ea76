/**
 * One row group, from its range to its committed file. Runs the same whether it is the first attempt or the tenth, and whoever
 * else may be at it: a committed file is taken as it is, and the journal's answers are used again.
 */
import type { GenerateRowGroupInput, RowGroupProgress, RowGroupResult } from '../contract.ts'
import { isParquetryError, ParquetryError } from '../errors.ts'
import { deathsBefore, MAX_DEATHS } from '../plan/deaths.ts'
import type { AttemptTrace } from '../plan/deaths.ts'
import type { Storage } from '../storage/storage.ts'
import { createAnswerBook } from './answer-book.ts'
import type { AnswerBook } from './answer-book.ts'
import { commitRowGroup } from './commit.ts'
import { createFindings } from './findings.ts'
import { openJournal, removeJournals } from './journal.ts'
import type { Journal } from './journal.ts'
import type { OpenDataset } from './open-dataset.ts'
import type { GroupAttempt, OpenGroup } from './open-groups.ts'
import { requireEpoch } from './owner.ts'
import type { Attempt, DatasetPorts } from './ports.ts'
import { readCommittedReceipt } from './read-receipt.ts'
import type { Receipt } from './receipt.ts'
import { noteRefusal, releasedRefills, removeRefusal } from './refusal.ts'
import { rollForwardSidecars } from './roll-forward.ts'
import { runRows } from './run-rows.ts'
import type { MadeRows, RunRowsOptions } from './run-rows.ts'

/** What an attempt at a row group takes. */
export interface GenerateOptions {
  readonly input: GenerateRowGroupInput
  readonly dataset: OpenDataset
  readonly ports: DatasetPorts
  readonly attempt: Attempt
  /** What the attempt before left behind; null when there was none, or it left nothing. */
  readonly before: AttemptTrace | null
  /** Aborted when the attempt shall end: no new calls; those on the wire finish and are journalled for up to `drainMs`. */
  readonly signal: AbortSignal
  readonly drainMs: number
  /** False while the server may have given the row group to another attempt: then no call is begun. */
  readonly isInTouch: () => boolean
  /** Called often; cheap. */
  readonly onProgress: (progress: RowGroupProgress) => void
}

/** Makes and commits the row group, or finds it committed. Throws `ParquetryError`, or the signal's reason. */
export async function generateRowGroup(options: GenerateOptions): Promise<RowGroupResult> {
  const { dataset, ports, input, attempt } = options
  const { rowGroup, epoch } = input
  const { location, datasetId, fingerprint } = dataset.ref
  await requireEpoch(dataset.storage, epoch)
  const key = JSON.stringify([location, datasetId, fingerprint, rowGroup.id, rowGroup.start, rowGroup.end])
  const own: GroupAttempt = { ...options, epoch }
  return resultOf(await ports.openGroups.join(key, own, (group) => makeRowGroup(options, group)), attempt)
}

/** The work that attempts of one worker share. What is theirs comes from the group, not from the options of the one that began it. */
async function makeRowGroup(options: GenerateOptions, group: OpenGroup): Promise<Receipt> {
  const { dataset, ports, attempt } = options
  const { storage } = dataset
  const { rowGroup } = options.input
  const committed = await readCommittedReceipt(storage, dataset, rowGroup)
  if (committed !== null) {
    // Whoever committed it may have died before its sidecars were in place.
    await rollForwardSidecars(storage, [committed], createFindings())
    await cleanUp(storage, rowGroup.id)
    return committed
  }
  const journal = await openJournal(storage, rowGroup.id, {
    ...attempt,
    fingerprint: dataset.ref.fingerprint,
    syncMs: dataset.compiled.policies.journalSyncMs,
  })
  const life = openLife(group.signal, options.drainMs)
  const unfollow = ports.ownerWatch.follow(storage, {
    epoch: () => group.newest().epoch,
    onLost: (error) => life.stop.abort(error),
  })
  try {
    const receipt = await makeAndCommit(options, group, journal, life)
    await journal.close()
    await cleanUp(storage, rowGroup.id)
    return receipt
  } finally {
    unfollow()
    life.end()
    await journal.close()
  }
}

async function makeAndCommit(options: GenerateOptions, group: OpenGroup, journal: Journal, life: Life): Promise<Receipt> {
  const { dataset, ports, input } = options
  const { rowGroup } = input
  const trace = traceOf(options, journal)
  const answers = createAnswerBook({
    models: ports.models,
    compiledModels: dataset.compiled.models,
    journal,
    stop: life.stop.signal,
    abort: life.abort.signal,
    isProbe: input.isProbe,
    mayCall: () => group.isInTouch(),
    onLost: (error) => life.stop.abort(error),
  })
  const made = await makeRows(options, {
    answers,
    signal: life.stop.signal,
    onFailure: (error) => life.stop.abort(error),
    onProgress: (done, dropped) => group.report({ ...progressOf(input, answers, done, dropped), trace }),
  })
  life.stop.signal.throwIfAborted()
  const newest = group.newest()
  await requireEpoch(dataset.storage, newest.epoch)
  const outcome = await commitRowGroup({
    dataset: newest.dataset,
    ports,
    attempt: newest.attempt,
    rowGroup,
    made,
    usage: answers.usage(),
    paidTwice: await journal.usagePaidTwice(),
    isRehearsal: answers.isRehearsal(),
  })
  return outcome.receipt
}

/** Makes the rows, and remembers it when too many of them would drop. */
async function makeRows(
  { dataset, input, attempt }: GenerateOptions,
  run: Pick<RunRowsOptions, 'answers' | 'signal' | 'onFailure' | 'onProgress'>,
): Promise<MadeRows> {
  const { storage, samplers, generators, random, checkRow } = dataset
  const { policies } = dataset.compiled
  const { rowGroup, isProbe } = input
  const released = await releasedRefills(storage, rowGroup.id, attempt.attempt === 1 && !isProbe)
  const refillAttempts = policies.refillAttempts + released
  try {
    return await runRows({ rowGroup, samplers, generators, random, checkRow, refillAttempts, dropPolicy: policies, ...run })
  } catch (error) {
    if (isParquetryError(error) && error.code === 'TOO_MANY_DROPPED') await noteRefusal(storage, rowGroup.id, refillAttempts + 1)
    throw error
  }
}

/** What an open row group needs goes once its file stands. */
async function cleanUp(storage: Storage, rowGroupId: number): Promise<void> {
  await removeJournals(storage, rowGroupId)
  await removeRefusal(storage, rowGroupId)
}

/** Counts the attempts that died on this row group. Throws `ROW_GROUP_KILLS_WORKER` when there were too many. */
function traceOf({ attempt, before, input }: GenerateOptions, journal: Journal): AttemptTrace {
  const answers = journal.size
  const deaths = deathsBefore({ attempt: attempt.attempt, before, answers })
  if (deaths < MAX_DEATHS) return { answersAtStart: answers, deaths, hasEnded: false }
  const { id, start, end } = input.rowGroup
  throw new ParquetryError(
    'ROW_GROUP_KILLS_WORKER',
    `row group ${id} (rows ${start} to ${end - 1}) was begun ${deaths} times in a row, and each time its worker died without a new answer`,
    { wayOut: 'look at the memory and the logs of the worker; then send the resume signal, or take smaller row groups in a new dataset' },
  )
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
