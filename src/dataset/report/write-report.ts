/** Putting the report into the folder. */
import type { CompiledDataset } from '../../config/compiled.ts'
import { isParquetryError } from '../../errors.ts'
import { reportPage } from '../../report/page.ts'
import type { Storage } from '../../storage/storage.ts'
import { keys } from '../layout.ts'
import type { DatasetPorts } from '../ports.ts'
import { readReportFacts } from './read-facts.ts'

/**
 * Writes the report, whole or not at all. A report that cannot be made keeps no run from ending: answers why, or null when it is there.
 * Throws errors of the storage, which waiting can cure, and the signal's reason.
 */
export async function tryReport(
  storage: Storage,
  compiled: CompiledDataset,
  { signal, log }: { readonly signal: AbortSignal } & Pick<DatasetPorts, 'log'>,
): Promise<string | null> {
  try {
    await storage.writeAtomic(keys.report, reportPage(await readReportFacts(storage, compiled, signal)))
    return null
  } catch (error) {
    signal.throwIfAborted()
    if (isParquetryError(error) && error.kind !== 'user' && error.kind !== 'internal') throw error
    const problem = error instanceof Error ? error.message : String(error)
    log(`no report: ${problem}`)
    return problem
  }
}
