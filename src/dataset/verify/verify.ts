/**
 * Whether a dataset's folder holds what it should: every row accounted for, every byte as it was written (rulings 14 and 20).
 *
 * 1. Reads only; nothing is moved, written or rolled forward. `repair-folder.ts` acts on what is found here.
 * 2. Memory does not grow with the size of a file: files are hashed in chunks, a few files at a time.
 * 3. A row group that is not there yet is no damage; one that the checkpoint counts as done and is gone is.
 */
import type { DropReason, RangeSet, RowGroup, Totals } from '../../contract.ts'
import { NO_TOTALS } from '../../contract.ts'
import { describeSchemaDifference } from '../../parquet/footer-schema.ts'
import { hashRange, inspectFile } from '../../parquet/verify-bytes.ts'
import { addTotals } from '../../plan/progress.ts'
import { contains, fromIds } from '../../plan/range-set.ts'
import { rowCount, rowGroupCount, rowGroupsOf } from '../../plan/row-groups.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Schema } from '../../values.ts'
import { keys } from '../layout.ts'
import { mapBounded } from '../map-bounded.ts'
import type { Receipt, Sidecar } from '../receipt.ts'
import { totalsOfReceipt } from '../receipt-totals.ts'
import { judgeSnapshot } from '../seed/seed-snapshot.ts'
import { sourceOf } from '../source-of.ts'
import { judgeRowGroup } from './verify-row-group.ts'
import { judgeCheckpoint } from './verify-checkpoint.ts'
import { noteUnnamedImages, verifyImages } from './verify-images.ts'
import { lookAround } from './verify-folder.ts'
import type { ExpectedDataset } from './verify-expected.ts'
import { readExpected } from './verify-expected.ts'

/**
 * What can be wrong.
 * - `missing`: a row group that the checkpoint counts as done is not there.
 * - `damaged`: a row group's file that cannot be read, or is not what was written.
 * - `foreign`: a sound file of another dataset, config or row group, or without a receipt.
 * - `stray`: a parquet file beside the row groups that is none; readers of the whole folder would read it.
 * - `schema`: columns other than those of the config, or of the other files.
 * - `sidecar`: a file of dropped columns or of a `schema_transform` that is gone, or not what was written.
 * - `image`: a picture that a row names is gone, or not what was written.
 * - `seed`: the copy of the seed data is not what was written; the next run makes it anew once its index is set aside.
 * - `checkpoint`: `metadata.json` says other than the files.
 * - `config`: the files that say what the dataset is cannot be read, or are not those it was made with.
 */
export type DatasetProblemKind =
  | 'missing'
  | 'damaged'
  | 'foreign'
  | 'stray'
  | 'schema'
  | 'sidecar'
  | 'image'
  | 'seed'
  | 'checkpoint'
  | 'config'

/** One thing that is wrong. */
export interface DatasetProblem {
  readonly kind: DatasetProblemKind
  /** Key of the file, relative to the dataset's folder. */
  readonly key: string
  /** Row group it concerns, or null. */
  readonly rowGroup: number | null
  /** What was expected and what was found. */
  readonly message: string
  /** The row group that a sound file in another one's place is, so that it can be put back. */
  readonly belongsTo?: number
}

/** What a verification found. */
export interface DatasetVerification {
  /** Absolute folder. */
  readonly location: string
  readonly datasetId: string
  readonly datasetName: string
  /** `complete`: nothing is wrong and nothing is to be done. `incomplete`: nothing is wrong, rows are missing or too many dropped. */
  readonly state: 'complete' | 'incomplete' | 'damaged'
  readonly rowsWanted: number
  /** In sound files; so are the following. */
  readonly rowsWritten: number
  readonly rowsDropped: number
  /** Wanted, neither written nor dropped. */
  readonly rowsMissing: number
  /** `rowsDropped` by reason. */
  readonly dropReasons: readonly DropReason[]
  readonly rowGroupsWanted: number
  /** Ids of the sound row groups, adopted ones included. */
  readonly committed: RangeSet
  /** Ids of the row groups that DataDesigner wrote: without checksums, so only their rows are counted. */
  readonly adopted: RangeSet
  /** Sums over the receipts of the sound row groups. */
  readonly totals: Totals
  /** Files looked at, sidecars included, and their size. */
  readonly files: number
  readonly bytes: number
  /** In the order of kinds, then of row groups. */
  readonly problems: readonly DatasetProblem[]
  /** What a person should know and is no damage; one line each. */
  readonly notes: readonly string[]
}

/** Settings of a verification. */
export interface VerifyOptions {
  /** Called after each row group; cheap. */
  readonly onProgress?: (done: number, wanted: number) => void
}

/** Files read at once: each costs a chunk of memory, and the hashing is one thread's work anyway. */
const FILES_AT_ONCE = 4

