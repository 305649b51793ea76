/** `verify`: whether a dataset's files are what they should be; with `--repair`, what is not is set aside. Needs no server. */
import { repairFiles, verifyFiles } from '../../client/dataset-files.ts'
import { ParquetryClient } from '../../client/parquetry-client.ts'
import type { FolderRepair, MovedFile } from '../../dataset/verify/repair-folder.ts'
import type { DatasetProblem, DatasetProblemKind, DatasetVerification, VerifyOptions } from '../../dataset/verify/verify.ts'
import { isParquetryError, ParquetryError } from '../../errors.ts'
import type { CommandContext } from '../context.ts'
import { dropsText } from '../drop-text.ts'
import { EXIT } from '../exit-codes.ts'
import { findDataset } from '../find-dataset.ts'
import { count } from '../format.ts'
import type { Output } from '../output.ts'
import { filesText } from '../say-end.ts'
import { commandLine, datasetArgument, shownPath } from '../shell.ts'
import { printable } from '../text.ts'

/** Flags of `verify`. */
export interface VerifyFlags {
  readonly artifactPath: string
  readonly repair?: boolean
}

/** Problems of one kind that people are shown; machines get all. */
const SHOWN = 10
/** Kinds that `--repair` does something about. */
const REPAIRABLE: ReadonlySet<DatasetProblemKind> = new Set([
  'missing',
  'damaged',
  'foreign',
  'stray',
  'sidecar',
  'image',
  'seed',
  'checkpoint',
])
/** Least time between two lines of progress, in ms. */
const REDRAW_MS = 100

/** Runs the command; answers its exit code. */
export async function verify(dataset: string, flags: VerifyFlags, { output, env }: CommandContext): Promise<number> {
  const location = findDataset(dataset, flags.artifactPath)
  const options = progressOn(output)
  if (flags.repair !== true) {
    const found = await verifyFiles(location, options)
    output.redraw([])
    output.emit('verify', verificationFacts(found))
    return sayVerification(output, found)
  }
  await refuseOpenRun(location, env, output)
  const repair = await repairFiles(location, options)
  output.redraw([])
  const { before, after, setAside, putBack, isCheckpointRewritten } = repair
  output.emit('verify', {
    ...verificationFacts(after),
    repair: { before: verificationFacts(before), setAside, putBack, checkpointRewritten: isCheckpointRewritten },
  })
  sayRepair(output, repair)
  return sayVerification(output, after)
}

/** What machines are told; the problems by kind. */
export function verificationFacts(found: DatasetVerification): object {
  const { totals, problems, ...facts } = found
  const byKind: Partial<Record<DatasetProblemKind, Omit<DatasetProblem, 'kind'>[]>> = {}
  for (const { kind, ...problem } of problems) (byKind[kind] ??= []).push(problem)
  return { ...facts, ok: found.state === 'complete', usage: totals.usage, problemCount: problems.length, problems: byKind }
}

function progressOn(output: Output): VerifyOptions {
  if (!output.isTerminal) return {}
  let drawnAt = 0
  return {
    onProgress(done, wanted): void {
      if (Date.now() - drawnAt < REDRAW_MS) return
      drawnAt = Date.now()
      output.redraw([`verifying  ${count(done)} of ${count(wanted)} row groups`])
    },
  }
}

/** Only one may write a dataset: an open run that waits gives no other sign of life than its workflow (ruling 6). */
async function refuseOpenRun(location: string, env: CommandContext['env'], output: Output): Promise<void> {
  let client: ParquetryClient
  try {
    client = await ParquetryClient.connect({ env })
  } catch (error) {
    if (!isParquetryError(error) || !error.code.startsWith('TEMPORAL_')) throw error
    output.say('note     no Temporal server answers, so only the claim in the folder says whether a run is open')
    return
  }
  try {
    const open = await client.findOpen(location).catch((error: unknown) => {
      // A folder without an identity has no run.
      if (isParquetryError(error) && error.code === 'DATASET_NOT_FOUND') return null
      throw error
    })
    if (open === null) return
    throw new ParquetryError('DATASET_OPEN_ELSEWHERE', `expected no run to be open on ${location}, found ${open.workflowId}`, {
      wayOut: `wait for its end, or stop it; ${commandLine('verify', datasetArgument(location))} only looks, and may run beside it`,
    })
  } finally {
    await client.close()
  }
}

