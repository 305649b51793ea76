/**
 * One row group, from its range to its committed file. Runs the same whether it is the first attempt or the tenth, and whoever
 * else may be at it: a committed file is taken as it is, and the journal's answers are used again.
 */
import type { RowGroupResult } from '../../contract.ts'
import { isParquetryError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import { commitRowGroup } from './commit.ts'
import { createFindings } from '../scan/findings.ts'
import { removeJournals } from '../journal/journal.ts'
import { removeKeptImages, settleImages } from '../media/link-images.ts'
import type { Attempt } from '../ports.ts'
import { readCommittedReceipt } from '../read-receipt.ts'
import type { Receipt } from '../receipt.ts'
import { totalsOfReceipt } from '../receipt-totals.ts'
import { noteRefusal, releasedRefills, removeRefusal } from './refusal.ts'
import { rollForwardSidecars } from '../scan/roll-forward.ts'
import { runRows } from './run-rows.ts'
import type { MadeRows } from './run-rows.ts'
import { workOnRowGroup } from './work-on-row-group.ts'
import { withSeedRows } from '../seed/seed-rows.ts'
import type { AttemptOptions, RowsRun } from './work-on-row-group.ts'

/** Makes and commits the row group, or finds it committed. Throws `ParquetryError`, or the signal's reason. */
export async function generateRowGroup(options: AttemptOptions): Promise<RowGroupResult> {
  const { dataset, ports, input, attempt } = options
  const { storage } = dataset
  const { rowGroup } = input
  const receipt = await workOnRowGroup(options, {
    purpose: 'generate',
    async find() {
      const committed = await readCommittedReceipt(storage, dataset, rowGroup)
      if (committed === null) return null
      // Whoever committed it may have died before its sidecars were in place.
      await rollForwardSidecars(storage, [committed], createFindings())
      await cleanUp(storage, committed)
      return committed
    },
    make: (run) => makeRows(options, run),
    commit: async (made, facts) => (await commitRowGroup({ ...facts, ports, rowGroup, made })).receipt,
    cleanUp: (committed) => cleanUp(storage, committed),
  })
  return resultOf(receipt, attempt)
}

/** Makes the rows, and remembers it when too many of them would drop. */
async function makeRows({ dataset, input, attempt }: AttemptOptions, run: RowsRun): Promise<MadeRows> {
  const { storage, generators, random, checkRow } = dataset
  const { policies } = dataset.compiled
  const { rowGroup, isProbe } = input
  const released = await releasedRefills(storage, rowGroup.id, attempt.attempt === 1 && !isProbe)
  const refillAttempts = policies.refillAttempts + released
  const samplers = await withSeedRows(dataset, { start: rowGroup.start, end: rowGroup.end })
  try {
    return await runRows({ rowGroup, samplers, generators, random, checkRow, refillAttempts, dropPolicy: policies, ...run })
  } catch (error) {
    if (isParquetryError(error) && error.code === 'TOO_MANY_DROPPED') await noteRefusal(storage, rowGroup.id, refillAttempts + 1)
    throw error
  }
}

/** What an open row group needs goes once its file stands. */
async function cleanUp(storage: Storage, receipt: Receipt): Promise<void> {
  const { id } = receipt.rowGroup
  await settleImages(storage, receipt)
  await removeKeptImages(storage, id)
  await removeJournals(storage, id)
  await removeRefusal(storage, id)
}

/** A row group is new when this run wrote it, also if the attempt that did could not say so any more. */
export function resultOf(receipt: Receipt, attempt: Attempt): RowGroupResult {
  const { rowGroups: _one, ...facts } = totalsOfReceipt(receipt)
  return { id: receipt.rowGroup.id, ...facts, isNew: receipt.writtenBy.runId === attempt.runId }
}
