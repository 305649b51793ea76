/**
 * The budget of a run: what is spent, what open row groups may spend, and when it is reached (`src/plan/budget.ts`).
 *
 * 1. Nothing is opened without a ceiling while there is a budget; what row groups have spent is known from their receipts, and from what
 *    they report when they end otherwise. Of one that could not report, its whole ceiling counts until the next scan reads its journal.
 * 2. The run waits with `BUDGET_REACHED` when no row group is open and the next one cannot be given enough for a call.
 */
import { ActivityFailure, ApplicationFailure } from '@temporalio/common'
import type { BudgetReport, RowGroup, ScanResult } from '../src/contract.ts'
import { addSpend, ceilingFor, leftOf, NO_SPEND, scaleSpend, spendOf } from '../src/plan/budget.ts'
import type { Budget, Spend } from '../src/plan/budget.ts'
import { rowGroupById } from '../src/plan/row-groups.ts'
import type { Run } from './run.ts'
import { preparedOf, totalsOf } from './run.ts'

/** What committed row groups and journals have come to; what open row groups spend now is not in it. */
export function spentOf(run: Run): Spend {
  return [...run.spending.journals.values()].reduce(addSpend, spendOf(totalsOf(run).usage))
}

/** The ceiling that the row group can be opened with; null when it cannot be. */
function ceilingOf(run: Run, budget: Budget, id: number, isAlone = run.spending.ceilings.size === 0): Budget | null {
  const { ceilings, journals, needed } = run.spending
  const spent = spentOf(run)
  const promised = [...ceilings.values()].map(spendOfCeiling).reduce(addSpend, spent)
  const claim = { spent: journals.get(id) ?? NO_SPEND, expected: expectedOf(run, id), needed: needed.get(id) ?? NO_SPEND }
  return ceilingFor(claim, { left: leftOf(budget, promised), whole: leftOf(budget, spent), isAlone })
}

function spendOfCeiling({ money, tokens }: Budget): Spend {
  return { money: money ?? 0, tokens: tokens ?? 0 }
}

/** By what rows have cost so far; null before any is there. */
function expectedOf(run: Run, id: number): Spend | null {
  const { usage, rowsWritten, rowsDropped } = totalsOf(run)
  const rows = rowsWritten + rowsDropped
  const { start, end } = rowGroupById(preparedOf(run).segments, id)
  return rows === 0 ? null : scaleSpend(spendOf(usage), (end - start) / rows)
}

/** True when the row group can be opened now, as far as money goes. */
export function isAffordable(run: Run, id: number): boolean {
  return run.budget === null || ceilingOf(run, run.budget, id) !== null
}

/** What the row group is opened with; to be asked only where it is affordable. */
export function openCeiling(run: Run, { id }: RowGroup): { readonly ceiling?: Budget; readonly revision?: number } {
  if (run.budget === null) return {}
  const ceiling = ceilingOf(run, run.budget, id) ?? { money: 0, tokens: 0 }
  run.spending.ceilings.set(id, ceiling)
  run.spending.journals.delete(id)
  return { ceiling, revision: run.revision }
}

/** The row group is committed: what it has spent is in the totals. */
export function noteCommitted({ spending: { ceilings, journals, needed } }: Run, id: number): void {
  ceilings.delete(id)
  journals.delete(id)
  needed.delete(id)
}

/** The row group has ended otherwise. */
export function noteGivenBack({ spending: { ceilings, journals, needed } }: Run, id: number, error: unknown): void {
  const report = reportIn(error)
  const ceiling = ceilings.get(id)
  ceilings.delete(id)
  if (report !== null) journals.set(id, report.spent)
  else if (ceiling !== undefined) journals.set(id, spendOfCeiling(ceiling))
  if (report?.needed === undefined) needed.delete(id)
  else needed.set(id, report.needed)
}

function causeOf(error: unknown): ApplicationFailure | null {
  return error instanceof ActivityFailure && error.cause instanceof ApplicationFailure ? error.cause : null
}

function reportIn(error: unknown): BudgetReport | null {
  const report = causeOf(error)?.details?.[0] as Partial<BudgetReport> | undefined
  return report?.spent === undefined ? null : (report as BudgetReport)
}

/** True when the row group only has used up what it was given: whether the budget is reached is the run's to say. */
export function isOverCeiling(error: unknown): boolean {
  return causeOf(error)?.type === 'BUDGET_REACHED'
}

/** What the journals of the page hold; open row groups have ceilings instead. */
export function noteJournals({ spending }: Run, { journals }: ScanResult, inFlight: ReadonlySet<number>): void {
  if (journals === undefined) return
  spending.journals.clear()
  for (const [id, money, tokens] of journals) if (!inFlight.has(id)) spending.journals.set(id, { money, tokens })
}

/** The open row groups are given ceilings anew, oldest first: one that has spent more than that ends, and says so. */
export function grantAnew(run: Run, open: Iterable<number>): void {
  const ids = [...open].sort((a, b) => a - b)
  run.spending.ceilings.clear()
  for (const id of ids) {
    const ceiling = run.budget === null ? { money: null, tokens: null } : (ceilingOf(run, run.budget, id, true) ?? { money: 0, tokens: 0 })
    run.spending.ceilings.set(id, ceiling)
  }
}

/** The run waits until the budget is raised. */
export function blockOnBudget(run: Run, id: number): void {
  const { money, tokens } = spentOf(run)
  const needed = run.spending.needed.get(id)
  const currency = preparedOf(run).currency ?? ''
  const amount = (value: number): string => `${Number(value.toPrecision(6))} ${currency}`.trim()
  const of = (budget: Budget | null): readonly string[] => [
    ...(budget?.money == null
      ? []
      : [
          `${amount(money)} of ${amount(budget.money)} are spent${needed === undefined ? '' : `, and the next call may cost ${amount(needed.money)}`}`,
        ]),
    ...(budget?.tokens == null
      ? []
      : [`${tokens} of ${budget.tokens} tokens are used${needed === undefined ? '' : `, and the next call may use ${needed.tokens}`}`]),
  ]
  run.blocked = { code: 'BUDGET_REACHED', message: `the budget is reached: ${of(run.budget).join('; ')}`, since: Date.now(), probes: 0 }
}
