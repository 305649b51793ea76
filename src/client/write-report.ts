/** A dataset's report, made again from its folder. */
import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { readReportFacts } from '../dataset/report/read-facts.ts'
import { keys } from '../dataset/layout.ts'
import { readStored } from '../dataset/stored-files.ts'
import type { ReportState } from '../report/facts.ts'
import { reportPage } from '../report/page.ts'
import { diskError } from '../storage/disk-error.ts'
import { openStorage } from '../storage/open.ts'

/** How to write it. */
export interface ReportOptions {
  /** The file, replaced when it is there. Default `report.html` in the dataset's folder. */
  readonly output?: string
}

/** What was written. */
export interface WrittenReport {
  /** Absolute. */
  readonly file: string
  readonly sizeBytes: number
  readonly state: ReportState
  readonly rows: number
  readonly rowsWanted: number
  /** False when no profile of the rows was made yet: the page then has no statistics. */
  readonly hasStatistics: boolean
}

/**
 * Writes the report of the dataset in a folder: one page that needs nothing but itself, of the rows that are there by now, with the
 * statistics of the last profile. Needs no server. Throws `DATASET_NOT_FOUND`, `DATASET_DAMAGED`, `DISK_FULL`, `STORAGE_FAILED`.
 */
export async function writeReport(location: string, { output }: ReportOptions = {}): Promise<WrittenReport> {
  const storage = openStorage(resolve(location))
  const facts = await readReportFacts(storage, await readStored(storage))
  const page = reportPage(facts)
  const file = resolve(output ?? join(location, keys.report))
  const temporary = join(dirname(file), `.${basename(file)}.${randomUUID()}.partial`)
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(temporary, page, { flag: 'wx' })
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw diskError(error, 'write', file)
  }
  const { state, totals, rowsWanted, columns } = facts
  const hasStatistics = columns.some(({ records }) => records > 0)
  return { file, sizeBytes: Buffer.byteLength(page), state, rows: totals.rowsWritten, rowsWanted, hasStatistics }
}
