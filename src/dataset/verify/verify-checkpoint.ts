/** Whether the checkpoint is the sum of the receipts. Pure. */
import type { RangeSet, RunState, Totals, Usage } from '../../contract.ts'
import { count, iterate, subtract, take } from '../../plan/range-set.ts'
import { rowCount } from '../../plan/row-groups.ts'
import { keys } from '../layout.ts'
import type { Metadata } from '../metadata.ts'
import type { DatasetProblem } from './verify.ts'
import type { ExpectedDataset } from './verify-expected.ts'

/** What the files say. */
export interface FoundOnDisk {
  readonly committed: RangeSet
  readonly totals: Totals
  /** False when some row group is missing, damaged or foreign: its share of the sums is then not known. */
  readonly isWhole: boolean
}

/** States after which nothing is written any more, so that the checkpoint must be exact. */
const ENDED: ReadonlySet<RunState> = new Set(['complete', 'incomplete'])

/** Judges the checkpoint. One that is merely behind, as a killed run leaves it, is a note: the next run counts from the files. */
export function judgeCheckpoint(
  expected: ExpectedDataset,
  found: FoundOnDisk,
): { readonly problems: readonly DatasetProblem[]; readonly notes: readonly string[] } {
  const { metadata } = expected
  if (metadata === null) return { problems: [], notes: [] }
  const differences = contradictionsIn(metadata)
  const { committed, totals, state } = metadata.parquetry
  const unknown = subtract(found.committed, committed)
  if (!ENDED.has(state)) {
    const notes =
      count(unknown) === 0 ? [] : [`the checkpoint does not know ${groupsText(unknown)} yet; the next run counts from the files`]
    return { problems: differences.map(toProblem), notes }
  }
  if (count(unknown) > 0) differences.push(`it does not know ${groupsText(unknown)}, which is there`)
  else if (found.isWhole) differences.push(...differencesOf(totals, found.totals))
  return { problems: differences.map(toProblem), notes: [] }
}

function contradictionsIn(metadata: Metadata): string[] {
  const { totals, segments } = metadata.parquetry
  const pairs: readonly (readonly [name: string, said: number, expected: number, of: string])[] = [
    ['actual_num_records', metadata.actual_num_records, totals.rowsWritten, 'parquetry.totals'],
    ['num_completed_batches', metadata.num_completed_batches, totals.rowGroups, 'parquetry.totals'],
    ['total_num_batches', metadata.total_num_batches, totals.rowGroups, 'parquetry.totals'],
    ['target_num_records', metadata.target_num_records, rowCount(segments), 'the plan'],
  ]
  return pairs
    .filter(([, said, expected]) => said !== expected)
    .map(([name, said, expected, of]) => `${name} is ${said}, and ${expected} according to ${of}`)
}

function differencesOf(said: Totals, found: Totals): string[] {
  const sums = ['rowGroups', 'rowsWritten', 'rowsDropped'] as const
  const usage = ['calls', 'inputTokens', 'outputTokens', 'cost'] as const
  return [
    ...sums.filter((name) => said[name] !== found[name]).map((name) => `${name} is ${said[name]}, the receipts say ${found[name]}`),
    ...usage
      .filter((name) => !isSameAmount(name, said.usage, found.usage))
      .map((name) => `usage.${name} is ${said.usage[name]}, the receipts say ${found.usage[name]}`),
  ]
}

/** Sums of money depend on the order of adding, in the last digits. */
function isSameAmount(name: keyof Usage, a: Usage, b: Usage): boolean {
  if (name !== 'cost') return a[name] === b[name]
  return Math.abs(a.cost - b.cost) <= 1e-9 * Math.max(1, a.cost, b.cost)
}

function groupsText(ids: RangeSet): string {
  const total = count(ids)
  const named = [...iterate(take(ids, 3))].join(', ')
  return `${total === 1 ? 'row group' : 'row groups'} ${named}${total > 3 ? ` and ${total - 3} more` : ''}`
}

function toProblem(message: string): DatasetProblem {
  return { kind: 'checkpoint', key: keys.metadata, rowGroup: null, message }
}
