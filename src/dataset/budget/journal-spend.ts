/** What lies in the journals of row groups that are not committed: paid for, and in no receipt yet. */
import type { CompiledDataset } from '../../config/compiled.ts'
import type { RangeSet } from '../../contract.ts'
import type { KeptAnswer } from '../../model/client.ts'
import { addSpend, NO_SPEND, spendOf } from '../../plan/budget.ts'
import type { Spend } from '../../plan/budget.ts'
import { costOf } from '../../plan/pricing.ts'
import type { Price } from '../../plan/pricing.ts'
import { contains } from '../../plan/range-set.ts'
import { parseBatchName } from '../../plan/row-groups.ts'
import type { Storage } from '../../storage/storage.ts'
import { readAnswers } from '../journal/journal.ts'
import { keys } from '../layout.ts'

type Priced = Pick<CompiledDataset, 'columns' | 'models' | 'fingerprint'>

/** What the journal of a row group has come to, calls that were paid twice included. */
export async function readSpent(storage: Storage, rowGroupId: number, compiled: Priced): Promise<Spend> {
  const answers = await readAnswers(storage, rowGroupId, compiled.fingerprint.hash)
  return answers.map(({ column, answer }) => spentOn(column, answer, compiled)).reduce(addSpend, NO_SPEND)
}

/** The same of all row groups with ids in [firstId, endId) that have a journal and are not committed. */
export async function readSpentInPage(
  storage: Storage,
  page: { readonly firstId: number; readonly endId: number; readonly committed: RangeSet },
  compiled: Priced,
): Promise<readonly (readonly [id: number, money: number, tokens: number])[]> {
  const ids = new Set<number>()
  for (const name of await storage.list(keys.journalFolder)) {
    const id = name.endsWith('.jsonl') ? parseBatchName(name.slice(0, name.indexOf('.'))) : null
    if (id !== null && id >= page.firstId && id < page.endId && !contains(page.committed, id)) ids.add(id)
  }
  const found: (readonly [number, number, number])[] = []
  for (const id of [...ids].sort((a, b) => a - b)) {
    const { money, tokens } = await readSpent(storage, id, compiled)
    if (tokens > 0) found.push([id, money, tokens])
  }
  return found
}

/** Where a column may ask several models, the dearest counts. */
function spentOn(column: string, { usage, answeredBy }: KeptAnswer, { columns, models }: Priced): Spend {
  const asked = columns.find(({ name }) => name === column)
  const alias = answeredBy?.alias ?? (asked !== undefined && 'model_alias' in asked ? asked.model_alias : undefined)
  const known = alias === undefined ? undefined : models[alias]
  const prices: readonly (Price | null)[] = known === undefined ? Object.values(models).map(({ price }) => price) : [known.price]
  return spendOf({ ...usage, cost: Math.max(0, ...prices.map((price) => costOf(usage, price))) })
}
