/** The scan of one page of an open dataset, against what its checkpoint says. */
import type { ScanInput, ScanResult } from '../../contract.ts'
import { intersect } from '../../plan/range-set.ts'
import { readSpentInPage } from '../budget/journal-spend.ts'
import { readMetadata } from '../metadata.ts'
import type { OpenDataset } from '../open-dataset.ts'
import { readReceipt } from '../read-receipt.ts'
import { scanDataset } from './scan.ts'

/** Scans the row groups [firstId, endId). */
export async function scanPage(dataset: OpenDataset, { firstId, endId, countsJournals }: ScanInput): Promise<ScanResult> {
  const { storage, segments, ref } = dataset
  const metadata = await readMetadata(storage)
  const ours = metadata.kind === 'ours' ? metadata.value.parquetry : null
  const checkpointed = ours === null || firstId >= endId ? [] : intersect(ours.committed, [[firstId, endId]])
  const { result } = await scanDataset(
    { storage, readReceipt: (key) => readReceipt(storage, key) },
    {
      firstId,
      endId,
      segments,
      datasetId: ref.datasetId,
      fingerprint: ref.fingerprint,
      checkpointed,
      adoptsPlainFiles: ours?.adopted === true,
    },
  )
  if (countsJournals !== true) return result
  const page = { firstId, endId, committed: result.committed }
  return { ...result, journals: await readSpentInPage(storage, page, dataset.compiled) }
}
