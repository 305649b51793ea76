/** `push-to-hub`: a dataset on Hugging Face, with a card. Needs no Temporal server. */
import { pushToHub } from '../../client/push-to-hub.ts'
import type { PushedDataset } from '../../client/push-to-hub.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { findDataset } from '../find-dataset.ts'
import { bytes, count } from '../format.ts'
import type { Output } from '../output.ts'

/** Flags of `push-to-hub`. */
export interface PushFlags {
  readonly artifactPath: string
  readonly endpoint?: string
  readonly private?: boolean
  readonly tag?: readonly string[]
  readonly description?: string
  readonly allowIncomplete?: boolean
  readonly replace?: boolean
  readonly dryRun?: boolean
}

/** Least time between two lines of progress, in ms. */
const REDRAW_MS = 100

/** Runs the command; answers its exit code. */
export async function pushToHubCommand(
  dataset: string,
  repoId: string,
  flags: PushFlags,
  { output, env }: CommandContext,
): Promise<number> {
  const location = findDataset(dataset, flags.artifactPath)
  const { endpoint, private: isPrivate, tag, description, allowIncomplete, replace, dryRun } = flags
  const pushed = await pushToHub(location, repoId, {
    env,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(isPrivate === undefined ? {} : { private: isPrivate }),
    ...(tag === undefined ? {} : { tags: tag }),
    ...(description === undefined ? {} : { description }),
    ...(allowIncomplete === undefined ? {} : { allowIncomplete }),
    ...(replace === undefined ? {} : { replace }),
    ...(dryRun === undefined ? {} : { dryRun }),
    onProgress: progressOn(output),
  })
  output.redraw([])
  const { card, ...facts } = pushed
  output.emit('push-to-hub', { ...facts, location, ...(pushed.upload === null ? { card } : {}) })
  say(output, pushed)
  return EXIT.complete
}

function say(output: Output, { upload, files, rows, rowsWanted, url, isComplete, card }: PushedDataset): void {
  const size = bytes(files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))
  if (upload === null) {
    output.say(`Would push ${count(rows)} rows -> ${url}   ${count(files.length)} files, ${size}; nothing was sent`)
    for (const [folder, inside] of byFolder(files)) output.say(`  ${folder}   ${inside}`)
    output.say()
    output.say(card.trimEnd())
  } else {
    const { changed, deleted, sentBytes, unchanged } = upload
    output.say(`Pushed   ${count(rows)} rows -> ${url}   ${count(files.length)} files, ${size}`)
    const gone = deleted.length === 0 ? '' : `, ${count(deleted.length)} removed`
    output.say(`sent     ${count(changed.length)} files changed${gone}, ${count(unchanged.length)} were there; ${bytes(sentBytes)} sent`)
  }
  if (!isComplete) output.say(`note     INCOMPLETE: ${count(rows)} of ${count(rowsWanted)} rows; the card says so`)
}

/** Folder, or name of a file that lies in none → what is in it. */
function byFolder(files: PushedDataset['files']): readonly (readonly [string, string])[] {
  const folders = new Map<string, { files: number; sizeBytes: number }>()
  for (const { path, sizeBytes } of files) {
    const folder = path.includes('/') ? `${path.split('/')[0]}/` : path
    const known = folders.get(folder) ?? { files: 0, sizeBytes: 0 }
    folders.set(folder, { files: known.files + 1, sizeBytes: known.sizeBytes + sizeBytes })
  }
  return [...folders].map(([folder, inside]) => [
    folder,
    `${folder.endsWith('/') ? `${count(inside.files)} files, ` : ''}${bytes(inside.sizeBytes)}`,
  ])
}

function progressOn(output: Output): (done: number, wanted: number) => void {
  let drawnAt = 0
  return (done, wanted) => {
    if (!output.isTerminal || Date.now() - drawnAt < REDRAW_MS) return
    drawnAt = Date.now()
    output.redraw([`pushing  ${count(done)} of ${count(wanted)} files`])
  }
}
