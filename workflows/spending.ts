/** What a run knows of spending besides its totals; `budget.ts` changes it. */
import type { Budget, Spend } from '../src/plan/budget.ts'

/** What is known of spending besides totals. */
export interface Spending {
  /** Ceilings of open row groups, by id, oldest first. */
  readonly ceilings: Map<number, Budget>
  /** What lies in the journals of row groups that are neither open nor committed. */
  readonly journals: Map<number, Spend>
  /** What the next call of a row group may cost, where it did not fit. */
  readonly needed: Map<number, Spend>
}

/** Nothing known yet. */
export function noSpending(): Spending {
  return { ceilings: new Map(), journals: new Map(), needed: new Map() }
}
