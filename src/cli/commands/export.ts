/** `export`: a dataset's rows as one file, whether it is complete or not. Needs no server. */
import { exportDataset } from '../../client/export-dataset.ts'
import type { ExportedDataset, ExportOptions } from '../../client/export-dataset.ts'
import { ParquetryError } from '../../errors.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { findDataset } from '../find-dataset.ts'
import { bytes, count } from '../format.ts'
import type { Output } from '../output.ts'
import { commandLine, datasetArgument, shownPath } from '../shell.ts'

/** Flags of `export`. */
export interface ExportFlags {
  readonly artifactPath: string
  readonly format?: NonNullable<ExportOptions['format']>
  readonly output?: string
  readonly columns?: readonly string[]
  readonly overwrite?: boolean
}

/** Least time between two lines of progress, in ms. */
const REDRAW_MS = 100
/** Stands for stdout, as in other commands. */
const STDOUT = '-'

/** Runs the command; answers its exit code. */
export async function exportCommand(dataset: string, flags: ExportFlags, { output }: CommandContext): Promise<number> {
  const location = findDataset(dataset, flags.artifactPath)
  const isPiped = flags.output === STDOUT
  if (isPiped && output.isJson)
    throw new ParquetryError('USAGE', 'expected a file with --json, found --output -: both would write to stdout')
  if (isPiped && flags.format === undefined) throw new ParquetryError('USAGE', 'expected --format with --output -, found none')
  const { format, columns, overwrite } = flags
  const exported = await exportDataset(location, {
    ...(format === undefined ? {} : { format }),
    ...(columns === undefined ? {} : { columns }),
    ...(overwrite === undefined ? {} : { overwrite }),
    ...(flags.output === undefined ? {} : { output: isPiped ? writeToStdout : flags.output }),
    ...(isPiped ? {} : { onProgress: progressOn(output) }),
  })
  output.redraw([])
  output.emit('export', { ...exported, location })
  say(exported, location, isPiped ? (line) => output.warn(line) : (line) => output.say(line))
  return EXIT.complete
}

function say(exported: ExportedDataset, location: string, line: (text: string) => void): void {
  const { file, format, rows, rowsWanted, rowsMissing, rowGroups, rowGroupsMissing, sizeBytes } = exported
  const place = file === null ? 'stdout' : shownPath(file)
  line(`Exported ${count(rows)} rows -> ${place}   ${format}, ${bytes(sizeBytes)}`)
  const dropped = rowsWanted - rowsMissing - rows
  if (dropped > 0) line(`note     ${count(dropped)} of ${count(rowsWanted)} rows were dropped and are in no file`)
  if (rowsMissing === 0) return
  line(
    `note     INCOMPLETE: ${count(rowsMissing)} of ${count(rowsWanted)} rows are still missing (${count(rowGroupsMissing)} of ${count(rowGroups)} row groups)`,
  )
  line(`go on    ${commandLine('resume', datasetArgument(location))}   (then export again)`)
}

function progressOn(output: Output): (read: number, wanted: number) => void {
  let drawnAt = 0
  return (read, wanted) => {
    if (!output.isTerminal || Date.now() - drawnAt < REDRAW_MS) return
    drawnAt = Date.now()
    output.redraw([`exporting  ${count(read)} of ${count(wanted)} row groups`])
  }
}

async function writeToStdout(part: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(part, (error) => (error === null || error === undefined ? resolve() : reject(error)))
  })
}