/** Problems that take a row group's rows out of the sums. */
const LOSES_ROWS: ReadonlySet<DatasetProblemKind> = new Set(['missing', 'damaged', 'foreign'])

/** A row group whose file is sound. */
interface SoundRowGroup {
  readonly id: number
  readonly totals: Totals
  /** Null for an adopted one. */
  readonly receipt: Receipt | null
}

/** Verifies the dataset in a folder. Throws `DATASET_NOT_FOUND` when there is none of ours, and faults of the disk as they are. */
export async function verifyDataset(storage: Storage, options: VerifyOptions = {}): Promise<DatasetVerification> {
  const expected = await readExpected(storage)
  const walk = new Walk(storage, expected)
  const wanted = rowGroupCount(expected.segments)
  let done = 0
  const found = await mapBounded([...rowGroupsOf(expected.segments, 0, wanted)], FILES_AT_ONCE, async (rowGroup) => {
    const sound = await walk.visit(rowGroup)
    done += 1
    options.onProgress?.(done, wanted)
    return sound
  })
  const sound = found.filter((rowGroup) => rowGroup !== null)
  const totals = sound.map((rowGroup) => rowGroup.totals).reduce(addTotals, NO_TOTALS)
  const committed = fromIds(sound.map(({ id }) => id))
  const adopted = fromIds(sound.filter(({ receipt }) => receipt === null).map(({ id }) => id))
  const around = await lookAround(storage, { segments: expected.segments, committed, sidecars: sound.flatMap(sidecarsOf) })
  const seed = await judgeSeed(storage, expected)
  const checkpoint = judgeCheckpoint(expected, { committed, totals, isWhole: walk.problems.every(({ kind }) => !LOSES_ROWS.has(kind)) })
  const isWhole = sound.length === wanted && walk.problems.length === 0
  const unnamed = isWhole && adopted.length === 0 ? await noteUnnamedImages(storage, walk.images) : []
  const problems = [...expected.problems, ...walk.problems, ...around.problems, ...seed.problems, ...checkpoint.problems].sort(
    byKindAndRowGroup,
  )
  const notes = [
    ...expected.notes,
    ...adoptedNote(adopted, sound),
    ...checkpoint.notes,
    ...walk.notes,
    ...around.notes,
    ...unnamed,
    ...seed.notes,
  ]
  return summarize(storage, expected, {
    totals,
    committed,
    adopted,
    problems,
    notes,
    files: walk.files + seed.files,
    bytes: walk.bytes + seed.bytes,
  })
}

/** The copy of the seed data. One that is not there is no damage: the next run that needs it makes it from the seed data. */
async function judgeSeed(
  storage: Storage,
  { seedContent }: ExpectedDataset,
): Promise<Pick<DatasetVerification, 'problems' | 'notes' | 'files' | 'bytes'>> {
  const verdict = seedContent === null ? undefined : await judgeSnapshot(storage, seedContent)
  if (seedContent === null || verdict === undefined) return { problems: [], notes: [], files: 0, bytes: 0 }
  if (verdict === null) {
    return { problems: [], notes: ['the copy of the seed data is not there; a run that needs it makes it anew'], files: 0, bytes: 0 }
  }
  const { files, bytes } = verdict
  const problems = verdict.problems.map(({ key, message }) => ({
    kind: 'seed' as const,
    key: keys.seedIndex(seedContent),
    rowGroup: null,
    message: `it says what ${key} does not hold: ${message}`,
  }))
  return { problems, notes: [], files, bytes }
}

function sidecarsOf({ receipt }: SoundRowGroup): readonly Sidecar[] {
  return receipt?.sidecars ?? []
}

type Found = Pick<DatasetVerification, 'totals' | 'committed' | 'adopted' | 'problems' | 'notes' | 'files' | 'bytes'>

function summarize(storage: Storage, expected: ExpectedDataset, found: Found): DatasetVerification {
  const { rowsWritten, rowsDropped, dropReasons } = found.totals
  const rowsWanted = rowCount(expected.segments)
  const rowsMissing = rowsWanted - rowsWritten - rowsDropped
  const isDone = rowsMissing === 0 && expected.metadata?.parquetry.state === 'complete'
  return {
    location: storage.describe(),
    datasetId: expected.datasetId,
    datasetName: expected.metadata?.dataset_name ?? '',
    state: found.problems.length > 0 ? 'damaged' : isDone ? 'complete' : 'incomplete',
    rowsWanted,
    rowsWritten,
    rowsDropped,
    rowsMissing,
    dropReasons: dropReasons ?? [],
    rowGroupsWanted: rowGroupCount(expected.segments),
    ...found,
  }
}

/** One look at every row group. A class, for it gathers what all of them say. */
class Walk {
  readonly problems: DatasetProblem[] = []
  files = 0
  bytes = 0
  /** Image column → pictures that its rows name. */
  readonly images = new Map<string, number>()
  readonly #storage: Storage
  readonly #expected: ExpectedDataset
  /** Columns of the config, or else of the first file. */
  #schema: { readonly schema: Schema; readonly of: string } | null
  #pending = 0

