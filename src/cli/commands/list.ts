/** `list`: the datasets of a folder and the open runs, with state and age. Starts nothing. */
import { listDatasets } from '../../client/list-datasets.ts'
import type { ListedDataset } from '../../client/list-datasets.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import type { Output } from '../output.ts'
import { findServer } from '../server.ts'
import { commandLine, datasetArgument, shownPath } from '../shell.ts'
import { ageText, rowsText, spentText, stateText } from '../summary-text.ts'
import { displayWidth, fit } from '../text.ts'

/** Flags of `list`. */
export interface ListFlags {
  readonly artifactPath: string
}

const HEAD = ['dataset', 'state', 'rows', 'spent', 'age'] as const

/** Runs the command; answers its exit code. */
export async function list(flags: ListFlags, { output, env }: CommandContext): Promise<number> {
  const server = await findServer(env)
  const now = Date.now()
  try {
    const open = server === null ? null : await server.client.listOpen()
    const datasets = await listDatasets(flags.artifactPath, open, now)
    for (const dataset of datasets) output.emit('dataset', dataset)
    if (server === null) output.say('note     no Temporal server answers: what follows is what the folders say')
    if (datasets.length === 0) {
      output.say(`no dataset in ${shownPath(flags.artifactPath)}, and no open run`)
      output.say(`begin    ${commandLine('quickstart')}   (100 rows without a key, nothing billed)`)
    } else sayTable(output, [HEAD, ...datasets.map((dataset) => rowOf(dataset, now))])
    return EXIT.complete
  } finally {
    await server?.close()
  }
}

function rowOf(dataset: ListedDataset, now: number): readonly string[] {
  const name = fit(datasetArgument(dataset.location), 40)
  return [name, stateText(dataset), rowsText(dataset), spentText(dataset), ageText(dataset.updatedAt, now)]
}

function sayTable(output: Output, lines: readonly (readonly string[])[]): void {
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => displayWidth(line[column] ?? ''))))
  for (const line of lines) {
    const cells = line.map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - displayWidth(cell))))
    output.say(cells.join('   ').trimEnd())
  }
}
