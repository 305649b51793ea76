/** Stops a row group in which too many rows would drop, before more is spent (rulings 1 and 21). */
import { ParquetryError } from '../../errors.ts'
import type { DroppedRow } from '../receipt.ts'

/** When a row group is not committed because of its drops. */
export interface DropPolicy {
  /** Share of the rows that may drop, 0–1; 1 switches the watch off. */
  readonly maxDropShare: number
}

/** Rows that are looked at first, and the least number of rows in a row group that the share is applied to. */
const FIRST_ROWS = 20

/** Watches the outcomes of one row group's rows. */
export interface DropWatch {
  /** One more outcome: the dropped row, or null for a written one. Throws `TOO_MANY_DROPPED`. */
  add(drop: DroppedRow | null): void
  /** All rows ended. Throws `TOO_MANY_DROPPED`. */
  end(): void
}

/** A watch over `rowsWanted` rows. */
export function createDropWatch(rowsWanted: number, policy: DropPolicy): DropWatch {
  let seen = 0
  let dropped = 0
  const countOf = new Map<string, number>()
  let last: DroppedRow | null = null

  function refuse(message: string): never {
    throw new ParquetryError(
      'TOO_MANY_DROPPED',
      `${message}; the last: row ${last?.row}, column ${last?.column}: ${last?.code} ${last?.reason}`,
      {
        wayOut:
          'if the model is to blame and answers properly again, resume: the failed rows are tried anew; else correct the column and start again, or allow it with parquetry.max_drop_share',
      },
    )
  }

  function checkShare(): void {
    if (policy.maxDropShare >= 1 || rowsWanted < FIRST_ROWS) return
    if (dropped > policy.maxDropShare * rowsWanted) {
      refuse(`expected at most ${policy.maxDropShare * 100} % of ${rowsWanted} rows to drop, ${dropped} did`)
    }
  }

  return {
    add(drop): void {
      seen += 1
      if (drop !== null) {
        dropped += 1
        last = drop
        countOf.set(drop.code, (countOf.get(drop.code) ?? 0) + 1)
        checkShare()
      }
      if (seen !== FIRST_ROWS || policy.maxDropShare >= 1) return
      for (const [code, count] of countOf) {
        if (count >= FIRST_ROWS * Math.max(0.5, policy.maxDropShare)) refuse(`${count} of the first ${FIRST_ROWS} rows failed with ${code}`)
      }
    },
    end: checkShare,
  }
}
