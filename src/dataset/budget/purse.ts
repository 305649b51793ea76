/**
 * What one open row group may spend. Before a call goes out, the most that it may cost is reserved; what it did cost is counted when it is
 * answered.
 *
 * B1  Spent and reserved together stay below the ceiling, so that it is exceeded by no more than calls in flight turn out dearer than they
 *     were thought to be.
 * B2  A call that does not fit waits while others are out, for most cost less than was reserved. When none is out, the row group ends with
 *     `BUDGET_REACHED`, and says what its next call may cost.
 * B3  Calls go in the order in which they came.
 */
import type { BudgetReport } from '../../contract.ts'
import { ParquetryError } from '../../errors.ts'
import { addSpend, fits, NO_SPEND, scaleSpend } from '../../plan/budget.ts'
import type { Budget, Spend } from '../../plan/budget.ts'

/** What was set aside for one call. */
export interface Reservation {
  /** The call was answered, and this is what it cost. */
  settle(cost: Spend): void
  /** The call has ended; nothing happens when it was settled. */
  release(): void
}

/** See the head of the file. */
export interface Purse {
  /** Sets aside the most that a call may cost. Throws `BUDGET_REACHED`, or the reason of `stop`. */
  reserve(most: Spend): Promise<Reservation>
  /** For the failure of the row group; null while no budget is to be kept to. */
  report(): Promise<BudgetReport | null>
}

/** What a purse works with. */
export interface PurseOptions {
  /** The most that the journal may come to, as it holds now; null for no budget. */
  readonly ceiling: () => Budget | null
  /** What the journal has come to; asked once a budget is to be kept to. */
  readonly readSpent: () => Promise<Spend>
  readonly stop: AbortSignal
}

interface Waiter {
  readonly most: Spend
  readonly resolve: (reservation: Reservation) => void
  readonly reject: (reason: unknown) => void
}

/** A purse for one attempt at a row group. */
export function createPurse({ ceiling, readSpent, stop }: PurseOptions): Purse {
  let spent = NO_SPEND
  let reserved = NO_SPEND
  let out = 0
  let needed: Spend | null = null
  let reading: Promise<void> | null = null
  let hasRead = false
  const waiters: Waiter[] = []

  /** What is journalled meanwhile may be counted twice: rather too much than too little. */
  async function read(): Promise<void> {
    spent = addSpend(spent, await readSpent())
    hasRead = true
  }

  function take(most: Spend): Reservation {
    reserved = addSpend(reserved, most)
    out += 1
    let isOver = false
    function end(cost: Spend): void {
      if (isOver) return
      isOver = true
      out -= 1
      reserved = out === 0 ? NO_SPEND : addSpend(reserved, scaleSpend(most, -1))
      spent = addSpend(spent, cost)
      pump()
    }
    return { settle: end, release: () => end(NO_SPEND) }
  }

  function pump(): void {
    for (let next = waiters[0]; next !== undefined; next = waiters[0]) {
      const limit = ceiling()
      const isFitting = limit === null || fits(addSpend(addSpend(spent, reserved), next.most), limit)
      if (!isFitting && out > 0) return
      waiters.shift()
      if (isFitting) next.resolve(take(next.most))
      else next.reject(reached(next.most))
    }
  }

  function reached(most: Spend): ParquetryError {
    needed = most
    return new ParquetryError('BUDGET_REACHED', 'what was granted to the row group is used up')
  }

  stop.addEventListener('abort', () => {
    for (const waiter of waiters.splice(0)) waiter.reject(stop.reason)
  })

  return {
    async reserve(most) {
      if (ceiling() !== null && !hasRead) await (reading ??= read())
      stop.throwIfAborted()
      return await new Promise<Reservation>((resolve, reject) => {
        waiters.push({ most, resolve, reject })
        pump()
      })
    },
    async report() {
      if (ceiling() === null && reading === null) return null
      await (reading ??= read())
      return { spent, ...(needed === null ? {} : { needed }) }
    },
  }
}