  constructor(storage: Storage, expected: ExpectedDataset) {
    this.#storage = storage
    this.#expected = expected
    this.#schema = expected.schema === null ? null : { schema: expected.schema, of: 'the config' }
  }

  get notes(): readonly string[] {
    return this.#pending === 0
      ? []
      : [`${this.#pending} sidecars of committed row groups are still staged; the next run puts them into place`]
  }

  /** Answers the row group when its file is sound; else says what is wrong, or nothing when it is not there yet. */
  async visit(rowGroup: RowGroup): Promise<SoundRowGroup | null> {
    const key = keys.rowGroup(rowGroup.id)
    const source = await sourceOf(this.#storage, key)
    if (source === null) {
      if (contains(this.#expected.checkpointed, rowGroup.id)) {
        this.#add('missing', key, rowGroup, 'the checkpoint counts it as done, and it is not there')
      }
      return null
    }
    this.files += 1
    this.bytes += source.byteLength
    const inspection = await inspectFile(source)
    const verdict = judgeRowGroup(inspection, this.#expected, rowGroup)
    if (verdict.kind === 'damaged' || verdict.kind === 'foreign') {
      const belongsTo = verdict.kind === 'foreign' ? verdict.belongsTo : null
      this.#add(verdict.kind, key, rowGroup, verdict.reason, belongsTo)
      return null
    }
    if (verdict.kind === 'adopted') {
      const totals = { ...NO_TOTALS, rowGroups: 1, rowsWritten: verdict.rowsWritten, rowsDropped: verdict.rowsDropped }
      return { id: rowGroup.id, totals, receipt: null }
    }
    const { receipt } = verdict
    this.#checkSchema(key, rowGroup, verdict.schema)
    for (const sidecar of receipt.sidecars) await this.#checkSidecar(rowGroup, sidecar)
    await this.#checkImages(rowGroup)
    return { id: rowGroup.id, totals: totalsOfReceipt(receipt), receipt }
  }

  async #checkImages(rowGroup: RowGroup): Promise<void> {
    const { imageColumns } = this.#expected
    if (imageColumns.length === 0) return
    const { problems, bytes, named } = await verifyImages(this.#storage, rowGroup, imageColumns)
    for (const { key, message } of problems) this.#add('image', key, rowGroup, message)
    for (const [column, count] of named) this.images.set(column, (this.images.get(column) ?? 0) + count)
    for (const count of named.values()) this.files += count
    this.bytes += bytes
  }

  #checkSchema(key: string, rowGroup: RowGroup, schema: Schema): void {
    this.#schema ??= { schema, of: key }
    const difference = describeSchemaDifference(schema, this.#schema.schema)
    if (difference !== null) this.#add('schema', key, rowGroup, `its columns are not those of ${this.#schema.of}: ${difference}`)
  }

  async #checkSidecar(rowGroup: RowGroup, { finalKey, stagedKey, checksum }: Sidecar): Promise<void> {
    const found = await this.#checksumOf(finalKey)
    if (found === checksum) return
    // The winner of the commit died before it had moved it; the scan does.
    if ((await this.#checksumOf(stagedKey)) === checksum) {
      this.#pending += 1
      return
    }
    const what = found === null ? 'it is not there, though its row group is' : `expected ${checksum}, found ${found}`
    this.#add('sidecar', finalKey, rowGroup, what)
  }

  async #checksumOf(key: string): Promise<string | null> {
    const source = await sourceOf(this.#storage, key)
    if (source === null) return null
    this.files += 1
    this.bytes += source.byteLength
    return `sha256:${await hashRange(source)}`
  }

  #add(kind: DatasetProblemKind, key: string, rowGroup: RowGroup, message: string, belongsTo: number | null = null): void {
    this.problems.push({ kind, key, rowGroup: rowGroup.id, message, ...(belongsTo === null ? {} : { belongsTo }) })
  }
}

function adoptedNote(adopted: RangeSet, sound: readonly SoundRowGroup[]): readonly string[] {
  if (adopted.length === 0) return []
  const groups = sound.filter(({ receipt }) => receipt === null)
  return [`${groups.length} row groups were written by DataDesigner: their rows are counted, but they have no checksums to compare`]
}

const ORDER: readonly DatasetProblemKind[] = [
  'config',
  'missing',
  'damaged',
  'foreign',
  'stray',
  'schema',
  'sidecar',
  'image',
  'seed',
  'checkpoint',
]

function byKindAndRowGroup(a: DatasetProblem, b: DatasetProblem): number {
  return ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || (a.rowGroup ?? 0) - (b.rowGroup ?? 0) || (a.key < b.key ? -1 : 1)
}
