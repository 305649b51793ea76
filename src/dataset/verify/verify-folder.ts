/** What lies in a dataset's folder and does not belong there. Names are looked at, never contents. */
import type { PlanSegment, RangeSet } from '../../contract.ts'
import { contains } from '../../plan/range-set.ts'
import { parseBatchName, rowGroupCount } from '../../plan/row-groups.ts'
import type { Storage } from '../../storage/storage.ts'
import { keys } from '../layout.ts'
import type { Sidecar } from '../receipt.ts'
import type { DatasetProblem } from './verify.ts'

/** What belongs there. */
export interface Belonging {
  readonly segments: readonly PlanSegment[]
  /** Sound row groups. */
  readonly committed: RangeSet
  /** Of the sound row groups. */
  readonly sidecars: readonly Sidecar[]
}

const EXTENSION = '.parquet'
/** Names that a note gives before it says "and so many more". */
const NAMED = 3

/** Looks at the folders of row groups, sidecars, staged files and journals. */
export async function lookAround(
  storage: Storage,
  { segments, committed, sidecars }: Belonging,
): Promise<{ readonly problems: readonly DatasetProblem[]; readonly notes: readonly string[] }> {
  const problems: DatasetProblem[] = []
  const others: string[] = []
  const total = rowGroupCount(segments)
  for (const name of await storage.list(keys.rowGroupsFolder)) {
    const id = name.endsWith(EXTENSION) ? parseBatchName(name.slice(0, -EXTENSION.length)) : null
    if (id !== null && id < total) continue
    const key = `${keys.rowGroupsFolder}/${name}`
    const message = id === null ? 'it is not the name of a row group' : `it is beyond the plan of ${total} row groups`
    // Whoever reads the whole folder would take its rows for the dataset's.
    if (name.endsWith(EXTENSION)) problems.push({ kind: 'stray', key, rowGroup: null, message })
    else others.push(key)
  }
  const staged = new Set(sidecars.map(({ stagedKey }) => stagedKey))
  const leftovers = (await listKeys(storage, keys.partialFolder)).filter((key) => !staged.has(key))
  const journals = (await listKeys(storage, keys.journalFolder)).filter((key) => contains(committed, idOf(key) ?? total))
  const finals = new Set(sidecars.map(({ finalKey }) => finalKey))
  const folders = new Set([keys.droppedColumnsFolder, ...sidecars.map(({ finalKey }) => finalKey.slice(0, finalKey.lastIndexOf('/')))])
  const unnamed: string[] = []
  for (const folder of folders) {
    // Those of a row group that is not sound are waiting for it.
    const isWaiting = (key: string): boolean => (idOf(key) ?? total) < total && !contains(committed, idOf(key) ?? total)
    unnamed.push(...(await listKeys(storage, folder)).filter((key) => !finals.has(key) && !isWaiting(key)))
  }
  return {
    problems,
    notes: [
      ...noteOf(others, 'ignored, since it is no row group', 'ignored, since they are no row groups'),
      ...noteOf(leftovers, 'staged and never committed; it counts for nothing', 'staged and never committed; they count for nothing'),
      ...noteOf(journals, 'journal of a row group that is committed', 'journals of row groups that are committed'),
      ...noteOf(unnamed, 'sidecar that no receipt names', 'sidecars that no receipt names'),
    ],
  }
}

async function listKeys(storage: Storage, folder: string): Promise<readonly string[]> {
  return (await storage.list(folder)).map((name) => `${folder}/${name}`)
}

/** The row group in a name such as `journal/batch_00012.<attempt>.jsonl`. */
function idOf(key: string): number | null {
  return parseBatchName(/\/([^/.]+)\.[^/]*$/.exec(key)?.[1] ?? '')
}

function noteOf(names: readonly string[], one: string, several: string): readonly string[] {
  if (names.length === 0) return []
  if (names.length === 1) return [`${names[0]}: ${one}`]
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : ''
  return [`${names.slice(0, NAMED).join(', ')}${more}: ${several}`]
}
