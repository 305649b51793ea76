/** `report`: a dataset's report made again from its folder. Needs no server. */
import { writeReport } from '../../client/write-report.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { findDataset } from '../find-dataset.ts'
import { bytes, count } from '../format.ts'
import { commandLine, datasetArgument, shownPath } from '../shell.ts'

/** Flags of `report`. */
export interface ReportFlags {
  readonly artifactPath: string
  readonly output?: string
}

/** Runs the command; answers its exit code. */
export async function report(dataset: string, flags: ReportFlags, { output }: CommandContext): Promise<number> {
  const location = findDataset(dataset, flags.artifactPath)
  const written = await writeReport(location, flags.output === undefined ? {} : { output: flags.output })
  output.emit('report', { ...written, location })
  output.say(
    `Report   ${shownPath(written.file)}   ${count(written.rows)} of ${count(written.rowsWanted)} rows, ${bytes(written.sizeBytes)}`,
  )
  if (!written.hasStatistics) output.say('note     the rows have not been profiled yet, so it has no statistics')
  if (written.state === 'unfinished')
    output.say(`go on    ${commandLine('resume', datasetArgument(location))}   (profiles the rows when all are there)`)
  return EXIT.complete
}
