/** `show`: one record of a dataset, readable. */
import { readRecord } from '../../client/dataset-files.ts'
import type { CommandContext } from '../context.ts'
import { findDataset } from '../find-dataset.ts'
import { recordLines } from '../record-text.ts'
import { commandLine, datasetArgument, shownPath } from '../shell.ts'

/** Runs the command; answers its exit code. */
export async function show(
  dataset: string,
  row: number,
  flags: { readonly artifactPath: string },
  { output }: CommandContext,
): Promise<number> {
  const location = findDataset(dataset, flags.artifactPath)
  const found = await readRecord(location, row)
  const { receipt, ...facts } = found.kind === 'written' ? found : { receipt: null, ...found }
  output.emit('record', { ...facts, rehearsal: receipt?.rehearsal ?? false, location })
  output.say(`Record ${row}   ${shownPath(location)}${receipt?.rehearsal === true ? '   REHEARSAL model' : ''}`)
  if (found.kind === 'dropped') {
    const { code, column, reason, refill } = found.drop
    output.say(`dropped  ${code} in column ${column}: ${reason}`)
    output.say(`         after ${refill + 1} ${refill === 0 ? 'try' : 'tries'}; a dropped row is in no file`)
  } else if (found.kind === 'unknown') {
    output.say(`unknown  its row group was made by DataDesigner and lacks ${found.rowsDropped} rows; which ones nobody recorded`)
  } else if (found.kind === 'missing') {
    output.say('missing  its row group is not committed yet')
    output.say(`go on    ${commandLine('resume', datasetArgument(location))}   (repeats no call)`)
  } else {
    for (const line of recordLines(found.values, output.width())) output.say(line)
  }
  return 0
}
