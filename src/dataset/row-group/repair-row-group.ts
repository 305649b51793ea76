/**
 * Making the dropped rows of a committed row group again (ruling 6): only those, with refill numbers that were not tried yet.
 *
 * The work itself is that of any row group: journalled, shared by attempts, waiting where no attempt can succeed.
 */
import type { RepairResult, RepairRowGroupInput } from '../../contract.ts'
import { NO_USAGE } from '../../contract.ts'
import { ParquetryError } from '../../errors.ts'
import { commitRepair } from './commit-repair.ts'
import { createFindings } from '../scan/findings.ts'
import { resultOf } from './generate-row-group.ts'
import { removeJournals } from '../journal/journal.ts'
import { removeKeptImages, settleImages } from '../media/link-images.ts'
import { keys } from '../layout.ts'
import type { Attempt } from '../ports.ts'
import { readCommittedReceipt } from '../read-receipt.ts'
import type { Receipt } from '../receipt.ts'
import type { Storage } from '../../storage/storage.ts'
import { rollForwardSidecars } from '../scan/roll-forward.ts'
import { runRows } from './run-rows.ts'
import type { RowToMake } from './run-rows.ts'
import { withSeedRows } from '../seed/seed-rows.ts'
import { workOnRowGroup } from './work-on-row-group.ts'
import type { AttemptOptions } from './work-on-row-group.ts'

/** What an attempt at a repair takes. */
export interface RepairOptions extends AttemptOptions {
  readonly input: RepairRowGroupInput
}

/**
 * Repairs the row group, or finds that this pass has done so already, or that no row is dropped. Throws `DATASET_DAMAGED` when the row
 * group is gone or cannot be read, other `ParquetryError`s, or the signal's reason.
 */
export async function repairRowGroup(options: RepairOptions): Promise<RepairResult> {
  const { dataset, ports, input, attempt } = options
  const { storage, generators, random, checkRow, compiled } = dataset
  const { rowGroup, token } = input
  const live: { receipt: Receipt | null } = { receipt: null }
  const receipt = await workOnRowGroup(options, {
    purpose: `repair ${token}`,
    async find() {
      const committed = await readCommittedReceipt(storage, dataset, rowGroup)
      if (committed === null) throw gone(rowGroup.id)
      live.receipt = committed
      // What is left of the row group's own making, before the repair adds to it.
      await settleImages(storage, committed)
      if (committed.repair?.token !== token && committed.dropped.length > 0) return null
      await rollForwardSidecars(storage, [committed], createFindings())
      await cleanUp(storage, rowGroup.id)
      return committed
    },
    make: async (run) =>
      await runRows({
        rowGroup,
        samplers: await withSeedRows(dataset, rowGroup),
        generators,
        random,
        checkRow,
        rows: rowsToMake(requireLive(live.receipt)),
        refillAttempts: compiled.policies.refillAttempts,
        // All of them dropped before: to drop again is no reason to wait, and what it costs is bounded by their number.
        dropPolicy: { maxDropShare: 1 },
        ...run,
      }),
    commit: async (made, facts) => await commitRepair({ ...facts, ports, rowGroup, token, made, live: requireLive(live.receipt) }),
    async cleanUp(repaired) {
      await settleImages(storage, repaired)
      await cleanUp(storage, rowGroup.id)
    },
  })
  return repairResultOf(receipt, token, attempt)
}

async function cleanUp(storage: Storage, rowGroupId: number): Promise<void> {
  await removeKeptImages(storage, rowGroupId)
  await removeJournals(storage, rowGroupId)
}

function rowsToMake({ dropped }: Receipt): readonly RowToMake[] {
  return dropped.map(({ row, refill }) => ({ row, firstRefill: refill + 1 })).sort((a, b) => a.row - b.row)
}

function repairResultOf(receipt: Receipt, token: string, attempt: Attempt): RepairResult {
  const repair = receipt.repair?.token === token ? receipt.repair : null
  return {
    ...resultOf(receipt, attempt),
    isNew: repair !== null,
    rowsFilled: repair?.rowsFilled ?? 0,
    usageAdded: repair?.usage ?? NO_USAGE,
    droppedBefore: repair?.droppedBefore ?? [],
  }
}

function requireLive(receipt: Receipt | null): Receipt {
  if (receipt === null) throw new ParquetryError('INTERNAL', 'a repair was begun without the receipt it starts from')
  return receipt
}

function gone(id: number): ParquetryError {
  return new ParquetryError(
    'DATASET_DAMAGED',
    `expected ${keys.rowGroup(id)} with its receipt, whose dropped rows are to be made again; it is gone`,
    {
      wayOut: 'start again with --resume always: what is missing is made anew',
    },
  )
}