/** Says what was found; answers the exit code. */
function sayVerification(output: Output, found: DatasetVerification): number {
  const { state, location, rowsWritten, rowsDropped, rowsMissing, rowsWanted, problems } = found
  const dataset = datasetArgument(location)
  const missing = rowsMissing === 0 ? '' : ` + ${count(rowsMissing)} missing`
  const balance = `${count(rowsWritten)} written + ${count(rowsDropped)} dropped${missing} = ${count(rowsWanted)} wanted`
  for (const note of found.notes) output.say(`note     ${printable(note)}`)
  if (rowsDropped > 0) output.say(`Dropped  ${dropsText(rowsDropped, found.dropReasons)}`)
  if (state === 'complete') {
    output.say(`Verified ${balance}, ${found.adopted.length === 0 ? 'checksums ok' : 'checksums ok where there are any'}`)
    output.say(`Files    ${shownPath(location)}/parquet-files/   ${filesText(found.files, found.bytes)}`)
    return EXIT.complete
  }
  if (state === 'incomplete') {
    output.warn(`INCOMPLETE ${balance}; what is there is sound`)
    if (rowsMissing === 0 && rowsDropped > 0)
      output.say(`retry    ${commandLine('retry-dropped', dataset)}   (asks again for the dropped rows only)`)
    else output.say(`go on    ${commandLine('resume', dataset)}   (repeats no call)`)
    return EXIT.incomplete
  }
  output.warn(`DAMAGED  ${balance}: ${count(problems.length)} ${problems.length === 1 ? 'problem' : 'problems'}`)
  sayProblems(output, problems)
  if (problems.some(({ kind }) => REPAIRABLE.has(kind))) {
    output.say(`repair   ${commandLine('verify', dataset, '--repair')}   (sets files aside, deletes nothing; resuming makes them anew)`)
  }
  return EXIT.failed
}

function sayProblems(output: Output, problems: readonly DatasetProblem[]): void {
  const shown = new Map<DatasetProblemKind, number>()
  for (const { kind, key, message } of problems) {
    const said = shown.get(kind) ?? 0
    shown.set(kind, said + 1)
    if (said < SHOWN) output.warn(`  ${kind.padEnd(10)} ${printable(`${key}: ${message}`)}`)
  }
  for (const [kind, total] of shown)
    if (total > SHOWN) output.warn(`  ${kind.padEnd(10)} and ${count(total - SHOWN)} more; --json names all`)
}

function sayRepair(output: Output, { before, after, setAside, putBack, isCheckpointRewritten }: FolderRepair): void {
  const back = new Set(putBack.map(({ from }) => from))
  sayMoves(
    output,
    'aside',
    setAside.filter(({ from }) => !back.has(from)),
  )
  sayMoves(output, 'put back', putBack)
  if (isCheckpointRewritten) output.say('rewrote  metadata.json from the receipts')
  if (before.problems.length === 0) output.say('nothing to repair')
  else if (after.state !== 'damaged') output.say(`repaired ${count(before.problems.length)} problems`)
}

function sayMoves(output: Output, what: string, moves: readonly MovedFile[]): void {
  for (const { from, to } of moves.slice(0, SHOWN)) output.say(`${what.padEnd(8)} ${printable(from)} -> ${printable(to)}`)
  if (moves.length > SHOWN) output.say(`${what.padEnd(8)} and ${count(moves.length - SHOWN)} more`)
}
