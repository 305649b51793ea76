/** Telling a row group that kills its workers from a worker that died of something else (ruling 1). Pure. */

/** Deaths in a row, without a new journalled answer in between, after which a row group is not tried again by itself. */
export const MAX_DEATHS = 5

/** What an attempt leaves behind in its heartbeats. */
export interface AttemptTrace {
  /** Answers in the journal when the attempt began. */
  readonly answersAtStart: number
  /** Attempts in a row before it that died without a new answer. */
  readonly deaths: number
  /** True once the attempt has ended by itself, whichever way: it did not die. */
  readonly hasEnded: boolean
}

/** What is known when an attempt begins. */
export interface AttemptBeginning {
  /** Temporal's attempt number, from 1. */
  readonly attempt: number
  /** The trace of the attempt before; null when it left none. */
  readonly before: AttemptTrace | null
  /** Answers in the journal now. */
  readonly answers: number
}

/** Attempts in a row that died without a new answer, up to the one that begins now. */
export function deathsBefore({ attempt, before, answers }: AttemptBeginning): number {
  if (attempt <= 1) return 0
  if (before === null) return attempt - 1
  if (answers > before.answersAtStart) return 0
  return before.hasEnded ? before.deaths : before.deaths + 1
}

/**
 * The trace with which an attempt begins, before it has looked into the journal: the attempt before is taken to have died in vain. It goes
 * out with the first heartbeat, so that even an attempt that dies at once is counted.
 */
export function traceAtStart(attempt: number, before: AttemptTrace | null): AttemptTrace {
  const answersAtStart = before?.answersAtStart ?? 0
  return { answersAtStart, deaths: deathsBefore({ attempt, before, answers: answersAtStart }), hasEnded: false }
}
