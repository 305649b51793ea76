/**
 * What all work on a row group has in common, whether its rows are made for the first time or again: attempts of one worker share it, its
 * answers are journalled, it ends when its epoch, its attempt or its worker does, and it knows of attempts that died before it.
 */
import type { GenerateRowGroupInput, RowGroupProgress, Usage } from '../../contract.ts'
import { isParquetryError, ParquetryError } from '../../errors.ts'
import type { Budget } from '../../plan/budget.ts'
import { MAX_DEATHS } from '../../plan/deaths.ts'
import type { AttemptTrace } from '../../plan/deaths.ts'
import { createAnswerBook } from './answer-book.ts'
import type { AnswerBook } from './answer-book.ts'
import { readSpent } from '../budget/journal-spend.ts'
import { createPurse } from '../budget/purse.ts'
import type { Purse } from '../budget/purse.ts'
import type { Controlled } from '../control/control-watch.ts'
import { openCellChecks } from './cell-checks.ts'
import { createImageStore } from '../media/image-store.ts'
import { keepTraces } from '../explain/traces.ts'
import { openJournal } from '../journal/journal.ts'
import type { Journal, JournalUsage } from '../journal/journal.ts'
import type { OpenDataset } from '../open-dataset.ts'
import type { GroupAttempt, OpenGroup } from './open-groups.ts'
import { requireEpoch } from '../owner/owner.ts'
import type { Attempt, DatasetPorts } from '../ports.ts'
import type { Receipt } from '../receipt.ts'
import type { MadeRows, RunRowsOptions } from './run-rows.ts'

/** What an attempt at a row group takes. */
export interface AttemptOptions {
  readonly input: GenerateRowGroupInput
  readonly dataset: OpenDataset
  readonly ports: DatasetPorts
  readonly attempt: Attempt
  /** Counts the attempts before it that died in vain. */
  readonly trace: AttemptTrace
  /** Aborted when the attempt shall end: no new calls; those on the wire finish and are journalled for up to `drainMs`. */
  readonly signal: AbortSignal
  readonly drainMs: number
  /** False while the server may have given the row group to another attempt: then no call is begun. */
  readonly isInTouch: () => boolean
  /** Called often; cheap. */
  readonly onProgress: (progress: RowGroupProgress) => void
}

/** What making rows is given. */
export type RowsRun = Pick<RunRowsOptions, 'answers' | 'checks' | 'media' | 'signal' | 'onFailure' | 'onProgress'>

/** What a commit is given. */
export interface CommitFacts {
  /** As the attempt that joined last sees it. */
  readonly dataset: OpenDataset
  readonly attempt: Attempt
  readonly usage: Usage
  /** Answers to calls that were answered already. */
  readonly paidTwice: JournalUsage
  readonly isRehearsal: boolean
}

/** What is to be done with a row group. */
export interface RowGroupTask {
  /** Tells kinds of work on one row group apart: attempts at the same work share it. */
  readonly purpose: string
  /** The receipt when it is done already, with everything that was still to be cleaned up; else null. */
  find(): Promise<Receipt | null>
  /** Makes the rows. */
  make(run: RowsRun): Promise<MadeRows>
  /** Puts them on disk. */
  commit(made: MadeRows, facts: CommitFacts): Promise<Receipt>
  /** Called after the commit, once the journal is closed. */
  cleanUp(receipt: Receipt): Promise<void>
}

/** Does the work, or joins it where this worker is at it already. Throws `ParquetryError`, or the signal's reason. */
export async function workOnRowGroup(options: AttemptOptions, task: RowGroupTask): Promise<Receipt> {
  const { dataset, ports, input } = options
  const { rowGroup, epoch } = input
  const { location, datasetId, fingerprint } = dataset.ref
  await requireEpoch(dataset.storage, epoch)
  const key = JSON.stringify([task.purpose, location, datasetId, fingerprint, rowGroup.id, rowGroup.start, rowGroup.end])
  const own: GroupAttempt = { ...options, epoch, slot: input.slot ?? 0 }
  return await ports.openGroups.join(key, own, (group) => work(options, group, task))
}

