/** Whether processing must run although nothing is generated: a run that died between its last row group and the end is noticed here. */
import type { CompiledDataset } from '../../config/compiled.ts'
import type { Storage } from '../../storage/storage.ts'
import { keys } from '../layout.ts'
import type { Metadata } from '../metadata.ts'
import type { DatasetProcessor } from '../ports.ts'
import { isProfileWhole, isReportWhole } from '../profile/profile-due.ts'
import { finishSwaps, isWholeOutput, leftoversOf } from './processor-outputs.ts'
import { hashOfRowGroups, hasAllRowGroups } from './row-groups-hash.ts'
import { checkProcessorNames, outputHashOf } from './run-processors.ts'

/**
 * Rolls forward swaps that were cut off, then answers whether outputs, the profile or the report are missing or stale, or an earlier processing
 * left something behind. Row groups that are missing make everything stale without a look at the others.
 * Throws `CONFIG_INVALID` when two processors share a name.
 */
export async function isProcessingDue(
  storage: Storage,
  metadata: Metadata,
  { processors: rowGroupProcessors, profilers, policies }: Pick<CompiledDataset, 'processors' | 'profilers' | 'policies'>,
  processors: readonly DatasetProcessor[],
): Promise<boolean> {
  checkProcessorNames(
    processors,
    rowGroupProcessors.filter(({ processor_type: type }) => type === 'schema_transform'),
  )
  await finishSwaps(storage)
  const { parquetry } = metadata
  if (!(await hasAllRowGroups(storage, parquetry.segments))) return true
  if ((await leftoversOf(storage)).length > 0) return true
  const rowGroupsHash = await hashOfRowGroups(storage, parquetry.segments)
  if (!isProfileWhole(metadata, rowGroupsHash, profilers)) return true
  if (!(await isReportWhole(storage, metadata, rowGroupsHash, policies))) return true
  for (const processor of processors) {
    if (!(await isWholeOutput(storage, keys.processorFolder(processor.name), outputHashOf(processor, rowGroupsHash)))) return true
  }
  return false
}
