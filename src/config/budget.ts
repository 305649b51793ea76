/** What a dataset may cost, as a config says it, and whether that can be kept to. */
import { refusalOfBudget } from '../plan/budget.ts'
import type { Budget } from '../plan/budget.ts'
import type { CompiledModel } from './compiled.ts'
import type { Report } from './problems.ts'
import type { ParquetrySettings } from './schema-settings.ts'

/** The budget that settings mean; null for none. */
export function budgetOf({ budget }: ParquetrySettings): Budget | null {
  if (budget === undefined) return null
  const { money = null, tokens = null } = budget
  return money === null && tokens === null ? null : { money, tokens }
}

/** Aliases of models whose calls cost nobody knows what. A rehearsal costs nothing. */
export function unpricedModels(models: Readonly<Record<string, Pick<CompiledModel, 'price' | 'target'>>>): readonly string[] {
  return Object.values(models)
    .filter(({ price, target }) => price === null && target.provider.type !== 'rehearsal')
    .map(({ target }) => target.alias)
}

/** Reports a budget of money where some model has no price, or prices are in more than one currency. */
export function checkBudget(budget: Budget | null, models: readonly CompiledModel[], report: Report): void {
  if (budget === null || budget.money === null) return
  const refusal = refusalOfBudget(budget, unpricedModels(Object.fromEntries(models.map((model) => [model.target.alias, model]))))
  if (refusal !== null) report.error(['parquetry', 'budget', 'money'], refusal)
  const currencies = new Set(models.flatMap(({ price }) => (price === null ? [] : [price.currency])))
  if (currencies.size > 1) {
    report.error(
      ['parquetry', 'budget', 'money'],
      `expected prices in one currency for a budget of money, found ${[...currencies].join(' and ')}`,
    )
  }
}
