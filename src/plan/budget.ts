/**
 * The money and tokens that a dataset may cost (ruling 10): how the budget is granted to row groups before they spend it. Pure.
 *
 * 1. What is spent for good, what lies in journals, and the ceilings of open row groups together are never more than the budget.
 * 2. A row group is given twice what it is expected to need, or half of what is left while nobody knows; the oldest first, so that rows
 *    are finished rather than begun. What it does not use returns.
 * 3. No crumbs: beside others a row group is only opened with enough to be of use. Once none is open, the oldest may have all that is left,
 *    and the budget is reached when not even one call fits into that. So a small budget is used up, and never waited on in vain.
 */
import type { Usage } from '../contract.ts'

/** What may be spent; null where nothing limits it. */
export interface Budget {
  /** In the currency of the prices, above 0. */
  readonly money: number | null
  /** Input and output together, ≥ 1. */
  readonly tokens: number | null
}

/** What was spent, or is to be. */
export interface Spend {
  readonly money: number
  readonly tokens: number
}

/** Nothing. */
export const NO_SPEND: Spend = { money: 0, tokens: 0 }

/** What calls cost. */
export function spendOf({ cost, inputTokens, outputTokens }: Pick<Usage, 'cost' | 'inputTokens' | 'outputTokens'>): Spend {
  return { money: cost, tokens: inputTokens + outputTokens }
}

/** Sum. */
export function addSpend(a: Spend, b: Spend): Spend {
  return { money: a.money + b.money, tokens: a.tokens + b.tokens }
}

/** As much of a spend, or a multiple. */
export function scaleSpend({ money, tokens }: Spend, by: number): Spend {
  return { money: money * by, tokens: tokens * by }
}

/** True when the spend is within the budget, in money and in tokens. */
export function fits({ money, tokens }: Spend, budget: Budget): boolean {
  return (budget.money === null || money <= budget.money) && (budget.tokens === null || tokens <= budget.tokens)
}

/** What is left; less than nothing counts as nothing. */
export function leftOf(budget: Budget, spent: Spend): Budget {
  return {
    money: budget.money === null ? null : Math.max(0, budget.money - spent.money),
    tokens: budget.tokens === null ? null : Math.max(0, budget.tokens - spent.tokens),
  }
}

/** A row group that asks for a ceiling. */
export interface Claim {
  /** What its journal holds. */
  readonly spent: Spend
  /** What it is expected to cost in all; null while nothing is known. */
  readonly expected: Spend | null
  /** What its next call may cost, where that did not fit before. */
  readonly needed: Spend
}

/** What there is for it. */
export interface Purse {
  /** What nobody else has; what this row group has spent is not in it. */
  readonly left: Budget
  /** What was left before anybody was given a part of it. */
  readonly whole: Budget
  /** True while no other row group is open. */
  readonly isAlone: boolean
}

/**
 * Ceiling of a row group: the most that its journal may come to. Null when nothing is left for it, or when it is better to wait for what
 * others return.
 */
export function ceilingFor(claim: Claim, purse: Purse): Budget | null {
  const [money, tokens] = [grant(claim, purse, 'money'), grant(claim, purse, 'tokens')]
  if (money === 'none' || tokens === 'none') return null
  return {
    money: money === null ? null : claim.spent.money + money,
    tokens: tokens === null ? null : Math.floor(claim.spent.tokens + tokens),
  }
}

/** Least part of what there was that is of use while nobody knows what a row group costs. */
const USEFUL_SHARE = 1 / 8

function grant(claim: Claim, { left, whole, isAlone }: Purse, what: keyof Budget): number | null | 'none' {
  const [rest, all] = [left[what], whole[what]]
  if (rest === null || all === null) return null
  const [spent, needed, expected] = [claim.spent[what], claim.needed[what], claim.expected?.[what] ?? null]
  if (rest <= 0 || rest < needed) return 'none'
  const useful = expected === null ? all * USEFUL_SHARE : Math.max(0, expected - spent)
  if (!isAlone && rest < useful) return 'none'
  // Whoever needs more than expected is given as much again as it has had.
  const wanted = expected === null ? rest / 2 : Math.max(2 * expected - spent, spent)
  return Math.min(rest, Math.max(wanted, needed))
}

/** Why a budget cannot be set, or null. `unpriced` are aliases of models without a price. */
export function refusalOfBudget(budget: Partial<Budget>, unpriced: readonly string[]): string | null {
  const { money, tokens } = budget
  if (money === undefined && tokens === undefined) return 'expected an amount of money or a number of tokens, or none; found neither'
  if (money !== undefined && money !== null) {
    if (!(Number.isFinite(money) && money > 0)) return `expected an amount of money above 0, found ${String(money)}`
    if (unpriced.length > 0) {
      return `expected a price of every model for a budget of money, found none for ${unpriced.join(', ')}; give parquetry.prices, or a budget of tokens`
    }
  }
  if (tokens !== undefined && tokens !== null && !(Number.isSafeInteger(tokens) && tokens >= 1)) {
    return `expected a whole number of tokens of at least 1, found ${String(tokens)}`
  }
  return null
}