/** The work that attempts of one worker share. What is theirs comes from the group, not from the options of the one that began it. */
async function work(options: AttemptOptions, group: OpenGroup, task: RowGroupTask): Promise<Receipt> {
  const found = await task.find()
  if (found !== null) return found
  refuseDeadly(options)
  const { dataset, ports, attempt, input } = options
  const journal = await openJournal(dataset.storage, input.rowGroup.id, {
    ...attempt,
    fingerprint: dataset.ref.fingerprint,
    syncMs: dataset.compiled.policies.journalSyncMs,
  })
  const life = openLife(group.signal, options.drainMs)
  const epoch = (): number => group.newest().epoch
  const unfollow = ports.ownerWatch.follow(dataset.storage, { epoch, onLost: (error) => life.stop.abort(error) })
  const control = await ports.controlWatch.follow(dataset, {
    epoch,
    slot: () => group.newest().slot,
    rowGroup: () => ({ id: input.rowGroup.id, revision: input.revision ?? 0 }),
  })
  const purse = createPurse({
    ceiling: () => limitOf(control.ceiling() ?? input.ceiling),
    readSpent: () => readSpent(dataset.storage, input.rowGroup.id, dataset.compiled),
    stop: life.stop.signal,
  })
  try {
    const receipt = await makeAndCommit(options, { group, journal, life, control, purse }, task)
    await journal.close()
    await task.cleanUp(receipt)
    return receipt
  } catch (error) {
    throw await withBudgetReport(error, purse)
  } finally {
    await control.leave(group.signal)
    unfollow()
    life.end()
    await journal.close()
  }
}

/** A budget without limits is none. */
function limitOf(ceiling: Budget | undefined): Budget | null {
  return ceiling === undefined || (ceiling.money === null && ceiling.tokens === null) ? null : ceiling
}

/** The run is told what has been spent, whatever the row group ends with. */
async function withBudgetReport(error: unknown, purse: Purse): Promise<unknown> {
  const budget = isParquetryError(error) ? await purse.report().catch(() => null) : null
  return budget === null || !isParquetryError(error)
    ? error
    : new ParquetryError(error.code, error.message, { ...error.details, budget }, error)
}

/** What the work on a row group has open. */
interface Workplace {
  readonly group: OpenGroup
  readonly journal: Journal
  readonly life: Life
  readonly control: Controlled
  readonly purse: Purse
}

async function makeAndCommit(
  options: AttemptOptions,
  { group, journal, life, control, purse }: Workplace,
  task: RowGroupTask,
): Promise<Receipt> {
  const { dataset, ports, input } = options
  const images = createImageStore(dataset.storage, input.rowGroup.id)
  const calling = {
    journal,
    stop: life.stop.signal,
    abort: life.abort.signal,
    isProbe: input.isProbe,
    mayCall: () => group.isInTouch(),
    onLost: (error: unknown) => life.stop.abort(error),
  }
  const answers = createAnswerBook({
    ...calling,
    images,
    models: ports.models,
    owner: dataset.storage.describe(),
    compiledModels: dataset.compiled.models,
    toolServers: ports.toolServers,
    compiledTools: dataset.compiled.tools,
    random: dataset.random,
    pause: () => control.pause(),
    purse,
  })
  const made = await task.make({
    answers,
    checks: openCellChecks(ports.validation, { ...calling, mayCall: () => calling.mayCall() && control.pause() === null }),
    media: images,
    signal: life.stop.signal,
    onFailure: (error) => life.stop.abort(error),
    onProgress: (done, dropped) => group.report(progressOf(input, answers, done, dropped)),
  })
  life.stop.signal.throwIfAborted()
  const newest = group.newest()
  await requireEpoch(dataset.storage, newest.epoch)
  const { traces } = dataset.compiled.policies
  if (traces !== undefined)
    await keepTraces(dataset.storage, input.rowGroup.id, { fingerprint: dataset.ref.fingerprint, traces, seed: dataset.seed })
  return await task.commit(made, {
    dataset: newest.dataset,
    attempt: newest.attempt,
    usage: answers.usage(),
    paidTwice: await journal.usagePaidTwice(),
    isRehearsal: answers.isRehearsal(),
  })
}

/** Throws `ROW_GROUP_KILLS_WORKER` when too many attempts before this one died in vain. */
function refuseDeadly({ trace: { deaths }, input }: AttemptOptions): void {
  if (deaths < MAX_DEATHS) return
  const { id, start, end } = input.rowGroup
  throw new ParquetryError(
    'ROW_GROUP_KILLS_WORKER',
    `row group ${id} (rows ${start} to ${end - 1}) was begun ${deaths} times in a row, and each time its worker died before anything was got done`,
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
