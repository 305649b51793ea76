/** `status`: one dataset now, from its run where one is open, else from its folder. Starts nothing. */
import { summarizeDataset } from '../../client/dataset-summary.ts'
import type { DatasetState, DatasetSummary } from '../../client/dataset-summary.ts'
import type { RunProgress } from '../../client/progress.ts'
import type { RunHandle } from '../../client/run-handle.ts'
import { isParquetryError, ParquetryError } from '../../errors.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { findDataset } from '../find-dataset.ts'
import { count } from '../format.ts'
import type { Output } from '../output.ts'
import { createPanel } from '../panel.ts'
import { usageText } from '../say-end.ts'
import type { Server } from '../server.ts'
import { findServer, workflowLink } from '../server.ts'
import { commandLine, datasetArgument, shownPath } from '../shell.ts'
import { ageText, rowsText, stateText } from '../summary-text.ts'

/** Flags of `status` and `watch`. */
export interface StatusFlags {
  readonly artifactPath: string
}

/** What is known of a dataset now. */
export interface DatasetLook {
  readonly summary: DatasetSummary
  /** The open run; null when none is open or no server answers. */
  readonly run: RunHandle | null
  /** Null when no run is open, or no worker serves it. */
  readonly progress: RunProgress | null
}

/** Looks at a dataset. Throws `DATASET_NOT_FOUND`. */
export async function lookAt(location: string, server: Server | null): Promise<DatasetLook> {
  const run = server === null ? null : await openRunOf(server, location)
  const facts = { isOpen: server === null ? null : run !== null, now: Date.now() }
  const [summary, progress] = await Promise.all([summarizeDataset(location, facts), run === null ? null : run.look()])
  if (summary === null) throw new ParquetryError('DATASET_NOT_FOUND', `expected a dataset in ${shownPath(location)}, found none`)
  return { summary, run, progress }
}

/** A folder of DataDesigner has no identity, and so no run. */
async function openRunOf(server: Server, location: string): Promise<RunHandle | null> {
  return await server.client.findOpen(location).catch((error: unknown) => {
    if (isParquetryError(error) && error.code === 'DATASET_NOT_FOUND') return null
    throw error
  })
}

/** Runs the command; answers its exit code. */
export async function status(dataset: string, flags: StatusFlags, { output, env }: CommandContext): Promise<number> {
  const location = findDataset(dataset, flags.artifactPath)
  const server = await findServer(env)
  try {
    const look = await lookAt(location, server)
    const { summary, run, progress } = look
    const ui = run === null || server === null ? null : workflowLink(server, run.workflowId, env)
    output.emit('status', { ...summary, workflowId: run?.workflowId ?? null, ui, progress })
    if (server === null) output.say('note     no Temporal server answers: what follows is what the folder says')
    sayLook(output, look)
    if (ui !== null) output.say(`Run      ${ui}`)
    return EXIT.complete
  } finally {
    await server?.close()
  }
}

/** Says what is known, and what can be done. */
export function sayLook(output: Output, { summary, run, progress }: DatasetLook): void {
  const { location, state, usage, rowGroups, updatedAt } = summary
  if (progress !== null) {
    const panel = createPanel({ startedAt: progress.startedAt, resumeCommand: commandLine('resume', datasetArgument(location)) })
    panel.add({ at: Date.now(), progress })
    for (const line of panel.render(output.width())) output.say(line)
  } else {
    const age = updatedAt === null ? '' : `   checkpoint ${ageText(updatedAt, Date.now())} ago`
    output.say(`${datasetArgument(location)}   ${stateText(summary)}   ${rowsText(summary)} rows in ${count(rowGroups)} row groups${age}`)
    if (usage.calls > 0) output.say(`Calls    ${usageText(usage, summary)}`)
    if (run !== null) output.say('note     a run is open, and no worker answers for it')
  }
  output.say(`Files    ${shownPath(location)}/parquet-files/`)
  for (const line of nextSteps(state, run !== null, datasetArgument(location), summary.rowsDropped)) output.say(line)
}

/** What a person may want to do now. */
function nextSteps(state: DatasetState, isOpen: boolean, dataset: string, rowsDropped: number): readonly string[] {
  if (isOpen) return [`watch    ${commandLine('watch', dataset)}`]
  if (state === 'complete') return [`show     ${commandLine('show', dataset, '0')}`]
  if (state === 'incomplete' && rowsDropped > 0)
    return [`retry    ${commandLine('retry-dropped', dataset)}   (asks again for the dropped rows only)`]
  if (state === 'damaged') return [`look     ${commandLine('verify', dataset)}`]
  if (state === 'unbegun' || state === 'data-designer') return []
  return [`go on    ${commandLine('resume', dataset)}   (repeats no call)`]
}
