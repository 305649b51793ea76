/**
 * Telling a row group that kills its workers from one whose worker died of something else (ruling 1). Pure.
 *
 * A worker that dies takes all its row groups with it, and nobody knows which one it died of. So an attempt has died in vain only if nothing
 * at all was got done on the dataset meanwhile: while others get on, the run goes on, and in the end only the row group that kills is left.
 */

/** Deaths in vain, one after the other, after which a row group is not tried again by itself. */
export const MAX_DEATHS = 5

/** What an attempt leaves behind in its heartbeats, from the first one on. */
export interface AttemptTrace {
  /** What had been got done on the dataset when the attempt began; any progress makes another mark. */
  readonly mark: string
  /** Attempts in a row before it that died in vain. */
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
  /** What has been got done now. */
  readonly mark: string
}

/** The trace with which an attempt begins. */
export function traceOf({ attempt, before, mark }: AttemptBeginning): AttemptTrace {
  return { mark, deaths: deathsBefore({ attempt, before, mark }), hasEnded: false }
}

function deathsBefore({ attempt, before, mark }: AttemptBeginning): number {
  if (attempt <= 1) return 0
  if (before === null) return attempt - 1
  if (before.mark !== mark) return 0
  return before.hasEnded ? before.deaths : before.deaths + 1
}
